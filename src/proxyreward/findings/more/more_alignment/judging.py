"""Who wins: comparisons of policies by every judge, what alignment has gained, and where ties are.

In: `mixtures`, and `rejection`, the policies aligned with their reward models. Out: tables, with
``paper`` where Table 2 prints a number. Called by the stage `more_alignment`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixtures import Mixtures, counterparts
from proxyreward.findings.more.more_alignment.measure import SCHEMES, over_sources
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.metrics.judge import Judge, ask_twice, by_score, disagreement, outcomes, tally
from proxyreward.vocabulary import ALL, DPO, DPO_MORE, HH, MORE, MULTITASK, ORACLE, START
from proxyreward.world.annotators import prefers_first

QUALITIES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
NONE = "none"  # base of policies that no reward model has aligned
OWN = "own"  # judge: the reward model that a policy was aligned to


def judged(mixtures: Mixtures, rejection: Rejection, registry: Registry) -> pd.DataFrame:
    """Comparisons of policies by every judge, on all responses to test prompts and all seeds.

    MORE against MultiTask, also on the prompts of one source alone; either against the start
    policy, where its `OWN` reward model is one more judge; and against the start the policy of the
    oracle and the two forms of DPO, which no reward model judges.

    Returns
    -------
    DataFrame
        ``first, second, base, judge, source, what, paper, value``: `what` is the share ``win, tie,
        lose`` of the first, ``disagree``, the share of pairs on which the two calls choose
        different responses, or ``rate``, wins among the pairs that are no ties. The paper's judge
        is another one; its numbers stand beside those by the source's utility.
    """
    printed, rows = counterparts(rejection.bases), []
    for (first, second, base), pair in _comparisons(mixtures, rejection):
        main = (first, second) == (MORE, MULTITASK)
        for judge, sides in _read(rejection, base, pair).items():
            for source in (ALL, *HH) if main else (ALL,):
                kept = slice(None) if source == ALL else rejection.tested == source
                votes = ask_twice(by_score, *(side[:, kept].ravel() for side in sides))
                found = _shares(*tally(outcomes(votes))) | {"disagree": disagreement(votes)}
                papers = {}
                if main and (judge, source) == ("utility", ALL):
                    papers = _shares(**registry.printed("more.table2", printed[base], "gpt4"))
                rows += [
                    (first, second, base, judge, source, what, papers.get(what, np.nan), value)
                    for what, value in found.items()
                ]
    columns = ["first", "second", "base", "judge", "source", "what", "paper", "value"]
    return pd.DataFrame(rows, columns=columns)


def _read(
    rejection: Rejection, base: str, pair: tuple[list[str], list[str]]
) -> dict[str, list[np.ndarray]]:
    """What each judge reads of the responses of the policies of both sides."""
    judges = ("utility", "oracle") if base == NONE else ("utility", "oracle", "judge")
    found = {judge: [rejection.spoken(judge, names) for names in pair] for judge in judges}
    if base != NONE and pair[1][0] == START:
        found[OWN] = [rejection.rewarded(pair[0], names) for names in pair]
    return found


def gains(mixtures: Mixtures, rejection: Rejection) -> pd.DataFrame:
    """What alignment has gained by every judge, in sd of the start policy's responses.

    Gives ``of, base, judge, value``: `of` is a scheme, its value the mean of `HH` and of seeds, the
    sd that over the responses to the prompts of one source.
    """
    rows = []
    for (of, second, base), pair in _comparisons(mixtures, rejection):
        if second == START:
            for judge, sides in _read(rejection, base, pair).items():
                standard = _standard(*sides, rejection.tested)
                rows.append((of, base, judge, over_sources(standard, rejection.tested).mean()))
    return pd.DataFrame(rows, columns=["of", "base", "judge", "value"])


def _standard(values: np.ndarray, start: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Values less the mean of the start's, over its sd, each source on its own."""
    found = np.empty_like(values)
    for name in HH:
        own = source == name
        mean, sd = (of(start[:, own], axis=1, keepdims=True) for of in (np.mean, np.std))
        found[:, own] = (values[:, own] - mean) / sd
    return found


def _shares(win: float, tie: float, lose: float) -> dict[str, float]:
    total, decided = win + tie + lose, win + lose
    shares = {"win": win / total, "tie": tie / total, "lose": lose / total}
    return shares | {"rate": win / decided if decided else np.nan}


def _comparisons(
    mixtures: Mixtures, rejection: Rejection
) -> Iterator[tuple[tuple[str, str, str], tuple[list[str], list[str]]]]:
    """First, second and base, and the policies of both sides, seed by seed."""
    sides = {
        base: [(scheme, mixtures.names(scheme, base)) for scheme in (MORE, MULTITASK)]
        for base in rejection.bases
    }
    sides[NONE] = [(scheme, rejection.names(scheme)) for scheme in (DPO_MORE, DPO)]
    for base, (better, other) in sides.items():
        start = (START, rejection.names(START) * len(better[1]))
        for (first, a), (second, b) in ((better, other), (better, start), (other, start)):
            yield (first, second, base), (a, b)
    yield (ORACLE, START, NONE), (rejection.names(ORACLE), rejection.names(START))


def ties(
    mixtures: Mixtures,
    rejection: Rejection,
    rng: np.random.Generator,
    qualities: Sequence[float] = QUALITIES,
) -> pd.DataFrame:
    """MORE against MultiTask by noisy judges, all seeds together.

    Gives ``quality, what, value``: quality as of :func:`expected_ties`; the share of ``ties`` among
    all pairs, ``expected`` of them, and ``disagree``, the share whose verdicts differ.
    """
    of = {scheme: [mixtures.names(scheme, base) for base in rejection.bases] for scheme in SCHEMES}
    more, multitask = (
        rejection.spoken("utility", np.concatenate(of[scheme])).ravel()
        for scheme in (MORE, MULTITASK)
    )
    judges = [(quality, noisy(quality, rng)) for quality in qualities]
    judges += [(np.inf, by_score), (np.nan, first_position)]
    rows = []
    for quality, judge in judges:
        votes = ask_twice(judge, more, multitask)
        rows += [
            (quality, "ties", tally(outcomes(votes)).tie_rate),
            (quality, "expected", expected_ties(more - multitask, quality)),
            (quality, "disagree", disagreement(votes)),
        ]
    return pd.DataFrame(rows, columns=["quality", "what", "value"])


def noisy(quality: float, rng: np.random.Generator) -> Judge:
    """The judge who sees a utility through Bradley-Terry noise, drawn anew for every call."""
    return lambda first, second: prefers_first(first, second, rng, (quality,))[0]


def first_position(shown_first: np.ndarray, shown_second: np.ndarray) -> np.ndarray:
    """The judge who always chooses what is shown first."""
    return np.ones(len(shown_first), dtype=bool)


def expected_ties(gap: np.ndarray, quality: float) -> float:
    r"""Tie rate of a judge of some quality, the mean of :math:`2 p (1 - p)`.

    Asked twice, a judge with people's noise, who prefers the first response with probability
    :math:`p = \sigma(q\,(u_1 - u_2))` for a quality q, contradicts itself that often: half of the
    time where utilities are equal, whatever its quality. One without noise (infinite) ties there
    and nowhere else; one who decides by position alone (NaN) always. `gap` is
    :math:`u_1 - u_2`, shape (pairs,).

    >>> [expected_ties(np.array([0.0, 0.0, 1.0, 2.0]), q) for q in (0.0, np.inf, np.nan)]
    [0.5, 0.5, 1.0]
    """
    if np.isnan(quality):
        return 1.0
    if np.isinf(quality):
        return float((gap == 0).mean())
    p = expit(quality * gap)
    return float((2 * p * (1 - p)).mean())
