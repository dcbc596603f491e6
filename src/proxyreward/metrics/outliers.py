"""Outliers among the margins of labelled pairs: how many, and how far out.

In: margins `(..., pairs)` of the responses that people chose over the others. Out: counts and means
of the extreme ones on either side. Called by `findings`.
"""

from typing import NamedTuple

import numpy as np

from proxyreward.metrics.checks import flag, one_of
from proxyreward.metrics.labelled import by_row, mean, reached
from proxyreward.metrics.pairs import ratio
from proxyreward.metrics.scaling import near_one

REACH = 1.5  # of whiskers, in interquartile ranges


class Outliers(NamedTuple):
    """Outliers on the right and on the wrong side, each of shape (...).

    Attributes
    ----------
    positive_count, negative_count
        Pairs beyond the upper and below the lower whisker.
    positive_mean, negative_mean
        Their mean margin; NaN if there is none.
    """

    positive_count: np.ndarray
    positive_mean: np.ndarray
    negative_count: np.ndarray
    negative_mean: np.ndarray


def outliers(
    margin: np.ndarray,
    reading: str,
    scale_free: bool = False,
    weights: np.ndarray | None = None,
) -> Outliers:
    r"""Margins beyond the whiskers of Tukey's box plot.

    .. math:: \Delta > Q_3 + 1.5\,(Q_3 - Q_1) \quad\text{or}\quad
              \Delta < Q_1 - 1.5\,(Q_3 - Q_1)

    with quartiles interpolated linearly, as box plots draw them.

    Parameters
    ----------
    margin : ndarray, shape (..., pairs)
        :math:`\Delta = r(x, y_w) - r(x, y_l)`.
    reading : {"one box", "by sign"}
        One box over all margins. Or one over the positive margins, whose upper whisker counts, and
        one over the negative margins, whose lower whisker counts.
    scale_free : bool
        Means in standard deviations of all margins. Otherwise they are in units of the reward and
        fall with its scale; the counts do not depend on it.
    weights : ndarray, broadcastable to (..., pairs), optional
        How often each pair counts, see `labelled`. Then quartiles are those of the pairs so
        repeated.

    Returns
    -------
    Outliers

    Raises
    ------
    ValueError
        If the reading is unknown, or margins and weights are not as `labelled` wants them.

    References
    ----------
    Zeng et al. 2024 (MORE), Table 1, which states no rule; Tukey 1977.

    Examples
    --------
    >>> found = outliers([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 40.0, 50.0], "one box")
    >>> float(found.positive_count), float(found.positive_mean), float(found.negative_count)
    (2.0, 45.0, 0.0)
    """
    one_of("reading", reading, ("one box", "by sign"))
    flag("scale_free", scale_free)

    def found(row: np.ndarray, counts: np.ndarray) -> np.ndarray:
        order = row.argsort()
        row, counts = row[order], counts.take(order, axis=-1)
        apart = reading == "by sign"
        upper = _beyond(row, counts * (row > 0) if apart else counts)
        # The lower whisker is the upper one of the mirror image.
        lower = _beyond(-row[::-1], (counts * (row < 0) if apart else counts)[..., ::-1])
        unit = _deviation(row, counts) if scale_free else np.ones(counts.shape[:-1])
        (above, high), (below, low) = upper, lower
        return np.stack([above, ratio(high, unit), below, ratio(-low, unit)], axis=-1)

    return Outliers(*np.moveaxis(by_row(found, margin, weights), -1, 0))


def _beyond(margin: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number and mean of a row's margins, in rising order, above the upper whisker."""
    first, third = _quartiles(margin, counts)
    whisker = third + REACH * (third - first)
    counts = counts * (margin > whisker[..., None])
    return counts.sum(axis=-1), mean(margin, counts)


def _quartiles(margin: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """First and third quartile of a row in rising order whose entries are repeated, (2, ...)."""
    total = counts.sum(axis=-1, keepdims=True)
    place = np.array([0.25, 0.75]) * (total - 1)
    before = np.floor(place)
    targets = np.concatenate([before + 1, np.minimum(before + 2, total)], axis=-1)
    below, above = np.split(margin[reached(counts, targets)], 2, axis=-1)
    return np.moveaxis(below + (place - before) * (above - below), -1, 0)


def _deviation(margin: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Standard deviation of a row whose entries are repeated."""
    scaled, exponent = near_one(margin)
    centre = mean(scaled, counts)[..., None]
    return np.ldexp(np.sqrt(mean((scaled - centre) ** 2, counts)), exponent[..., 0])
