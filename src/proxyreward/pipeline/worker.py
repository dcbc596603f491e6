"""Where the items of a family run: how many workers, on which device, with how many threads.

In: the backend, the wish for workers and the machine. Out: a `Place`, planned once by the family
runner and taken by each worker process before it works.
"""

import atexit
import contextlib
import dataclasses
import functools
import importlib.metadata
import itertools
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}

# What glibc frees it gives back to the system and asks for again, page by page: a sixth of the time
# of a small training.
KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 29), "MALLOC_MMAP_THRESHOLD_": str(1 << 25)}


class FamilyError(RuntimeError):
    """Items of a family failed, or cannot run; those that finished are kept."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Plan of one family.

    `workers` is their number (-1: no limit), `devices` the ids of the GPUs that they share (none:
    CPU), `seats` a folder in which workers claim them. `main` is the id of the planning process if
    it is to be the workers' parent.
    """

    workers: int
    devices: tuple[str, ...]
    seats: Path | None
    main: int | None


@dataclasses.dataclass(frozen=True)
class Seat:
    """A worker's number and the lock that keeps it: the lock lets go when its object dies."""

    number: int
    lock: Any


def plan(backend: str, workers: int | None, items: int) -> Place:
    """Plan for `items` items on `backend` with `workers` workers (None: as many as fit).

    A backend other than loky reaches machines that this process cannot see: there the number of
    workers and their devices are the cluster's own affair.
    """
    import joblib

    if backend != "loky":
        return Place(workers or -1, (), None, None)
    devices = visible_devices()
    wanted = workers or len(devices) or joblib.cpu_count()
    # joblib runs a single job in this process, whose thread pools may be set already: plan two.
    count = min(wanted, max(items, 2))
    return Place(count, devices, _seats() if devices else None, os.getpid())


def visible_devices() -> tuple[str, ...]:
    """Ids of the GPUs that torch sees, in the form `CUDA_VISIBLE_DEVICES` takes.

    The variable alone says nothing: shells and schedulers set it where there is no GPU, too.
    """
    if importlib.metadata.version("torch").endswith("+cpu"):
        return ()  # built for the CPU; importing it to hear so would cost every stage two seconds
    import torch

    seen = torch.cuda.device_count()  # heeds the variable
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    ids = map(str, range(seen)) if listed is None else map(str.strip, listed.split(","))
    return tuple(itertools.islice(ids, seen))


def take(place: Place) -> None:
    """Make this process a worker of `place`: one thread, its own device, no life after the run."""
    if place.main not in (None, os.getpid()):
        _end_with(place.main)
        if os.getppid() != place.main:  # an item that was queued when the run was killed
            os._exit(1)
    os.environ.update(ONE_THREAD)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    if place.devices:
        number = _seat(place.seats).number
        os.environ["CUDA_VISIBLE_DEVICES"] = place.devices[number % len(place.devices)]


@functools.cache
def _seats() -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"proxyreward-{os.getpid()}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _seat(seats: Path) -> Seat:
    """Lowest seat that no other living process holds; held until this process ends."""
    from filelock import FileLock, Timeout

    for number in itertools.count():
        lock = FileLock(seats / f"{number}.lock")
        with contextlib.suppress(Timeout):
            lock.acquire(blocking=False)
            return Seat(number, lock)
    raise AssertionError("itertools.count does not end")


@functools.cache
def _end_with(parent: int) -> None:
    """End this process as soon as `parent` has: a killed run must leave no workers at work."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
