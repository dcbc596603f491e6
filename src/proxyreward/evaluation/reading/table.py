"""The one form that every table is brought into: a row for each score.

In: rows of a `Source`. Out: Polars frames with ids as integer codes, shared by all files of one
reading, and scores as numbers; missing ones are null.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl
from polars.selectors import by_name

from proxyreward.data.report import DataError, short_name
from proxyreward.evaluation.reading.files import ROW, Source
from proxyreward.evaluation.reading.names import other_name
from proxyreward.metrics.checks import LARGEST

NAMES = ("prompt_id", "response_id", "model", "rater", "category", "cluster")
MISSING = ("", "nan", "na", "n/a", "null", "none")
"""What stands for no score in a text, in lower case."""

Types = Mapping[str, pl.DataType]


@dataclass(frozen=True)
class Groups:
    """Columns of the file that hold what a prompt belongs to; None where there is none."""

    category: str | None
    cluster: str | None

    def columns(self) -> dict[str, str]:
        """Their names here and in the file."""
        both = {"category": self.category, "cluster": self.cluster}
        return {name: column for name, column in both.items() if column is not None}


@dataclass(frozen=True)
class Table:
    """One file in the common form.

    Attributes
    ----------
    frame
        Columns ``row``, those of `NAMES` that there are, ``score``, and ``length`` where known.
    rows
        Of the file.
    unused
        Columns that nothing is done with.
    blank
        Rows without ids and score.
    missing
        Rows without a verdict.
    """

    source: Source
    format: str
    frame: pl.DataFrame
    rows: int
    unused: tuple[str, ...] = ()
    blank: int = 0
    missing: int = 0


def types() -> Types:
    """Types of the columns: ids are codes of categories that nothing else shares."""
    names = {name: pl.Categorical(pl.Categories.random()) for name in NAMES}
    return {"row": pl.UInt32(), **names, "score": pl.Float64(), "length": pl.Float64()}


def named(column: str) -> pl.Expr:
    """A column of a file by its name, which to `polars.col` may be a pattern, such as ``*``."""
    return by_name(column).as_expr()


def text(column: str) -> pl.Expr:
    """A column as text without blanks around it; null where nothing is left."""
    trimmed = named(column).cast(pl.String).str.strip_chars()
    return pl.when(trimmed != "").then(trimmed)


def number(column: str, kind: pl.DataType) -> pl.Expr:
    """A column as numbers; null where it says that there is none, infinite where it holds none."""
    if kind != pl.String:
        return named(column).cast(pl.Float64).fill_nan(None)
    trimmed = named(column).str.strip_chars()
    said = ~trimmed.str.to_lowercase().is_in(MISSING)
    return pl.when(said).then(trimmed.cast(pl.Float64, strict=False).fill_null(float("inf")))


def refuse_types(source: Source, names: list[str], numbers: list[str]) -> None:
    """Refuse columns of a Parquet file, or nested ones of JSON, that cannot be what they say."""
    for column in (*names, *numbers):
        kind = source.types[column]
        wrong = kind.is_nested() or kind == pl.Binary or column in source.nested
        if wrong or column in numbers and not (kind.is_numeric() or kind == pl.String):
            what = "lists or objects" if column in source.nested else f"the type {kind}"
            need = "numbers" if column in numbers else "texts or whole numbers"
            raise source.fault(
                source.nested.get(column, 1), column, f"holds {what}", f"write {need}"
            )


def refuse_other_name(source: Source, column: str, used: Collection[str]) -> None:
    """Refuse a table that calls the column of models or judges otherwise; see `names`.

    Its rows would be taken for those of one model.
    """
    found = other_name(column, [name for name in source.types if name not in used])
    if found is not None:
        raise DataError(
            f"{source.path}: has a column `{short_name(found)}`, but no column `{column}`; rename "
            f"{short_name(found)} to {column}, or, if the whole file is of one {column}, delete it"
        )


def blank(source: Source, frame: pl.DataFrame, columns: list[str]) -> tuple[pl.DataFrame, int]:
    """The rows that are not blank in all of these columns, and how many are.

    Raises
    ------
    DataError
        If one is blank in some of them.
    """
    gaps = frame.select(columns).null_count().row(0)
    if not any(gaps):
        return frame, 0
    kept = frame.filter(~pl.all_horizontal(pl.all().exclude("row", "length").is_null()))
    for column, gap in zip(columns, kept.select(columns).null_count().row(0)):
        if gap:
            row = kept.filter(pl.col(column).is_null())["row"][0]
            raise source.fault(row, column, "is empty", "fill it in, or delete the row")
    return kept, frame.height - kept.height


def refuse_numbers(source: Source, frame: pl.DataFrame, columns: Mapping[str, str]) -> None:
    """Refuse infinities and what is no number in columns, by the names they have in the file."""
    for name, column in columns.items():
        wrong = frame.filter(pl.col(name).abs() > LARGEST)
        if wrong.height:
            row = wrong["row"][0]
            value = source.cell(row, column)
            raise source.fault(row, column, *_wrong(value))


def _wrong(value: object) -> tuple[str, str]:
    shown = short_name(str(value))
    try:
        float(str(value).replace(",", "."))
    except ValueError:
        return f"is no number ({shown!r})", "write a number, or leave the cell empty"
    if "," in str(value):
        return f"has a decimal comma ({shown!r})", "write a decimal point"
    what = f"is infinite or beyond {LARGEST:g} ({shown!r})"
    return what, "compute the score again, or leave the cell empty"


def coded(frame: pl.LazyFrame | pl.DataFrame, kinds: Types) -> pl.LazyFrame:
    """With ids as codes and the columns in their order."""
    here = frame.lazy().collect_schema().names()
    return frame.lazy().select(pl.col(name).cast(kinds[name]) for name in kinds if name in here)


def row() -> pl.Expr:
    """Row numbers."""
    return pl.col(ROW).alias("row")
