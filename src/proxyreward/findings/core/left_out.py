"""Quantities of one set of data that cannot be drawn again: a column for each part left out.

In: quantities by name. Out: the file ``left_out.csv`` of a finding's folder, and from it the
quantities. Called by the stages of findings on published data, which write, and by the scorecard,
which reads.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from proxyreward.findings.core.quantity import LeftOut, read_rows

FILE = "left_out"
COLUMNS = ["quantity", "correlation", "value"]
WITHOUT = "without "


class Source(NamedTuple):
    """Where the quantities of a finding on published data lie, and what is left out for them."""

    scale: str
    parts: str


PUBLISHED = {"real_regret": Source("real-scores", "reward models")}
"""Findings that are decided on published data, at every scale on the same: such data cannot be
drawn again, so there are no replicates. Their tables are tracked, so every clone has them."""


def as_table(quantities: Mapping[str, LeftOut], parts: Sequence[str]) -> pd.DataFrame:
    """The quantities as a table: quantity, correlation, value, and ``without <part>`` for each."""
    rows = [(name, q.is_correlation, q.whole, *q.values) for name, q in quantities.items()]
    return pd.DataFrame(rows, columns=[*COLUMNS, *(WITHOUT + part for part in parts)])


def published(results: Path, finding: str) -> dict[str, LeftOut]:
    """Quantities of a finding of `PUBLISHED`; `results` is the folder of all scales' results."""
    return quantities(results / PUBLISHED[finding].scale / finding)


def quantities(folder: Path) -> dict[str, LeftOut]:
    """Quantities by name from a finding's folder, in the order of its file.

    Raises
    ------
    ValueError
        The file is missing or is not as :func:`as_table` has it; names it and the remedy.
    """
    path = folder / f"{FILE}.csv"
    try:
        table = read_rows(path, COLUMNS)
        names = table.columns[len(COLUMNS) :]
        if not len(names) or not all(name.startswith(WITHOUT) for name in names):
            raise ValueError(f"the columns after these do not begin with {WITHOUT!r}")
        values, whole = table[names].to_numpy(float), table["value"].astype(float)
    except (OSError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise ValueError(f"{path}: {problem}; `git checkout` restores it") from None
    rows = zip(table["quantity"], values, whole, table["correlation"], strict=True)
    return {
        name: LeftOut(row, whole=estimate, is_correlation=bool(kind))
        for name, row, estimate, kind in rows
    }
