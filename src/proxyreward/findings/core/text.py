"""What the tables for readers are made of: cells with an interval or the paper's number, pivots.

In: tables with the columns `estimate, low, high`. Out: text cells, and frames of them. Called by
the module `show` of every finding.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

ABSENT = "–"


def with_interval(estimate: float, low: float, high: float, form: str = ".2f") -> str:
    """Text cell ``estimate [low, high]`` that does not break inside its brackets.

    Without an interval, which a single replicate does not have, the estimate alone.

    >>> with_interval(0.5, 0.25, 0.75)
    '0.50 [0.25,\\xa00.75]'
    """
    if not np.isfinite(estimate):
        return ABSENT
    if not np.isfinite([low, high]).all():
        return f"{estimate:{form}}"
    return f"{estimate:{form}} [{low:{form}},\u00a0{high:{form}}]"


def cell(row: Any, form: str = ".2f", unit: float = 1.0) -> str:
    """The same for a row with fields estimate, low, high, times `unit` (100 for percent)."""
    return with_interval(unit * row.estimate, unit * row.low, unit * row.high, form)


def beside(ours: float, paper: float | None, form: str = ".2f", mark: str = "") -> str:
    """Text cell ``ours (paper)``; ours alone where the paper prints no number."""
    text = f"{ours:{form}}" if np.isfinite(ours) else ABSENT
    known = paper is not None and np.isfinite(paper)
    return f"{text} ({paper:{form}}{mark})" if known else text


def pivot(
    table: pd.DataFrame,
    rows: Mapping[str, str],
    column: str,
    text: Callable[[Any], str] = cell,
    names: Mapping[Any, str] | None = None,
) -> pd.DataFrame:
    """A wide table of text cells from a long one, in the order in which things appear.

    Parameters
    ----------
    rows
        Columns that name a row, each with the head that it gets.
    column
        Column whose values become columns.
    text
        Makes a cell from a row of the table.
    names
        What to call the values of `column`; default: themselves.
    """
    heads: Sequence[Any] = list(dict.fromkeys(table[column]))
    found: dict[tuple, dict[str, str]] = {}
    for row in table.itertuples(index=False):
        key = tuple(getattr(row, name) for name in rows)
        found.setdefault(key, {})[getattr(row, column)] = text(row)
    lines = [
        dict(zip(rows.values(), key, strict=True))
        | {str((names or {}).get(head, head)): cells.get(head, ABSENT) for head in heads}
        for key, cells in found.items()
    ]
    return pd.DataFrame(lines)
