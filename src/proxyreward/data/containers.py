"""Files as they come: plain or gzipped, or something that has to be unpacked or fetched first.

In: a path. Out: a stream of the file's bytes, or an error that names what the file is instead.
"""

import gzip
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from proxyreward.data.report import DataError

GZIP = b"\x1f\x8b"
_UNPACK = "unpack it, then give it as it is or gzipped"
_UTF8 = ("is text in UTF-16 or UTF-32", "save it as UTF-8")
_POINTER = ("is a Git LFS pointer, not the data", "run git lfs pull where it comes from")
_PAGE = ("is a web page, not the data", "download the raw file")
FOREIGN = {
    b"version https://git-lfs": _POINTER,
    b"version https://hawser": _POINTER,  # the name that Git LFS had at first
    GZIP: ("is gzipped", "add .gz to its name"),
    b"PK\x03\x04": ("is a zip archive", _UNPACK),
    b"PK\x05\x06": ("is an empty zip archive", "download it again"),
    b"\xfd7zXZ\x00": ("is compressed with xz", _UNPACK),
    b"\x28\xb5\x2f\xfd": ("is compressed with zstd", _UNPACK),
    b"\x04\x22\x4d\x18": ("is compressed with lz4", _UNPACK),
    b"BZh": ("is compressed with bzip2", _UNPACK),
    b"7z\xbc\xaf\x27\x1c": ("is a 7z archive", _UNPACK),
    b"Rar!": ("is a rar archive", _UNPACK),
    b"PAR1": ("is a parquet file", "write its rows as JSON"),
    b"ARROW1": ("is an Arrow file", "write its rows as JSON"),
    b"\xff\xfe": _UTF8,
    b"\xfe\xff": _UTF8,
    b"\x00\x00\xfe\xff": _UTF8,
    **dict.fromkeys((b"{\0", b"[\0", b"\0{", b"\0["), _UTF8),  # without a byte order mark
    b"<!doctype": _PAGE,
    b"<html": _PAGE,
}
"""First bytes (of text: in lower case) of what is no JSON: what the file is, and the remedy."""
_HEAD = max(map(len, FOREIGN))


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Stream of the bytes of a regular file, unpacked if its name ends in ``.gz``.

    Raises
    ------
    DataError
        If there is no such file, or it holds something else than its name says.
    OSError, EOFError, zlib.error
        If the system cannot read it, or the gzip data break at once.
    """
    _check_regular(path)
    packed = path.suffix == ".gz"
    with path.open("rb") as plain:
        head = plain.read(_HEAD)
        if not (packed and head.startswith(GZIP)):
            _check_head(path, head)
        if not packed:
            plain.seek(0)
            yield plain
            return
    if head and not head.startswith(GZIP):
        raise DataError(
            f"{path}: is not compressed; drop .gz from its name, or, if it is no text, "
            "download it again"
        )
    with gzip.open(path, "rb") as stream:
        head = stream.peek(_HEAD)[:_HEAD]
        if head.startswith(GZIP):
            raise DataError(f"{path}: is gzipped twice; unpack it once")
        _check_head(path, head, "unpacked, it ")
        yield stream


def _check_head(path: Path, head: bytes, subject: str = "") -> None:
    for start, (what, remedy) in FOREIGN.items():
        if head.startswith(start) or head.lower().startswith(start):
            raise DataError(f"{path}: {subject}{what}; {remedy}")


def _check_regular(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        if os.path.islink(path):
            told = f"a link to {os.readlink(path)}, which is not there; restore that"
        elif isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
            told = "no such file; check the path, or download the file first"
        else:
            told = f"cannot be read ({error.strerror}); check the path and its permissions"
        raise DataError(f"{path}: {told}") from error
    if stat.S_ISDIR(mode):
        raise DataError(f"{path}: is a folder; give the file that holds the records")
    if not stat.S_ISREG(mode):
        raise DataError(f"{path}: is a pipe or a device; save what it gives in a file first")
