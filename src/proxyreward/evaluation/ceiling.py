r"""How good a golden model is itself, and so how good any model can look against it.

In: scores, several raters' among them or not. Out: reliability within prompts, a ceiling of
accuracy, and whether the golden scores order responses at all.

With raters a score is truth and noise, :math:`x_{rj} = t_j + e_{rj}`. The means a, b of two halves
of the raters of a response share t alone, so their covariance within prompts is the variance of t,
and with m the mean of all raters

.. math:: \rho = \mathrm{cov}(a, b) / \mathrm{var}(m)

is the reliability of m. With equal halves it is Flanagan's :math:`4\,\mathrm{cov}(a, b) /
\mathrm{var}(a + b)` (Rulon 1939), which is the Spearman-Brown step up where both halves vary alike;
halves of any size will do. Where every rater rates every response, its mean over all splits is
Cronbach's alpha (1951). A rater's leniency cancels there; where each response has other raters, it
is noise, as it is in their mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from proxyreward.evaluation.result import Ceiling
from proxyreward.evaluation.sample import UNKNOWN, Sample
from proxyreward.evaluation.scores import RATERS, Scores, equal_pairs
from proxyreward.metrics.estimates import Interval

SPLITS = 50
FEWEST_ORDERED = 2
"""Prompts with two different golden scores, without which there is nothing to agree with."""


def ceiling(scores: Scores, golden: str, seed: int = 0) -> Ceiling:
    """Reliability of a golden model, the ceiling that follows, and whether there is any signal.

    There is none where fewer than `FEWEST_ORDERED` prompts have two different golden scores or,
    with raters, where the interval of the reliability reaches 0: raters who roll dice pass for
    signal in 4 % of simulated tables of 5 to 100 prompts. How far the scores of a single model or
    rater are off the truth cannot be told from them; then both numbers are NaN.
    """
    ordered, prompts, tied = _order(scores, golden)
    if ordered < FEWEST_ORDERED:
        told = (
            f"Golden scores differ within {ordered:,} of {prompts:,} prompts with two responses: "
            "they order nothing, so nothing is ranked; give finer scores, or more responses"
        )
        return Ceiling("none", UNKNOWN, np.nan, False, told)
    if golden != RATERS or scores.raters is None:
        return _alone(ordered, prompts)
    signal, own, raters = _within(scores, seed)
    if not np.isfinite(own).any():
        return _alone(ordered, prompts)
    return _of_raters(Sample(scores, seed=seed).ratio(signal, own), tied, own, raters)


def highest_accuracy(reliability: float, tied: float) -> float:
    r"""Accuracy that a model which knows the truth would reach against the golden scores.

    .. math:: \frac12 + \frac{\arcsin\sqrt\rho}{\pi\,(1 - \tau)}

    At most 1. Differences of truth and of golden scores correlate by :math:`\sqrt\rho`; two normal
    variables of that correlation agree in sign with the probability :math:`1/2 +
    \arcsin\sqrt\rho/\pi` (Sheppard 1899). The share :math:`\tau` of pairs that the golden scores
    tie counts half in that and not at all in the accuracy. Simulated with normal truth, noise and
    2 to 10 raters it is right to 0.015 for ratings of five levels or more; of three levels or
    two, and unevenly used, it is too high: no model is blamed for falling short.

    Parameters
    ----------
    reliability
        Below 0 it counts as 0.
    tied
        Share of pairs within prompts with equal golden scores.

    Examples
    --------
    >>> round(highest_accuracy(0.5, 0.0), 6), round(highest_accuracy(0.5, 0.2), 6)
    (0.75, 0.8125)
    """
    agree = np.arcsin(np.sqrt(np.clip(reliability, 0, 1))) / np.pi
    return float(min(0.5 + agree / (1 - tied), 1.0))


def _order(scores: Scores, golden: str) -> tuple[int, int, float]:
    """Prompts with two different golden scores, prompts with two, and the share of tied pairs."""
    ordered = prompts = pairs = tied = 0
    for block in scores.blocks(golden):
        values = block.values[0]
        ordered += int((values != values[:, :1]).any(axis=1).sum())
        prompts += len(values)
        tied += equal_pairs(values)
        pairs += len(values) * math.comb(values.shape[1], 2)
    return ordered, prompts, tied / pairs if pairs else np.nan


def _alone(ordered: int, prompts: int) -> Ceiling:
    told = (
        f"One golden score a response, different within {ordered:,} of {prompts:,} prompts: how "
        "far it is off the truth is unknown, and with it the highest accuracy; ratings by several "
        "people would tell"
    )
    return Ceiling("none", UNKNOWN, np.nan, True, told)


def _of_raters(found: Interval, tied: float, own: np.ndarray, raters: float) -> Ceiling:
    reliability = Interval(*(min(float(each), 1.0) for each in found))
    if np.isnan(reliability.estimate):
        told = "No prompt has two responses that several raters tell apart, so nothing is ranked"
        return Ceiling("raters", reliability, np.nan, False, f"{told}; collect more ratings")
    signal = bool(reliability.low > 0)
    highest = highest_accuracy(reliability.estimate, tied)
    told = (
        f"The mean of {raters:.3g} raters a response has a reliability of "
        f"{reliability.estimate:.2f}{_ends(reliability)} within {np.isfinite(own).sum():,} prompts"
    )
    told += (
        f": a model that knows the truth reaches an accuracy of about {highest:.2f}"
        if signal
        else ", which may be none at all, so nothing is ranked; collect more ratings"
    )
    return Ceiling("raters", reliability, highest if signal else np.nan, signal, told)


def _ends(found: Interval) -> str:
    return f" [{found.low:.2f}, {found.high:.2f}]" if np.isfinite(found.low) else ""


def _within(scores: Scores, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Sums of squares within prompts of truth and of the mean of all raters, (prompts,) each.

    And the mean number of raters. Responses with a single rater do not count; NaN where a prompt
    has no two others.
    """
    counts = (~np.isnan(scores.raters)).sum(axis=0)
    enough = np.bincount(scores.prompt[counts > 1], minlength=scores.prompts) > 1
    rows = np.flatnonzero((counts > 1) & enough[scores.prompt])
    if not len(rows):
        unknown = np.full(scores.prompts, np.nan)
        return unknown, unknown, np.nan
    ratings, prompt = scores.raters[:, rows], scores.prompt[rows]
    ratings = ratings / (np.nanmax(abs(ratings)) or 1.0)  # squares must not overflow
    mean = np.nanmean(ratings, axis=0)
    halves = _halves(ratings, np.random.default_rng(seed))
    signal = sum(_products(one, other, prompt, scores.prompts) for one, other in halves) / SPLITS
    own = _products(mean, mean, prompt, scores.prompts)
    return *(np.where(enough, part, np.nan) for part in (signal, own)), float(counts[rows].mean())


def _halves(
    ratings: np.ndarray, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Means of two random halves of the raters (raters, rows) of each row, `SPLITS` times.

    The raters stand in one random order for all rows, and of those who rated a row every second
    goes to either half: so raters of the same responses are split alike in all of them.
    """
    for _ in range(SPLITS):
        shuffled = rng.permutation(ratings)
        known = ~np.isnan(shuffled)
        first = known & (np.cumsum(known, axis=0) % 2 == 1)
        yield tuple(
            np.sum(shuffled, axis=0, where=half) / half.sum(axis=0)
            for half in (first, known & ~first)
        )


def _products(one: np.ndarray, other: np.ndarray, prompt: np.ndarray, prompts: int) -> np.ndarray:
    """Sums over the rows of each prompt of products of deviations from its means, (prompts,)."""
    rows = np.bincount(prompt, minlength=prompts).clip(min=1)
    centred = (
        part - (np.bincount(prompt, part, minlength=prompts) / rows)[prompt]
        for part in (one, other)
    )
    return np.bincount(prompt, np.multiply(*centred), minlength=prompts)
