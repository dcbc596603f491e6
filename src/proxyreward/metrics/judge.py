r"""Comparison of two sets of responses by a judge who is asked twice, positions swapped.

In: a judge, and what it reads of each response (scores, or texts). Out: win, tie or lose of each
pair, their rates and a binomial interval. Called by `findings`.

A judge answers one call with a forced letter, A for the response shown first or B. Every pair is
judged twice with the positions swapped; a response wins if both calls choose it, and otherwise
the pair is a tie. So a preference for a position never makes a winner. A judge who may say that
neither is better, or fail to answer, gives numbers in the place of letters (:func:`agreed`).

References
----------
Zeng et al. 2024 (MORE), appendix D.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from proxyreward.metrics.checks import array, count, function, number, numbers, same_shape, shown
from proxyreward.metrics.estimates import Interval

READ = "biufUTOS"  # kinds of arrays that a judge reads: scores or texts
# What is shown first and what second, each of shape (pairs,) -> whether the judge says the first.
Judge = Callable[[np.ndarray, np.ndarray], np.ndarray]


def by_score(shown_first: np.ndarray, shown_second: np.ndarray) -> np.ndarray:
    """The judge who knows a score of each response: a utility, or that of a reward model.

    It must choose between equal scores too and takes the first position, so that they are a tie.
    Raises ValueError if the shapes differ or a score is not finite.
    """
    shown_first = numbers("shown_first", shown_first)
    shown_second = numbers("shown_second", shown_second)
    same_shape(shown_first=shown_first, shown_second=shown_second)
    return shown_first >= shown_second


def ask_twice(judge: Judge, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Whether each of the two calls chooses the pair's first response.

    Parameters
    ----------
    judge : callable
        See :data:`Judge`.
    first, second : ndarray, shape (pairs,)
        What the judge reads of the two responses of each pair.

    Returns
    -------
    ndarray of bool, shape (2, pairs)
        The call that shows it in the first position, then the one that shows it in the second.

    Raises
    ------
    ValueError
        If the shapes differ, or the judge does not say True or False of each pair.
    """
    function("judge", judge)
    first, second = (
        array(name, read, "pairs", kinds=READ)
        for name, read in (("first", first), ("second", second))
    )
    same_shape(first=first, second=second)
    calls = [
        array("the judge's answer", judge(*shown), "pairs", "b")
        for shown in ((first, second), (second, first))
    ]
    for answer in calls:
        same_shape(pairs=first, answers=answer)
    return np.stack([calls[0], ~calls[1]])


def outcomes(votes: np.ndarray) -> np.ndarray:
    """1 where both calls choose the first response, -1 where both choose the second, else 0.

    `votes` are those of :func:`ask_twice`, or more axes of them, `(2, ...)`; others raise
    ValueError.

    >>> outcomes(np.array([[True, True, False], [True, False, False]])).tolist()
    [1, 0, -1]
    """
    return agreed(np.where(_votes(votes), 1, -1)).astype(int)


def agreed(calls: np.ndarray) -> np.ndarray:
    """The answer that both calls give; 0, a tie, where they differ, NaN where one is missing.

    Parameters
    ----------
    calls : ndarray, shape (2, ...)
        1 where a call chooses the pair's first response, -1 the second, 0 neither, NaN if it gives
        no answer. The two calls show them in different positions.

    >>> agreed(np.array([[1, 1, 0, -1], [1, -1, 0, np.nan]])).tolist()
    [1.0, 0.0, 0.0, nan]
    """
    first, second = _calls(calls)
    return np.where(np.isnan(first + second), np.nan, np.where(first == second, first, 0.0))


def flips(calls: np.ndarray) -> float:
    """Share of pairs whose answer changes with the position, among those that both calls answer.

    `calls` as of :func:`agreed`. NaN without such a pair.
    """
    first, second = _calls(calls)
    answered = ~np.isnan(first + second)
    return float((first != second)[answered].mean()) if answered.any() else np.nan


def disagreement(votes: np.ndarray) -> float:
    """Share of pairs whose two calls choose different responses; the tie rate, by definition.

    NaN without a pair; errors as of :func:`outcomes`.
    """
    first, second = _votes(votes)
    return float((first != second).mean()) if first.size else np.nan


class Tally(NamedTuple):
    """How often the first response of a pair wins, ties and loses."""

    win: int
    tie: int
    lose: int

    @property
    def tie_rate(self) -> float:
        """Share of ties among all pairs; NaN without a pair."""
        return self.tie / sum(self) if sum(self) else np.nan


def tally(outcomes: np.ndarray) -> Tally:
    """Count outcomes; raises ValueError if one is none of -1, 0, 1.

    >>> tally(np.array([1, 0, -1, 1]))
    Tally(win=2, tie=1, lose=1)
    """
    outcomes = numbers("outcomes", outcomes)
    found = Tally(*(int((outcomes == value).sum()) for value in (1, 0, -1)))
    if sum(found) != outcomes.size:
        raise ValueError(f"outcomes must be -1, 0 or 1, got {np.unique(outcomes)[:5]}")
    return found


def win_rate(counts: Tally, level: float = 0.95) -> Interval:
    """Share of wins among the pairs that are no ties, with its exact (Clopper-Pearson) interval.

    Without such a pair the share is NaN and the interval all of 0..1. Raises ValueError if the
    counts are not three whole numbers of 0 or more, or `level` does not lie between 0 and 1.

    >>> [round(end, 3) for end in win_rate(Tally(win=8, tie=5, lose=2))]
    [0.8, 0.444, 0.975]
    """
    from scipy.stats import binomtest

    if not isinstance(counts, tuple) or len(counts) != 3:
        raise ValueError(f"counts must be a Tally of win, tie and lose, got {shown(counts)}")
    win, _, lose = (count(name, value, 0, 10**9) for name, value in zip(Tally._fields, counts))
    level = number("level", level, 0, 1, ends=False)
    decided = win + lose
    if not decided:
        return Interval(np.nan, 0.0, 1.0)
    test = binomtest(win, decided)
    low, high = test.proportion_ci(level, method="exact")
    return Interval(test.statistic, float(low), float(high))


def _calls(calls: np.ndarray) -> np.ndarray:
    calls = numbers("calls", calls, "...", "nan")
    if calls.shape[:1] != (2,) or not (np.isnan(calls) | np.isin(calls, (-1, 0, 1))).all():
        raise ValueError(f"calls must be (2, ...) of -1, 0, 1 and NaN, got {shown(calls)}")
    return calls


def _votes(votes: np.ndarray) -> np.ndarray:
    votes = array("votes", votes, kinds="b")
    if votes.shape[:1] != (2,):
        raise ValueError(f"votes must be (2, ...), one row for each call, got {votes.shape}")
    return votes
