r"""Best-of-n curves for every n, and the regret that follows.

In: scores. Out: golden rewards per prompt of the best-of-n responses by a model, their means with
intervals, and NDR, gamma and the peak.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from proxyreward.evaluation.groups import Group, groups, wide
from proxyreward.evaluation.result import Curve
from proxyreward.evaluation.sample import UNKNOWN, Means, Sample, t_quantile
from proxyreward.evaluation.scores import Block, Scores
from proxyreward.metrics.best_of_n import kl_bound, weights
from proxyreward.metrics.estimates import Interval
from proxyreward.metrics.ranking import Ranking
from proxyreward.metrics.scaling import near_one

BEST = {"ndr": 1.0, "gamma": 0.0}
"""Of a model that chooses as the golden one does."""
ROUNDING = 1e-12
NOTHING = [np.empty((0, 0))]
REACHED = 0.9
"""Share of the prompts that must have as many responses as the longest n."""


class PerPrompt(NamedTuple):
    """Expected rewards of best-of-n for n = 1, …, N on each prompt.

    Attributes
    ----------
    prompts : ndarray of int, shape (prompts,)
        Their numbers, rising: those with N responses at least.
    golden, own, best : ndarray, shape (prompts, N)
        As in :class:`~proxyreward.evaluation.result.Curve`.
    """

    prompts: np.ndarray
    golden: np.ndarray
    own: np.ndarray
    best: np.ndarray


def per_prompt(scores: Scores, golden: str, model: str) -> PerPrompt:
    """Best-of-n by :func:`~proxyreward.metrics.best_of_n.best_of_n` on each prompt.

    On the responses that both models have scored. N is the largest n that nine tenths of the
    prompts with two such responses have; prompts with fewer than N are left out, and where no
    prompt has two, all arrays are empty.
    """
    return next(found for _, _, found in every(scores, (golden,), (model,)))


def every(
    scores: Scores, goldens: Sequence[str], models: Sequence[str]
) -> Iterator[tuple[str, str, PerPrompt]]:
    """:func:`per_prompt` of all pairs of a golden and a model, with their names."""
    for group in groups(scores, goldens, models):
        yield from of_group(group)


def curve(scores: Scores, golden: str, model: str, sample: Sample) -> Curve | None:
    """Means over prompts with intervals, each n for itself; None without two responses."""
    group = next(groups(scores, (golden,), (model,)))
    return next(found.curve for _, _, found in measured(group, scores.prompts, sample))


class Measured(NamedTuple):
    """What is known of a pair of a golden and a model: per prompt, and by its means."""

    rewards: PerPrompt
    curve: Curve | None
    regret: dict[str, Interval]


def measured(group: Group, prompts: int, sample: Sample) -> Iterator[tuple[str, str, Measured]]:
    """:func:`of_group` with the :func:`curve` and the :func:`regret` of each pair.

    Of so many prompts in all.
    """
    own: dict[str, tuple[Interval, ...]] = {}  # of a golden model these are the best
    for golden, model, found in of_group(group):
        for name, rewards in ((golden, found.best), (model, found.own)):
            if name not in own:
                own[name] = sample.means(wide(rewards, found.prompts, prompts))
        means = sample.of_means(wide(found.golden, found.prompts, prompts))
        reached = means.intervals()
        n = np.arange(1, len(reached) + 1)
        line = Curve(
            _plain(n), _plain(_nats(n)), reached, own[model], own[golden], len(found.prompts)
        )
        regret = _regret(found, prompts, sample, means)
        yield golden, model, Measured(found, line if len(n) else None, regret)


def regret(scores: Scores, golden: str, model: str, sample: Sample) -> dict[str, Interval]:
    r"""``ndr``, ``gamma`` and ``peak``.

    NDR at N is :func:`~proxyreward.metrics.regret.normalised_drop_ratio` of the means at N. With
    J the golden reward of the best by the model, J* that of the best by the golden model, and D
    the bound of the KL divergence in nats,

    .. math:: \gamma = \int_0^{D(N)} (J^* - J)\, dD \Big/ \int_0^{D(N)} (J^* - J^*(1))\, dD

    by trapezoids over every n. Both are ratios of means over prompts. NaN where the golden model
    gains nothing.

    ``peak`` is the n of the highest mean of J, the least of several. Its interval spans all n of
    which no other n is significantly better: those at which the paired t statistics of all
    differences :math:`J(m) - J(n)` stay below the two-sided quantile. Where the curve turns
    smoothly these statistics nearly agree, so that it holds the true peak at least with about the
    level: as a set of whole numbers more often (0.99 of simulated tables), and so does a peak at
    either end, which is tested on one side only.
    """
    return regret_of(per_prompt(scores, golden, model), scores.prompts, sample)


def regret_of(found: PerPrompt, prompts: int, sample: Sample) -> dict[str, Interval]:
    """:func:`regret` of what is known per prompt, of so many prompts in all."""
    means = sample.of_means(wide(found.golden, found.prompts, prompts))
    return _regret(found, prompts, sample, means)


def _regret(found: PerPrompt, prompts: int, sample: Sample, means: Means) -> dict[str, Interval]:
    if not len(found.prompts):
        return dict.fromkeys(("ndr", "gamma", "peak"), UNKNOWN)
    parts = {"ndr": ndr_parts(found, prompts), "gamma": gamma_parts(found, prompts)}
    ratios = {name: _ratio(*pair, sample, BEST[name]) for name, pair in parts.items()}
    return {**ratios, "peak": _peak(means, abs(found.golden).max())}


def _ratio(above: np.ndarray, below: np.ndarray, sample: Sample, best: float) -> Interval:
    """The ratio of sums with its interval, which is no point where all prompts are at the best.

    There no prompt differs from another, and the interval is that of a share of 0 or 1.
    """
    found = sample.ratio(above, below)
    if abs(found.estimate - best) > ROUNDING:
        return found
    return sample.ratio(above, below, (0.0, 1.0))


def ndr_parts(found: PerPrompt, prompts: int) -> tuple[np.ndarray, np.ndarray]:
    """What each prompt adds to the gain by the model and to that by golden, shape (prompts,).

    The ratio of their sums is the NDR at N. NaN where the prompt does not count.
    """
    start = found.best[:, :1]
    gains = found.golden[:, -1:] - start, found.best[:, -1:] - start
    return tuple(wide(gain.sum(axis=1), found.prompts, prompts) for gain in gains)


def gamma_parts(found: PerPrompt, prompts: int) -> tuple[np.ndarray, np.ndarray]:
    steps = np.diff(_nats(np.arange(1, found.best.shape[1] + 1)))
    weights = (np.append(steps, 0) + np.append(0, steps)) / 2  # of trapezoids
    gaps = found.best - found.golden, found.best - found.best[:, :1]
    return tuple(wide(gap @ weights, found.prompts, prompts) for gap in gaps)


def peak(golden: np.ndarray, sample: Sample) -> Interval:
    """Peak of the mean of golden (prompts, n), and the n that may be it."""
    return _peak(sample.of_means(golden), np.nanmax(abs(golden)))


def _peak(means: Means, largest: float) -> Interval:
    """From the means for each n, and the largest of all numbers."""
    (scaled,), exponent = near_one(np.array([largest]))
    noise = ROUNDING * scaled  # a flat curve has no peak by it
    mean, sums = (np.ldexp(part, -exponent) for part in means[:2])
    peak = int(np.argmax(mean >= mean.max() - noise)) + 1
    groups = len(sums)
    if groups < 2:
        return Interval(peak, np.nan, np.nan)
    error = means._replace(estimate=mean, sums=sums).errors()
    beaten = mean[:, None] - mean - noise > t_quantile(groups) * error
    held = np.flatnonzero(~beaten.any(axis=0)) + 1
    return Interval(peak, int(held[0]), int(held[-1]))


def of_group(group: Group) -> Iterator[tuple[str, str, PerPrompt]]:
    """:func:`per_prompt` of the pairs of a group, model by model."""
    longest = _longest(group.blocks)
    blocks = [block for block in group.blocks if block.rows.shape[1] >= longest]
    prompts = np.concatenate([block.prompts for block in blocks] or [np.empty(0, int)])
    order = np.argsort(prompts)
    tables = [weights(block.rows.shape[1], np.arange(1, longest + 1)).T for block in blocks]
    middles = [_middle(block.values) for block in blocks]
    centred = [block.values - middle for block, middle in zip(blocks, middles)]

    def rewards(proxy: str, goldens: Sequence[str]) -> Iterator[np.ndarray]:
        (p,) = group.places([proxy])
        ranked = [Ranking.of(block.values[p]) for block in blocks]
        for g in group.places(goldens):
            parts = [
                ranking.sort(rest[g]) @ table + middle[g]
                for ranking, rest, table, middle in zip(ranked, centred, tables, middles)
            ]
            yield parts[0] if len(parts) == 1 else np.concatenate(parts or NOTHING)[order]

    best = {golden: next(rewards(golden, [golden])) for golden in group.goldens}
    for model in group.models:
        own, *found = rewards(model, [model, *group.goldens])
        for golden, reached in zip(group.goldens, found):
            yield golden, model, PerPrompt(prompts[order], reached, own, best[golden])


def _middle(values: np.ndarray) -> np.ndarray:
    """Middle of each model's scores on each prompt, (models, prompts, 1), of (models, prompts, k).

    Golden rewards less it, added again to their means: so equal ones gain exactly nothing.
    """
    return (values.max(axis=-1, keepdims=True) + values.min(axis=-1, keepdims=True)) / 2


def _longest(blocks: list[Block]) -> int:
    """Largest n that the share `REACHED` of the prompts of the blocks have; 0 without any."""
    sizes = [np.full(len(block.prompts), block.rows.shape[1]) for block in blocks]
    ascending = np.concatenate(sizes or [np.zeros(1, int)])
    return int(ascending[int(np.floor((1 - REACHED) * len(ascending) + 1e-9))])


def _plain(values: np.ndarray) -> tuple:
    return tuple(values.tolist())


def _nats(n: np.ndarray) -> np.ndarray:
    return kl_bound(n) * np.log(2)
