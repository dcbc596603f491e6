"""Labelled pairs: margins of the responses that people chose, and how often each pair counts.

In: margins `(..., pairs)` and weights that broadcast against them. Out: both checked, statistics
row by row, weighted means and the places that a cumulative weight reaches. Called by `calibration`
and `outliers`.

Weights are whole numbers, such as the counts of a bootstrap resample: a pair of weight 3 stands
for three equal pairs. Margins of shape `(rms, 1, pairs)` with weights `(resamples, pairs)` give
every statistic of every RM on every resample without copying a margin.
"""

from collections.abc import Callable

import numpy as np

from proxyreward.metrics.checks import EXACT, broadcast, function, numbers
from proxyreward.metrics.pairs import ratio

IN_CACHE = 1 << 17  # weights that are worked on together


def checked_margins(
    margin: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of double precision with the same number of axes; no weights are ones.

    Raises
    ------
    ValueError
        If there is no pair, the shapes do not broadcast, a margin is not finite, or a weight is
        no whole number of 0 or more.
    """
    margin = numbers("margin", margin, "..., pairs")
    weights = np.ones(margin.shape[-1]) if weights is None else _weights(margin, weights)
    if not (weights == np.floor(weights)).all():
        raise ValueError("weights must be whole numbers: counts of the pairs")
    axes = len(broadcast(margin=margin, weights=weights))
    return _with_axes(margin, axes), _with_axes(weights, axes)


def by_row(
    statistic: Callable[[np.ndarray, np.ndarray], np.ndarray],
    margin: np.ndarray,
    weights: np.ndarray | None,
) -> np.ndarray:
    """Apply a statistic to each row of margins, with all the weights that meet it.

    Row by row the arrays stay in the processor's cache, and a row is sorted once for all weights.

    Parameters
    ----------
    statistic : callable
        Takes one row, shape (pairs,), and weights, shape (..., pairs); returns shape (..., any).
    margin, weights
        As :func:`checked_margins` takes them, which raises its errors here too.
    """
    return _by_row(function("statistic", statistic), *checked_margins(margin, weights))


def _by_row(statistic: Callable, margin: np.ndarray, weights: np.ndarray) -> np.ndarray:
    if margin.size == margin.shape[-1]:
        row = margin.reshape(-1)
        if weights.ndim < 2:
            return statistic(row, weights)
        blocks = min(-(-weights.size // IN_CACHE), len(weights))
        return np.concatenate([statistic(row, part) for part in np.array_split(weights, blocks)])
    rows = range(max(len(margin), len(weights)))
    return np.stack([_by_row(statistic, *(part[row % len(part)] for part in (margin, weights)))
                     for row in rows])  # fmt: skip


def mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean over the last axis; NaN if nothing has weight, or if a value is NaN.

    Raises ValueError if values and weights do not end in the same axis, a weight is negative, or
    a number is infinite.
    """
    values = numbers("values", values, "..., pairs", "nan")
    weights = _weights(values, weights)
    return ratio(np.vecdot(weights, values), weights.sum(axis=-1))


def reached(weights: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """First place in each row whose cumulative weight is at least the target.

    Parameters
    ----------
    weights : ndarray, shape (..., pairs)
        Whole numbers of 0 or more.
    targets : ndarray, shape (..., any)
        Above 0 and at most the weight of the row, which may be exceeded by rounding only; any
        place may come out where a row has no weight.

    Returns
    -------
    ndarray of int, shape (..., any)
        Within 0..pairs - 1.
    """
    weights = _weights(np.asarray(weights), weights)
    targets = numbers("targets", targets)
    if not targets.ndim or targets.shape[:-1] != weights.shape[:-1]:
        raise ValueError(f"weights {weights.shape} and targets {targets.shape} need the same rows")
    pairs = weights.shape[-1]
    rows = weights.cumsum(axis=-1).reshape(-1, pairs)
    # One search over all rows, each raised by the weight of those before it.
    before = np.concatenate([[0.0], rows[:-1, -1].cumsum()])[:, None]
    places = np.searchsorted((rows + before).ravel(), targets.reshape(len(rows), -1) + before)
    return (
        (places - pairs * np.arange(len(rows))[:, None]).clip(0, pairs - 1).reshape(targets.shape)
    )


def _weights(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights of values, both ending in the same pairs."""
    weights = numbers("weights", weights, "..., pairs")
    if values.shape[-1] != weights.shape[-1]:
        raise ValueError(f"{values.shape[-1]} pairs need as many weights, got {weights.shape}")
    if weights.min() < 0 or weights.max() > EXACT:
        raise ValueError(
            f"weights must lie in 0..{EXACT:.0f}, got {weights.min()}..{weights.max()}"
        )
    broadcast(pairs=values, weights=weights)
    return weights


def _with_axes(values: np.ndarray, axes: int) -> np.ndarray:
    return values.reshape((1,) * (axes - values.ndim) + values.shape)
