"""Percentile bootstrap over golden RMs.

In: a statistic of a set of golden RMs. Out: its percentile interval. Golden-proxy pairs share
reward models and policies, so a pair is never treated as an independent draw: the unit that is
resampled is the golden RM with all of its proxies. Called by `prediction` and `findings`.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from proxyreward.metrics.checks import (
    DRAWN,
    MOST,
    count,
    flag,
    function,
    generator,
    number,
    numbers,
)


class Interval(NamedTuple):
    """An estimate with the ends of its interval."""

    estimate: float
    low: float
    high: float


def draw_goldens(goldens: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of golden RMs drawn with replacement, shape (resamples, goldens).

    Raises ValueError if a count is no whole number above 0, or both make more than 10^8 indices.
    """
    count("goldens", goldens)
    count("resamples", resamples, high=min(MOST, DRAWN // goldens))
    generator(rng)
    return rng.integers(goldens, size=(resamples, goldens))


def mean_known(values: np.ndarray) -> float:
    """Mean of the values that are not NaN, shape (values,); NaN if there is none."""
    values = numbers("values", values, "0+ values", "nan")
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan


def percentile_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Central percentile interval of resampled values.

    Parameters
    ----------
    values : ndarray, shape (resamples,)
        A resample on which the statistic is undefined is NaN and left out.
    level : float
        Coverage between 0 and 1.

    Returns
    -------
    low, high : float
        NaN if no value is defined; infinite where the values are.

    Raises
    ------
    ValueError
        If `level` does not lie between 0 and 1, or the values are no row of numbers.
    """
    level = number("level", level, 0, 1, ends=False)
    values = numbers("values", values, "0+ resamples", "any")
    values = values[~np.isnan(values)]
    if not values.size:
        return np.nan, np.nan
    # Order statistics instead of interpolation: interpolating next to an infinite value gives NaN.
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return float(low), float(high)


def bootstrap(
    statistic: Callable[[np.ndarray], float],
    goldens: int,
    resamples: int,
    rng: np.random.Generator,
    level: float = 0.95,
    recentre: bool = False,
) -> Interval:
    """Estimate and percentile interval of a statistic of golden RMs.

    Parameters
    ----------
    statistic : callable
        Takes indices of golden RMs, shape (goldens,), in which one can occur several times, and
        returns a number, or NaN where it is undefined.
    goldens : int
        How many golden RMs there are.
    resamples : int
        Bootstrap resamples.
    rng : numpy.random.Generator
        Source of the draws.
    level : float
        Coverage of the interval.
    recentre : bool
        Shift the resampled values to a mean equal to the estimate. For ranges and for spreads
        within bins: a golden RM drawn twice adds no new point, so every resample comes out
        narrower than the golden RMs at hand and plain percentiles can miss the estimate.

    Returns
    -------
    Interval
        Statistic of the golden RMs as they are, with the ends of its interval.

    Raises
    ------
    ValueError
        If the statistic does not return a number, or an option is wrong.
    """
    level = number("level", level, 0, 1, ends=False)
    return _interval(resample(statistic, goldens, resamples, rng), level, recentre)


def resample(
    statistic: Callable[[np.ndarray], float],
    goldens: int,
    resamples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """A statistic of the golden RMs as they are, then of resamples: shape (1 + resamples,).

    Parameters as in :func:`bootstrap`.
    """
    function("statistic", statistic)
    draws = draw_goldens(goldens, resamples, rng)
    return _values(statistic, np.arange(goldens), draws)


def bootstrap_draws(
    statistic: Callable[[np.ndarray], float],
    values: np.ndarray,
    resamples: int,
    rng: np.random.Generator,
    level: float = 0.95,
    recentre: bool = False,
) -> Interval:
    """Interval of a statistic of means over repeated draws of a test set and over golden RMs.

    Draws and golden RMs are both resampled with replacement, so that the interval holds the
    chance of the draw as well as the choice of reward models.

    Parameters
    ----------
    statistic : callable
        Takes the means, shape ``(...)``, and returns a number, or NaN where it is undefined.
    values : ndarray, shape (..., draws, goldens)
        One value, such as a coefficient, for each condition, draw and golden RM. NaNs are left
        out of the means.
    resamples, rng, level, recentre
        As in :func:`bootstrap`.

    Examples
    --------
    >>> values = np.array([[[0.5, 0.7]], [[0.6, 0.9]]])  # two conditions, one draw, two goldens
    >>> bootstrap_draws(lambda m: m[1] - m[0], values, 200, np.random.default_rng(0)).estimate
    0.15000000000000002
    """
    level = number("level", level, 0, 1, ends=False)
    return _interval(resample_draws(statistic, values, resamples, rng), level, recentre)


def resample_draws(
    statistic: Callable[[np.ndarray], float],
    values: np.ndarray,
    resamples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """A statistic of means over draws and golden RMs, then of resamples: shape (1 + resamples,).

    Parameters as in :func:`bootstrap_draws`.
    """
    function("statistic", statistic)
    values = numbers("values", values, "..., draws, goldens", "nan")
    count("resamples", resamples, high=min(MOST, DRAWN // max(values.shape[-2:])))
    generator(rng)
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    draws, goldens = values.shape[-2:]

    def means(by_draw: np.ndarray, by_golden: np.ndarray) -> np.ndarray:
        total, entries = (
            ((by_draw @ part) * by_golden).sum(axis=-1) for part in (filled, known.astype(float))
        )
        mean = np.divide(total, entries, out=np.full(total.shape, np.nan), where=entries > 0)
        return np.moveaxis(mean, -1, 0)

    def weights(size: int) -> np.ndarray:
        return rng.multinomial(size, np.full(size, 1 / size), size=resamples).astype(float)

    [whole] = means(np.ones((1, draws)), np.ones((1, goldens)))
    return _values(statistic, whole, means(weights(draws), weights(goldens)))


def _values(
    statistic: Callable[[np.ndarray], float], whole: np.ndarray, draws: Iterable[np.ndarray]
) -> np.ndarray:
    found = [statistic(whole), *(statistic(draw) for draw in draws)]
    return numbers("what the statistic returns", found, "resamples", "any")


def _interval(values: np.ndarray, level: float, recentre: bool) -> Interval:
    """Interval of the first value, from the others."""
    estimate = float(values[0])
    return Interval(estimate, *ends(values[1:], estimate, level, recentre))


def ends(values: np.ndarray, estimate: float, level: float, recentre: bool) -> tuple[float, float]:
    """Ends of the interval of resampled values, shape (resamples,); see :func:`bootstrap`.

    NaN and infinite as there, and with `recentre` where the estimate is. Raises ValueError as
    :func:`percentile_interval`, and for an infinite value with `recentre`.
    """
    flag("recentre", recentre)
    values = numbers("values", values, "0+ resamples", "nan" if recentre else "any")
    estimate = numbers("estimate", estimate, may_be="any")
    if recentre and not np.isnan(values).all():
        values = values + (estimate - np.nanmean(values))
    return percentile_interval(values, level)
