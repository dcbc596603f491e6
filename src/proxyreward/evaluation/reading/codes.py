"""Ids as numbers in the order of first appearance, and values that must agree.

In: columns of a frame, arrays of owners. Out: arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from proxyreward.data.report import DataError, short_name


class Codes(NamedTuple):
    """A column of ids.

    Attributes
    ----------
    of : ndarray, shape (rows,)
        Number of each row's id, -1 where it has none.
    names : ndarray of str, shape (ids,)
        In the order of first appearance.
    """

    of: np.ndarray
    names: np.ndarray


def codes(column: pl.Series) -> Codes:
    """Numbers of ids, from 0 in the order of first appearance."""
    firsts = column.drop_nulls().unique(maintain_order=True)
    names = firsts.cast(pl.String)
    broken = names.filter(names.str.contains("\0", literal=True))
    if len(broken):  # a null is also what Polars makes of a lone surrogate
        raise DataError(
            f"{column.name} {short_name(broken[0])!r}: holds a null character, or what UTF-8 "
            "cannot hold; write another id"
        )
    physical = firsts.to_physical().to_numpy()
    place = np.full(int(physical.max()) + 2 if len(physical) else 1, -1, dtype=np.int64)
    place[physical] = np.arange(len(physical))
    return Codes(place[column.to_physical().fill_null(len(place) - 1).to_numpy()], names.to_numpy())


def first_rows(owner: np.ndarray, known: np.ndarray, owners: int) -> np.ndarray:
    """The first row of each owner that is known, -1 for none, shape (owners,)."""
    rows = np.flatnonzero(known)
    found = np.full(owners, -1, dtype=np.int64)
    found[owner[rows][::-1]] = rows[::-1]
    return found


def disagreement(
    owner: np.ndarray, values: np.ndarray, known: np.ndarray, firsts: np.ndarray
) -> tuple[int, int] | None:
    """Two rows of one owner whose known values differ, the first such in the file, or None."""
    rows = np.flatnonzero(known)
    other = firsts[owner[rows]]
    mine, its = values[rows], values[other]
    same = (mine == its) | ((mine != mine) & (its != its))  # two NaN agree
    wrong = np.flatnonzero(~same)
    return (int(other[wrong[0]]), int(rows[wrong[0]])) if len(wrong) else None


class Places(NamedTuple):
    """Where rows of the files stand, for messages."""

    file: np.ndarray
    row: np.ndarray
    names: tuple[str, ...]

    def differ(self, field: str, rows: tuple[int, int], whose: Mapping[str, str]) -> DataError:
        """The error of two rows that contradict each other in a field."""
        first, second = rows
        at = f"row {self.row[first]}"
        if self.file[first] != self.file[second]:
            at = f"{self.names[self.file[first]]}, {at}"
        told = ", ".join(f"{kind} {short_name(name)!r}" for kind, name in whose.items())
        apart = " or ".join(f"{kind}s" for kind in whose)
        raters = ", or name raters in a column `rater`" if field == "score" else ""
        return DataError(
            f"{self.names[self.file[second]]}, row {self.row[second]}, field {field!r}: differs "
            f"from that of {at} for the same {told}; keep one, or give different {apart} different "
            f"names{raters}"
        )
