"""Lines of a ``.jsonl`` or ``.jsonl.gz`` file, as bytes, one at a time.

In: a path. Out: numbered lines and, from a line, the JSON object on it. Called by the loaders of
line-based formats.
"""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proxyreward.data.report import DataError, RecordError

SUFFIXES = (".jsonl", ".jsonl.gz")


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield ``(line, bytes)``; lines are those of the decompressed file, counted from 1.

    Bytes, not text: one line in a wrong encoding must not end the reading of the others.

    Raises
    ------
    DataError
        If the file is missing, is not a file, has another suffix, is empty, or is a damaged or
        truncated gzip file.
    """
    if not path.name.endswith(SUFFIXES):
        raise DataError(f"{path}: not one of {', '.join(SUFFIXES)}; rename or convert the file")
    if not path.is_file():
        raise DataError(f"{path}: no such file; check the path, or download the file first")
    number = 0
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as handle:
            for number, raw in enumerate(handle, start=1):
                yield number, raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path}: the gzip data end or break after line {number} ({error}); "
            "download the file again"
        ) from error
    if number == 0:
        raise DataError(f"{path}: the file is empty; download it again")


def parse(raw: bytes) -> dict[str, Any]:
    """Read the JSON object on one line.

    Raises
    ------
    RecordError
        If the line is blank, not UTF-8, not JSON, or not an object.
    """
    if not raw.strip():
        raise RecordError("blank_line")
    try:
        record = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordError("wrong_encoding") from error
    except (ValueError, RecursionError) as error:
        raise RecordError("bad_json") from error
    if not isinstance(record, dict):
        raise RecordError("not_an_object")
    return record
