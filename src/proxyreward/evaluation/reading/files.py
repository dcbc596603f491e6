"""Files of tables: what they hold, found out from their first bytes, and their rows, streamed.

In: paths. Out: `Source`, whose rows Polars reads as they are asked for. Text stays text until a
column is known to hold numbers: an id ``007`` is no 7, and ``NA`` may be one. Rows have the numbers
that messages name: lines of JSON, records of CSV (the first line, which names the columns, is 1),
rows of Parquet from 1.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from polars.selectors import by_name

from proxyreward.data import jsonl
from proxyreward.data.containers import opened
from proxyreward.data.report import DataError, RecordError, short_name
from proxyreward.people import tables

ROW = "\0row"
"""Column of row numbers; no file can have one of this name."""
ANY = ("",)
SAMPLE = 100  # records of JSON lines that are asked for their fields
SINGLE = ("id", "subset", "results", "num_correct")  # a list of these is a column, no record
# JSON has no NaN, but Python writes one; inside of a text there is no quote in front of the colon.
NAN = r'("\s*:\s*)NaN(\s*[,}])'


@dataclass(frozen=True)
class Source:
    """A table as it lies in a file.

    Attributes
    ----------
    container
        ``csv``, ``parquet``, ``jsonl``, or ``json`` for one object with a list for each column.
    types
        Of each column; text where the file is text.
    nested
        Columns of JSON that hold lists or objects, and the first row that does.
    """

    path: Path
    container: str
    types: dict[str, pl.DataType]
    nested: Mapping[str, int] = field(default_factory=dict)
    separator: str = ","

    @property
    def stem(self) -> str:
        """The file's name without what comes after its first dot (a leading one aside)."""
        name = self.path.name
        return name[:1] + name[1:].split(".")[0]

    def rows(self, columns: Sequence[str]) -> pl.LazyFrame:
        """Row numbers and these columns."""
        if self.container == "parquet":
            found = pl.scan_parquet(self.path, row_index_name=ROW, row_index_offset=1, glob=False)
        elif self.container == "csv":
            found = self._csv()
        else:
            found = self._lines(columns)
        return found.select(by_name(ROW, *columns))

    def _csv(self) -> pl.LazyFrame:
        found = pl.scan_csv(
            self.path, separator=self.separator, infer_schema=False, glob=False,
            row_index_name=ROW, row_index_offset=2,
        )  # fmt: skip
        with self._told():
            raw = found.collect_schema().names()[1:]
        return found.rename(dict(zip(raw, self.types)))

    def _lines(self, columns: Sequence[str]) -> pl.LazyFrame:
        found = pl.scan_lines(self.path, row_index_name=ROW, row_index_offset=1, glob=False)
        line = pl.col("line").str.strip_prefix("\ufeff")
        record = line.str.replace_all(NAN, "${1}null${2}").str.json_decode(
            pl.Struct(dict.fromkeys(columns, pl.String))
        )
        places = {f"\0{place}": name for place, name in enumerate(columns)}
        fields = record.struct.rename_fields(list(places)).struct.unnest()  # a name may be ``*``
        kept = found.filter(line.str.strip_chars() != "")
        return kept.select(ROW, fields).rename(places)

    def collect(self, rows: pl.LazyFrame) -> pl.DataFrame:
        """What `rows`, made of this file, hold; a file that cannot be read is an error."""
        with self._told():
            return rows.collect(engine="streaming")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn errors of Polars into ours."""
        try:
            yield
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            self._locate()
            what = short_name(str(error).split("\n")[0])
            raise DataError(
                f"{self.path}: cannot be read ({what}); write the file again"
            ) from error

    def cell(self, row: int, column: str) -> object:
        """One value."""
        return self.collect(self.rows([column]).filter(pl.col(ROW) == row))[column][0]

    def fault(self, row: int, column: str | None, what: str, remedy: str) -> DataError:
        """The error of one row."""
        return tables.fault(self.path, row, column, what, remedy)

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Rows as objects of JSON; slower, for what is nested."""
        if self.container == "jsonl":
            return _records(self.path)
        return _transposed(self.path)

    def _locate(self) -> None:
        """Raise the error of the first row that is at fault, if one is found."""
        if self.container == "csv":
            _check_csv(self)
        elif self.container == "jsonl":
            _check_lines(self)


def sources(paths: Sequence[Path]) -> list[Source]:
    """The tables in these files and folders, in the order given, a folder's by name."""
    files = [file for path in paths for file in _files(Path(path))]
    if not files:
        raise DataError("no files given; name a table of scores, or a folder of such")
    return [source(file) for file in files]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.is_file() and file.name[0] not in "._")
    if not found:
        raise DataError(f"{path}: is a folder without files; give one that holds tables of scores")
    return found


def source(path: Path) -> Source:
    """What a file holds."""
    if _starts(path, b"PAR1"):
        return _parquet(path)
    try:
        with opened(path) as stream:
            head = stream.readline(1 << 20).removeprefix(b"\xef\xbb\xbf").strip()
            while not head and (line := stream.readline(1 << 20)):
                head = line.strip()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); restore the file") from error
    if not head:
        raise DataError(f"{path}: the file is empty; write the table again")
    if head[:1] == b"[":
        raise DataError(f"{path}: is a JSON array; write one object on each line (JSON lines)")
    if head[:1] != b"{":
        return _csv_source(path)
    return _json_source(path, head)


def _starts(path: Path, magic: bytes) -> bool:
    try:
        with path.open("rb") as stream:
            return path.is_file() and stream.read(len(magic)) == magic
    except (OSError, ValueError):
        return False  # `opened` says what is wrong


def _parquet(path: Path) -> Source:
    try:
        return Source(path, "parquet", dict(pl.read_parquet_schema(path)))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path}: is a damaged Parquet file ({error}); write it again") from error


def _csv_source(path: Path) -> Source:
    try:
        with opened(path) as stream:
            first = io.TextIOWrapper(stream, "utf-8-sig", newline="")
            head = first.readline()
            separator = max(",\t;", key=head.count)
            rest = itertools.chain([head], first)
            names = [name.strip() for name in next(csv.reader(rest, delimiter=separator), [])]
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); restore the file") from error
    except UnicodeDecodeError:
        raise tables.fault(path, 1, None, "is not UTF-8", "save the file as UTF-8") from None
    except csv.Error as error:
        raise tables.fault(path, 1, None, f"is no CSV ({error})", "write it again") from None
    if not any(names):
        raise tables.fault(path, 1, None, "names no columns", "start the file with their names")
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise tables.fault(path, 1, name, f"names {times} columns", "rename all but one")
    return Source(path, "csv", dict.fromkeys(names, pl.String()), separator=separator)


def _json_source(path: Path, head: bytes) -> Source:
    try:
        record = json.loads(head)
    except (ValueError, RecursionError):
        record = None
    if head == b"{" or record and any(isinstance(record.get(name), list) for name in SINGLE):
        return _fields(path, "json", itertools.islice(_transposed(path), 1))
    return fields(path, SAMPLE)


def fields(path: Path, most: int | None = None) -> Source:
    """JSON lines with the fields of the first so many records, or of all."""
    return _fields(path, "jsonl", itertools.islice(_records(path), most))


def _fields(path: Path, container: str, records: Iterable[tuple[int, dict[str, Any]]]) -> Source:
    types: dict[str, pl.DataType] = {}
    nested: dict[str, int] = {}
    for row, record in records:
        for name, value in record.items():
            types[name] = pl.String()
            if isinstance(value, list | dict):
                nested.setdefault(name, row)
    return Source(path, container, types, nested)


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for row, raw in jsonl.lines(path, ANY):
        if raw.strip():
            try:
                yield row, jsonl.parse(raw)
            except RecordError as error:
                raise tables.of_record(path, row, error) from None


def _transposed(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Records of one object that holds a list for each column; anything else is in all of them."""
    try:
        with opened(path) as stream:
            found = json.load(io.TextIOWrapper(stream, "utf-8-sig"))
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        told = short_name(str(error))
        raise DataError(f"{path}: is no JSON ({told}); write it again, an object a line") from None
    lists = {name: value for name, value in found.items() if isinstance(value, list)}
    if len({len(value) for value in lists.values()}) != 1 or not any(lists.values()):
        raise DataError(
            f"{path}: is one JSON object whose lists are empty or not equally long; write one "
            "object on each line"
        )
    common = {name: value for name, value in found.items() if name not in lists}
    for row, values in enumerate(zip(*lists.values()), start=1):
        yield row, common | dict(zip(lists, values))


def _check_csv(source: Source) -> None:
    row = 0
    try:
        with opened(source.path) as stream:
            lines = io.TextIOWrapper(stream, "utf-8-sig", newline="")
            reader = csv.reader(lines, delimiter=source.separator, strict=True)
            for row, found in enumerate(reader, start=1):
                if len(found) > len(source.types):
                    what = f"has {len(found)} cells for {len(source.types)} columns"
                    raise source.fault(row, None, what, "put quotes around cells with separators")
    except UnicodeDecodeError:
        what, remedy = "is not UTF-8, or a row soon after it", "save the file as UTF-8"
        raise source.fault(row + 1, None, what, remedy) from None
    except csv.Error as error:
        what = f"is no CSV ({error})"
        raise source.fault(row + 1, None, what, "write quotes inside a cell twice") from None
    except (OSError, EOFError, zlib.error) as error:
        what = f"cannot be read ({error})"
        raise source.fault(row + 1, None, what, "download the file again") from None


def _check_lines(source: Source) -> None:
    for row, record in _records(source.path):
        for name, value in record.items():
            if (
                isinstance(value, list | dict)
                and name in source.types.keys() - source.nested.keys()
            ):
                what = "holds a list or an object here and none above"
                raise source.fault(row, name, what, "give a text or a number")
            if value in (float("inf"), float("-inf")):
                raise source.fault(row, name, "is infinite", "give a number, or null for none")
