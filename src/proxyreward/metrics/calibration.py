"""Calibration of a proxy as a Bradley-Terry model: does its margin say how often it is right?

In: scores of the same responses by golden and proxy, `(..., prompts, responses)`, for
:func:`ece`; for the other functions margins of labelled pairs, `(..., pairs)`: the reward of the
response that people chose less that of the other. Out: one number for each pair of reward models,
or for each reward model, and what a reliability diagram draws. Called by `within_prompt`, whose
tenth metric is :func:`ece`, and by `findings`.

Where the chance of a label is known, as in an embedded world, it can take the place of the label
that was drawn: the functions of margins then give the expectation over labels, which has the same
mean and less noise. It does not matter then which response a pair names first.

The bins and the error in them are defined once for all.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtri

from proxyreward.metrics.checks import broadcast, count, number, numbers, one_of
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
    chance: np.ndarray | float = 1.0,
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
    chance : ndarray, shape (pairs,) or that of the margins
        Probability with which people choose :math:`y_w`; 1 takes the label as it was drawn.

    Returns
    -------
    ndarray, shape (...)
        In 0..1.

    Raises
    ------
    ValueError
        If an option is unknown, there is no pair, a margin is not finite, or a chance lies outside
        of 0..1.

    Notes
    -----
    *Both orders.* A pair adds :math:`\sigma(\Delta) + \sigma(-\Delta) = 1` to the confidence and 1
    to the right answers of a bin that holds both of its entries. So with an odd number of bins of
    equal width the middle one cancels, whatever its accuracy. With 5 bins that are all pairs with
    :math:`|\Delta| < \mathrm{logit}(0.6) = 0.405`: the error falls merely because rewards shrink.

    *Bias.* Chance alone makes accuracy and confidence differ in a bin, and the error adds up
    absolute differences: :func:`ece_floor`. Compare reward models on the same pairs: in the
    difference most of both biases cancels.

    References
    ----------
    Zeng et al. 2024 (MORE), section 5.2; bins and orientation are not stated there.
    """
    _check_options(bins, binning, orientation, ("proxy", "both"))
    sign, margin = _labelled(margin, chance)
    return _error(sign, margin, bins, binning, orientation)


def ece_floor(
    margin: np.ndarray,
    bins: int = 10,
    binning: str = "mass",
    orientation: str = "proxy",
    chance: np.ndarray | float = 1.0,
) -> np.ndarray:
    r"""What :func:`pair_ece` would be by chance alone, were the reward model calibrated.

    .. math:: \frac1n \sum_m \sqrt{\frac2\pi\, n_m s_m^2},

    where :math:`s_m^2` is the variance in bin m of what counts as right less the confidence: the
    sum of :math:`n_m` such numbers with mean 0 is nearly normal, and so has that mean size. An ECE
    near it says nothing. With drawn labels and confidences p it is about

    .. math:: \sqrt{\frac{2M}{\pi n}}\; \mathrm{mean}\sqrt{p(1-p)} \le \sqrt{\frac{M}{2\pi n}}

    in the first orientation on M bins of n/M pairs each: up to 0.05 for 10 bins and 600 pairs, and
    the more, the smaller the margins. Expected labels scatter less, so theirs is lower.

    Parameters and errors as in :func:`pair_ece`; shape (...).
    """
    return excess(margin, bins, binning, orientation, chance).floor()


class Excess(NamedTuple):
    r"""What :func:`pair_ece` adds up of each pair; in both orders of two entries for each pair.

    Attributes
    ----------
    value : ndarray, shape (..., pairs)
        1 if right, 0 if wrong, 1/2 where :math:`\Delta = 0`, less the confidence.
        In both orders 0 where a bin holds both entries of a pair, which cancel.
    place : ndarray of int, shape (..., pairs)
        Bin, from 0.
    bins : int
        How many there are.
    """

    value: np.ndarray
    place: np.ndarray
    bins: int

    def floor(self) -> np.ndarray:
        """What :func:`ece_floor` is for these pairs, shape (...)."""
        parts = np.stack([np.ones_like(self.value), self.value, self.value**2])
        inside, total, square = _sums(parts, self.place, self.bins)
        scatter = square - total**2 / np.maximum(inside, 1)
        spread = scatter.clip(min=0) * inside / np.maximum(inside - 1, 1)
        return np.sqrt(2 / np.pi * spread).sum(axis=-1) / self.value.shape[-1]


def excess(
    margin: np.ndarray,
    bins: int = 10,
    binning: str = "mass",
    orientation: str = "proxy",
    chance: np.ndarray | float = 1.0,
) -> Excess:
    r"""Right less confidence of each pair, and its bin.

    With :math:`S_m` the sum over bin m, :func:`pair_ece` is :math:`\sum_m |S_m|` over all pairs,
    or over both entries of all. Parameters and errors as there.

    Examples
    --------
    >>> value, place, bins = excess([-1.0, 0.2, 0.0, 2.0], bins=2)
    >>> value.round(2).tolist(), place.tolist()
    ([-0.73, 0.45, 0.0, 0.12], [1, 0, 0, 1])
    """
    _check_options(bins, binning, orientation, ("proxy", "both"))
    sign, first, margin = _entries(*_labelled(margin, chance), orientation)
    place = _places(margin, _edges(margin, bins, binning, orientation)).astype(int)
    value = sign * first / 2 + 0.5 - expit(margin)
    if orientation == "both":
        value = value * (place != np.roll(place, place.shape[-1] // 2, axis=-1))
    return Excess(value, place, bins)


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
        which holds both entries of a pair; it is too wide for expected labels, which scatter less.
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
    chance: np.ndarray | float = 1.0,
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
    start = 0.0 if orientation == "proxy" else -np.inf
    sign, first, margin = _entries(*_labelled(margin, chance), orientation)
    right = (1 + sign * first) / 2
    edges, rows = _edges(margin, bins, binning, orientation), margin.shape[:-1]
    inner = np.broadcast_to(edges[..., 0], (bins - 1, *rows))
    ends = expit(np.stack([np.full(rows, start), *inner, np.full(rows, np.inf)], axis=-1))
    counted = np.stack([np.ones_like(margin), expit(margin), right])
    count, total, right = _sums(counted, _places(margin, edges), bins)
    shares = ratio(total, count), ratio(right, count)
    return Reliability(ends[..., :-1], ends[..., 1:], count, *shares, *_wilson(right, count, level))


def log_loss(margin: np.ndarray, chance: np.ndarray | float = 1.0) -> np.ndarray:
    r"""Mean of :math:`-\log\sigma(\Delta)`, the ranking loss on labelled pairs, in nats.

    The order of a pair's responses does not matter. Reward models without any knowledge, with
    margins of 0, have log 2.

    Margins, chances and errors as in :func:`pair_ece`; shape (...).
    """
    sign, margin = _labelled(margin, chance)
    return (np.logaddexp(0, -margin) + (1 - sign) / 2 * margin).mean(axis=-1)


def brier(margin: np.ndarray, chance: np.ndarray | float = 1.0) -> np.ndarray:
    r"""Brier score of labelled pairs, the mean of :math:`(1 - \sigma(\Delta))^2`, in 0..1.

    The order of a pair's responses does not matter. Margins of 0 have 1/4.

    Margins, chances and errors as in :func:`pair_ece`; shape (...).
    """
    sign, margin = _labelled(margin, chance)
    right, wrong = expit(-margin) ** 2, expit(margin) ** 2
    return ((1 + sign) / 2 * right + (1 - sign) / 2 * wrong).mean(axis=-1)


def inverse_temperature(margin: np.ndarray, chance: np.ndarray | float = 1.0) -> np.ndarray:
    r"""Factor 1/T on the margins that makes the log loss smallest.

    .. math:: \frac1T = \arg\min_{s \ge 0} \frac1n \sum_i -\log\sigma(s \Delta_i)

    Fit it on held-out pairs, then multiply margins by it: the order of responses, hence accuracy
    and best-of-n, stay as they are, but calibration changes. Above 1 the reward model was too
    cautious, below 1 too sure.

    The loss is convex in s, and Newton's method finds where its slope is 0. Two limits are finite.
    Where the margins have no positive sum, guessing is best: 0, that is an infinite T. Where no
    margin is on the wrong side, any larger factor is better: it is then such that the smallest
    becomes `CERTAIN`, and the log loss 0 to double precision except for ties.

    Margins, chances and errors as in :func:`pair_ece`.

    Returns
    -------
    ndarray, shape (...)
        0 or more, never infinite or NaN; in units of 1 over the margins'.

    References
    ----------
    Guo et al. 2017, temperature scaling.
    """
    sign, margin = _labelled(margin, chance)
    margin, exponent = near_one(margin)
    size, total = abs(margin), (sign * margin).sum(axis=-1)
    wrong = (size * (1 - sign * np.sign(margin))).sum(axis=-1) / 2
    with np.errstate(over="ignore"):  # cut below
        found = CERTAIN / np.where(size > 0, size, np.inf).min(axis=-1)
    found = np.where(total > 0, found, 0.0)
    with np.errstate(all="ignore"):  # steps without an end are not taken, larger numbers are cut
        for row in map(tuple, np.argwhere(np.minimum(total, wrong) > 0)):
            found[row] = _factor(size[row], total[row], wrong[row])
        return np.minimum(np.ldexp(found, -exponent[..., 0]), MAXIMUM)


def _factor(size: np.ndarray, total: float, wrong: float) -> float:
    r"""The s with :math:`\sum_i |\Delta_i|\, \sigma(-s |\Delta_i|)` equal to `wrong`.

    That is where the loss is flat, if `wrong` is the sum of the sizes of margins, each times the
    probability of being wrong, and `total` that of right less wrong. Newton's method on the
    logarithms of both sides and of s, which lie nearly on a line; where a step leaves the ends
    between which the root is known to lie, s becomes their geometric mean.
    """
    size = size[size > 0]
    # Before the root: sigma(-x) lies above 1/2 - x/4 for positive x. Behind it: at the minimum the
    # loss is at most log 2, and that of wrong labels alone is above the sum of their margins.
    s, high = 2 * total / (size**2).sum(), min(np.log(2) * len(size) / wrong, MAXIMUM)
    low = s
    for _ in range(100):  # five where margins are of like size
        odds = np.exp(-s * size)
        each = size * (odds / (1 + odds))
        doubt = each.sum()
        low, high = (s, high) if doubt > wrong else (low, s)
        step = doubt * np.log(doubt / wrong) / (s * (each * (size - each)).sum())
        new = s * np.exp(step)
        if abs(step) <= 1e-9:  # what is left is about its square
            return new
        s = new if low <= new <= high else np.sqrt(low) * np.sqrt(high)
    return s


def _labelled(margin: np.ndarray, chance: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Expected sign of each label, 1 for the response named first, and the margins; checked."""
    margin, chance = numbers("margin", margin, "..., pairs"), numbers("chance", chance)
    if broadcast(chance=chance, margin=margin) != margin.shape:
        raise ValueError(f"chance {chance.shape} has axes that margin {margin.shape} lacks")
    if chance.size and not 0 <= chance.min() <= chance.max() <= 1:
        raise ValueError(f"chance must lie in 0..1, got {chance.min():g}..{chance.max():g}")
    return np.broadcast_to(2 * chance - 1, margin.shape), margin


def _entries(sign: np.ndarray, margin: np.ndarray, orientation: str) -> tuple:
    """Sign of each entry's label, which response is its first, 1 or -1, and its margin."""
    if orientation == "proxy":
        return sign, np.sign(margin), abs(margin)
    sign, margin = (np.concatenate([part, -part], axis=-1) for part in (sign, margin))
    return sign, np.ones_like(margin), margin


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
    sign, first, margin = _entries(sign, margin, orientation)
    doubt, place = 0.5 - expit(margin), _places(margin, _edges(margin, bins, binning, orientation))
    error = 0.0
    for inside in (place == m for m in range(bins)):
        # Of right - confidence, where right is (1 + sign * first) / 2.
        error += abs((sign * (first * inside)).sum(axis=-1) / 2 + (doubt * inside).sum(axis=-1))
    return error / margin.shape[-1]


def _sums(values: np.ndarray, place: np.ndarray, bins: int) -> np.ndarray:
    """Sums (..., bins) of values (..., entries) in each bin; no inner products, whose last digits
    depend on the number of threads."""
    return np.stack([(values * (place == m)).sum(axis=-1) for m in range(bins)], axis=-1)


def _places(margin: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Bin of each entry, from 0."""
    place = np.zeros(margin.shape, np.int16)  # there are at most 10,000
    for edge in edges:
        place += margin > edge
    return place


def _edges(margin: np.ndarray, bins: int, binning: str, orientation: str) -> np.ndarray:
    """Margins between bins, (bins - 1, ..., 1); an edge belongs to the bin below it.

    Bins of equal width cut the confidences from 1/2, or from 0 in both orders, to 1.
    """
    if binning == "width":
        low = 0.5 if orientation == "proxy" else 0.0
        edges = logit(np.linspace(low, 1, bins + 1)[1:-1])
        return edges.reshape(-1, *[1] * margin.ndim)
    last = -(-np.arange(1, bins) * margin.shape[-1] // bins) - 1
    return np.moveaxis(np.partition(margin, last, axis=-1)[..., last], -1, 0)[..., None]


def _wilson(successes: np.ndarray, trials: np.ndarray, level: float) -> tuple:
    """Wilson's interval of a share; NaN without a trial."""
    z = ndtri((1 + level) / 2)
    share = ratio(successes, trials)
    middle = (successes + z**2 / 2) / (trials + z**2)
    half = z * np.sqrt(trials * share * (1 - share) + z**2 / 4) / (trials + z**2)
    return middle - half, middle + half
