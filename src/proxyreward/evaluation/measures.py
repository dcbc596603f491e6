"""Every measure of models against golden models, with intervals.

In: scores. Out: a `Model` for each pair of a golden and a model, still without tier, and which
metrics say nothing because a null scorer does as well.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from proxyreward.evaluation import curves, spread, within
from proxyreward.evaluation.confidence import calibration, drawn_pairs, ece_interval, ordered_pairs
from proxyreward.evaluation.gains import Gain
from proxyreward.evaluation.groups import groups
from proxyreward.evaluation.nulls import FIRST
from proxyreward.evaluation.result import Model
from proxyreward.evaluation.sample import Sample
from proxyreward.evaluation.scores import Scores
from proxyreward.evaluation.spread import SHARE
from proxyreward.evaluation.within import Within
from proxyreward.metrics.estimates import Interval
from proxyreward.metrics.pairs import ratio

ENDS = {
    "accuracy": SHARE,
    "accuracy_pair": SHARE,
    "pearson": (-1.0, 1.0),
    "spearman": (-1.0, 1.0),
    "kendall": (-1.0, 1.0),
    "mrr": SHARE,
    "ndcg": SHARE,
}
"""Between which a metric lies on every prompt; of the others no such ends are known."""
LOW_IS_GOOD = ("ece", "gamma")
COMPARED = ("ndr", "gamma")
"""Of `Model.regret`, what a null scorer can do as well."""
WORST_FROM = 20
"""Prompts that a category must have to be called the worst."""


class Measured(NamedTuple):
    """Models against one golden model.

    Attributes
    ----------
    models
        In the order of the names, still without tiers.
    gains
        By name, without null scorers: what tiers are made of.
    """

    models: tuple[Model, ...]
    gains: dict[str, Gain]


def models(
    scores: Scores,
    goldens: Sequence[str],
    names: Sequence[str],
    sample: Sample,
    nulls: Sequence[str] = (),
) -> dict[str, Measured]:
    """All models against each golden model but itself.

    Accuracy and the other metrics are means over prompts of what they are on each prompt, and a
    prompt on which one is undefined does not count for it. ``unspecific`` and ``variance`` are
    ratios of sums over prompts. The names among `nulls` are null scorers.
    """
    found, gains = {}, {golden: {} for golden in goldens}
    for group in groups(scores, goldens, names):
        parts = (
            within.of_group(group, scores.prompts),
            curves.measured(group, scores.prompts, sample),
        )
        variance = spread.of_group(group, scores.prompts, sample)
        drawn = drawn_pairs(group, sample.seed)
        for (golden, name, inside), (_, _, reached) in zip(*parts):
            if name == golden:
                continue
            share = ratio(inside.right, inside.pairs)
            gain = Gain(*curves.ndr_parts(reached.rewards, scores.prompts), share)
            if name not in nulls:
                gains[golden][name] = gain
            means = _means(inside)
            pairs = ordered_pairs(drawn, *group.places((golden, name)))
            null = name in nulls
            calibrated = None if null else calibration(pairs, sample)
            error = calibrated.before if calibrated else ece_interval(pairs, sample)
            found[golden, name] = Model(
                name,
                null,
                metrics={**_intervals(means, sample), "ece": error},
                regret={
                    **reached.regret,
                    "variance": variance[name],
                    "unspecific": sample.ratio(inside.clear, inside.equal, SHARE),
                },
                curve=reached.curve,
                calibration=calibrated,
                counted=_counted(means, inside, gain),
                **_ordered(scores.category, inside, sample),
            )
    return {
        golden: Measured(
            tuple(found[golden, name] for name in names if name != golden), gains[golden]
        )
        for golden in goldens
    }


def beaten(models: Sequence[Model]) -> tuple[Model, ...]:
    """The models with `beaten_by`: null scorers as good as a model as far as can be told.

    That is where the null scorer's estimate is as good as that end of the model's interval which
    is the worse. Null scorers themselves have none, and `FIRST` beats nobody where the file tells
    the answer, see :func:`told_by_order`.
    """
    told = told_by_order(models)
    nulls = [model for model in models if model.null and not (told and model.name == FIRST)]
    return tuple(
        model if model.null else dataclasses.replace(model, beaten_by=_beaten_by(model, nulls))
        for model in models
    )


def told_by_order(models: Sequence[Model]) -> bool:
    """Whether the responses that come first in the file are better by the golden model.

    Many files list the preferred response first. Then `FIRST` is as good as the golden model, which
    says something about the file and nothing about the models.
    """
    return any(model.regret["ndr"].low > 0 for model in models if model.name == FIRST)


def _ordered(category: np.ndarray | None, inside: Within, sample: Sample) -> dict[str, object]:
    """How many prompts and pairs count, and accuracy by category."""
    share = ratio(inside.right, inside.pairs)
    categories = _categories(category, share, sample)
    return {
        "prompts": int((~np.isnan(inside.pairs)).sum()),
        "pairs": int(np.nansum(inside.pairs)),
        "categories": categories,
        "worst": _worst(category, share, categories),
    }


def _means(inside: Within) -> dict[str, np.ndarray]:
    """Metrics that are means over prompts, on each of these; NaN where undefined."""
    return {
        "accuracy": ratio(inside.right, inside.pairs),
        "accuracy_pair": ratio(inside.first_right, inside.first_pairs),
        **inside.metrics,
    }


def _intervals(means: dict[str, np.ndarray], sample: Sample) -> dict[str, Interval]:
    return {name: sample.mean(values, ENDS.get(name)) for name, values in means.items()}


def _counted(means: dict[str, np.ndarray], inside: Within, gain: Gain) -> dict[str, int]:
    """Prompts that count for a metric, where these are not all with two responses.

    NDR and gamma say nothing of prompts whose golden scores are all equal, nor of those with fewer
    than N responses, as which the peak does not count either; `unspecific` is about golden ties.
    """
    known = {name: ~np.isnan(values) for name, values in means.items()}
    gained = gain.possible > 0
    known |= {"ece": inside.pairs > 0, "ndr": gained, "gamma": gained}
    known |= {"peak": ~np.isnan(gain.possible), "unspecific": inside.equal > 0}
    prompts = int((~np.isnan(inside.pairs)).sum())
    counts = {name: int(counted.sum()) for name, counted in known.items()}
    return {name: count for name, count in counts.items() if count != prompts}


def _categories(
    category: np.ndarray | None, share: np.ndarray, sample: Sample
) -> dict[str, Interval]:
    """Accuracy in each category in which a pair is ordered."""
    if category is None:
        return {}
    known = np.unique(category[~np.isnan(share)])
    return {
        str(name): sample.mean(np.where(category == name, share, np.nan), SHARE) for name in known
    }


def _worst(category: np.ndarray | None, share: np.ndarray, categories: dict[str, Interval]) -> str:
    """Category of the lowest accuracy among those with `WORST_FROM` prompts that count."""
    counted = {} if category is None else Counter(category[~np.isnan(share)].tolist())
    large = [name for name in categories if counted[name] >= WORST_FROM]
    return min(large, key=lambda name: categories[name].estimate, default="")


def _beaten_by(model: Model, nulls: list[Model]) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, mine in _compared(model).items():
        as_good = [null.name for null in nulls if _as_good(name, _compared(null)[name], mine)]
        if as_good:
            found[name] = tuple(as_good)
    return found


def _compared(model: Model) -> dict[str, Interval]:
    return {**model.metrics, **{name: model.regret[name] for name in COMPARED}}


def _as_good(metric: str, null: Interval, mine: Interval) -> bool:
    """False where one of the two is not known."""
    if metric in LOW_IS_GOOD:
        return bool(null.estimate <= np.fmax(mine.high, mine.estimate))
    return bool(null.estimate >= np.fmin(mine.low, mine.estimate))
