"""Answers on disk, so that no question is asked twice and an interrupted run goes on.

In: a path. Out: answers by key. The file holds a JSON object a line and is appended to as answers
come in; a line that an interruption cut off is passed over.
"""

import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proxyreward.data.report import DataError


def key_of(**asked: object) -> str:
    """SHA-256 (hex) of all that an answer depends on."""
    return digest(json.dumps(asked, sort_keys=True))


def digest(text: str) -> str:
    """SHA-256 (hex) of a text, lone surrogates included."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Cache:
    """Records by key; safe to use from several threads, of one process at a time.

    Raises
    ------
    DataError
        If another process has the file open, or a whole line of it is no record.
    """

    def __init__(self, path: Path) -> None:
        from filelock import FileLock, Timeout

        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(f"{path}.lock", timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            raise DataError(
                f"{path}: another run is using it; wait, or give --out another"
            ) from None
        try:
            self._records, whole = _read(path)
            self._stream = path.open("ab")
            self._stream.truncate(whole)
        except BaseException:
            self._lock.release()
            raise
        self._writing = threading.Lock()

    def __enter__(self) -> "Cache":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._lock.release()

    def get(self, key: str) -> Mapping[str, Any] | None:
        """The record of a key, if there is one."""
        return self._records.get(key)

    def put(self, key: str, record: Mapping[str, Any]) -> None:
        """Keep a record; it is in the file before this returns."""
        line = json.dumps({"key": key, **record}).encode() + b"\n"
        with self._writing:
            self._records[key] = record
            self._stream.write(line)
            self._stream.flush()


def _read(path: Path) -> tuple[dict[str, Mapping[str, Any]], int]:
    """Records of a file, and how many of its bytes are whole lines."""
    raw = path.read_bytes() if path.exists() else b""
    whole = raw.rfind(b"\n") + 1
    found = {}
    for number, line in enumerate(raw[:whole].split(b"\n")[:-1], start=1):
        try:
            record = json.loads(line)
            found[record.pop("key")] = record
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(
                f"{path}, row {number}: is no answer as this command keeps them; delete the row, "
                "which is then asked again"
            ) from None
    return found, whole
