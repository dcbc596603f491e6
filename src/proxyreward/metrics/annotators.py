r"""How well annotators agree on what they were asked, beyond what chance alone would give.

In: numbers of votes for each category on each item. Out: agreement. Called on people's votes.

A category is an answer (the first, the second, a tie), an item a pair; a skip is no vote. Three
measures need no more than the counts :math:`n_{uk}` of item :math:`u` and category :math:`k`, with
:math:`n_u = \sum_k n_{uk}` votes on an item. Items with fewer than two votes say nothing about
agreement and are left out. :func:`cohen_kappa` compares two judges item by item.

Packages differ where votes are missing. :func:`fleiss_kappa` is defined for one number of votes on
all items: with others `statsmodels` raises an AssertionError, ours is NaN. It also keeps items with
no or one vote, if all have so many, and gives NaN. :func:`krippendorff_alpha` is defined for any
numbers; the packages `krippendorff` and `crowd-kit` agree with it, also with missing votes. Where
all votes fall into one category, there is nothing to measure: NaN here and in `krippendorff`, 1 in
`crowd-kit`.
"""

import numpy as np

from proxyreward.metrics.checks import array, numbers, same_shape


def raw_agreement(counts: np.ndarray) -> float:
    r"""Probability that two votes on one item are the same, a mean over items.

    .. math:: \frac1N \sum_u \frac{\sum_k n_{uk} (n_{uk} - 1)}{n_u (n_u - 1)}

    Parameters
    ----------
    counts : ndarray of int, shape (items, categories)

    Returns
    -------
    float
        NaN if no item has two votes.

    Raises
    ------
    ValueError
        If the counts are no whole numbers of 0 or more.

    >>> raw_agreement(np.array([[4, 0], [2, 2]]))
    0.6666666666666666
    """
    return _same(_paired(counts))


def fleiss_kappa(counts: np.ndarray) -> float:
    r"""Fleiss' kappa, :math:`(\bar P - \bar P_e) / (1 - \bar P_e)`.

    :math:`\bar P` is the raw agreement, :math:`\bar P_e = \sum_k p_k^2` with the shares
    :math:`p_k` of the categories among all votes. Parameters and errors as of
    :func:`raw_agreement`.

    Returns
    -------
    float
        NaN if items have different numbers of votes, or all votes fall into one category.

    References
    ----------
    Fleiss 1971, Measuring nominal scale agreement among many raters.

    >>> round(fleiss_kappa(np.array([[4, 0], [2, 2], [1, 3]])), 3)
    0.2
    """
    counts = _paired(counts)
    if not counts.size or np.ptp(counts.sum(axis=1)):
        return np.nan
    share = counts.sum(axis=0) / counts.sum()
    chance = float((share**2).sum())
    return (_same(counts) - chance) / (1 - chance) if share.max() < 1 else np.nan


def krippendorff_alpha(counts: np.ndarray) -> float:
    r"""Krippendorff's alpha for nominal categories, :math:`1 - D_o / D_e`.

    .. math:: D_o = \frac1n \sum_u \frac{n_u^2 - \sum_k n_{uk}^2}{n_u - 1}, \qquad
              D_e = \frac{n^2 - \sum_k n_k^2}{n (n - 1)}

    where :math:`n` counts the votes on items with two or more, and :math:`n_k` those of one
    category. Parameters and errors as of :func:`raw_agreement`.

    Returns
    -------
    float
        NaN if all votes fall into one category.

    References
    ----------
    Krippendorff 2011, Computing Krippendorff's alpha-reliability.

    >>> round(krippendorff_alpha(np.array([[4, 0], [2, 2], [1, 3]])), 3)
    0.267
    """
    counts = _paired(counts)
    on_item, of_category = counts.sum(axis=1), counts.sum(axis=0)
    n = on_item.sum()
    apart = n**2 - (of_category**2).sum()
    if not apart:
        return np.nan
    observed = ((on_item**2 - (counts**2).sum(axis=1)) / (on_item - 1)).sum() / n
    return float(1 - observed * n * (n - 1) / apart)


def cohen_kappa(first: np.ndarray, second: np.ndarray) -> float:
    r"""Cohen's kappa of two judges, :math:`(p_o - p_e) / (1 - p_e)`.

    :math:`p_o` is the share of items on which they agree, :math:`p_e` what chance would give judges
    who each use the categories as often.

    Parameters
    ----------
    first, second : ndarray, shape (items,)
        The category that each judge names, as a number.

    Returns
    -------
    float
        NaN if both name one category only, and the same.

    Raises
    ------
    ValueError
        If the shapes differ, there is no item, or a number is not finite.

    References
    ----------
    Cohen 1960.

    >>> cohen_kappa(np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0]))
    0.5
    """
    first, second = (
        numbers(name, judge, "items") for name, judge in (("first", first), ("second", second))
    )
    same_shape(first=first, second=second)
    named = np.union1d(first, second)
    chance = sum((first == one).mean() * (second == one).mean() for one in named)
    return float(((first == second).mean() - chance) / (1 - chance)) if len(named) > 1 else np.nan


def _same(counts: np.ndarray) -> float:
    total = counts.sum(axis=1)
    if not total.size:
        return np.nan
    return float(np.mean((counts * (counts - 1)).sum(axis=1) / (total * (total - 1))))


def _paired(counts: np.ndarray) -> np.ndarray:
    """Counts of the items with two votes or more, as numbers that can be squared."""
    counts = array("counts", counts, "0+ items, categories", "biu")
    if counts.size and (counts.min() < 0 or counts.max() > 1e6):
        raise ValueError("counts must be numbers of votes from 0 to a million; correct them")
    return counts[counts.sum(axis=1) > 1].astype(float)
