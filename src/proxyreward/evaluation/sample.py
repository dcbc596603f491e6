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

Clusters may differ in size. An estimate lies close to what its large clusters say, so their sums
above are too small. A t test that some :math:`\theta` is true has no such fault: with
:math:`n_g` of the P prompts, cluster g then has

.. math:: z_g = \sum_{p \in g} \psi_p + (\hat\theta - \theta)\, n_g / P

of expectation 0. In a ratio, of which prompts may tell much or little as well, its share of
:math:`\sum b` takes the place of :math:`n_g / P`. Where the :math:`z_g` are independent and normal,
however unequal their variances, the test keeps its level of 5 in a hundred (Bakirov and Székely
2005; Ibragimov and Müller 2010). The interval is made of all :math:`\theta` that it does not
reject, as Fieller's (1954) of a ratio. With clusters of one weight it is the plain one. Where one
of few clusters outweighs the others, the test does not reject what is far away: the interval has
no end on either side, and p is 1.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from proxyreward.evaluation.result import LEVEL
from proxyreward.evaluation.scores import Scores
from proxyreward.metrics.estimates import Interval
from proxyreward.metrics.pairs import ratio as quotient
from proxyreward.metrics.scaling import near_one

UNKNOWN = Interval(np.nan, np.nan, np.nan)
ROUNDING = 1e-14
"""Of influence values, in units of the largest number that they are made of: it counts as 0."""


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
    """

    def __init__(self, scores: Scores, seed: int = 0) -> None:
        self.seed = seed
        prompts = np.arange(scores.prompts)
        known = scores.cluster is not None
        self.group = np.unique(scores.cluster, return_inverse=True)[1] if known else prompts
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
        sums, sizes = self._sums(influence)
        return sums, len(sizes)

    def _sums(
        self, influence: np.ndarray, weight: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same sums, and the weights of the clusters.

        That is the sum of the prompts' weights (prompts,), or without these how many count.
        """
        group, weight = self.group, np.ones(len(self.group)) if weight is None else weight
        if (missing := np.isnan(influence)).any():
            kept = ~missing.reshape(len(influence), -1).any(axis=1)
            influence, group, weight = influence[kept], group[kept], weight[kept]
        if self.groups == len(self.group) or not len(group):
            return influence, weight
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        return tuple(np.add.reduceat(part[order], starts) for part in (influence, weight))

    @property
    def outweighed(self) -> bool:
        """Whether one of the clusters outweighs the others, so that means have no bounds."""
        sizes = np.bincount(self.group)
        return len(sizes) > 1 and _room(sizes) <= 0

    def error(self, influence: np.ndarray) -> tuple[np.ndarray, int]:
        """Standard errors (...) of influence values (prompts, ...), and how many clusters count.

        NaN errors below two clusters.
        """
        sums, groups = self.sums(influence)
        if groups < 2:
            return np.full(influence.shape[1:], np.nan), groups
        scaled, exponent = _near_one(sums)
        return np.ldexp(_error(_squares(scaled), groups), exponent), groups

    def interval(
        self, estimate: float, influence: np.ndarray, weight: np.ndarray | None = None
    ) -> Interval:
        """Estimate with its interval, from influence values (prompts,).

        NaN ends where fewer than two clusters count, infinite ones where one outweighs the others,
        by its prompts or by their weights (prompts,).
        """
        low, high = _ends(np.array(estimate), *self._sums(influence, weight))
        return Interval(float(estimate), float(low), float(high))

    def paired(
        self, difference: np.ndarray, influence: np.ndarray, weight: np.ndarray | None = None
    ) -> tuple[list[Interval], np.ndarray]:
        """Student's intervals of differences (n,), and the two-sided p that there are none.

        From influence values (prompts, n). Without the correction for skewness of
        :meth:`interval`: what is paired has little, and far in its tails, where p of many pairs is
        looked at, the correction would find too much.
        """
        sums, sizes = self._sums(influence, weight)
        groups, t = len(sizes), t_quantile(len(sizes))
        if groups < 2:
            found = [Interval(each, np.nan, np.nan) for each in difference.tolist()]
            return found, np.ones(len(found))
        scaled, exponent = _near_one(np.vstack([sums, difference]))
        sums, gap = scaled[:-1], scaled[-1]
        below, above = _student(sums, _squares(sums), sizes)
        ends = np.ldexp([gap - t * below, gap + t * above], exponent)
        found = [Interval(*row) for row in zip(*map(np.ndarray.tolist, (difference, *ends)))]
        if _room(sizes) <= 0:
            return found, np.ones(len(found))
        error = _error(_squares(sums + np.outer(_unequal(sizes), gap)), groups)  # were there none
        with np.errstate(divide="ignore", invalid="ignore"):
            p = 2 * stdtr(groups - 1, -abs(gap) / error)
        return found, np.where(gap == 0, 1.0, p)

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
            return self.bounded(estimate, influence, ends, below)
        return self.interval(estimate, influence, below)

    def bounded(
        self,
        estimate: float,
        influence: np.ndarray,
        ends: tuple[float, float],
        weight: np.ndarray | None = None,
    ) -> Interval:
        r"""Wilson's interval of a mean of numbers that lie between two ends.

        The mean's place p between the ends is taken for a share of as many independent draws as
        would have its standard error, :math:`n = p(1-p)/\widehat{\mathrm{se}}^2`, with
        :math:`t_{G-1}` in the place of z (Korn and Graubard 1998; Dean and Pagano 2015). So it
        stays within the ends, and is no point at an end, where as many draws as clusters count.
        Where clusters differ in size the error is the geometric mean of those to both sides.
        """
        sums, sizes = self._sums(influence, weight)
        low, width, groups = ends[0], ends[1] - ends[0], len(sizes)
        if groups < 2:
            return Interval(float(estimate), np.nan, np.nan)
        sums = sums / width
        below, above = _student(sums, _squares(sums), sizes)
        share, square = (estimate - low) / width, float(below * above)
        at_end = min(share, 1 - share) < 1e-12  # but for rounding
        share = float(round(share)) if at_end else share
        if square == 0 and not at_end:
            return Interval(float(estimate), float(estimate), float(estimate))
        if np.isinf(square) and not at_end:
            return Interval(float(estimate), *ends)
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
        return self.of_means(values).intervals()

    def of_means(self, values: np.ndarray) -> Means:
        """Means of the columns of values (prompts, n), of which rows with a NaN do not count."""
        missing = np.isnan(values).any(axis=1)
        known = values[~missing] if missing.any() else values
        if not known.size:
            nothing = np.full(values.shape[1], np.nan)
            return Means(nothing, values[:0], np.ones(0))
        estimate = known.mean(axis=0)
        apart = values - estimate
        apart[abs(apart) <= ROUNDING * abs(known).max(axis=0)] = 0.0
        return Means(estimate, *self._sums(apart / len(known)))


class Means(NamedTuple):
    """Means of n columns, and what their intervals are made of.

    Attributes
    ----------
    estimate : ndarray, shape (n,)
        NaN where no row counts.
    sums : ndarray, shape (clusters, n)
        Of influence values.
    sizes : ndarray, shape (clusters,)
        How many prompts of each cluster count.
    """

    estimate: np.ndarray
    sums: np.ndarray
    sizes: np.ndarray

    def intervals(self) -> tuple[Interval, ...]:
        """The intervals, in the order of the columns."""
        ends = (self.estimate, *_ends(*self))
        return tuple(Interval(*row) for row in zip(*map(np.ndarray.tolist, ends)))

    def errors(self) -> np.ndarray:
        """Standard errors of the difference of each two means, were there none: shape (n, n).

        Infinite where one cluster outweighs the others.
        """
        factor = len(self.sizes) / (len(self.sizes) - 1)
        moments = factor * self.sums.T @ self.sums
        variance = np.diag(moments)[:, None] + np.diag(moments) - 2 * moments
        if self.sizes.min() < self.sizes.max():
            apart, gap = _unequal(self.sizes), self.estimate[:, None] - self.estimate
            lean = apart @ self.sums
            variance += factor * gap * (2 * (lean[:, None] - lean) + gap * (apart @ apart))
            if _room(self.sizes) <= 0:
                variance = np.full_like(variance, np.inf)
        return np.sqrt(variance.clip(min=0))


def _near_one(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums (clusters, ...), each column over a power of two, so that squares neither overflow nor
    vanish; and the exponents (...)."""
    exponent = near_one(abs(sums).max(axis=0)[..., None])[1][..., 0]
    return sums * np.ldexp(1.0, -exponent), exponent


def _squares(sums: np.ndarray) -> np.ndarray:
    return (sums**2).sum(axis=0)


def _error(squares: np.ndarray, groups: int) -> np.ndarray:
    """Standard errors (...) from sums of squares (...) over two or more clusters."""
    return np.sqrt(groups / (groups - 1) * squares)


def _unequal(sizes: np.ndarray) -> np.ndarray:
    """By how much the clusters' shares of all differ from equal ones, (clusters,)."""
    return sizes / sizes.sum() - 1 / len(sizes)


def _room(sizes: np.ndarray) -> float:
    """The r of `_student`: 1 for equal clusters, 0 or less where one outweighs the others."""
    apart, groups = _unequal(sizes), len(sizes)
    return float(1 - t_quantile(groups) ** 2 * groups / (groups - 1) * (apart @ apart))


def _student(
    sums: np.ndarray, squares: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Errors below and above the estimate, both (...), from sums of influence (clusters, ...).

    Student's interval, :math:`[\hat\theta - t e_-, \hat\theta + t e_+]`, ends where
    :math:`(\hat\theta - \theta)^2 = t^2 k \sum_g (\psi_g + (\hat\theta - \theta) c_g)^2`, with
    :math:`\psi_g` the sums, :math:`c_g` the share of cluster g in all weights less 1/G, and
    :math:`k = G/(G-1)`:

    .. math:: e_\mp = \sqrt{\frac{k}{r} \sum_g \psi_g^2 + l^2} \pm l, \quad
              l = \frac{t k}{r} \sum_g \psi_g c_g, \quad r = 1 - t^2 k \sum_g c_g^2.

    Where r is not above 0 they are infinite, but for sums that are all 0.
    """
    groups = len(sums)
    error = _error(squares, groups)
    if sizes.min() == sizes.max():
        return error, error
    room = _room(sizes)
    if room <= 0:
        return (np.where(error > 0, np.inf, 0.0),) * 2
    lean = t_quantile(groups) * groups / (groups - 1) * (_unequal(sizes) @ sums) / room
    middle = np.sqrt(error**2 / room + lean**2)
    return middle + lean, middle - lean


def _ends(
    estimate: np.ndarray, sums: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Ends of intervals, of the shape of the estimates, from sums of influence (clusters, ...).

    With :math:`\gamma` the skewness of the sums over :math:`\sqrt G`, and the errors of `_student`,
    the ends are :math:`\hat\theta - e_\mp\, g^{-1}(\pm t)`, where
    :math:`g(u) = ((1 + \gamma u / 3)^3 - 1) / \gamma + \gamma / 6`, and u without skewness
    (Hall 1992, section 3; his third transformation).
    """
    if len(sums) < 2:
        return np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    scaled, exponent = _near_one(sums)
    squares = _squares(scaled)
    below, above = (np.ldexp(part, exponent) for part in _student(scaled, squares, sizes))
    skew = quotient((scaled**2 * scaled).sum(axis=0), squares**1.5)
    straight = ~(abs(skew) > 1e-6)  # none, or rounding; NaN where nothing varies
    bent, t = np.where(straight, 1.0, skew), t_quantile(len(sums))

    def inverse(x: float) -> np.ndarray:
        return np.where(straight, x, 3 * (np.cbrt(1 + bent * (x - bent / 6)) - 1) / bent)

    return estimate - below * inverse(t), estimate - above * inverse(-t)


def t_quantile(groups: float) -> float:
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
    total, share = below[~np.isnan(above + below)].sum(), ratio(above, below) * below
    apart = above - share
    apart[abs(apart) <= ROUNDING * np.nanmax(abs(above) + abs(share), initial=0.0)] = 0.0
    return np.where((above == 0) & (below == 0), np.nan, apart / total)
