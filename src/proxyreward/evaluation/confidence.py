r"""Calibration of a model on pairs that a golden model orders, before and after one temperature.

In: scores. Out: expected calibration errors and the temperature, with intervals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import erf, expit

from proxyreward.evaluation.groups import Group
from proxyreward.evaluation.result import Calibration
from proxyreward.evaluation.sample import ROUNDING, UNKNOWN, Sample
from proxyreward.metrics.calibration import Excess, excess, inverse_temperature
from proxyreward.metrics.checks import LARGEST
from proxyreward.metrics.estimates import Interval
from proxyreward.metrics.pairs import pairs, ratio

PAIRS = 10_000
"""Of about so many pairs in all, equally many a prompt, calibration is measured."""
SATURATED = -np.log(np.finfo(float).epsneg)
"""A margin beyond which confidence is 1 in double precision."""


class Drawn(NamedTuple):
    """Pairs of responses of the same prompt, for all models of a group.

    Attributes
    ----------
    margin : ndarray, shape (models, pairs)
        Score of one response less that of the other.
    order : ndarray of int, shape (models, pairs)
        Places of the pairs, rising by the size of a model's margins.
    prompt : ndarray of int, shape (pairs,)
    """

    margin: np.ndarray
    order: np.ndarray
    prompt: np.ndarray


class Pairs(NamedTuple):
    """Pairs that the golden model orders.

    Attributes
    ----------
    margin : ndarray, shape (pairs,)
        Score by the model of the better one less that of the other; sizes rise, so that to find
        edges of bins takes little time.
    prompt : ndarray of int, shape (pairs,)
    """

    margin: np.ndarray
    prompt: np.ndarray


def drawn_pairs(group: Group, seed: int) -> Drawn:
    """All pairs, or where these are more than about `PAIRS`, as many of each prompt at random."""
    rng = np.random.default_rng(seed)
    most = -(-PAIRS // max(sum(len(block.prompts) for block in group.blocks), 1))
    margin, prompt = [np.empty((len(group.names), 0))], [np.empty(0, int)]
    for block in group.blocks:
        one, other = pairs(block.rows.shape[1])
        drawn = rng.permutation(len(one))[:most] if len(one) > most else slice(None)
        found = block.values[..., one[drawn]] - block.values[..., other[drawn]]
        margin.append(found.reshape(len(found), -1))
        prompt.append(np.repeat(block.prompts, found.shape[-1]))
    margin = _within_reach(np.concatenate(margin, axis=1))
    return Drawn(margin, np.argsort(abs(margin), axis=1), np.concatenate(prompt))


def ordered_pairs(drawn: Drawn, golden: int, model: int) -> Pairs:
    """Those that the golden model orders, golden and model at these places."""
    order = drawn.order[model]
    sign = np.sign(drawn.margin[golden][order])
    kept = sign != 0
    order, sign = order[kept], sign[kept]
    return Pairs(drawn.margin[model][order] * sign, drawn.prompt[order])


def ece_interval(found: Pairs, sample: Sample) -> Interval:
    r"""Expected calibration error (:func:`~proxyreward.metrics.calibration.pair_ece`).

    With :math:`S_m` the sum of right less confidence in bin m, the error is
    :math:`\sum_m |S_m| / n`, and the influence of a pair :math:`\mathrm{sign}(S_m)\, w_m` times its
    share in it, less the error, over n; bins held fixed. Near 0 the size of a sum varies less than
    the sum: :math:`w_m` is the standard deviation of a folded normal variable whose square of mean
    over standard deviation is that of the sum, :math:`(S_m / \sigma_m)^2 - 1` without bias and 0 at
    least. The interval is about the mean that such tables have, of which chance alone makes up the
    floor. It ends at 0 and at 1, beyond which no error lies. Pairs of confidence 1 are in one bin
    for it.
    """
    if not len(found.margin):
        return UNKNOWN
    return _interval(found, excess(found.margin), sample)


def _interval(found: Pairs, apart: Excess, sample: Sample) -> Interval:
    """As :func:`ece_interval`, of pairs whose excess is known."""
    prompts, n, bins = len(sample.group), len(found.prompt), apart.bins
    # Of certain pairs none is better than its confidence, so sums of their bins have one sign.
    certain = apart.place[abs(found.margin) > SATURATED].min(initial=bins)
    cell = found.prompt * bins + np.minimum(apart.place, certain)
    own = np.bincount(cell, apart.value, prompts * bins).reshape(prompts, bins)
    sums, count = own.sum(axis=0), np.bincount(found.prompt, minlength=prompts)
    own[count == 0] = np.nan
    standing = ratio(sums, sample.error(own - sums / np.count_nonzero(count))[0])
    size = folded_deviation(np.sqrt(np.maximum(standing**2 - 1, 0)))
    error = abs(np.bincount(apart.place, apart.value)).sum() / n
    known = sample.interval(error, (own @ (np.sign(sums) * size) - count * error) / n)
    return known._replace(low=max(known.low, 0.0), high=min(known.high, 1.0))  # NaN stays


def folded_deviation(z: np.ndarray) -> np.ndarray:
    r"""Standard deviation of the size of a normal variable of mean z and standard deviation 1.

    .. math:: \sqrt{1 + z^2 - \mu^2}, \qquad
              \mu = \sqrt{2/\pi}\, e^{-z^2/2} + z\, \mathrm{erf}(z / \sqrt 2)

    (Leone, Nelson and Nottingham 1961); 1 where z is NaN.

    Examples
    --------
    >>> folded_deviation(np.array([0.0, 9.0, np.nan])).round(3).tolist()
    [0.603, 1.0, 1.0]
    """
    mean = np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2) + z * erf(z / np.sqrt(2))
    return np.where(z < 9, np.sqrt(np.maximum(1 + z**2 - mean**2, 0)), 1.0)


def calibration(found: Pairs, sample: Sample) -> Calibration | None:
    """Calibration of the scores as they are, and after a temperature; None without pairs.

    ``after`` multiplies the pairs of each half of the prompts by the factor that is best for the
    other half; its interval takes the factors as given. ``temperature`` is that of all pairs, with
    the interval of its logarithm; NaN where none is best, as guessing would be better than any or
    no pair is wrong; and an end beyond double precision.
    """
    if not len(found.margin):
        return None
    fold = sample.folds[found.prompt]
    after = UNKNOWN
    if fold.any() and not fold.all():
        best = [float(inverse_temperature(found.margin[fold != half])) for half in (0, 1)]
        mended = _within_reach(found.margin, np.array(best)[fold])
        after = ece_interval(found._replace(margin=mended), sample)
    apart = excess(found.margin)
    before = _interval(found, apart, sample)
    return Calibration(before, after, float(apart.floor()), _temperature(found, sample))


def _temperature(found: Pairs, sample: Sample) -> Interval:
    r"""T = 1/s with :math:`\sum_i (1 - \sigma(s \Delta_i)) \Delta_i = 0`, and its influence."""
    surplus, size = found.margin.sum(), abs(found.margin).sum()  # of right over wrong, and of both
    if surplus <= ROUNDING * size or not (found.margin < 0).any():
        return UNKNOWN
    factor = float(inverse_temperature(found.margin))
    # Of the scaled margins, so that squares do not overflow; it is then that of log s.
    scaled = _within_reach(found.margin, factor)
    doubt = expit(-scaled)
    slope = (doubt * scaled * ((1 - doubt) * scaled)).sum()
    influence = ratio(_per_prompt(-doubt * scaled, found, sample), slope)
    of_log = sample.interval(-np.log(factor), influence)
    with np.errstate(over="ignore"):
        ends = np.exp(of_log)
    known = np.isfinite(ends) | np.isinf(of_log)
    return Interval(*np.where(known, ends, np.nan).tolist())


def _within_reach(margin: np.ndarray, factor: np.ndarray | float = 1.0) -> np.ndarray:
    """Margins times a factor, cut where the library refuses them; confidence is 1 long before."""
    with np.errstate(over="ignore"):
        return np.clip(margin * factor, -LARGEST, LARGEST)


def _per_prompt(values: np.ndarray, found: Pairs, sample: Sample) -> np.ndarray:
    """Sums over the pairs of each prompt, NaN for a prompt without."""
    prompts = len(sample.group)
    counts = np.bincount(found.prompt, minlength=prompts)
    sums = np.bincount(found.prompt, values, minlength=prompts)
    return np.where(counts > 0, sums, np.nan)
