r"""Who wins: policies compared on the same prompts by judges who are asked twice.

In: what the policies said, as utilities or rewards. Out: wins, ties and losses with intervals, and
how ties come about. Called by `tables` and the notebook.

A judge with people's noise prefers the first of two responses with probability
:math:`p = \sigma(q\,(u_1 - u_2))` for a quality q, each time anew. Asked twice, it contradicts
itself with probability :math:`2 p (1 - p)`: half of the time where utilities are equal, whatever
its quality. A judge who knows the utility exactly ties where utilities are equal, and nowhere else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit

from proxyreward.findings.more.mixtures import Mixtures, interval
from proxyreward.findings.more.more_alignment.reader import DPO, DPO_MORE, START, Rejection
from proxyreward.findings.more.more_alignment.rows import prompt_draws
from proxyreward.metrics.judge import (
    Judge,
    ask_twice,
    by_score,
    disagreement,
    outcomes,
    tally,
    win_rate,
)
from proxyreward.vocabulary import HH, MORE, MULTITASK
from proxyreward.world.annotators import prefers_first

ALL = "all"  # sources
JUDGES = {"utility": "the source's utility", "oracle": "the oracle", "judge": "a reward model"}
QUALITIES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)


def judged(
    mixtures: Mixtures, rejection: Rejection, resamples: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Comparisons of policies by every judge.

    MORE against MultiTask, either against the start policy, and the same with the two forms of DPO;
    the first of these also on the prompts of one source alone.

    Returns
    -------
    DataFrame
        ``first, second, base, judge, source``, the counts ``win, tie, lose`` of the first over all
        prompts and seeds; ``disagree``, the share of pairs on which the two calls choose different
        responses; ``rate, low, high``, wins among the pairs that are no ties, with their exact
        binomial interval; ``boot_low, boot_high``, the same with prompts and seeds resampled.
    """
    draws = prompt_draws(mixtures, rejection.tested, resamples, rng)
    everywhere = replace(draws, source=np.full(len(draws.source), ALL))
    rows = []
    for keys, pair in _comparisons(mixtures, rejection):
        for measure in JUDGES:
            sides = [rejection.spoken(measure, names) for names in pair]
            if np.isnan(sides).any():
                continue
            votes = np.stack([ask_twice(by_score, *side) for side in zip(*sides)], axis=1)
            main = (keys["first"], keys["second"]) == (MORE, MULTITASK)
            for source in (ALL, *HH) if main else (ALL,):
                chosen = everywhere if source == ALL else draws
                own = votes[:, :, chosen.source == source].reshape(2, -1)
                counts = tally(outcomes(own))
                resampled = chosen.evaluate(_decided, outcomes(votes), source)
                boot = interval(resampled)
                rows.append(
                    keys
                    | {"judge": measure, "source": source}
                    | counts._asdict()
                    | {"disagree": disagreement(own)}
                    | dict(zip(("rate", "low", "high"), win_rate(counts)))
                    | {"boot_low": boot.low, "boot_high": boot.high}
                )
    return pd.DataFrame(rows)


def noisy(quality: float, rng: np.random.Generator) -> Judge:
    """The judge who sees a utility through Bradley-Terry noise, drawn anew for every call."""
    return lambda first, second: prefers_first(first, second, rng, (quality,))[0]


def first_position(shown_first: np.ndarray, shown_second: np.ndarray) -> np.ndarray:
    """The judge who always chooses what is shown first."""
    return np.ones(len(shown_first), dtype=bool)


def ties(
    mixtures: Mixtures,
    rejection: Rejection,
    rng: np.random.Generator,
    qualities: Sequence[float] = QUALITIES,
) -> pd.DataFrame:
    """MORE against MultiTask by noisy judges, all bases and seeds together.

    Returns
    -------
    DataFrame
        ``quality`` of each judge, NaN for the one that always chooses the first position and
        infinite for the one who knows the utility exactly; ``ties`` among all pairs, ``expected``
        of them; ``disagree``, the share of pairs whose verdicts differ; ``rate`` of wins among the
        rest.
    """
    more, multitask = (
        np.concatenate(
            [rejection.spoken("utility", mixtures.names(scheme, base)).ravel()
             for base in mixtures.bases]
        )
        for scheme in (MORE, MULTITASK)
    )  # fmt: skip
    judges = [(quality, noisy(quality, rng)) for quality in qualities]
    judges += [(np.inf, by_score), (np.nan, first_position)]
    rows = []
    for quality, judge in judges:
        votes = ask_twice(judge, more, multitask)
        counts = tally(outcomes(votes))
        rows.append(
            {
                "quality": quality,
                "ties": counts.tie_rate,
                "expected": expected_ties(more - multitask, quality),
                "disagree": disagreement(votes),
                "rate": win_rate(counts).estimate,
            }
        )
    return pd.DataFrame(rows)


def expected_ties(gap: np.ndarray, quality: float) -> float:
    r"""Tie rate of a judge of some quality, the mean of :math:`2 p (1 - p)`.

    Parameters
    ----------
    gap : ndarray, shape (pairs,)
        Utility of the first response less that of the second.
    quality : float
        Infinite for a judge without noise, who decides between equal utilities by position; NaN
        for one who decides by position alone.

    Examples
    --------
    >>> [expected_ties(np.array([0.0, 0.0, 1.0, 2.0]), q) for q in (0.0, np.inf, np.nan)]
    [0.5, 0.5, 1.0]
    """
    if np.isnan(quality):
        return 1.0
    if np.isinf(quality):
        return float((gap == 0).mean())
    p = expit(quality * gap)
    return float((2 * p * (1 - p)).mean())


def _comparisons(
    mixtures: Mixtures, rejection: Rejection
) -> Iterator[tuple[dict[str, str], tuple[list[str], list[str]]]]:
    [start] = rejection.names(START)
    for base in mixtures.bases:
        more, multitask = (mixtures.names(scheme, base) for scheme in (MORE, MULTITASK))
        before = [start] * len(more)
        for (first, a), (second, b) in (
            ((MORE, more), (MULTITASK, multitask)),
            ((MORE, more), (START, before)),
            ((MULTITASK, multitask), (START, before)),
        ):
            yield {"first": first, "second": second, "base": base}, (a, b)
    dpo, dpo_more = rejection.names(DPO), rejection.names(DPO_MORE)
    before = [start] * len(dpo)
    for (first, a), (second, b) in (
        ((DPO_MORE, dpo_more), (DPO, dpo)),
        ((DPO_MORE, dpo_more), (START, before)),
        ((DPO, dpo), (START, before)),
    ):
        yield {"first": first, "second": second, "base": ""}, (a, b)


def _decided(outcome: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Share of wins among the pairs that are no ties, as a metric for `Draws`; NaN without one."""
    won, decided = (np.vecdot(kind * 1.0, counts) for kind in (outcome > 0, outcome != 0))
    return np.divide(won, decided, out=np.full(decided.shape, np.nan), where=decided > 0)
