"""Calibration of a proxy as a Bradley-Terry model: does its margin say how often it is right?

In: scores of the same responses by golden and proxy, `(..., prompts, responses)`, for
:func:`ece`; for the other functions margins of labelled pairs, `(..., pairs)`: the reward of the
response that people chose less that of the other. Out: one number for each pair of reward models,
or for each reward model, and what a reliability diagram draws. Called by `within_prompt`, whose
tenth metric is :func:`ece`, and by `findings`.

The bins and the error in them are defined once for all. A bootstrap over labelled pairs passes its
counts as weights, see `labelled`.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtri

from proxyreward.metrics.checks import count, number, one_of
from proxyreward.metrics.labelled import by_row, checked_margins, mean, reached
from proxyreward.metrics.pairs import checked, flat, margins, ratio, signs
from proxyreward.metrics.scaling import near_one

CERTAIN = 40.0  # a margin whose confidence is 1 to double precision
MAXIMUM = np.finfo(float).max


def ece(
    golden: np.ndarray,
    proxy: np.ndarray,
    bins: int = 10,
    binning: str = "mass",
    orientation: str = "proxy",
) -> np.ndarray:
    r"""Expected calibration error of the proxy as a Bradley-Terry model (eq. 13); low is good.

    .. math:: \mathrm{ECE} = \sum_m \frac{|B_m|}{\sum_{m'} |B_{m'}|}
              \Big| \mathrm{acc}(B_m) - \frac{1}{|B_m|} \sum_{B_m} \sigma(\Delta) \Big|

    over bins of all pairs of all prompts by the proxy's margin :math:`\Delta` of the first
    response over the second; acc is the share of pairs whose first response is the golden choice.
    A pair that golden or proxy ties counts half.

    Parameters
    ----------
    golden, proxy : ndarray, shape (..., prompts, responses)
        Scores of the same responses; leading axes broadcast. The scale of `proxy` matters.
    bins : int
        Number of bins.
    binning : {"mass", "width"}
        Bins with equal numbers of pairs, equal margins staying together; or bins of equal width
        in :math:`\sigma(\Delta)`, over 1/2..1 if the proxy orients, else over 0..1.
    orientation : {"proxy", "chosen", "both"}
        Which response of a pair is the first. The one that the proxy prefers (the paper). Or the
        golden choice: then acc is 1 in every bin, the value is the mean of
        :math:`1 - \sigma(\Delta)` whatever the bins, and larger scores look better calibrated;
        pairs that the golden RM ties are left out. Or both orders of each pair: then a bin around
        1/2 hides every error in it.

    Returns
    -------
    ndarray, shape (...)
        In 0..1.

    References
    ----------
    Wen et al. 2024, appendix 8.8; Zeng et al. 2024 (MORE) for both orders.
    """
    _check_options(bins, binning, orientation, ("proxy", "chosen", "both"))
    golden, proxy = checked(golden, proxy)
    sign, margin = flat(signs(golden)), flat(margins(proxy))
    if orientation == "chosen":
        return _not_chosen(sign, margin)
    if orientation == "proxy":
        first, margin = np.sign(margin), abs(margin)
    else:
        sign, margin = (np.concatenate([part, -part], axis=-1) for part in (sign, margin))
        first = np.ones_like(margin)
    doubt = 0.5 - expit(margin)

    def excess_above(edge: np.ndarray | float) -> np.ndarray:
        """Sum of (right - confidence), where right is (1 + sign * first) / 2."""
        inside = margin > edge
        return np.vecdot(sign, first * inside) / 2 + (doubt * inside).sum(axis=-1)

    parts = _in_bins(excess_above, _edges(margin, bins, binning, orientation))
    return sum(abs(part) for part in parts) / margin.shape[-1]


def pair_ece(
    margin: np.ndarray,
    bins: int = 10,
    binning: str = "mass",
    orientation: str = "proxy",
    weights: np.ndarray | None = None,
) -> np.ndarray:
    r"""Expected calibration error on labelled pairs; low is good.

    :func:`ece` with people's choices in the place of the golden RM: acc is the share of pairs with
    :math:`\Delta > 0`, and a pair with :math:`\Delta = 0` counts half.

    Parameters
    ----------
    margin : ndarray, shape (..., pairs)
        :math:`\Delta = r(x, y_w) - r(x, y_l)`.
    bins, binning
        As in :func:`ece`.
    orientation : {"proxy", "both"}
        The response that the reward model prefers is the first, so :math:`|\Delta|` is binned. Or
        both orders of each pair, :math:`(\sigma(\Delta), 1)` and :math:`(\sigma(-\Delta), 0)`.
    weights : ndarray, broadcastable to (..., pairs), optional
        How often each pair counts, see `labelled`.

    Returns
    -------
    ndarray, shape (...)
        In 0..1; NaN if no pair counts.

    Raises
    ------
    ValueError
        If an option is unknown, or margins and weights are not as `labelled` wants them.

    Notes
    -----
    *Both orders.* A pair adds :math:`\sigma(\Delta) + \sigma(-\Delta) = 1` to the confidence and 1
    to the right answers of a bin that holds both of its entries. So with an odd number of bins of
    equal width the middle one cancels, whatever its accuracy. With 5 bins that are all pairs with
    :math:`|\Delta| < \mathrm{logit}(0.6) = 0.405`: the error falls merely because rewards shrink.

    *Bias.* Chance alone makes accuracy and confidence differ in a bin, and the error adds up
    absolute differences. A perfectly calibrated reward model with confidences p has about

    .. math:: \sqrt{\frac{2M}{\pi n}}\; \mathrm{mean}\sqrt{p(1-p)} \le \sqrt{\frac{M}{2\pi n}}

    in the first orientation on M bins of n/M pairs each: up to 0.05 for 10 bins and 600 pairs, and
    the more, the smaller its margins. In a bootstrap resample the chance of the resampling comes on
    top, so percentile intervals of a small error lie above the true value. Compare reward models on
    the same pairs and resamples: in the difference most of both biases cancels.

    References
    ----------
    Zeng et al. 2024 (MORE), section 5.2; bins and orientation are not stated there.
    """
    _check_options(bins, binning, orientation, ("proxy", "both"))

    def error(row: np.ndarray, counts: np.ndarray) -> np.ndarray:
        row, right, counts = _entries(row, counts, orientation)
        excess = right - expit(row)
        if binning == "mass":
            above = _above(row, counts * excess)
        else:  # the same edges for all weights: a product does, and is faster

            def above(edge: np.ndarray) -> np.ndarray:
                return counts @ (excess * (row > edge))

        parts = _in_bins(above, _edges(row, bins, binning, orientation, counts))
        return ratio(sum(abs(part) for part in parts), counts.sum(axis=-1))

    return by_row(error, margin, weights)


class Reliability(NamedTuple):
    """Bins of a reliability diagram, each array of shape (..., bins).

    Attributes
    ----------
    low, high
        Confidences between which the bin lies; the upper one belongs to it.
    count
        Pairs in the bin; in both orders entries, two for each pair.
    confidence, accuracy
        Mean confidence and share of right answers; NaN in an empty bin.
    accuracy_low, accuracy_high
        Wilson's interval of the accuracy. In both orders it is too narrow for a bin around 1/2,
        which holds both entries of a pair.
    """

    low: np.ndarray
    high: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    accuracy_low: np.ndarray
    accuracy_high: np.ndarray


def reliability(
    margin: np.ndarray,
    bins: int = 10,
    binning: str = "mass",
    orientation: str = "proxy",
    level: float = 0.95,
) -> Reliability:
    """Confidence and accuracy in each bin of :func:`pair_ece`.

    Parameters and errors as there; `level` is the coverage of the intervals, between 0 and 1.

    Examples
    --------
    >>> found = reliability([-1.0, 0.2, 0.3, 0.5, 2.0, 3.0], bins=2, binning="width")
    >>> found.high.tolist(), found.count.tolist(), found.accuracy.tolist()
    ([0.75, 1.0], [4.0, 2.0], [0.75, 1.0])
    """
    _check_options(bins, binning, orientation, ("proxy", "both"))
    level = number("level", level, 0, 1, ends=False)
    margin, once = checked_margins(margin, None)
    start = 0.0 if orientation == "proxy" else -np.inf

    def table(row: np.ndarray) -> np.ndarray:
        row, right, counts = _entries(row, once.reshape(-1), orientation)
        edges = _edges(row, bins, binning, orientation, counts)
        ends = expit([start, *edges[:, 0], np.inf])
        sums = [_in_bins(_above(row, values), edges) for values in (counts, expit(row), right)]
        return np.stack([ends[:-1], ends[1:], *sums])

    rows = np.stack([table(row) for row in margin.reshape(-1, margin.shape[-1])], axis=1)
    low, high, count, confidence, right = rows.reshape(5, *margin.shape[:-1], bins)
    interval = _wilson(right, count, level)
    return Reliability(low, high, count, ratio(confidence, count), ratio(right, count), *interval)


def log_loss(margin: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    r"""Mean of :math:`-\log\sigma(\Delta)`, the ranking loss on labelled pairs, in nats.

    The order of a pair's responses does not matter. Reward models without any knowledge, with
    margins of 0, have log 2.

    Parameters and errors as in :func:`pair_ece`; shape (...), NaN if no pair counts.
    """
    margin, weights = checked_margins(margin, weights)
    return mean(np.logaddexp(0, -margin), weights)


def brier(margin: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    r"""Brier score of labelled pairs, the mean of :math:`(1 - \sigma(\Delta))^2`, in 0..1.

    The order of a pair's responses does not matter. Margins of 0 have 1/4.

    Parameters and errors as in :func:`pair_ece`; shape (...), NaN if no pair counts.
    """
    margin, weights = checked_margins(margin, weights)
    return mean(expit(-margin) ** 2, weights)


def inverse_temperature(margin: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    r"""Factor 1/T on the margins that makes the log loss smallest.

    .. math:: \frac1T = \arg\min_{s \ge 0} \frac1n \sum_i -\log\sigma(s \Delta_i)

    Fit it on held-out pairs, then multiply margins by it: the order of responses, hence accuracy
    and best-of-n, stay as they are, but calibration changes. Above 1 the reward model was too
    cautious, below 1 too sure.

    The loss is convex in s, so bisection finds the root of its slope. Two limits are finite.
    Where the margins have no positive sum, guessing is best: 0, that is an infinite T. Where no
    margin is negative, any larger factor is better: it is then such that the smallest positive
    margin becomes `CERTAIN`, and the log loss 0 to double precision except for ties.

    Parameters and errors as in :func:`pair_ece`.

    Returns
    -------
    ndarray, shape (...)
        0 or more, never infinite or NaN; in units of 1 over the margins'.

    References
    ----------
    Guo et al. 2017, temperature scaling.
    """
    return by_row(_inverse_temperature, margin, weights)


def _inverse_temperature(margin: np.ndarray, weights: np.ndarray) -> np.ndarray:
    margin, exponent = near_one(margin)
    total, square = weights @ margin, weights @ margin**2
    wrong = weights @ np.maximum(-margin, 0)
    right = (weights > 0) & (margin > 0)
    certain = CERTAIN / np.where(right, margin, np.inf).min(axis=-1)
    # Before the root: sigma(-x) lies above 1/2 - x/4 for positive x. Behind it: at the minimum the
    # loss is at most log 2, and that of wrong pairs alone is above the sum of their margins.
    low = ratio(2 * np.maximum(total, 0), square)
    high = np.minimum(ratio(np.log(2) * weights.sum(axis=-1), wrong), MAXIMUM)
    for _ in range(64):
        middle = np.sqrt(low) * np.sqrt(high)
        falling = np.vecdot(weights, margin * expit(-middle[..., None] * margin)) > 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    found = np.where(total > 0, np.where(wrong > 0, high, certain), 0.0)
    with np.errstate(over="ignore"):
        return np.minimum(np.ldexp(found, -exponent[0]), MAXIMUM)


def _not_chosen(sign: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """Mean probability that the proxy gives to the response that golden did not choose."""
    total = np.vecdot((sign > 0) * 1.0, expit(-margin))
    total = total + np.vecdot((sign < 0) * 1.0, expit(margin))
    return ratio(total, abs(sign).sum(axis=-1))


def _check_options(bins: int, binning: str, orientation: str, known: tuple[str, ...]) -> None:
    one_of("orientation", orientation, known)
    one_of("binning", binning, ("mass", "width"))
    count("bins", bins, high=10_000)


def _entries(
    margin: np.ndarray, counts: np.ndarray, orientation: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A row's margins as they are binned, in rising order, whether each is right, its counts."""
    if orientation == "proxy":
        margin, right = abs(margin), (1 + np.sign(margin)) / 2
    else:
        right = np.repeat([1.0, 0.0], len(margin))
        margin = np.concatenate([margin, -margin])
        counts = np.concatenate([counts, counts], axis=-1)
    order = margin.argsort(kind="stable")
    return margin[order], right[order], counts.take(order, axis=-1)


def _above(margin: np.ndarray, values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Sum of the values, (..., entries), of a row in rising order above an edge."""
    below = np.cumulative_sum(values, axis=-1, include_initial=True)

    def above(edge: np.ndarray | float) -> np.ndarray:
        place = np.searchsorted(margin, edge, side="right")
        place = np.broadcast_to(place, (*below.shape[:-1], 1))
        return below[..., -1] - np.take_along_axis(below, place, axis=-1)[..., 0]

    return above


def _in_bins(above: Callable[[np.ndarray], np.ndarray], edges: np.ndarray) -> list[np.ndarray]:
    """Sum in each bin, from the sum above an edge."""
    sums = [above(edge) for edge in (-np.inf, *edges, np.inf)]
    return [lower - upper for lower, upper in pairwise(sums)]


def _edges(
    margin: np.ndarray,
    bins: int,
    binning: str,
    orientation: str,
    counts: np.ndarray | None = None,
) -> np.ndarray:
    """Margins between bins, (bins - 1, ..., 1); an edge belongs to the bin below it.

    Bins of equal width cut the confidences from 1/2, or from 0 in both orders, to 1. With counts
    `margin` is one row in rising order.
    """
    if binning == "width":
        low = 0.5 if orientation == "proxy" else 0.0
        return logit(np.linspace(low, 1, bins + 1)[1:-1])[:, None]
    inner = np.arange(1, bins)
    if counts is None:
        last = -(-inner * margin.shape[-1] // bins) - 1
        edges = np.sort(margin, axis=-1)[..., last]
    else:
        total = counts.sum(axis=-1, keepdims=True)
        edges = margin[reached(counts, np.ceil(inner * total / bins))]
    return np.moveaxis(edges, -1, 0)[..., None]


def _wilson(successes: np.ndarray, trials: np.ndarray, level: float) -> tuple:
    """Wilson's interval of a share; NaN without a trial."""
    z = ndtri((1 + level) / 2)
    share = ratio(successes, trials)
    middle = (successes + z**2 / 2) / (trials + z**2)
    half = z * np.sqrt(trials * share * (1 - share) + z**2 / 4) / (trials + z**2)
    return middle - half, middle + half
