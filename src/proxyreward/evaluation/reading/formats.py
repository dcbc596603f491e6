"""Which format a table has, by its columns.

In: a `Source`. Out: the function that reads it, or an error that says what is missing.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

from proxyreward.data.report import DataError, short_name
from proxyreward.evaluation.reading import rewardbench, verdicts
from proxyreward.evaluation.reading.files import Source
from proxyreward.evaluation.reading.long import long, wide
from proxyreward.evaluation.reading.names import other_name
from proxyreward.evaluation.reading.options import Options
from proxyreward.evaluation.reading.table import Groups, Table, Types

FORMATS: dict[str, Callable[[Source, Groups, Types], Table]] = {
    "rewardbench": rewardbench.rewardbench,
    "verdicts": verdicts.verdicts,
    "long": long,
    "wide": wide,
}
SHAPES = {
    "rewardbench": (("scores_chosen", "scores_rejected"), rewardbench.TOGETHER),
    "verdicts": (verdicts.COLUMNS,),
    "long": (("prompt_id", "response_id", "score"),),
    "wide": (("prompt_id", "response_id"),),
}
"""Columns that make a format, the first that fits; any of several sets."""
WANTED = {"long": "model", "verdicts": "judge"}
"""A column that these formats can do without, in a file of one model."""
SHOWN = 12


def form(source: Source) -> str:
    """Name of the format.

    Raises
    ------
    DataError
        If the columns are those of none.
    """
    for name, shapes in SHAPES.items():
        if any(set(shape) <= source.types.keys() for shape in shapes):
            if source.container == "json" and name != "rewardbench":
                break
            return name
    raise DataError(f"{source.path}: has {_found(source)}; {_needed(source)}")


def _found(source: Source) -> str:
    names = [short_name(name) for name in source.types]
    more = " …" if len(names) > SHOWN else ""
    return f"the columns {', '.join(names[:SHOWN])}{more}"


def _needed(source: Source) -> str:
    """What a table needs, and which columns may be there by another name."""
    best = max(WANTED, key=lambda name: _there(source, name))
    renamed = _renames(source, best)
    told = [f"rename {short_name(old)} to {new}" for new, old in renamed.items()]
    need = (
        "a table of scores needs prompt_id, response_id, model and score, one of verdicts "
        f"{', '.join(verdicts.COLUMNS)} and judge"
    )
    return "; ".join([need, *told])


def _there(source: Source, name: str) -> int:
    """How many columns of the format are there or may be, less those that are not."""
    found = {*source.types, *_renames(source, name)}
    return sum(1 if column in found else -1 for column in SHAPES[name][0])


def _renames(source: Source, name: str) -> dict[str, str]:
    """Columns of the format that may be there by another name, each name once."""
    columns, wanted = SHAPES[name][0], WANTED[name]
    free = set(source.types) - {*SHAPES["long"][0], *SHAPES["verdicts"][0], wanted}
    found = {}
    for column in [one for one in (*columns, wanted) if one not in source.types]:
        if old := other_name(column, sorted(free), alike=column != wanted):
            found[column] = old
            free.remove(old)
    return found


def groups(source: Source, options: Options, name: str) -> Groups:
    """The columns of categories and clusters; those asked for must be there."""
    usual = {"category": ["category"], "cluster": ["cluster"]}
    if name == "rewardbench":
        usual["category"] += rewardbench.SUBSETS
    found = {}
    for kind, asked in (("category", options.category), ("cluster", options.cluster)):
        if asked is not None and asked not in source.types:
            close = difflib.get_close_matches(asked, source.types, n=1, cutoff=0.0)
            hint = f"; did you mean {short_name(close[0])}?" if close else ""
            raise DataError(f"{source.path}: has no column {asked!r} for --{kind}{hint}")
        known = (column for column in usual[kind] if column in source.types)
        found[kind] = asked if asked is not None else next(known, None)
    return Groups(found["category"], found["cluster"])


def table(source: Source, options: Options, kinds: Types) -> Table:
    """The scores of one file."""
    name = form(source)
    return FORMATS[name](source, groups(source, options, name), kinds)
