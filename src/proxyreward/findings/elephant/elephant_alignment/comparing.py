"""Who wins, by several judges, and how often a reward model that judges has it the wrong way round.

In: `Aligned` of one run. Out: tables. Called by the stage `elephant_alignment`.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from proxyreward.data.cleaning import winners
from proxyreward.findings.elephant.elephant_alignment.measure import BASES
from proxyreward.findings.elephant.elephant_alignment.reader import TESTED, Aligned, dpo
from proxyreward.metrics.judge import ask_twice, by_score, outcomes, tally
from proxyreward.vocabulary import (
    ALL,
    CLEANED,
    EVALUATOR,
    FEWER,
    FULL,
    ORACLE,
    PRO,
    SMALL,
    UNCLEANED,
)
from proxyreward.world.annotators import prefers_first

PEOPLE = "people"
CHOSEN = "chosen"
"""Opponent: the chosen response to the same prompt."""
WEAK, STRONGEST = f"{PRO}-{SMALL}", f"{PRO}-{EVALUATOR}"
FORMS = {"as printed": "", "full form": f"-{FULL}"}
"""Of the loss of PRO, with the end of its policies' names."""
MARGIN = "win minus lose"
POLICIES, RESPONSES = "policies", "responses"


def judged(aligned: Aligned, rng: np.random.Generator) -> pd.DataFrame:
    """Comparisons of two policies on the same prompts, response by response.

    DPO on clean against other pairs; PRO with the strong against the weak reward model, and each
    against the chosen responses of the test set. Judges are the evaluator and the oracle, each
    asked twice with positions swapped, and four simulated people, who vote with noise: more than
    half of them decide, two against two is a tie.

    Returns
    -------
    DataFrame
        first, second, judge, subset (`ALL`: mean over test sets), what, value: shares ``win, tie,
        lose`` of the first, and ``win minus lose``.
    """
    rows = []
    for first, second in _comparisons():
        for judge, won in _outcomes(aligned, first, second, rng).items():
            found = {subset: _shares(won[aligned.subset == subset]) for subset in TESTED}
            found[ALL] = {
                what: float(np.mean([found[subset][what] for subset in TESTED]))
                for what in found[TESTED[0]]
            }
            rows += [
                (first, second, judge, subset, what, value)
                for subset, shares in found.items()
                for what, value in shares.items()
            ]
    return pd.DataFrame(rows, columns=["first", "second", "judge", "subset", "what", "value"])


def _comparisons() -> Iterator[tuple[str, str]]:
    for base in BASES:
        for other in (UNCLEANED, FEWER):
            yield dpo(base, CLEANED), dpo(base, other)
    for end in FORMS.values():
        yield STRONGEST + end, WEAK + end
        for first in (STRONGEST, WEAK):
            yield first + end, CHOSEN


def _outcomes(
    aligned: Aligned, first: str, second: str, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """By judge 1 where the first wins, -1 where the second does, else 0; each (responses,)."""

    def sides(judge: str) -> list[np.ndarray]:
        return [
            aligned.chosen(judge) if name == CHOSEN else aligned.spoken(judge, name)
            for name in (first, second)
        ]

    found = {judge: outcomes(ask_twice(by_score, *sides(judge))) for judge in (EVALUATOR, ORACLE)}
    votes = prefers_first(*sides(ORACLE), rng)
    ours = votes.sum(axis=0)
    return found | {PEOPLE: winners(ours, len(votes) - ours, 0 * ours)}


def _shares(outcomes: np.ndarray) -> dict[str, float]:
    win, tie, lose = (count / len(outcomes) for count in tally(outcomes))
    return {"win": win, "tie": tie, "lose": lose, MARGIN: win - lose}


def reversals(aligned: Aligned) -> pd.DataFrame:
    """How often a reward model as evaluator contradicts the oracle: rm, of, value.

    Of every two ``policies``, by their mean scores on all prompts: the share that it orders the
    other way round. Of single ``responses``: among those that the oracle finds worse than what the
    start said to the same prompt, the share that it finds better.
    """
    policies = [*dict.fromkeys(map(aligned.start, aligned.aligned)), *aligned.aligned]
    rows = []
    for rm in aligned.judges:
        means = [
            np.array([aligned.spoken(judge, name).mean() for name in policies])
            for judge in (rm, ORACLE)
        ]
        rows.append((rm, POLICIES, contradictions(*means)))
        rows.append((rm, RESPONSES, _wrong(aligned, rm)))
    return pd.DataFrame(rows, columns=["rm", "of", "value"])


def contradictions(first: np.ndarray, second: np.ndarray) -> float:
    """Share of pairs of values, each (values,), that one orders the other way round."""
    above = np.triu_indices(len(first), 1)
    first, second = (np.subtract.outer(one, one)[above] for one in (first, second))
    return float((first * second < 0).mean())


def _wrong(aligned: Aligned, rm: str) -> float:
    gaps = [
        np.concatenate(
            [
                aligned.spoken(judge, name) - aligned.spoken(judge, aligned.start(name))
                for name in aligned.aligned
            ]
        )
        for judge in (rm, ORACLE)
    ]
    worse = gaps[1] < 0
    return float((gaps[0][worse] > 0).mean()) if worse.any() else np.nan
