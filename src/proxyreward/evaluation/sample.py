r"""Intervals over prompts, or over clusters of them, of means and of ratios of means.

In: numbers per prompt, NaN where a prompt does not count. Out: estimates with intervals.

Everything smooth has an interval from its *influence values*: to first order the error of an
estimate is a sum over prompts,

.. math:: \hat\theta - \theta \approx \sum_p \psi_p, \qquad
          \widehat{\mathrm{se}}^2 = \frac{G}{G - 1} \sum_{g=1}^{G} \Big(\sum_{p \in g} \psi_p\Big)^2

with G clusters (each prompt one of its own where no clusters are known). For a mean of P prompts
:math:`\psi_p = (x_p - \bar x)/P`, for a ratio of sums
:math:`\psi_p = (a_p - \hat\theta b_p) / \sum b`: the infinitesimal jackknife (Efron 1982,
chapter 6). The interval is that of Student's t on G - 1 degrees of freedom, transformed for the
skewness of the influence values (Hall 1992): few prompts with much at stake make a plain t interval
of a regret miss on one side, and percentiles of a bootstrap as well.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.special import stdtr, stdtrit

from proxyreward.evaluation.result import LEVEL
from proxyreward.evaluation.scores import Scores
from proxyreward.metrics.estimates import Interval
from proxyreward.metrics.pairs import ratio as quotient
from proxyreward.metrics.scaling import near_one

UNKNOWN = Interval(np.nan, np.nan, np.nan)


class Sample:
    """What was drawn at random: clusters of prompts where they are known, else prompts.

    Parameters
    ----------
    scores
        Whose prompts and clusters.
    seed
        Of `folds`, and of pairs that are drawn by it.

    Attributes
    ----------
    group : ndarray of int, shape (prompts,)
        Number of each prompt's cluster.
    alone : bool
        Whether each prompt is a cluster of its own.
    """

    def __init__(self, scores: Scores, seed: int = 0) -> None:
        self.seed = seed
        prompts = np.arange(scores.prompts)
        self.alone = scores.cluster is None
        self.group = prompts if self.alone else np.unique(scores.cluster, return_inverse=True)[1]
        self.groups = int(self.group.max(initial=-1)) + 1

    @cached_property
    def folds(self) -> np.ndarray:
        """Two halves of the prompts at random, 0 and 1, shape (prompts,); clusters stay whole."""
        order = np.random.default_rng(self.seed).permutation(self.groups)
        return (order % 2)[self.group]

    def sums(self, influence: np.ndarray) -> tuple[np.ndarray, int]:
        """Sums within each cluster, (clusters, ...), of influence values (prompts, ...).

        And how many clusters count. Prompts with a NaN do not.
        """
        group = self.group
        if (missing := np.isnan(influence)).any():
            kept = ~missing.reshape(len(influence), -1).any(axis=1)
            influence, group = influence[kept], group[kept]
        if self.alone or not len(group):
            return influence, len(group)
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        return np.add.reduceat(influence[order], starts, axis=0), len(starts)

    def error(self, influence: np.ndarray) -> tuple[np.ndarray, int]:
        """Standard errors (...) of influence values (prompts, ...), and how many clusters count.

        NaN errors below two clusters.
        """
        sums, groups = self.sums(influence)
        if groups < 2:
            return np.full(influence.shape[1:], np.nan), groups
        scaled, exponent = near_one(sums, axes=sums.ndim)  # squares must not overflow
        error = np.sqrt(groups / (groups - 1) * (scaled**2).sum(axis=0))
        return np.ldexp(error, exponent[0]), groups

    def interval(self, estimate: float, influence: np.ndarray) -> Interval:
        """Estimate with its interval, from influence values (prompts,).

        Without ends where fewer than two clusters count.
        """
        low, high = _ends(np.array(estimate), self.sums(influence)[0])
        return Interval(float(estimate), float(low), float(high))

    def paired(
        self, difference: np.ndarray, influence: np.ndarray
    ) -> tuple[list[Interval], np.ndarray]:
        """Student's intervals of differences (n,), and the two-sided p that there are none.

        From influence values (prompts, n). Without the correction for skewness of
        :meth:`interval`: what is paired has little, and far in its tails, where p of many pairs is
        looked at, the correction would find too much.
        """
        error, groups = self.error(influence)
        half = t_quantile(groups) * error
        ends = np.stack([difference, difference - half, difference + half], axis=1)
        found = [Interval(*row) for row in ends.tolist()]
        if groups < 2:
            return found, np.ones(len(difference))
        with np.errstate(divide="ignore", invalid="ignore"):
            p = 2 * stdtr(groups - 1, -abs(difference) / error)
        return found, np.where(difference == 0, 1.0, p)

    def mean(self, values: np.ndarray, ends: tuple[float, float] | None = None) -> Interval:
        """Mean of the values (prompts,) that are not NaN; numbers within `ends` as in `bounded`."""
        return self.ratio(values, np.where(np.isnan(values), np.nan, 1.0), ends)

    def ratio(
        self, above: np.ndarray, below: np.ndarray, ends: tuple[float, float] | None = None
    ) -> Interval:
        """Sum of `above` over sum of `below`, both (prompts,); NaN where the latter is 0."""
        estimate = ratio(above, below)
        if np.isnan(estimate):
            return UNKNOWN
        influence = ratio_influence(above, below)
        if ends is not None:
            return self.bounded(estimate, influence, ends)
        return self.interval(estimate, influence)

    def bounded(
        self, estimate: float, influence: np.ndarray, ends: tuple[float, float]
    ) -> Interval:
        r"""Wilson's interval of a mean of numbers that lie between two ends.

        The mean's place p between the ends is taken for a share of as many independent draws as
        would have its standard error, :math:`n = p(1-p)/\widehat{\mathrm{se}}^2`, with
        :math:`t_{G-1}` in the place of z (Korn and Graubard 1998; Dean and Pagano 2015). So it
        stays within the ends, and is no point at an end, where as many draws as clusters count.
        """
        error, groups = self.error(influence)
        low, width = ends[0], ends[1] - ends[0]
        share, square = (estimate - low) / width, (float(error) / width) ** 2
        at_end = min(share, 1 - share) < 1e-12  # but for rounding
        share = float(round(share)) if at_end else share
        if square == 0 and not at_end:
            return Interval(float(estimate), float(estimate), float(estimate))
        draws = groups if at_end else share * (1 - share) / square
        t2 = t_quantile(groups) ** 2
        middle = (share + t2 / (2 * draws)) / (1 + t2 / draws)
        half = np.sqrt(t2 / draws * (share * (1 - share) + t2 / (4 * draws))) / (1 + t2 / draws)
        low_end, high_end = (low + width * (middle + side * half) for side in (-1, 1))
        # Rounding may put an end on the wrong side.
        low_end, high_end = np.minimum(low_end, estimate), np.maximum(high_end, estimate)
        return Interval(float(estimate), float(low_end), float(high_end))

    def means(self, values: np.ndarray) -> tuple[Interval, ...]:
        """Means of the columns of values (prompts, n); rows with a NaN do not count."""
        return intervals(*self.of_means(values))

    def of_means(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means of the columns of values (prompts, n), and sums of their influence (clusters, n).

        Rows with a NaN do not count; NaN without others.
        """
        missing = np.isnan(values).any(axis=1)
        known = values[~missing] if missing.any() else values
        if not known.size:
            return np.full(values.shape[1], np.nan), values[:0]
        estimate = known.mean(axis=0)
        return estimate, self.sums((values - estimate) / len(known))[0]


def intervals(estimate: np.ndarray, sums: np.ndarray) -> tuple[Interval, ...]:
    """Intervals of estimates (n,) from the sums of their influence, (clusters, n)."""
    ends = (estimate, *_ends(estimate, sums))
    return tuple(Interval(*row) for row in zip(*map(np.ndarray.tolist, ends)))


def _ends(estimate: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Ends of intervals, of the shape of the estimates, from sums of influence (clusters, ...).

    With :math:`\gamma` the skewness of the sums over :math:`\sqrt G`, the ends are
    :math:`\hat\theta - \widehat{\mathrm{se}}\, g^{-1}(\pm t)`, where
    :math:`g(u) = ((1 + \gamma u / 3)^3 - 1) / \gamma + \gamma / 6`, and u without skewness
    (Hall 1992, section 3; his third transformation).
    """
    if len(sums) < 2:
        return np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    groups = len(sums)
    scaled, exponent = near_one(sums, axes=sums.ndim)  # powers must not overflow
    square = (scaled**2).sum(axis=0)
    error = np.ldexp(np.sqrt(groups / (groups - 1) * square), exponent[0])
    skew = quotient((scaled**2 * scaled).sum(axis=0), square**1.5)
    straight = ~(abs(skew) > 1e-6)  # none, or rounding; NaN where nothing varies
    bent, t = np.where(straight, 1.0, skew), t_quantile(groups)

    def inverse(x: float) -> np.ndarray:
        return np.where(straight, x, 3 * (np.cbrt(1 + bent * (x - bent / 6)) - 1) / bent)

    return estimate - error * inverse(t), estimate - error * inverse(-t)


def t_quantile(groups: int) -> float:
    """Quantile of Student's t for a two-sided interval from so many clusters; NaN below two."""
    return float(stdtrit(groups - 1, (1 + LEVEL) / 2)) if groups > 1 else np.nan


def ratio(above: np.ndarray, below: np.ndarray) -> float:
    """Sum of `above` over sum of `below`, of the prompts where neither is NaN; NaN for 0."""
    known = ~np.isnan(above + below)
    total = below[known].sum()
    return float(above[known].sum() / total) if total != 0 else np.nan


def ratio_influence(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    r"""Influence values of :func:`ratio`, shape (prompts,): :math:`(a - \hat\theta b) / \sum b`.

    NaN where the prompt does not count, which one with 0 on both sides does not either.
    """
    total = below[~np.isnan(above + below)].sum()
    influence = (above - ratio(above, below) * below) / total
    return np.where((above == 0) & (below == 0), np.nan, influence)
