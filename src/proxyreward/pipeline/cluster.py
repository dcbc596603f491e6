"""Tasks on a dask cluster, through its own client.

In: named tasks and, in the environment, the scheduler's address. Out: each name as its task ends,
with the reason if it failed. (joblib's own backend for dask never hears of a task whose worker is
lost.)
"""

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from proxyreward.pipeline.worker import FamilyError

ADDRESS = "DASK_SCHEDULER_ADDRESS"
CONNECT = 10  # seconds within which the scheduler must answer
PATIENCE = 60  # seconds that the cluster may be without a worker
INTERVAL = 1.0  # seconds between two looks at the workers
# Seeds, thread counts and what is printed belong to a process: it works on one item at a time.
_one_at_a_time = threading.Lock()


def run(
    tasks: Mapping[str, Callable[[], str | None]], workers: int
) -> Iterator[tuple[str, str | None]]:
    """Run every task, at most `workers` at a time (-1: no limit); yields (name, what it returned).

    A task whose worker is lost is run again, by dask, until its `allowed-failures` are used up.

    Raises
    ------
    FamilyError
        No address, no package, no answer; the scheduler is lost on the way; no worker for a minute;
        a worker with several threads. Each with the remedy.
    """
    waiting = iter(tasks.items())
    running: dict[str, Any] = {}
    with contextlib.closing(_client()) as client:
        watch = _Watch(client)
        try:
            while True:
                free = None if workers < 0 else workers - len(running)
                for name, task in itertools.islice(waiting, free):
                    running[name] = client.submit(_alone, task, pure=False)
                if not running:
                    return
                watch.look()
                # By status, not by result: a result that its worker took along is no loss.
                ended = [name for name, future in running.items() if future.done()]
                yield from ((name, _reason(running.pop(name))) for name in ended)
                if not ended:
                    time.sleep(INTERVAL / 10)
        finally:
            client.cancel(list(running.values()))


def _client() -> Any:
    address = os.environ.get(ADDRESS)
    if not address:
        raise FamilyError(
            f"runner.backend=dask needs a scheduler: start one with `dask scheduler`, workers with "
            f"`dask worker ADDRESS --nthreads 1`, and set {ADDRESS} to its address"
        )
    try:
        from distributed import Client
    except ImportError:
        raise FamilyError(
            "runner.backend=dask needs the package distributed: pip install -r requirements.lock"
        ) from None
    try:
        return Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise FamilyError(
            f"no dask scheduler answers at {ADDRESS}={address} ({error}): start one with "
            "`dask scheduler`, or correct the address"
        ) from None


def _alone(task: Callable[[], str | None]) -> None:
    """Run a task in a worker; a reason becomes an error, so that the future's status tells all."""
    with _one_at_a_time:
        reason = task()
    if reason:
        raise FamilyError(reason)


def _reason(future: Any) -> str | None:
    """Why an ended future's task failed, or None."""
    if future.status == "cancelled":
        raise _lost()
    if future.status != "error":
        return None
    error = future.exception()
    return str(error) if isinstance(error, FamilyError) else f"{type(error).__name__}: {error}"


def _lost() -> FamilyError:
    return FamilyError(
        f"the dask scheduler at {os.environ[ADDRESS]} was lost; finished items are kept: start it "
        "again, and rerun"
    )


class _Watch:
    """Looks at a cluster's workers now and then, and ends the run if it cannot go on."""

    def __init__(self, client: Any):
        self._client = client
        self._next = self._seen = time.monotonic()

    def look(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + INTERVAL
        try:
            threads = self._client.nthreads()
        except OSError:
            raise _lost() from None
        several = [worker for worker, count in threads.items() if count > 1]
        if several:
            raise FamilyError(
                f"the dask worker {several[0]} has several threads, and an item needs a "
                "process of its own: start workers with --nthreads 1"
            )
        if threads:
            self._seen = now
        elif now > self._seen + PATIENCE:
            raise FamilyError(
                f"the dask scheduler had no worker for {PATIENCE} s: start some in the project's "
                f"environment with `dask worker {os.environ[ADDRESS]} --nthreads 1`, and rerun"
            )
