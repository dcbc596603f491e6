r"""Which models are safer to optimise against than which, in tiers.

In: scores. Out: a tier of each model, and every pair of models compared on the responses that both
have scored.

Two models are compared on the same prompts, so what a prompt is like cancels. With a and b the
golden rewards of the best of N by either and g the gain by the golden model, the difference of
their NDR is :math:`D = \sum (a - b) / \sum g`; its standard error and t interval are those of
:class:`~proxyreward.evaluation.sample.Sample`. Over all pairs of models p is corrected
by Holm (1979), so that with the probability 0.95 no two equal models are told apart.

Being told apart is not transitive: a may be better than c, and b differ from neither. A model's
tier is 1 + the length of the longest chain of models, each told apart from the next, that ends
above it. So two models of one tier are never told apart, every model below the first tier is told
apart from one of the tier above, and no fewer tiers do (Mirsky 1971). The first tier are the models
that none is known to beat; a model that has scored few prompts may be there for lack of evidence,
which its interval shows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, combinations_with_replacement, product
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from proxyreward.evaluation.gains import Gain, gains
from proxyreward.evaluation.groups import alike
from proxyreward.evaluation.result import LEVEL, Difference
from proxyreward.evaluation.sample import UNKNOWN, Sample, ratio
from proxyreward.evaluation.scores import Scores
from proxyreward.metrics.estimates import Interval
from proxyreward.metrics.pairs import ratio as quotient

POWER = 0.8
EQUAL = 0.02
"""Accuracies that differ by less are equal in practice."""
ROUNDING = 1e-12
NUMBERS = 2**21
"""Prompts times couples at a time, of which each has some ten numbers."""


class _Couple(NamedTuple):
    """Two models compared.

    Attributes
    ----------
    p
        Two-sided, of this couple alone.
    spread
        Standard deviation of what a cluster adds to the difference of NDR, in units of it.
    clusters, prompts
        How many count.
    """

    first: str
    second: str
    accuracy: Interval
    ndr: Interval
    p: float
    spread: float
    clusters: int
    prompts: int


def rank(
    scores: Scores, golden: str, own: dict[str, Gain], sample: Sample
) -> tuple[dict[str, int], tuple[Difference, ...]]:
    """Tiers from 1 by NDR, and all pairs of the models of these gains, the better first.

    Models whose NDR is unknown have no tier. The models are in the order of their mean paired
    difference from the others. Only where scores are missing can a pair contradict that order, and
    then it does not count for the tiers.
    """
    known = dict.fromkeys(own, False)
    couples = []
    for found, together in _together(scores, golden, own):
        known |= {name: known[name] or not np.isnan(ratio(*found[name][:2])) for name in found}
        for few in _few(list(together), scores.prompts):
            couples += _compared(found, few, sample)
    order = _order(tuple(own), couples)
    couples = [c if order.index(c.first) < order.index(c.second) else _swapped(c) for c in couples]
    couples.sort(key=lambda couple: (order.index(couple.first), order.index(couple.second)))
    found = _differences(couples)
    return _tiers([name for name in order if known[name]], found), found


def holm(p: np.ndarray) -> np.ndarray:
    r"""Holm's adjusted p-values, shape (tests,): :math:`\max_{j \le i} \min(1, (m-j+1) p_{(j)})`.

    m counts the tests that were made; NaN stays.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.02])).tolist()
    [0.03, 0.04, 0.04]
    """
    tests = int((~np.isnan(p)).sum())
    order = np.argsort(p)
    steps = np.arange(tests, tests - len(p), -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(np.minimum(1.0, steps * p[order]))
    return adjusted


def clusters_needed(spread: float, level: float) -> float:
    r"""Clusters of prompts that tell two models apart with the probability `POWER`.

    .. math:: (z_{1-\alpha/2} + z_{0.8})^2 s^2 + z_{1-\alpha/2}^2 / 2

    for a two-sided paired t test at the level alpha (Guenther 1981, The American Statistician
    35:243), with s the standard deviation over clusters in units of the difference.

    Examples
    --------
    >>> round(clusters_needed(2.0, 0.05), 1)
    33.3
    """
    z = -ndtri(level / 2)
    return float((z + ndtri(POWER)) ** 2 * spread**2 + z**2 / 2)


def _together(
    scores: Scores, golden: str, own: dict[str, Gain]
) -> Iterator[tuple[dict[str, Gain], Iterator[tuple[str, str]]]]:
    """Gains of some models on the responses that all of these have scored, and the pairs of them.

    Models that lack the same scores have their own gains there.
    """
    for one, other in combinations_with_replacement(alike(scores, tuple(own)), 2):
        if one == other:
            yield own, combinations(one, 2)
            continue
        both = (golden, *one, *other)
        rows = ~np.isnan(scores.of(one[0])) & ~np.isnan(scores.of(other[0]))
        values = np.where(rows, [scores.of(name) for name in both], np.nan)
        part = dataclasses.replace(scores, models=both, values=values)
        yield gains(part, golden, both[1:]), product(one, other)


def _few(couples: list[tuple[str, str]], prompts: int) -> Iterator[list[tuple[str, str]]]:
    """So many couples at a time that their numbers of all prompts need little memory."""
    step = max(1, NUMBERS // max(prompts, 1))
    for start in range(0, len(couples), step):
        yield couples[start : start + step]


def _compared(
    found: dict[str, Gain], couples: Sequence[tuple[str, str]], sample: Sample
) -> list[_Couple]:
    """Couples of models that have scored the same responses, all at once."""
    gap, share = (
        np.array([getattr(found[one], of) - getattr(found[other], of) for one, other in couples]).T
        for of in ("reached", "share")
    )
    possible = found[couples[0][0]].possible
    # Equal choices may add up to different rounding errors, of which a t test would make much.
    gap[abs(gap) <= ROUNDING * abs(possible)[:, None]] = 0.0
    accuracy = sample.means(share)
    prompts = int((~np.isnan(possible)).sum())
    tested = _tested(gap, possible, sample)
    return [_Couple(*couple, *each, prompts) for couple, *each in zip(couples, accuracy, *tested)]


def _tested(gap: np.ndarray, possible: np.ndarray, sample: Sample) -> Iterable[Iterable]:
    """Interval, p, spread and clusters of differences of NDR, by gaps (prompts, couples).

    p is that of the interval, but never below that of a test which flips the signs of the
    clusters' gaps, where only those other than 0 count: three clusters of one sign prove nothing,
    however alike they are.
    """
    known = ~np.isnan(possible)
    total, couples = possible[known].sum(), gap.shape[1]
    if total == 0:
        return [UNKNOWN] * couples, [np.nan] * couples, [np.nan] * couples, [0] * couples
    difference = gap[known].sum(axis=0) / total
    influence = (gap - possible[:, None] * difference) / total
    influence[(possible == 0) & (gap == 0).all(axis=1)] = np.nan  # says nothing
    error, clusters = sample.error(influence)
    found, p = sample.paired(difference, influence, possible)
    least = 0.5 ** (np.count_nonzero(sample.sums(gap)[0], axis=0) - 1.0)
    open_ = (difference == 0) | (clusters < 2)
    spread = quotient(error * np.sqrt(clusters), np.where(open_, 0, abs(difference)))
    p = np.where(open_, p, np.maximum(p, least))
    return found, p.tolist(), spread.tolist(), [clusters] * couples


def _order(names: Sequence[str], couples: Sequence[_Couple]) -> list[str]:
    """Names by their mean difference from the others, the best first; unknown ones count 0."""
    total = dict.fromkeys(names, 0.0)
    for couple in couples:
        difference = np.nan_to_num(couple.ndr.estimate)
        total[couple.first] += difference
        total[couple.second] -= difference
    return sorted(names, key=lambda name: -total[name])


def _swapped(couple: _Couple) -> _Couple:
    accuracy, ndr = (Interval(-i.estimate, -i.high, -i.low) for i in (couple.accuracy, couple.ndr))
    return couple._replace(first=couple.second, second=couple.first, accuracy=accuracy, ndr=ndr)


def _differences(couples: Sequence[_Couple]) -> tuple[Difference, ...]:
    adjusted = holm(np.array([couple.p for couple in couples]))
    open_ = max(1, int((adjusted >= 1 - LEVEL).sum()))
    return tuple(
        Difference(
            couple.first,
            couple.second,
            couple.accuracy,
            couple.ndr,
            float(p),
            bool(p < 1 - LEVEL and _equal(couple.accuracy)),
            np.nan if p < 1 - LEVEL else _needed(couple, (1 - LEVEL) / open_),
        )
        for couple, p in zip(couples, adjusted)
    )


def _equal(accuracy: Interval) -> bool:
    """Whether accuracies cannot be told apart: they differ by at most `EQUAL`, and the interval of
    the difference holds 0 or lies within `EQUAL` of it.

    An interval that holds 0 is not enough: with few prompts it holds large differences as well.
    """
    low, high = accuracy.low, accuracy.high
    return abs(accuracy.estimate) <= EQUAL and (low <= 0 <= high or max(-low, high) <= EQUAL)


def _needed(couple: _Couple, level: float) -> float:
    """Prompts that would tell a couple apart, if the difference is what it seems to be.

    At the level that Holm asks of the next couple to be told apart: 0.05 over the number of couples
    that are not.
    """
    if np.isnan(couple.spread):
        return np.nan
    per_cluster = couple.prompts / couple.clusters
    needed = np.ceil(clusters_needed(couple.spread, level) * per_cluster)
    return float(max(needed, couple.prompts + 1))


def _tiers(order: Sequence[str], differences: Sequence[Difference]) -> dict[str, int]:
    tiers: dict[str, int] = {}
    for name in order:
        above = [
            tiers[each.first]
            for each in differences
            if each.second == name and each.first in tiers and _better(each)
        ]
        tiers[name] = 1 + max(above, default=0)
    return tiers


def _better(each: Difference) -> bool:
    return each.p < 1 - LEVEL and each.ndr.estimate > 0
