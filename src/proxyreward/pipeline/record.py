"""Run record: what each stage cost, on which machine, from which code.

In: nothing but the running process. Out: `results/<scale>/run.json`, the one results file that
may differ between two runs.
"""

import contextlib
import contextvars
import datetime
import importlib.metadata
import json
import platform
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proxyreward.files import content_hash, write_whole
from proxyreward.pipeline.params import is_composed

INTERVAL = 0.2
# Items that the stage being measured took over from an earlier run (see `keep`).
_kept: contextvars.ContextVar[int] = contextvars.ContextVar("kept items", default=0)
LIBRARIES = (
    "accelerate",
    "datasets",
    "dvc",
    "joblib",
    "numpy",
    "pandas",
    "scipy",
    "tokenizers",
    "torch",
    "transformers",
)
# Paths whose bytes decide the results: a commit names them only when they are as committed.
DECISIVE = ("src", "dvc.yaml", "params", "requirements.lock")


@contextlib.contextmanager
def stage(
    name: str,
    scale: str,
    results: Path = Path("results"),
    folder: str | None = None,
    precision: str = "fp32",
) -> Iterator[None]:
    """Measure the body (or, as a decorator, the function) and merge it into ``run.json``.

    `folder` is the name of the stage's folder under ``results/<scale>/``, if it has one, and
    `precision` that of training.

    Recorded per stage, only if the body succeeds:

    - ``seconds``: wall time of the body;
    - ``peak_memory_mb``: largest resident memory (MiB) of this process and all its descendants
      together, sampled every 0.2 s. Pages that processes share count once for each of them, so it
      is an upper estimate; a spike shorter than the interval can be missed, but never one of this
      process itself, whose own high-water mark the kernel keeps;
    - ``commit``, ``dirty``: Git commit (None without Git), and whether code, pipeline, scales or
      the lock file differ from it, or ``params.yaml`` from the scale that it names;
    - ``finished``: UTC time;
    - ``precision``, ``folder``: as given;
    - ``results``: content hash of the folder; what stands there is of this run only as long as it
      has this hash;
    - ``kept``: only if the stage took items over from an earlier run. Then ``seconds`` and
      ``peak_memory_mb`` stay those of the earlier entry, if there is one: a run that had little
      left to do says nothing about the cost of the stage.

    ``machine`` and ``versions`` describe the latest stage's surroundings.

    Raises
    ------
    ValueError
        ``run.json`` exists and is no record; raised before the body runs.
    """
    path = Path(results) / scale / "run.json"
    _read(path)
    start = time.monotonic()
    token = _kept.set(0)
    try:
        with _peak_memory() as peak:
            yield
        kept = _kept.get()
    finally:
        _kept.reset(token)
    entry = {
        "seconds": round(time.monotonic() - start, 2),
        "peak_memory_mb": round(peak() / 2**20),
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "precision": precision,
        **_commit(),
    }
    if folder:
        entry |= {"folder": folder, "results": content_hash(path.parent / folder)}
    _merge(path, name, entry, kept, Path(results).parent / "outputs" / scale / ".run.json.lock")


def keep(items: int) -> None:
    """Tell the stage being measured that it took ``items`` items over from an earlier run."""
    _kept.set(_kept.get() + items)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {"stages": {}}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record["stages"], dict):
            raise TypeError("'stages' is no mapping")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is no run record ({type(error).__name__}: {error}); delete it (it is written "
            f"anew) or restore it with `git checkout -- {path}`"
        ) from None
    return record


def _merge(path: Path, name: str, entry: dict[str, Any], kept: int, lock: Path) -> None:
    from filelock import FileLock

    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):  # another stage may end at the same moment
        record = _read(path)
        if kept:
            earlier = record["stages"].get(name, {})
            cost = {key: earlier[key] for key in ("seconds", "peak_memory_mb") if key in earlier}
            entry |= cost | {"kept": kept}
        record["stages"][name] = entry
        record |= {"machine": _machine(), "versions": _versions()}
        write_whole(path, json.dumps(record, indent=2, sort_keys=True) + "\n")


@contextlib.contextmanager
def _peak_memory() -> Iterator[Any]:
    """Sample memory in a thread; yields a function that returns the peak in bytes."""
    import psutil

    own = psutil.Process()
    peak = 0
    stopped = threading.Event()

    def sample() -> None:
        nonlocal peak
        total = own.memory_info().rss
        for child in own.children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it may end between listing and reading
                total += child.memory_info().rss
        peak = max(peak, total)

    def watch() -> None:
        while not stopped.wait(INTERVAL):
            sample()

    def result() -> int:
        high_water = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return max(peak, high_water * (1 if sys.platform == "darwin" else 1024))

    sample()
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield result
    finally:
        stopped.set()
        thread.join()


def _commit() -> dict[str, Any]:
    try:
        commit = _output("git", "rev-parse", "HEAD")
        changed = bool(_output("git", "status", "--porcelain", "--", *DECISIVE))
        dirty = changed or not is_composed()
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}
    return {"commit": commit, "dirty": dirty}


def _machine() -> dict[str, Any]:
    import joblib
    import psutil

    return {
        "cpu": _cpu_model(),
        "cores": joblib.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": _gpus(),
        "system": platform.system(),
    }


def _cpu_model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpus() -> list[str]:
    if shutil.which("nvidia-smi") is None:
        return []
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").splitlines()
    return []


def _versions() -> dict[str, str]:
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return versions | {"python": platform.python_version()}


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()
