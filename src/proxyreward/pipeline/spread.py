"""How tasks are spread over processes: on this machine by loky, over a cluster by dask.

In: named tasks and a `Place`. Out: each name as its task ends, with the reason if it failed. A lost
worker is a failure of its tasks, never a wait for ever.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool

from proxyreward.pipeline import cluster
from proxyreward.pipeline.worker import KEPT_MEMORY, Place

Task = Callable[[], str | None]
LOST = "a worker was lost; if memory ran out, set runner.workers lower"


def spread(
    tasks: Mapping[str, Task], backend: str, place: Place
) -> Iterator[tuple[str, str | None]]:
    """Run every task once; yields (name, what it returned) as the tasks end.

    Parameters
    ----------
    tasks
        Each can be pickled, and returns None or the reason why it failed.
    backend
        ``dask``, or a backend of joblib: ``loky``, or ``sequential`` in this process.

    Raises
    ------
    FamilyError
        dask cannot be used; see :func:`proxyreward.pipeline.cluster.run`.
    """
    if backend == "dask":
        yield from cluster.run(tasks, place.workers)
        return
    import joblib

    for name, value in KEPT_MEMORY.items():  # heeded by processes that start from now on
        os.environ.setdefault(name, value)
    waiting = set(tasks)
    threads = {"inner_max_num_threads": 1} if backend == "loky" else {}
    with contextlib.ExitStack() as stack:
        stack.enter_context(joblib.parallel_config(backend, n_jobs=place.workers, **threads))
        # Items take seconds to minutes: batches would only delay their progress lines.
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        calls = (joblib.delayed(_named)(name, task) for name, task in tasks.items())
        with _deaf():
            results = stack.enter_context(contextlib.closing(parallel(calls)))
        try:
            for name, reason in results:
                waiting.discard(name)
                yield name, reason
        except BrokenProcessPool:
            yield from ((name, LOST) for name in sorted(waiting))


def _named(name: str, task: Task) -> tuple[str, str | None]:
    return name, task()


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Processes started in here do not hear Ctrl-C, which a terminal sends to them too.

    They are ended by the run, which does hear it; else each would print a traceback of its own.
    """
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    for tracker in (resource_tracker, loky_tracker):
        tracker.ensure_running()  # to start one later would lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
