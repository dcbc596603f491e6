"""Tables of scores, read.

In: files in one of four formats (see `formats`), plain or gzipped. Out: `Scores`, and an account of
what was read; or an error that names file, row, field and a remedy.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from proxyreward.data.report import DataError, short_name
from proxyreward.evaluation.groups import MOST
from proxyreward.evaluation.reading.assemble import assembled
from proxyreward.evaluation.reading.files import source, sources
from proxyreward.evaluation.reading.formats import table
from proxyreward.evaluation.reading.options import Options
from proxyreward.evaluation.reading.table import Table, types
from proxyreward.evaluation.result import Input, Note
from proxyreward.evaluation.scores import Scores

SHOWN = 10

__all__ = ["Options", "read"]


def read(paths: Sequence[Path], options: Options) -> tuple[Scores, Input]:
    """Scores in files, or in folders of files, of one format.

    Raises
    ------
    DataError
        If a file cannot be read, or rows contradict each other.
    """
    kinds = types()
    tables = [table(one, options, kinds) for one in sources(paths)]
    for one in tables[1:]:
        if one.format != tables[0].format:
            raise DataError(
                f"{one.source.path}: is {one.format}, {tables[0].source.path} is "
                f"{tables[0].format}; give files of one format"
            )
    golden = None
    if options.golden_file is not None:
        golden = table(source(Path(options.golden_file)), Options(), kinds)
    scores, notes = assembled(tables, golden, options)
    whole = [*tables, *([golden] if golden else [])]
    return scores, _input(scores, whole, [*_columns(whole), *notes])


def _columns(tables: Sequence[Table]) -> list[Note]:
    names = list(dict.fromkeys(name for table in tables for name in table.unused))
    blank = sum(table.blank for table in tables)
    missing = sum(table.missing for table in tables)
    notes = []
    if names:
        shown = ", ".join(short_name(name) or "one without a name" for name in names[:SHOWN])
        what = f"columns that nothing is done with: {shown}{' …' * (len(names) > SHOWN)}"
        notes.append(Note("unknown-columns", len(names), what))
    if blank:
        notes.append(Note("blank-rows", blank, f"{blank} rows are blank; they are passed over"))
    if missing:
        what = f"{missing} comparisons have no winner; they are left out"
        notes.append(Note("missing-verdicts", missing, what))
    return notes


def _input(scores: Scores, tables: Sequence[Table], notes: list[Note]) -> Input:
    counts = np.bincount(scores.prompt)
    if single := int((counts == 1).sum()):
        what = f"{single} prompts have one response, which orders nothing; add responses"
        notes = [*notes, Note("one-response", single, what)]
    if long := int((counts > MOST).sum()):
        what = (
            f"{long:,} prompts have more than {MOST:,} responses; two models are compared on the "
            f"first {MOST:,} that both have scored"
        )
        notes = [*notes, Note("cut-prompts", long, what)]
    return Input(
        files=tuple(str(table.source.path) for table in tables),
        format=tables[0].format,
        rows=sum(table.rows for table in tables),
        prompts=scores.prompts,
        responses=len(scores.prompt),
        per_prompt=(float(counts.min()), float(np.median(counts)), float(counts.max())),
        models=scores.models,
        notes=tuple(notes),
    )
