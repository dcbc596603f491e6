"""Files and folders as wholes: written in one step, named by their content.

In: paths. Out: bytes on disk that are there entirely or not at all, and hashes. Imports nothing of
this package.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


def write_whole(path: str | Path, text: str) -> None:
    """Write a text file (UTF-8) so that it holds the old or the new text at every moment.

    A file that is killed while it writes leaves the old text; what it leaves beside it,
    ``.<name>.partial``, is taken over by the next write. Its folder is made if need be.
    """
    with writing(path) as (stream,):
        stream.write(text)


@contextlib.contextmanager
def writing(*paths: str | Path) -> Iterator[list[TextIO]]:
    """Streams of text files that appear, all of them, once the block has ended without an error.

    After an error the old files stay and nothing is left beside them; otherwise as
    :func:`write_whole`.
    """
    targets = [Path(path) for path in paths]
    partials = [path.with_name(f".{path.name}.partial") for path in targets]
    for path in targets:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.ExitStack() as stack:
            streams = [
                stack.enter_context(partial.open("w", encoding="utf-8", newline="\n"))
                for partial in partials
            ]
            yield streams
            for stream in streams:
                stream.flush()
                os.fsync(stream.fileno())
    except BaseException:
        for partial in partials:
            with contextlib.suppress(OSError):
                partial.unlink()
        raise
    for partial, path in zip(partials, targets):
        partial.replace(path)


def state(path: str | Path) -> tuple[tuple[str, int, int, int], ...]:
    """What changes whenever a file, or one below a folder, is written or replaced.

    Absolute path, inode, size and time of writing of each; empty where there is nothing. For what a
    process keeps of a file: the same name can be another file later, or in another folder.
    """
    path = Path(path).resolve()
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    found = [(str(file), file.stat()) for file in files if file.exists()]
    return tuple((name, one.st_ino, one.st_size, one.st_mtime_ns) for name, one in found)


def content_hash(path: str | Path) -> str:
    """SHA-256 (hex) of a file's bytes, or of the names and bytes of all files under a folder.

    Raises FileNotFoundError if there is neither.
    """
    path = Path(path)
    if not path.is_dir():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    for name, found in file_hashes(path).items():
        digest.update(f"{name}\0{found}\0".encode())
    return digest.hexdigest()


def file_hashes(folder: str | Path) -> dict[str, str]:
    """SHA-256 (hex) of every file under a folder by its relative POSIX path, in order of paths."""
    folder = Path(folder)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): content_hash(file) for file in files}


def sync(folder: str | Path) -> None:
    """Wait until every file under a folder, and their names, are on the disk itself."""
    folder = Path(folder)
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
