"""Family runner: a stage's items (frozen specs), run in parallel, each finished exactly once.

In: specs, a function `work(item, folder)`, hashes of what it reads. Out: one folder per item under
the family's folder, holding what `work` wrote, `spec.json` and `files.json`, and `index.json` once
all are finished; outside of it a lock, a note of the processes and the logs of the items that
failed.

An item is worked on in a hidden partial folder that is renamed when it is complete. `spec.json`
holds everything that decides the item's content: its parameters, inputs, code and library versions;
`files.json` the hashes of all its files. A rerun keeps the items whose `spec.json` would come out
the same and whose files are as they were finished, redoes the others, and removes those that left
the family.
"""

import contextlib
import dataclasses
import functools
import importlib.metadata
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from proxyreward.pipeline import record, remains
from proxyreward.pipeline.closure import fingerprint
from proxyreward.pipeline.finished import (
    SPEC,
    clean,
    partial_folder,
    remove_partial,
    seal,
    write_index,
)
from proxyreward.pipeline.spread import spread
from proxyreward.pipeline.worker import FamilyError, Place, plan, take

LIBRARIES = ("torch", "transformers")

Work = Callable[[Any, Path], None]


def run_family(
    items: Sequence[Any],
    work: Work,
    directory: Path,
    inputs: Sequence[str],
    module: str,
    backend: str = "loky",
    workers: int | None = None,
    traces: Path | None = None,
) -> list[Path]:
    """Run `work` on every item that is not finished yet, and return the items' folders in order.

    Parameters
    ----------
    items
        Instances of a frozen dataclass with a `name` (field or property) that is a plain file
        name, unique in the family. Fields must be JSON values, tuples or dataclasses of such.
    work
        ``work(item, folder)`` writes its files into `folder`. Defined at the top of a module.
        It may print: output goes to the item's log, which is kept only when the item fails.
        Its files must depend on `item`, `inputs` and the code alone.
    directory
        Folder of the family.
    inputs
        `content_hash` of everything that `work` reads from disk.
    module
        Dotted name of the module whose import closure holds the code behind `work`.
    backend, workers
        ``loky`` or ``dask`` (or ``sequential``: in this process), and the number of parallel
        workers. None takes one worker per GPU, without a GPU one per usable core; on a cluster, all
        that it has. Results do not depend on either: a worker on a CPU computes with one thread.
        For ``dask``, name the scheduler in ``DASK_SCHEDULER_ADDRESS``, give its workers one thread
        each and a shared file system.
    traces
        Path beside which lock, note and logs lie, hidden and under its name. None takes the
        family's folder; name another one where what lies beside that folder is kept or hashed.

    Raises
    ------
    FamilyError
        Items failed. Names each with the last line of its traceback and its log. The others are
        finished first and kept, so that the next run redoes only the failed ones. Or the backend
        cannot be used.
    ValueError, TypeError
        Names that repeat or are no file names; a field that JSON cannot hold.
    """
    directory = Path(directory).resolve()
    traces = Path(traces or directory).resolve()
    shared = {
        "inputs": list(inputs),
        "code": fingerprint(module),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
    specs = {name: _spec_text(item, shared) for name, item in _by_name(items).items()}
    directory.mkdir(parents=True, exist_ok=True)
    with _only_run(traces):
        clean(directory, specs)
        shutil.rmtree(_logs(traces), ignore_errors=True)
        todo = [item for item in items if not (directory / item.name).is_dir()]
        kept = len(items) - len(todo)
        print(f"{directory.name}: {len(todo)} items to run, {kept} kept", file=sys.stderr)
        record.keep(kept)
        try:
            failures = _run(todo, specs, work, directory, traces, backend, workers)
        finally:  # what a lost worker has left must not be taken for a part of the family
            remove_partial(directory)
            with contextlib.suppress(OSError):  # logs of items that failed stay; or there are none
                os.removedirs(_logs(traces))
        if not failures:
            write_index(directory, specs)
    if failures:
        lines = [f"  {name}: {reason}" for name, reason in sorted(failures.items())]
        raise FamilyError(
            f"{directory}: {len(failures)} of {len(items)} items failed; the finished ones are "
            "kept and a rerun redoes only these:\n" + "\n".join(lines)
        )
    return [directory / item.name for item in items]


@contextlib.contextmanager
def _only_run(traces: Path) -> Iterator[None]:
    """Wait until no other process runs this family: a stage may outlive a killed `dvc repro`."""
    from filelock import FileLock, Timeout

    lock = FileLock(traces.with_name(f".{traces.name}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"{traces.name}: waiting for another run of it to end", file=sys.stderr)
        lock.acquire()
    try:
        remains.take_over(_note(traces))
        yield
    finally:
        lock.release()


def _run(
    todo: list[Any],
    specs: dict[str, str],
    work: Work,
    directory: Path,
    traces: Path,
    backend: str,
    workers: int | None,
) -> dict[str, str]:
    """Run the items; return the reason of every failure by item name."""
    if not todo:
        return {}
    failures: dict[str, str] = {}
    start = time.monotonic()
    place = plan(backend, workers, len(todo))
    tasks = {
        item.name: functools.partial(
            _finish, item, specs[item.name], work, directory, traces, place
        )
        for item in todo
    }
    with contextlib.closing(spread(tasks, backend, place)) as ended:
        for count, (name, reason) in enumerate(ended, start=1):
            # A worker may finish an item and be lost before it can say so.
            if reason and not (directory / name).is_dir():
                failures[name] = reason
            _report(directory.name, name, name in failures, len(todo), len(todo) - count, start)
    return failures


def _finish(
    item: Any, spec: str, work: Work, directory: Path, traces: Path, place: Place
) -> str | None:
    """Do one item in a worker; returns None, or the last line of its traceback and its log."""
    take(place)
    done = directory / item.name
    if done.is_dir():  # by a worker that was lost with its answer
        return None
    log = _logs(traces) / f"{item.name}.txt"
    try:
        remains.enter(_note(traces))
        log.parent.mkdir(parents=True, exist_ok=True)
        partial = partial_folder(done)
        (partial / SPEC).write_text(spec, encoding="utf-8")
        with log.open("w", encoding="utf-8") as stream:
            with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
                work(item, partial)
        seal(partial, done)
        log.unlink()
    except (Exception, SystemExit) as error:  # a library that exits must not end the run as done
        with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as stream:
            traceback.print_exc(file=stream)
        last = traceback.format_exception_only(error)[-1].strip()
        return f"{last} (log: {log})"
    return None


def _logs(traces: Path) -> Path:
    return traces.parent / ".logs" / traces.name


def _note(traces: Path) -> Path:
    return traces.with_name(remains.NOTE.format(traces.name))


def _by_name(items: Iterable[Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for item in items:
        name = item.name
        if not name or name.startswith(".") or Path(name).name != name:
            raise ValueError(f"item name {name!r} is no plain file name; rename the item")
        if name in named:
            raise ValueError(f"two items are named {name!r}; names must be unique in a family")
        named[name] = item
    return named


def _spec_text(item: Any, shared: dict[str, Any]) -> str:
    """Canonical JSON text of everything that decides the item's content."""
    spec = {"name": item.name, "spec": dataclasses.asdict(item), **shared}
    try:
        return json.dumps(spec, indent=2, sort_keys=True, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"item {item.name}: {error}; give its fields as numbers, strings, tuples or None"
        ) from None


def _report(family: str, name: str, failed: bool, total: int, left: int, start: float) -> None:
    elapsed = time.monotonic() - start
    remaining = elapsed * left / (total - left)
    print(
        f"{family}: {total - left}/{total} {name}{' FAILED' if failed else ''} · "
        f"{elapsed:.0f} s so far, about {remaining:.0f} s to go",
        file=sys.stderr,
        flush=True,
    )
