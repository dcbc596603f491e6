"""Numbers over replicates, the unit of evidence: what each run of the pipeline measured.

In: a number in every replicate. Out: their mean with a t interval. Called by findings, which
measure in one run, and by what reads their tables over all runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from proxyreward.metrics.estimates import Interval

LEVEL = 0.95
ROUNDING = 1e-8  # tables hold nine digits
NOISE = 1e-12  # what floating point leaves of a difference that is none


def over_replicates(values: np.ndarray, level: float = LEVEL) -> Interval:
    """Mean over replicates and its two-sided t interval.

    Parameters
    ----------
    values : ndarray, shape (..., replicates)
        NaN where a replicate does not have the number. An infinite one counts: it leaves no
        interval.
    level
        Such as 0.95.

    Returns
    -------
    Interval
        Arrays of shape (...). The ends are NaN for a single replicate, which says nothing of its
        own spread. Where n replicates agree to the last digit, as counts and shares at their bound
        can, no spread can be estimated either: were such a value not the usual one (the median),
        all would agree with probability 2^(1-n) at most, so the ends lie at the value if that is
        below 1 - `level`, and are NaN otherwise.
    """
    values = np.asarray(values, dtype=float)
    known = ~np.isnan(values)
    n = known.sum(axis=-1)
    some, several = np.where(n > 0, n, np.nan), np.where(n > 1, n - 1, np.nan)
    with np.errstate(invalid="ignore"):  # infinite less infinite
        mean = np.where(known, values, 0.0).sum(axis=-1) / some
        away = np.where(known, values - mean[..., None], 0.0)
        half = stdtrit(several, (1 + level) / 2) * np.sqrt((away**2).sum(axis=-1) / several / some)
        agree = abs(away).max(axis=-1, initial=0.0) <= ROUNDING * abs(mean) + NOISE
        mean = np.where(agree & (abs(mean) <= NOISE), 0.0, mean)[()]  # a number, not an array
        half = np.where(agree, np.where(2.0 ** (1 - n) <= 1 - level, 0.0, np.nan), half)
        return Interval(mean, mean - half, mean + half)


@dataclass(frozen=True)
class Quantity:
    """A named number of a finding, in one run or over replicates.

    Attributes
    ----------
    values : ndarray, shape (replicates,)
        That of the default run first; NaN where it is undefined.
    paper
        The paper's number for it, NaN if it prints none.
    is_counted
        Exact in each replicate, such as the deviation from a definition: no interval is estimated,
        all replicates have to agree.
    """

    values: np.ndarray
    paper: float = np.nan
    is_counted: bool = False

    @property
    def own(self) -> float:
        """Its value in the default run."""
        return float(self.values[0])

    @property
    def n(self) -> int:
        """Number of replicates that carry it."""
        return int((~np.isnan(self.values)).sum())

    def interval(self, level: float = LEVEL) -> Interval:
        """As of :func:`over_replicates`; of an exact one the smallest and the largest value."""
        if self.is_counted and self.n:
            return Interval(*(float(of(self.values)) for of in (np.nanmean, np.nanmin, np.nanmax)))
        return Interval(*map(float, over_replicates(self.values, level)))


@dataclass(frozen=True)
class LeftOut(Quantity):
    r"""A named number from one set of data that cannot be drawn again, such as published scores.

    Its interval is the jackknife's, :math:`\hat\theta \pm t_{k-1} \sqrt{\frac{k-1}{k}
    \sum_i (\hat\theta_{-i} - \bar\theta)^2}`; of a correlation it is taken of its inverse
    hyperbolic tangent and turned back, without which it would cover too little.

    Attributes
    ----------
    values : ndarray, shape (k,)
        With one of k independent parts of the data left out at a time, such as a reward model; NaN
        where the part has no say.
    whole
        From all of them.
    is_correlation
        Whether it is one, in [-1, 1].
    """

    whole: float = np.nan
    is_correlation: bool = False

    @property
    def own(self) -> float:
        """The estimate from all data."""
        return self.whole

    def interval(self, level: float = LEVEL) -> Interval:
        """Estimate from all data with the jackknife's interval; ends NaN below two parts."""
        forth, back = (np.arctanh, np.tanh) if self.is_correlation else (np.array, np.array)
        inside = 1 - NOISE if self.is_correlation else np.inf
        whole, left_out = (forth(np.clip(x, -inside, inside)) for x in (self.whole, self.values))
        if self.n < 2:
            return Interval(self.whole, np.nan, np.nan)
        error = np.sqrt((self.n - 1) * np.nanvar(left_out))
        half = stdtrit(self.n - 1, (1 + level) / 2) * error
        return Interval(self.whole, float(back(whole - half)), float(back(whole + half)))


def measured(value: float, paper: float = np.nan) -> Quantity:
    """A number that a run measures with error."""
    return Quantity(np.array([value], dtype=float), float(paper))


def counted(value: float) -> Quantity:
    """A number that is counted or computed exactly, not sampled."""
    return Quantity(np.array([value], dtype=float), is_counted=True)


def read_rows(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """A file with a row for each quantity, which begins with these columns.

    The first is ``quantity``, the name; the second holds True or False.

    Raises
    ------
    OSError, ValueError
        The file is missing, the columns are others, or a name is missing or not the only one.
    """
    table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"quantity": str})
    if list(table)[: len(columns)] != list(columns) or table[columns[1]].dtype != bool:
        raise ValueError(f"its first columns are not {', '.join(columns)}")
    if table["quantity"].isna().any() or table["quantity"].duplicated().any():
        raise ValueError("a quantity has no name, or two have one")
    return table
