"""The one schema for preference pairs.

In: :class:`Pair` objects from a loader, or a parquet file. Out: a frame with the columns
``pair_id, prompt, chosen, rejected, source, meta``. Row order is the order given, never changed:
``pair_id`` is the row position.
"""

import dataclasses
import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from proxyreward.data import transcripts
from proxyreward.data.fields import encodable
from proxyreward.data.report import DataError
from proxyreward.data.sealed import is_sealed, sealed

TEXT_COLUMNS = ("prompt", "chosen", "rejected", "source")
COLUMNS = ("pair_id", *TEXT_COLUMNS, "meta")


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two responses to one prompt, the preferred one first.

    Attributes
    ----------
    prompt : the conversation up to and including the final ``\\n\\nAssistant:``.
    chosen, rejected : the final response texts, stripped; either may be empty.
    source : name of the preference source.
    meta : anything else that JSON can hold.
    """

    prompt: str
    chosen: str
    rejected: str
    source: str
    meta: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def to_frame(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Frame of pairs, one row each in the order given; ``meta`` holds dicts."""
    rows = [
        (row, pair.prompt, pair.chosen, pair.rejected, pair.source, dict(pair.meta))
        for row, pair in enumerate(pairs)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _fail(name: str, row: object, field: str, what: str, remedy: str) -> None:
    raise DataError(f"{name}, row {row}, field {field!r}: {what}; {remedy}")


def validate(frame: pd.DataFrame, name: str = "pairs") -> None:
    """Check a frame against the schema; ``name`` (a file, say) opens each error message.

    Raises
    ------
    DataError
        Naming the file, the first bad row, its field and a remedy.
    """
    for field in COLUMNS:
        if field not in frame.columns:
            _fail(name, "(all)", field, "the column is missing", f"write columns {COLUMNS}")
    for row, pair_id in enumerate(frame["pair_id"]):
        if pair_id != row:
            _fail(name, row, "pair_id", f"is {pair_id}", "number the rows 0, 1, 2, … in order")
    for field in TEXT_COLUMNS:
        for row, value in enumerate(frame[field]):
            if not isinstance(value, str):
                kind = type(value).__name__
                _fail(name, row, field, f"is {kind}, not a string", "give the text, '' if empty")
            if not encodable(value):
                _fail(name, row, field, "holds lone surrogates", "give text that UTF-8 can hold")
    for field in ("chosen", "rejected"):
        for row, value in enumerate(frame[field]):
            if value != value.strip():
                _fail(name, row, field, "has white space around it", "strip the response")
    for row, meta in enumerate(frame["meta"]):
        if not isinstance(meta, dict):
            _fail(name, row, "meta", f"is {type(meta).__name__}, not a dict", "use {} for none")
    for row, prompt in enumerate(frame["prompt"]):
        if not (prompt.startswith(transcripts.HUMAN) and prompt.endswith(transcripts.ASSISTANT)):
            _fail(
                name,
                row,
                "prompt",
                "is not an HH transcript",
                f"begin with {transcripts.HUMAN!r} and end with {transcripts.ASSISTANT!r}",
            )


def write(frame: pd.DataFrame, path: Path) -> None:
    """Validate and write a frame as parquet with a checksum, ``meta`` as JSON, its keys sorted.

    The same frame gives the same bytes.
    """
    validate(frame, str(path))
    stored = frame[list(COLUMNS)].assign(meta=_each_meta(frame, path, _dump))
    path.write_bytes(sealed(pa.Table.from_pandas(stored, preserve_index=False)))


def read(path: Path) -> pd.DataFrame:
    """Read and validate a frame that :func:`write` wrote.

    Raises
    ------
    DataError
        If the file cannot be read, is damaged or another's, or does not follow the schema.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); run the stage that writes it (dvc repro)"
        ) from error
    if not is_sealed(raw):
        raise DataError(
            f"{path}: is damaged, or no file of pairs; delete it and run the stage that writes it "
            "again (dvc repro)"
        )
    frame = pd.read_parquet(io.BytesIO(raw), engine="pyarrow")
    frame["meta"] = pd.Series(_each_meta(frame, path, json.loads), dtype=object)
    validate(frame, str(path))
    return frame


def _dump(meta: dict[str, Any]) -> str:
    text = json.dumps(meta, sort_keys=True, ensure_ascii=False, allow_nan=False)
    text.encode("utf-8")  # refuses lone surrogates, which JSON can spell and parquet cannot
    if json.loads(text) != meta:  # keys that are no text, tuples
        raise ValueError("it would not be read back as it is")
    return text


def _each_meta(frame: pd.DataFrame, path: Path, convert: Callable[[Any], Any]) -> list[Any]:
    converted = []
    for row, meta in enumerate(frame["meta"]):
        try:
            converted.append(convert(meta))
        except (TypeError, ValueError, RecursionError) as error:
            _fail(str(path), row, "meta", f"is not JSON ({error})", "keep plain JSON values in it")
    return converted
