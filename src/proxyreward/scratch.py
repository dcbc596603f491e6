"""Room for one process at a time: private scratch folders, and turns in a shared folder.

Out: folders.  Both end with the process that has them, however it ends.
"""

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".proxyreward.lock"
_PREFIX = "proxyreward-scratch-"


@contextlib.contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Wait until no other process is in the body for this (existing) folder."""
    with _lock(folder / LOCK):
        yield


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give the body an empty folder of its own, in the system's place for temporary files.

    It is removed at the end.  Those of processes that were killed are removed by the next one: the
    lock beside each is free once its owner is gone.
    """
    place = Path(tempfile.gettempdir()).resolve()
    for left in {path.with_suffix("") for path in place.glob(f"{_PREFIX}*")}:
        # An OSError means that it is another user's.
        with contextlib.suppress(Timeout, OSError), _lock(left.with_suffix(".lock"), timeout=0):
            shutil.rmtree(left, ignore_errors=True)
    folder = place / f"{_PREFIX}{uuid.uuid4().hex}"
    with _lock(folder.with_suffix(".lock")):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _lock(path: Path, timeout: float = -1) -> Iterator[None]:
    """Hold a lock file, and remove it at the end."""
    with FileLock(path, timeout=timeout):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
