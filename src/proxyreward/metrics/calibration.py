"""Calibration of a proxy as a Bradley-Terry model: does its margin say how often it is right?

In: scores of the same responses by golden and proxy, `(..., prompts, responses)`, for
:func:`ece`; for the other functions margins of labelled pairs, `(..., pairs)`: the reward of the
response that people chose less that of the other. Out: one number for each pair of reward models,
or for each reward model, and what a reliability diagram draws. Called by `within_prompt`, whose
tenth metric is :func:`ece`, and by `findings`.

The bins and the error in them are defined once for all.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtri

from proxyreward.metrics.checks import count, number, numbers, one_of
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
    return _error(sign, margin, bins, binning, orientation)


def pair_ece(
    margin: np.ndarray,
    bins: int = 10,
    binning: str = "mass",
    orientation: str = "proxy",
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

    Returns
    -------
    ndarray, shape (...)
        In 0..1.

    Raises
    ------
    ValueError
        If an option is unknown, there is no pair, or a margin is not finite.

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
    the more, the smaller its margins. Compare reward models on the same pairs: in the difference
    most of both biases cancels.

    References
    ----------
    Zeng et al. 2024 (MORE), section 5.2; bins and orientation are not stated there.
    """
    _check_options(bins, binning, orientation, ("proxy", "both"))
    margin = numbers("margin", margin, "..., pairs")
    return _error(np.ones(margin.shape[-1]), margin, bins, binning, orientation)


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
    margin = numbers("margin", margin, "..., pairs")
    if orientation == "proxy":
        start, margin, right = 0.0, abs(margin), (1 + np.sign(margin)) / 2
    else:
        start, right = -np.inf, np.repeat([1.0, 0.0], margin.shape[-1])
        margin = np.concatenate([margin, -margin], axis=-1)
    edges, rows = _edges(margin, bins, binning, orientation), margin.shape[:-1]
    inner = np.broadcast_to(edges[..., 0], (bins - 1, *rows))
    ends = expit(np.stack([np.full(rows, start), *inner, np.full(rows, np.inf)], axis=-1))

    def in_bins(values: np.ndarray) -> np.ndarray:
        sums = _in_bins(lambda edge: (values * (margin > edge)).sum(axis=-1), edges)
        return np.stack(sums, axis=-1)

    count, total, right = map(in_bins, (np.ones_like(margin), expit(margin), right))
    shares = ratio(total, count), ratio(right, count)
    return Reliability(ends[..., :-1], ends[..., 1:], count, *shares, *_wilson(right, count, level))


def log_loss(margin: np.ndarray) -> np.ndarray:
    r"""Mean of :math:`-\log\sigma(\Delta)`, the ranking loss on labelled pairs, in nats.

    The order of a pair's responses does not matter. Reward models without any knowledge, with
    margins of 0, have log 2.

    Margins and errors as in :func:`pair_ece`; shape (...).
    """
    return np.logaddexp(0, -numbers("margin", margin, "..., pairs")).mean(axis=-1)


def brier(margin: np.ndarray) -> np.ndarray:
    r"""Brier score of labelled pairs, the mean of :math:`(1 - \sigma(\Delta))^2`, in 0..1.

    The order of a pair's responses does not matter. Margins of 0 have 1/4.

    Margins and errors as in :func:`pair_ece`; shape (...).
    """
    return (expit(-numbers("margin", margin, "..., pairs")) ** 2).mean(axis=-1)


def inverse_temperature(margin: np.ndarray) -> np.ndarray:
    r"""Factor 1/T on the margins that makes the log loss smallest.

    .. math:: \frac1T = \arg\min_{s \ge 0} \frac1n \sum_i -\log\sigma(s \Delta_i)

    Fit it on held-out pairs, then multiply margins by it: the order of responses, hence accuracy
    and best-of-n, stay as they are, but calibration changes. Above 1 the reward model was too
    cautious, below 1 too sure.

    The loss is convex in s, so bisection finds the root of its slope. Two limits are finite.
    Where the margins have no positive sum, guessing is best: 0, that is an infinite T. Where no
    margin is negative, any larger factor is better: it is then such that the smallest positive
    margin becomes `CERTAIN`, and the log loss 0 to double precision except for ties.

    Margins and errors as in :func:`pair_ece`.

    Returns
    -------
    ndarray, shape (...)
        0 or more, never infinite or NaN; in units of 1 over the margins'.

    References
    ----------
    Guo et al. 2017, temperature scaling.
    """
    margin, exponent = near_one(numbers("margin", margin, "..., pairs"))
    total, square = margin.sum(axis=-1), (margin**2).sum(axis=-1)
    wrong = np.maximum(-margin, 0).sum(axis=-1)
    certain = CERTAIN / np.where(margin > 0, margin, np.inf).min(axis=-1)
    # Before the root: sigma(-x) lies above 1/2 - x/4 for positive x. Behind it: at the minimum the
    # loss is at most log 2, and that of wrong pairs alone is above the sum of their margins.
    low = ratio(2 * np.maximum(total, 0), square)
    high = np.minimum(ratio(np.log(2) * margin.shape[-1], wrong), MAXIMUM)
    for _ in range(64):
        middle = np.sqrt(low) * np.sqrt(high)
        falling = (margin * expit(-middle[..., None] * margin)).sum(axis=-1) > 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    found = np.where(total > 0, np.where(wrong > 0, high, certain), 0.0)
    with np.errstate(over="ignore"):
        return np.minimum(np.ldexp(found, -exponent[..., 0]), MAXIMUM)


def _not_chosen(sign: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """Mean probability that the proxy gives to the response that golden did not choose."""
    total = np.vecdot((sign > 0) * 1.0, expit(-margin))
    total = total + np.vecdot((sign < 0) * 1.0, expit(margin))
    return ratio(total, abs(sign).sum(axis=-1))


def _check_options(bins: int, binning: str, orientation: str, known: tuple[str, ...]) -> None:
    one_of("orientation", orientation, known)
    one_of("binning", binning, ("mass", "width"))
    count("bins", bins, high=10_000)


def _error(
    sign: np.ndarray, margin: np.ndarray, bins: int, binning: str, orientation: str
) -> np.ndarray:
    """The error of margins (..., pairs) whose first response is the better one where `sign` is 1,
    the worse one where it is -1."""
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


def _in_bins(above: Callable[[np.ndarray], np.ndarray], edges: np.ndarray) -> list[np.ndarray]:
    """Sum in each bin, from the sum above an edge."""
    sums = [above(edge) for edge in (-np.inf, *edges, np.inf)]
    return [lower - upper for lower, upper in pairwise(sums)]


def _edges(margin: np.ndarray, bins: int, binning: str, orientation: str) -> np.ndarray:
    """Margins between bins, (bins - 1, ..., 1); an edge belongs to the bin below it.

    Bins of equal width cut the confidences from 1/2, or from 0 in both orders, to 1.
    """
    if binning == "width":
        low = 0.5 if orientation == "proxy" else 0.0
        edges = logit(np.linspace(low, 1, bins + 1)[1:-1])
        return edges.reshape(-1, *[1] * margin.ndim)
    last = -(-np.arange(1, bins) * margin.shape[-1] // bins) - 1
    return np.moveaxis(np.sort(margin, axis=-1)[..., last], -1, 0)[..., None]


def _wilson(successes: np.ndarray, trials: np.ndarray, level: float) -> tuple:
    """Wilson's interval of a share; NaN without a trial."""
    z = ndtri((1 + level) / 2)
    share = ratio(successes, trials)
    middle = (successes + z**2 / 2) / (trials + z**2)
    half = z * np.sqrt(trials * share * (1 - share) + z**2 / 4) / (trials + z**2)
    return middle - half, middle + half
