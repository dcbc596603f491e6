r"""Calibration of a model on pairs that a golden model orders, before and after one temperature.

In: scores. Out: expected calibration errors and the temperature, with intervals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import erf, expit

from proxyreward.evaluation.result import Calibration
from proxyreward.evaluation.sample import UNKNOWN, Sample
from proxyreward.evaluation.scores import Block
from proxyreward.metrics.calibration import ece_floor, inverse_temperature, pair_ece, reliability
from proxyreward.metrics.checks import LARGEST
from proxyreward.metrics.estimates import Interval
from proxyreward.metrics.pairs import pairs, ratio

PAIRS = 10_000
"""Of about so many pairs in all, equally many a prompt, calibration is measured."""


class Pairs(NamedTuple):
    """Pairs that the golden model orders.

    Attributes
    ----------
    margin : ndarray, shape (pairs,)
        Score by the model of the better one less that of the other.
    prompt : ndarray of int, shape (pairs,)
    """

    margin: np.ndarray
    prompt: np.ndarray


def ordered_pairs(blocks: list[Block], golden: int, model: int, seed: int) -> Pairs:
    """Pairs of responses of the same prompt, golden and model at these places of the blocks.

    All pairs, or where these are more than about `PAIRS`, the same number of each prompt at random.
    """
    rng = np.random.default_rng(seed)
    most = -(-PAIRS // max(sum(len(block.prompts) for block in blocks), 1))
    found = [Pairs(np.empty(0), np.empty(0, int))]
    for block in blocks:
        one, other = pairs(block.rows.shape[1])
        drawn = rng.permutation(len(one))[:most] if len(one) > most else slice(None)
        one, other = one[drawn], other[drawn]
        sign, margin = (
            block.values[m][:, one] - block.values[m][:, other] for m in (golden, model)
        )
        sign = np.sign(sign)
        row, place = np.nonzero(sign)
        margin = _within_reach(margin[row, place], sign[row, place])
        found.append(Pairs(margin, block.prompts[row]))
    return Pairs(*(np.concatenate(part) for part in zip(*found)))


def ece_interval(found: Pairs, sample: Sample, factor: np.ndarray | float = 1.0) -> Interval:
    r"""Expected calibration error (:func:`~proxyreward.metrics.calibration.pair_ece`).

    With :math:`S_m` the sum of right less confidence in bin m, the error is
    :math:`\sum_m |S_m| / n`, and the influence of a pair :math:`\mathrm{sign}(S_m)\, w_m` times its
    share in it, less the error, over n; bins held fixed. Near 0 the size of a sum varies less than
    the sum: :math:`w_m` is the standard deviation of a folded normal variable whose square of mean
    over standard deviation is that of the sum, :math:`(S_m / \sigma_m)^2 - 1` without bias and 0 at
    least. The interval is about the mean that such tables have, of which chance alone makes up the
    floor. It ends at 0, below which no error lies.

    `factor` multiplies the margins.
    """
    if not len(found.margin):
        return UNKNOWN
    margin = _within_reach(found.margin, factor)
    confidence = expit(abs(margin))
    excess = (1 + np.sign(margin)) / 2 - confidence
    bins = np.searchsorted(reliability(margin).high[:-1], confidence)
    sums = np.bincount(bins, excess)
    standing = ratio(sums, _bin_errors(excess, bins, found, sample))
    size = folded_deviation(np.sqrt(np.maximum(standing**2 - 1, 0)))
    error = float(pair_ece(margin))
    influence = ((np.sign(sums) * size)[bins] * excess - error) / len(margin)
    known = sample.interval(error, _per_prompt(influence, found, sample))
    return known._replace(low=max(known.low, 0.0))  # NaN stays


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


def _bin_errors(excess: np.ndarray, bins: np.ndarray, found: Pairs, sample: Sample) -> np.ndarray:
    """Standard errors of the sums of `excess` in each bin, shape (bins,)."""
    prompts, width = len(sample.group), bins.max() + 1
    own = np.bincount(found.prompt * width + bins, excess, prompts * width).reshape(prompts, width)
    own[np.bincount(found.prompt, minlength=prompts) == 0] = np.nan
    return sample.error(own - np.nanmean(own, axis=0))[0]


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
        after = ece_interval(found, sample, np.array(best)[fold])
    floor = float(ece_floor(found.margin))
    before = ece_interval(found, sample)
    return Calibration(before, after, floor, _temperature(found, sample))


def _temperature(found: Pairs, sample: Sample) -> Interval:
    r"""T = 1/s with :math:`\sum_i (1 - \sigma(s \Delta_i)) \Delta_i = 0`, and its influence."""
    factor = float(inverse_temperature(found.margin))
    if factor == 0 or not (found.margin < 0).any():
        return UNKNOWN
    # Of the scaled margins, so that squares do not overflow; it is then that of log s.
    scaled = _within_reach(found.margin, factor)
    doubt = expit(-scaled)
    slope = (expit(scaled) * scaled * (doubt * scaled)).sum()
    influence = _per_prompt(ratio(-doubt * scaled, slope), found, sample)
    of_log = sample.interval(-np.log(factor), influence)
    with np.errstate(over="ignore"):
        ends = np.exp(of_log)
    return Interval(*np.where(np.isfinite(ends), ends, np.nan).tolist())


def _within_reach(margin: np.ndarray, factor: np.ndarray | float) -> np.ndarray:
    """Margins times a factor, cut where the library refuses them; confidence is 1 long before."""
    with np.errstate(over="ignore"):
        return np.clip(margin * factor, -LARGEST, LARGEST)


def _per_prompt(values: np.ndarray, found: Pairs, sample: Sample) -> np.ndarray:
    """Sums over the pairs of each prompt, NaN for a prompt without."""
    prompts = len(sample.group)
    counts = np.bincount(found.prompt, minlength=prompts)
    sums = np.bincount(found.prompt, values, minlength=prompts)
    return np.where(counts > 0, sums, np.nan)
