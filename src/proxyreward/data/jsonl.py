"""JSON files, gzipped or not: one record on each line, or one array of records.

In: a path. Out: numbered lines and, from a line, the JSON object on it; or the numbered entries of
an array.
"""

import codecs
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proxyreward.data.containers import opened
from proxyreward.data.report import DataError, RecordError

SUFFIXES = (".jsonl", ".jsonl.gz")
ARRAY_SUFFIXES = (".json", ".json.gz")


def lines(path: Path, suffixes: tuple[str, ...] = SUFFIXES) -> Iterator[tuple[int, bytes]]:
    """Yield ``(line, bytes)``; lines are those of the decompressed file, counted from 1.

    Bytes, not text: one line in a wrong encoding must not end the reading of the others.

    Raises
    ------
    DataError
        If the file is missing, is no regular file, cannot be read, has another suffix, holds
        something else than its name says, is empty, or is a damaged or truncated gzip file.
    """
    number = 0
    try:
        with opened(path) as handle:
            if not path.name.endswith(suffixes):
                raise DataError(f"{path}: not one of {', '.join(suffixes)}; rename or convert it")
            for number, raw in enumerate(handle, start=1):
                yield number, raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path}: the gzip data end or break after line {number} ({error}); "
            "download the file again"
        ) from error
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); check the file's permissions"
        ) from error
    if number == 0:
        raise DataError(f"{path}: the file is empty; download it again")


def decode(raw: bytes) -> Any:
    """Read the JSON value on one line; a RecordError stands for an object that repeats a key.

    NaN and Infinity, which JSON does not have, are read; no field that is used may hold them.

    Raises
    ------
    RecordError
        If the line is blank, not UTF-8 or not JSON.
    """
    if not raw.strip():
        raise RecordError("blank_line")
    try:
        return _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordError("wrong_encoding") from error
    except (ValueError, RecursionError) as error:
        raise RecordError("bad_json") from error


def _object(items: list[tuple[str, Any]]) -> dict[str, Any] | RecordError:
    found = dict(items)
    if len(found) == len(items):
        return found
    repeated, _ = Counter(key for key, _ in items).most_common(1)[0]
    return RecordError("duplicate_key", repeated)


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def parse(raw: bytes) -> dict[str, Any]:
    """Read the JSON object on one line.

    Raises
    ------
    RecordError
        If the line is blank, not UTF-8, not JSON, or not an object.
    """
    return as_object(decode(raw))


def as_object(record: Any) -> dict[str, Any]:
    """The record itself, which must be a JSON object; raises a RecordError if it is none."""
    if isinstance(record, RecordError):
        raise record
    if not isinstance(record, dict):
        raise RecordError("not_an_object")
    return record


def entries(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield ``(entry, value)`` of the one JSON array in a file, counted from 1.

    Raises
    ------
    DataError
        As :func:`lines`, and if the file is not one JSON array in UTF-8.
    """
    raw = b"".join(line for _, line in lines(path, ARRAY_SUFFIXES))
    try:
        array = decode(raw)
    except RecordError as error:
        raise DataError(f"{path}: {error.reason}; the file must be one JSON array") from error
    if not isinstance(array, list):
        raise DataError(f"{path}: holds no JSON array; give a list of records")
    yield from enumerate(array, start=1)
