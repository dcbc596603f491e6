"""Repeated draws of a test set: how a coefficient differs from draw to draw.

In: a way to draw a test set, and the NDR of each optimiser. Out: a long table with the coefficient
of each draw and golden RM, arrays, its summary over draws, and what pages make of that. Called by
findings 2, 3 and 4 and their notebooks.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from proxyreward.findings.core.text import cell
from proxyreward.metrics.prediction import by_golden
from proxyreward.metrics.testset import TestSet


def draw_errors(
    make: Callable[[np.random.Generator], TestSet],
    draws: int,
    rng: np.random.Generator,
    metric: str = "accuracy",
) -> np.ndarray:
    """A metric of every proxy under every golden RM on repeated draws of a test set.

    Parameters
    ----------
    make : callable
        Draws one test set.
    draws : int
        How many to draw.
    rng : numpy.random.Generator
        Source of the draws.
    metric : str
        A key of ``proxyreward.metrics.within_prompt.METRICS``.

    Returns
    -------
    ndarray, shape (draws, goldens, proxies)
    """
    return np.stack([make(rng).error(metric) for _ in range(draws)])


def coefficients(
    errors: np.ndarray,
    ndr: Mapping[str, np.ndarray],
    goldens: Sequence[str],
    statistics: Sequence[str] = ("spearman",),
    **condition: object,
) -> pd.DataFrame:
    """Coefficient between a metric and NDR for each draw, golden RM, optimiser and statistic.

    Parameters
    ----------
    errors : ndarray, shape (draws, goldens, proxies)
        As from :func:`draw_errors`.
    ndr : mapping of ndarray, shape (goldens, proxies)
        NDR of each optimiser.
    goldens : sequence of str
        Names of the golden RMs.
    statistics : sequence of str
        Keys of ``proxyreward.metrics.prediction.STATISTICS``.
    condition
        What distinguishes this test set from others; a column each.

    Returns
    -------
    DataFrame
        The condition, then optimiser, statistic, draw, golden, coefficient.
    """
    draw, golden = (index.ravel() for index in np.indices(errors.shape[:2]))
    names = np.asarray(goldens)[golden]
    return pd.concat(
        pd.DataFrame(
            {
                **condition,
                "optimiser": optimiser,
                "statistic": statistic,
                "draw": draw,
                "golden": names,
                "coefficient": by_golden(statistic, errors, matrix).ravel(),
            }
        )
        for optimiser, matrix in ndr.items()
        for statistic in statistics
    ).reset_index(drop=True)


def as_array(table: pd.DataFrame, *by: str) -> np.ndarray:
    """The coefficients of a long table as ``(*by, draws, goldens)``.

    Each axis has its values in the order in which they appear in the table; what the table does
    not hold is NaN.
    """
    axes = [pd.factorize(table[column]) for column in (*by, "draw", "golden")]
    array = np.full([len(values) for _, values in axes], np.nan)
    array[tuple(places for places, _ in axes)] = table["coefficient"]
    return array


def overall(table: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Mean of all coefficients that are defined: the columns `by` and value."""
    found = table.groupby([*by], sort=False)["coefficient"].mean()
    return found.rename("value").reset_index()


def summary(table: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Mean over golden RMs, then its mean and sd over draws, for each group of `by`.

    The sd is that of the draws at hand: it says how much a single draw can mislead, not how well
    the mean is known.

    Returns
    -------
    DataFrame
        The columns `by`, then mean and sd (NaN for a single draw).
    """
    by_draw = table.groupby([*by, "draw"], sort=False)["coefficient"].mean()
    found = by_draw.groupby(level=list(by), sort=False).agg(["mean", "std"])
    # Without the last digits the sd of draws that do not differ is 0, not noise.
    return found.rename(columns={"std": "sd"}).round(12).reset_index()


def long(found: pd.DataFrame) -> pd.DataFrame:
    """A summary as a table for pages: what names the row, measure (`mean` or `sd`), value."""
    keys = [name for name in found if name not in ("mean", "sd")]
    return found.melt(keys, var_name="measure")


def alone(table: pd.DataFrame) -> pd.DataFrame:
    """A table of one run in the form of one over replicates: `value` is the estimate, no ends."""
    return table.rename(columns={"value": "estimate"}).assign(low=np.nan, high=np.nan)


def with_sd(table: pd.DataFrame) -> pd.DataFrame:
    """A table of :func:`long` over replicates with a row for each mean, its `sd` beside it."""
    means, sds = (
        table[table["measure"] == name].drop(columns="measure") for name in ("mean", "sd")
    )
    keys = [name for name in means if name not in ("paper", "estimate", "low", "high", "own", "n")]
    return means.merge(sds[[*keys, "estimate"]].rename(columns={"estimate": "sd"}), on=keys)


def sd_cell(row: Any) -> str:
    """Text cell of a row of :func:`with_sd`: ``mean [low, high] ± sd``, no sd where it is 0."""
    return cell(row) + (f" ±\u00a0{row.sd:.2f}" if row.sd > 0 else "")
