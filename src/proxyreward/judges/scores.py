"""Judges who know a score of each response, such as that of a reward model.

In: a score, a tie margin and, for what position does to a judge, a bias. Out: a judge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

# Prompts and responses, one each -> a score for each.
Score = Callable[[Sequence[str], Sequence[str]], np.ndarray]

TIE = 0.1
"""Tie margin of a reward model, in standard deviations of its scores."""


@dataclass(frozen=True)
class ByScore:
    r"""The judge who compares scores: of the sign of :math:`s(x, y_1) - s(x, y_2) + b`.

    Attributes
    ----------
    score
        Of each response to its prompt.
    margin
        Largest difference that is a tie, in units of the score.
    bias
        What being shown first is worth to the judge, b, in units of the score.
    """

    score: Score
    margin: float = 0.0
    bias: float = 0.0

    def __call__(
        self, prompts: Sequence[str], first: Sequence[str], second: Sequence[str]
    ) -> np.ndarray:
        """1 where the first response is better, -1 where the second is, else 0."""
        gap = self.score(prompts, first) - self.score(prompts, second) + self.bias
        return np.where(abs(gap) <= self.margin, 0.0, np.sign(gap))


def reward_model(score: Score, sd: float, tie: float = TIE, bias: float = 0.0) -> ByScore:
    """A reward model as judge; `tie` and `bias` are in `sd`, the standard deviation of its scores.

    >>> judge = reward_model(lambda prompts, said: np.array([*map(len, said)]), sd=10.0)
    >>> judge(["Why?"] * 3, ["No.", "Because.", "Yes."], ["No!", "Yes.", "Because."]).tolist()
    [0.0, 1.0, -1.0]
    """
    return ByScore(score, tie * sd, bias * sd)


def known(prompts: Sequence[str], responses: Sequence[str], values: Sequence[float]) -> Score:
    """The score that looks up what is known already; a KeyError stands for any other text."""
    table = dict(zip(zip(prompts, responses, strict=True), values, strict=True))

    def score(prompts: Sequence[str], responses: Sequence[str]) -> np.ndarray:
        return np.array([table[key] for key in zip(prompts, responses, strict=True)], dtype=float)

    return score
