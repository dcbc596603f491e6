"""Tables with a row for each score, and tables with a column for each model.

In: a `Source`. Out: a `Table`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import polars as pl

from proxyreward.data.report import DataError, short_name
from proxyreward.evaluation.reading import files
from proxyreward.evaluation.reading.files import Source
from proxyreward.evaluation.reading.names import other_name
from proxyreward.evaluation.reading.table import (
    NAMES,
    Groups,
    Table,
    Types,
    blank,
    coded,
    number,
    refuse_numbers,
    refuse_other_name,
    refuse_types,
    row,
    text,
)

INDEX = re.compile(r"(Unnamed: \d+|__index_level_\d+__)?")
"""Names of the column that pandas writes its row numbers in."""
LENGTHS = ("length", "response")


def long(source: Source, groups: Groups, kinds: Types) -> Table:
    """A row for each score; without a column ``model`` the file's name is the model."""
    named = {name: name for name in NAMES[:4] if name in source.types} | groups.columns()
    if "model" not in named:
        refuse_other_name(source, "model", named.values())
    measure = [name for name in LENGTHS if name in source.types][:1]
    numbers = ["score", *(name for name in measure if name == "length")]
    refuse_types(source, [*named.values(), *measure], numbers)
    used = list(dict.fromkeys([*named.values(), "score", *measure]))
    found = source.rows(used).select(
        row(),
        *(text(column).alias(name) for name, column in named.items()),
        score=number("score", source.types["score"]),
        **_length(source, measure),
    )
    whole = source.collect(coded(found, kinds))
    frame, gaps = blank(source, whole, [name for name in NAMES[:3] if name in named])
    if "model" not in named:
        frame = frame.with_columns(model=pl.lit(source.stem, kinds["model"]))
    _refuse(source, frame, {"score": "score"}, measure)
    unused = tuple(name for name in source.types if name not in (*used, *LENGTHS))
    return Table(source, "long", frame, whole.height - gaps, unused, gaps)


def wide(source: Source, groups: Groups, kinds: Types) -> Table:
    """A row for each response and a column for each model.

    A model is a column most of whose cells hold numbers; a cell that holds none is then an error.
    A column of texts that names models or raters is one too: the table is then meant to be a long
    one.
    """
    if source.container == "jsonl":
        source = files.fields(source.path)
    named = {name: name for name in NAMES[:2]} | groups.columns()
    measure = [name for name in LENGTHS if name in source.types][:1]
    refuse_types(source, [*named.values(), *measure], [m for m in measure if m == "length"])
    models = _models(source, {*named.values(), *LENGTHS})
    _refuse_long(source, named.values(), models)
    used = [*named.values(), *measure]
    places = {f"\0{place}": model for place, model in enumerate(models)}
    found = source.rows([*used, *models]).select(
        row(),
        *(text(column).alias(name) for name, column in named.items()),
        *(number(model, source.types[model]).alias(place) for place, model in places.items()),
        **_length(source, measure),
    )
    whole = source.collect(found.with_columns(pl.col(n).cast(kinds[n]) for n in named))
    frame, gaps = blank(source, whole, list(NAMES[:2]))
    _refuse(source, frame, places, measure)
    rest = [name for name in frame.columns if name not in places]
    melted = frame.unpivot(list(places), index=rest, variable_name="model", value_name="score")
    names = pl.col("model").replace_strict(places, return_dtype=pl.String)
    long_frame = coded(melted.with_columns(names), kinds).collect()
    unused = tuple(name for name in source.types if name not in {*used, *models, *LENGTHS})
    return Table(source, "wide", long_frame, frame.height, unused, gaps)


def _refuse_long(source: Source, named: Collection[str], models: Sequence[str]) -> None:
    """Refuse a table with a row for each score, whose numbers would be taken for a model's."""
    for column in NAMES[2:4]:
        found = other_name(column, [name for name in source.types if name not in (*named, *models)])
        if found is not None:
            scores = short_name(models[0]) if len(models) == 1 else "the column of scores"
            also = f" and {short_name(found)} to {column}" if found != column else ""
            raise DataError(
                f"{source.path}: has a column `{short_name(found)}` of texts, but no column "
                f"`score`; rename {scores} to score{also}, or, if each model has a column of its "
                f"own, delete `{short_name(found)}`"
            )


def _length(source: Source, measure: list[str]) -> dict[str, pl.Expr]:
    if measure == ["length"]:
        return {"length": number("length", source.types["length"])}
    if measure == ["response"]:
        return {"length": pl.col("response").str.len_chars().cast(pl.Float64)}
    return {}


def _refuse(
    source: Source, frame: pl.DataFrame, scores: dict[str, str], measure: list[str]
) -> None:
    refuse_numbers(source, frame, scores)
    if measure == ["length"]:
        refuse_numbers(source, frame, {"length": "length"})
        wrong = frame.filter(pl.col("length") < 0)
        if wrong.height:
            raise source.fault(
                wrong["row"][0], "length", "is negative", "count again, or leave it empty"
            )


def _models(source: Source, others: set[str]) -> list[str]:
    """Columns of scores, see `wide`."""
    open_ = [
        name for name, kind in source.types.items()
        if name not in others and not INDEX.fullmatch(name) and name not in source.nested
        and (kind.is_numeric() or kind == pl.String)
    ]  # fmt: skip
    shares = {}
    if open_:
        cells = {name: number(name, source.types[name]) for name in open_}
        counts = source.collect(
            source.rows(open_).select(
                *(cell.is_not_null().sum().alias(f"{n}\0known") for n, cell in cells.items()),
                *(cell.is_finite().sum().alias(f"{n}\0right") for n, cell in cells.items()),
            )
        ).row(0, named=True)
        shares = {n: (counts[f"{n}\0right"], counts[f"{n}\0known"]) for n in open_}
    found = [name for name, (right, known) in shares.items() if 2 * right > known]
    if not found:
        raise DataError(
            f"{source.path}: no column holds scores; give a column `score`, or one of numbers for "
            "each model"
        )
    return found
