"""Test-set design on published scores: which accuracy predicts what best-of-n keeps.

In: scores of one right and several wrong answers to each problem. Out: a table of rank correlations
over scorers, each with a jackknife interval over them. Called by `measure`.

The chance that a scorer picks the right answer out of itself and nine wrong ones *is* best of ten
on those problems. So a test set and the regret that it has to predict are never measured on the
same problems: one half of the problems is the test set, best of n is taken on the other, each way
round, over many random halves.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import LeftOut
from proxyreward.metrics.best_of_n import best_of_n
from proxyreward.metrics.prediction import spearman
from proxyreward.metrics.within_prompt import mrr

HALVES = 500
"""Random halves, each used both ways."""
REJECTED, STRICT, RECIPROCAL = "wrong answers", "strictly first of all", "reciprocal rank"
OLD = "RewardBench pair"
WHOLE, EQUAL = "all problems", "equal cost"
"""Every problem of the half, every choice of wrong answers; or as many answers in all as one wrong
answer a problem takes, drawn once."""


@dataclass(frozen=True)
class Answers:
    """Scores of the answers to each problem.

    Attributes
    ----------
    values : ndarray, shape (scorers, problems, answers)
        The right answer first.
    """

    values: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """1 for the right answer, shape (problems, answers)."""
        found = np.zeros(self.values.shape[1:])
        found[:, 0] = 1.0
        return found

    def picked(self) -> np.ndarray:
        r"""Chance of the right answer against m wrong ones, m = 1, 2, …: (m, scorers, problems).

        Exact over all choices of m wrong answers; ties by lot, so that m = 1 is accuracy with ties
        half. Of the subsets of n answers a share n/N holds the right one, so this is best-of-n over
        that share, with n = m + 1.
        """
        size = self.values.shape[-1]
        ns = np.arange(2, size + 1)
        best = np.stack([best_of_n(self.right, own, ns) for own in self.values], axis=1)
        return best * (size / ns)[:, None, None]

    def designs(self) -> dict[tuple[str, int], np.ndarray]:
        """What test sets of several designs say of a problem, by name and wrong answers used.

        Arrays (scorers, problems). The mean rank of the right answer is no design of its own: it is
        1 + m (1 - accuracy).
        """
        most = self.values.shape[-1] - 1
        own = {(REJECTED, m): plane for m, plane in enumerate(self.picked(), start=1)}
        first = self.values[..., 0] > self.values[..., 1:].max(axis=-1)
        # A rank under the scorer: the metric's roles are exchanged, the right answer is the pick.
        rank = [mrr(own[:, None], self.right[:, None]) for own in self.values]
        return own | {(STRICT, most): first.astype(float), (RECIPROCAL, most): np.stack(rank)}

    def drawn(self, problems: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Test sets of equal cost from some problems, each drawn once: (m, scorers).

        Wrong answers are added in one random order a problem, and a test set of m of them takes the
        first problems, so many that answers scored are at most those of m = 1 on all problems.
        """
        gaps = self.values[:, problems, :1] - self.values[:, problems, 1:]
        order = rng.random((len(problems), gaps.shape[-1])).argsort(axis=1)
        ahead = np.sign(np.take_along_axis(gaps, order[None], axis=2))
        lost = np.logical_or.accumulate(ahead < 0, axis=2)
        share = ~lost / (1.0 + (ahead == 0).cumsum(axis=2))
        taken = (2 * len(problems)) // np.arange(2, gaps.shape[-1] + 2)
        return np.stack([share[:, :k, m].mean(axis=1) for m, k in enumerate(taken)])


def jackknifed(
    statistic: Callable[..., float], *samples: np.ndarray, is_correlation: bool = False
) -> LeftOut:
    """A statistic of samples whose last axis are parts, and with each part left out."""
    parts = samples[0].shape[-1]
    values = [statistic(*(np.delete(own, i, axis=-1) for own in samples)) for i in range(parts)]
    return LeftOut(np.array(values), whole=statistic(*samples), is_correlation=is_correlation)


def rank_correlation(test: np.ndarray, kept: np.ndarray) -> float:
    """Spearman over scorers, (test sets, scorers) each, mean over test sets."""
    return float(spearman(test, kept).mean())


def both_halves(problems: int, rng: np.random.Generator) -> np.ndarray:
    """Random halves and their complements, bool (2 `HALVES`, problems)."""
    first = rng.random((HALVES, problems)).argsort(axis=1) < problems // 2
    return np.concatenate([first, ~first])


def mean_over(plane: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Means of (scorers, problems) over the chosen problems, bool (sets, problems): (sets,
    scorers).

    Without the last digits, in which equal means differ by the order of additions: ranks would.
    """
    return (chosen @ plane.T / chosen.sum(axis=1, keepdims=True)).round(12)


class CrossFit:
    """Test sets on one half of the problems, best of all answers on the other.

    Attributes
    ----------
    tests
        By cost, design and wrong answers used: (test sets, scorers).
    kept : ndarray, shape (test sets, scorers)
        Share of problems on which best of all answers is the right one; NDR is linear in it.
    """

    def __init__(self, answers: Answers, rng: np.random.Generator) -> None:
        halves = both_halves(answers.values.shape[1], rng)
        planes = answers.designs()
        most = answers.values.shape[-1] - 1
        self.kept = mean_over(planes[REJECTED, most], ~halves)
        self.tests = {(WHOLE, *key): mean_over(own, halves) for key, own in planes.items()}
        drawn = [answers.drawn(rng.permutation(np.flatnonzero(own)), rng) for own in halves]
        for m, own in enumerate(np.stack(drawn, axis=1), start=1):
            self.tests[EQUAL, REJECTED, m] = own

    def predictions(
        self, scorers: Sequence[int], old: np.ndarray | None = None
    ) -> dict[tuple[str, str, int], LeftOut]:
        """Rank correlation of each test set with what is kept, over some scorers.

        `old` is their accuracy on other pairs, which is the same for every half.
        """
        return {
            key: jackknifed(rank_correlation, own, self._kept(scorers), is_correlation=True)
            for key, own in self._tests(scorers, old)
        }

    def contrasts(
        self, pairs: Mapping[str, tuple[tuple, tuple]], scorers: Sequence[int], old: np.ndarray
    ) -> dict[str, LeftOut]:
        """Differences of two rank correlations, the first less the second, by name."""
        tests, kept = dict(self._tests(scorers, old)), self._kept(scorers)

        def gap(one: np.ndarray, other: np.ndarray, kept: np.ndarray) -> float:
            return rank_correlation(one, kept) - rank_correlation(other, kept)

        return {
            name: jackknifed(gap, tests[one], tests[other], kept)
            for name, (one, other) in pairs.items()
        }

    def _kept(self, scorers: Sequence[int]) -> np.ndarray:
        return self.kept[:, scorers]

    def _tests(
        self, scorers: Sequence[int], old: np.ndarray | None
    ) -> Iterator[tuple[tuple[str, str, int], np.ndarray]]:
        if old is not None:
            yield (WHOLE, OLD, 1), np.broadcast_to(old, (len(self.kept), len(scorers)))
        for key, own in self.tests.items():
            yield key, own[:, scorers]


def prediction_table(found: Mapping[tuple[str, str, int], LeftOut], scorers: str) -> pd.DataFrame:
    """Rows scorers, cost, design, rejected, estimate, low, high."""
    rows = [(scorers, *key, *own.interval()) for key, own in found.items()]
    columns = ["scorers", "cost", "design", "rejected", "estimate", "low", "high"]
    return pd.DataFrame(rows, columns=columns)
