"""Outliers among the margins of labelled pairs: how many, and how far out.

In: margins `(..., pairs)` of the responses that people chose over the others. Out: counts and means
of the extreme ones on either side. Called by `findings`.
"""

from typing import NamedTuple

import numpy as np

from proxyreward.metrics.checks import numbers, one_of

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


def outliers(margin: np.ndarray, reading: str) -> Outliers:
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

    Returns
    -------
    Outliers
        Means are in units of the reward and fall with its scale; the counts do not depend on it.

    Raises
    ------
    ValueError
        If the reading is unknown, there is no pair, or a margin is not finite.

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
    margin = numbers("margin", margin, "..., pairs")

    def found(row: np.ndarray) -> tuple[int, float, int, float]:
        sides = (row[row > 0], row[row < 0]) if reading == "by sign" else (row, row)
        # The lower whisker is the upper one of the mirror image.
        (above, high), (below, low) = _beyond(sides[0]), _beyond(-sides[1])
        return above, high, below, -low

    return Outliers(*np.moveaxis(np.apply_along_axis(found, -1, margin), -1, 0))


def _beyond(row: np.ndarray) -> tuple[int, float]:
    """Number and mean of a row's margins above the upper whisker."""
    first, third = np.percentile(row, [25, 75]) if len(row) else (0.0, 0.0)
    out = row[row > third + REACH * (third - first)]
    return len(out), out.mean() if len(out) else np.nan
