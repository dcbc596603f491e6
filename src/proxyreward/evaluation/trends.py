"""Scores that follow the place of a response in the file, or its length, within prompts.

In: scores. Out: rank correlations, and symptoms by model.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from os.path import commonprefix

import numpy as np
from scipy.special import ndtr, stdtrit

from proxyreward.evaluation.result import Symptom
from proxyreward.evaluation.scores import Scores
from proxyreward.messages import visible
from proxyreward.metrics.within_prompt import spearman

FALSE_ALARMS = 0.005
"""Of all tests of one kind in a table of clean scores together (Bonferroni)."""
NOTABLE = 0.1  # rank correlation; less is not worth a word
EXCESS = 0.2  # of rank correlation with length above the golden model's
OTHER = "\0other"
"""What scores are held against, as a model; no file can name one so."""


@dataclass(frozen=True)
class Trend:
    """Spearman's correlation of scores with something else, within prompts.

    Attributes
    ----------
    prompts : ndarray, shape (prompts,)
        Their numbers; those where either is the same for all responses are left out.
    rho : ndarray, shape (prompts,)
    free : ndarray, shape (prompts,)
        Responses less one. If one side is in random order, rho has exactly the mean 0 and the
        variance 1 / free, with ties or without (Kendall 1948, Rank Correlation Methods).
    """

    prompts: np.ndarray
    rho: np.ndarray
    free: np.ndarray

    @property
    def mean(self) -> float:
        """Over prompts, weighted by `free`; 0 without prompts."""
        return float(self.free @ self.rho / self.free.sum()) if len(self.rho) else 0.0

    @property
    def p(self) -> float:
        """Two-sided, that one side is in random order in every prompt; by the normal law."""
        return float(2 * ndtr(-abs(self.mean) * np.sqrt(self.free.sum())))


def trend(scores: Scores, model: str, other: np.ndarray) -> Trend:
    """Trend of a model's scores with `other`, shape (rows,), NaN where unknown."""
    parts = []
    for block in beside(scores, model, other).blocks(model, OTHER):
        rho = spearman(*block.values[:, :, None])
        parts.append((block.prompts, rho, np.full(len(rho), block.values.shape[2] - 1.0)))
    if not parts:
        return Trend(np.empty(0, dtype=int), np.empty(0), np.empty(0))
    prompts, rho, free = (np.concatenate(part) for part in zip(*parts))
    known = ~np.isnan(rho)
    return Trend(prompts[known], rho[known], free[known])


def beside(scores: Scores, model: str, other: np.ndarray) -> Scores:
    """The scores of one model, and the model `OTHER`, shape (rows,)."""
    values = np.stack([scores.of(model), other])
    return dataclasses.replace(scores, models=(model, OTHER), values=values)


def _notable(found: Trend, tests: int) -> bool:
    return abs(found.mean) >= NOTABLE and found.p < FALSE_ALARMS / tests


def with_position(scores: Scores) -> dict[str, list[Symptom]]:
    """Models whose scores depend on the place in the file.

    A file with the better responses first gives the same picture. So it is no alarm where a golden
    model depends on the place too, or, without golden models, where most of several models do
    and in one direction. Nor where the same writers stand at the same places in every prompt.
    """
    if scores.position is None:
        return {}
    trends = {model: trend(scores, model, scores.position) for model in scores.models}
    found = {name: each for name, each in trends.items() if _notable(each, len(trends))}
    ordered = any(golden in found for golden in scores.goldens)
    if not scores.goldens and len(found) > max(1, len(trends) / 2):
        ordered = len({each.mean > 0 for each in found.values()}) == 1
    writers = _writers(scores)
    return {
        name: [_placed(name, each, ordered or name in scores.goldens, writers)]
        for name, each in found.items()
    }


def _writers(scores: Scores) -> bool:
    """Whether ids of responses name who wrote them, in one order in every prompt.

    They come again from prompt to prompt, and are no mere numbers, with or without a common
    beginning such as in ``sample-1, sample-2``.
    """
    names, place = np.unique(scores.response_ids.astype(str), return_inverse=True)
    if len(names) == len(place) or _numbered(names.tolist()):
        return False
    first = np.full(len(names), len(place))
    np.minimum.at(first, place, scores.position)
    later = np.diff(first[place]) > 0
    return bool(later[np.diff(scores.prompt) == 0].all())


def _numbered(names: list[str]) -> bool:
    beginning = commonprefix(names).rstrip("0123456789")
    return all(name.removeprefix(beginning).isdecimal() for name in names)


def _placed(model: str, found: Trend, ordered: bool, writers: bool) -> Symptom:
    told = (
        f"Rank correlation of score and place in the file {found.mean:+.2f} within "
        f"{len(found.rho):,} prompts (p = {found.p:.1g})"
    )
    shuffle = "which looks the same: shuffle them within prompts before scoring to tell"
    remedy = (
        f"Responses of the same writers stand at the same places in every prompt, {shuffle}"
        if writers
        else f"The responses seem to be sorted by quality, {shuffle}"
        if ordered
        else "Score the responses again in random order. Likely causes: the token whose score is "
        "read depends on padding within the batch, or a judge prefers a place; responses sorted "
        "by quality would look the same"
    )
    return Symptom(model, "position", not (ordered or writers), told, remedy)


def with_length(scores: Scores) -> dict[str, list[Symptom]]:
    """Models whose scores follow length, and more so than those of any golden model.

    Alarming only beside a golden model: what length is worth, nothing else tells.
    """
    if scores.length is None:
        return {}
    trends = {model: trend(scores, model, scores.length) for model in scores.models}
    goldens = {name: trends[name] for name in scores.goldens if len(trends[name].rho) > 1}
    return {
        name: [_lengthy(name, each, goldens, len(trends))]
        for name, each in trends.items()
        if name not in scores.goldens and _notable(each, len(trends))
    }


def _lengthy(model: str, found: Trend, goldens: dict[str, Trend], tests: int) -> Symptom:
    longer = "longer" if found.mean > 0 else "shorter"
    told = (
        f"Prefers {longer} responses: rank correlation with length {found.mean:+.2f} within "
        f"{len(found.rho):,} prompts"
    )
    told += "".join(f"; golden {visible(name)} {each.mean:+.2f}" for name, each in goldens.items())
    alarming = bool(goldens) and all(_exceeds(found, each, tests) for each in goldens.values())
    remedy = (
        "Optimising against it will change length first: compare at equal length, or take length "
        "out of the score"
        if alarming
        else "Watch length while optimising; a golden model would tell whether length is merited"
        if not goldens
        else "Watch length while optimising; it follows length little more than the golden model"
    )
    return Symptom(model, "length", alarming, told, remedy)


def _exceeds(found: Trend, golden: Trend, tests: int) -> bool:
    """Whether a trend goes beyond the golden one in its own direction, by a t test over prompts."""
    _, one, other = np.intersect1d(found.prompts, golden.prompts, return_indices=True)
    if len(one) < 2:
        return False
    more = np.sign(found.mean) * (found.rho[one] - golden.rho[other])
    error = more.std(ddof=1) / np.sqrt(len(more))
    limit = -stdtrit(len(more) - 1, FALSE_ALARMS / tests)
    return bool(more.mean() >= EXCESS and more.mean() > limit * error)
