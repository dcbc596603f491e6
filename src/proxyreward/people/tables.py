"""Tables that people write: rows of a CSV or JSON lines file with the columns asked for.

In: a path. Out: numbered rows of texts, or an error that names file, row, field and a remedy.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from proxyreward.data import jsonl
from proxyreward.data.fields import encodable
from proxyreward.data.reasons import REMEDIES
from proxyreward.data.report import DataError, RecordError, short_name

CSV = (".csv", ".csv.gz")
SUFFIXES = CSV + jsonl.SUFFIXES
Row = tuple[int, list[str]]


def fault(file: object, row: int, field: str | None, what: str, remedy: str) -> DataError:
    """The error of one row."""
    where = f"{file}, row {row}" + (f", field {short_name(field)!r}" if field else "")
    return DataError(f"{where}: {what}; {remedy}")


def of_record(file: object, row: int, error: RecordError) -> DataError:
    """The error of a row whose record cannot be read."""
    return fault(file, row, error.field, error.reason, REMEDIES[error.reason])


def rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield ``(row, texts)`` with a text for each column; other columns are passed over.

    A row is numbered by the line that it ends on, from 1; the first line of a CSV file names the
    columns. Whole numbers and truth values of JSON become texts.

    Raises
    ------
    DataError
        If the file is none of the two, lacks a column, or a field is empty or no text.
    """
    for row, values in cells(path, columns):
        for field, value in zip(columns, values):
            if not value.strip():
                raise fault(path, row, field, "is empty", "fill it in, or delete the row")
        yield row, [value.strip() for value in values]


def cells(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The same with texts as they stand, which may be empty."""
    read = _csv if path.name.endswith(CSV) else _jsonl
    yield from read(path, columns)


def _csv(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    reader = csv.reader(_texts(path), strict=True)
    places: list[int] | None = None
    while True:
        try:
            found = next(reader, None)
        except csv.Error as error:
            what = f"is no CSV ({error})"
            raise fault(path, reader.line_num, None, what, "write it again as CSV") from None
        if found is None:
            return
        if places is None:
            places = _places(path, found, columns)
        elif found:
            if len(found) <= max(places):
                what, remedy = f"has {len(found)} cells", f"give one for each of {list(columns)}"
                raise fault(path, reader.line_num, None, what, remedy)
            yield reader.line_num, [found[place] for place in places]


def _places(path: Path, head: list[str], columns: Sequence[str]) -> list[int]:
    names = [cell.strip() for cell in head]
    for column in columns:
        if names.count(column) != 1:
            what = "no column" if column not in names else "more than one column"
            raise fault(path, 1, column, f"has {what} of this name", f"name {list(columns)} there")
    return [names.index(column) for column in columns]


def _texts(path: Path) -> Iterator[str]:
    for number, raw in jsonl.lines(path, CSV):
        try:
            yield raw.decode("utf-8")
        except UnicodeDecodeError:
            raise fault(path, number, None, "is not UTF-8", "save the file as UTF-8") from None


def _jsonl(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    for row, record in records(path):
        yield row, [_text(path, row, record, column) for column in columns]


def records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield ``(row, object)`` of a JSON lines file, or of one JSON array; blank lines are none."""
    array = path.name.endswith(jsonl.ARRAY_SUFFIXES)
    found: Iterator[tuple[int, Any]] = jsonl.entries(path) if array else _lines(path)
    parse: Callable[[Any], dict[str, Any]] = jsonl.as_object if array else jsonl.parse
    for row, raw in found:
        try:
            yield row, parse(raw)
        except RecordError as error:
            raise of_record(path, row, error) from None


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    return ((row, raw) for row, raw in jsonl.lines(path, SUFFIXES) if raw.strip())


def _text(path: Path, row: int, record: dict[str, Any], column: str) -> str:
    if column not in record:
        raise fault(path, row, column, "is missing", "add it to the object")
    value = record[column]
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int):
        raise fault(path, row, column, "is neither text nor a whole number", "give one of them")
    text = str(value)
    if not encodable(text):
        raise fault(path, row, column, "holds lone surrogates", "give text that UTF-8 can hold")
    return text


def keep_apart(read: Iterable[object], written: Iterable[Path]) -> None:
    """Refuse to write over what is read; entries of `read` may be empty."""
    sources = {os.path.realpath(str(path)) for path in read if path}
    for path in written:
        if os.path.realpath(path) in sources:
            raise DataError(f"{path}: is read and would be written; give --out another folder")


def write_csv(stream: io.TextIOBase, rows: Sequence[Sequence[object]]) -> None:
    """Append rows to a CSV file with Unix line ends."""
    csv.writer(stream, lineterminator="\n").writerows(rows)


def dump(value: object) -> str:
    """JSON on one line, signs beyond ASCII as they are."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
