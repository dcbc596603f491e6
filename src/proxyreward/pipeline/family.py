"""Family runner: a stage's items (frozen specs), run in parallel, each finished exactly once.

In: specs, a function `work(item, folder)`, hashes of what it reads. Out: one folder per item under
the family's folder, holding what `work` wrote and `spec.json`. Called by the stages that train,
sample, score and optimise.

An item is worked on in a hidden partial folder that is renamed when it is complete, so a folder
with an item's name is always whole. `spec.json` holds everything that decides the item's content:
its parameters, inputs, code and library versions. A rerun keeps the items whose `spec.json` would
come out the same, redoes the others, and removes those that left the family.
"""

import contextlib
import dataclasses
import importlib.metadata
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from proxyreward.pipeline import record
from proxyreward.pipeline.closure import fingerprint
from proxyreward.pipeline.worker import Place, options, plan, take

SPEC = "spec.json"
LOG = "log.txt"
LIBRARIES = ("torch", "transformers", "trl")

Work = Callable[[Any, Path], None]


class FamilyError(RuntimeError):
    """Some items failed; those that finished are kept."""


def run_family(
    items: Sequence[Any],
    work: Work,
    directory: Path,
    inputs: Sequence[str],
    module: str,
    backend: str = "loky",
    workers: int | None = None,
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
        joblib backend, and number of parallel workers. None takes one worker per GPU, without a
        GPU one per usable core; a cluster backend decides for itself. Results do not depend on
        either: a worker on a CPU computes with one thread. For ``dask``, name the scheduler in
        ``DASK_SCHEDULER_ADDRESS``, give its workers one thread each and a shared file system.

    Raises
    ------
    FamilyError
        Items failed. Names each with the last line of its traceback and its log. The others are
        finished first and kept, so that the next run redoes only the failed ones.
    ValueError, TypeError
        Names that repeat or are no file names; a field that JSON cannot hold.
    """
    directory = Path(directory).resolve()
    shared = {
        "inputs": list(inputs),
        "code": fingerprint(module),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
    specs = {name: _spec_text(item, shared) for name, item in _by_name(items).items()}
    directory.mkdir(parents=True, exist_ok=True)
    with _only_run(directory):
        _clean(directory, specs)
        todo = [item for item in items if not (directory / item.name).is_dir()]
        kept = len(items) - len(todo)
        print(f"{directory.name}: {len(todo)} items to run, {kept} kept", file=sys.stderr)
        record.keep(kept)
        failures = _run(todo, specs, work, directory, backend, workers)
    if failures:
        lines = [f"  {name}: {reason}" for name, reason in sorted(failures.items())]
        raise FamilyError(
            f"{directory}: {len(failures)} of {len(items)} items failed; the finished ones are "
            "kept and a rerun redoes only these:\n" + "\n".join(lines)
        )
    return [directory / item.name for item in items]


@contextlib.contextmanager
def _only_run(directory: Path) -> Iterator[None]:
    """Wait until no other process runs this family: a stage may outlive a killed `dvc repro`."""
    from filelock import FileLock, Timeout

    lock = FileLock(directory.parent / f".{directory.name}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"{directory.name}: waiting for another run of it to end", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _run(
    todo: list[Any],
    specs: dict[str, str],
    work: Work,
    directory: Path,
    backend: str,
    workers: int | None,
) -> dict[str, str]:
    """Run the items on joblib; return the reason of every failure by item name."""
    if not todo:
        return {}
    import joblib

    failures: dict[str, str] = {}
    waiting = {item.name for item in todo}
    start = time.monotonic()
    place = plan(backend, workers, len(todo))
    with joblib.parallel_config(backend=backend, n_jobs=place.workers, **options(backend)):
        # Items take seconds to minutes: batches would only delay their progress lines.
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        calls = (
            joblib.delayed(_finish)(item, specs[item.name], work, directory, place) for item in todo
        )
        try:
            for name, reason in parallel(calls):
                waiting.discard(name)
                if reason:
                    failures[name] = reason
                _report(directory.name, name, reason, len(todo), len(waiting), start)
        except BrokenProcessPool:
            reason = "a worker was lost; if memory ran out, set runner.workers lower"
            failures |= {name: reason for name in waiting}
    return failures


def _finish(
    item: Any, spec: str, work: Work, directory: Path, place: Place
) -> tuple[str, str | None]:
    """Do one item in a worker: (name, None), or (name, last traceback line and log)."""
    take(place)
    partial = Path(tempfile.mkdtemp(prefix=f".{item.name}.partial-", dir=directory))
    log = partial / LOG
    try:
        (partial / SPEC).write_text(spec, encoding="utf-8")
        with log.open("w", encoding="utf-8") as stream:
            with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
                work(item, partial)
        log.unlink()
        partial.chmod(0o755)  # mkdtemp makes it private
        partial.rename(directory / item.name)
    except Exception as error:
        with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as stream:
            traceback.print_exc(file=stream)
        last = traceback.format_exception_only(error)[-1].strip()
        return item.name, f"{last} (log: {log})"
    return item.name, None


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


def _clean(directory: Path, specs: dict[str, str]) -> None:
    """Remove what killed runs left, items that left the family, and items whose spec changed."""
    # Partial folders first: once they are gone, no stray worker can finish an item any more.
    for path in directory.glob(".*.partial-*"):
        shutil.rmtree(path)
    for path in directory.iterdir():
        found = (path / SPEC).read_text(encoding="utf-8") if (path / SPEC).is_file() else None
        if path.name in specs and found != specs[path.name] or path.name not in specs and found:
            shutil.rmtree(path)


def _report(
    family: str, name: str, reason: str | None, total: int, left: int, start: float
) -> None:
    elapsed = time.monotonic() - start
    remaining = elapsed * left / (total - left)
    print(
        f"{family}: {total - left}/{total} {name}{' FAILED' if reason else ''} · "
        f"{elapsed:.0f} s so far, about {remaining:.0f} s to go",
        file=sys.stderr,
        flush=True,
    )
