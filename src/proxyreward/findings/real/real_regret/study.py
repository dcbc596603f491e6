"""The published tables together, and what `proxyreward evaluate` makes of them.

In: tables as `published` reads them. Out: a `Study`, which all measurements read.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from proxyreward.evaluation.evaluate import of_scores
from proxyreward.evaluation.result import Evaluation, Golden
from proxyreward.evaluation.sample import Sample
from proxyreward.findings.real.real_regret.design import Answers
from proxyreward.findings.real.real_regret.published import RIGHT, Published, Verdicts

REWARD_MODEL, JUDGE, NULL = "reward model", "judge", "null"
ENDS = ["estimate", "low", "high"]


@dataclass(frozen=True)
class Study:
    """RewardMATH and the pairs of RewardBench, each with its evaluation.

    Attributes
    ----------
    new, old
        Scores of RewardMATH, and of the pairs of RewardBench.
    verdicts
        Of judges who compare answers.
    evaluated, before
        The evaluation of `new`, and that of `old`.
    """

    new: Published
    old: Published
    verdicts: Verdicts
    evaluated: Evaluation
    before: Evaluation

    @classmethod
    def of(cls, new: Published, old: Published, verdicts: Verdicts, seed: int) -> "Study":
        """Evaluate both tables of scores."""
        evaluated = (of_scores(one.scores, one.told, {"seed": seed}, seed) for one in (new, old))
        return cls(new, old, verdicts, *evaluated)

    @property
    def found(self) -> Golden:
        """All scorers against the right answers of RewardMATH."""
        return self.evaluated.goldens[0]

    @property
    def on_pairs(self) -> Golden:
        """Reward models against the chosen responses of RewardBench."""
        return self.before.goldens[0]

    @property
    def sample(self) -> Sample:
        """For intervals over the problems of RewardMATH."""
        return Sample(self.new.scores)

    @property
    def scorers(self) -> list[str]:
        """All scorers of RewardMATH."""
        return list(self.new.scores.models[1:])

    @property
    def reward_models(self) -> list[str]:
        """Those that have an accuracy on RewardBench's pairs."""
        return [name for name in self.scorers if name in self.old.scores.models]

    @property
    def places(self) -> list[int]:
        """Places of the reward models among all scorers."""
        return [self.scorers.index(name) for name in self.reward_models]

    def kind(self, name: str) -> str:
        """Reward model, judge or null scorer."""
        if name not in self.scorers:
            return NULL
        return REWARD_MODEL if name in self.reward_models else JUDGE

    @property
    def accuracy(self) -> np.ndarray:
        """Of the reward models on RewardBench, shape (reward models,)."""
        own = {model.name: model.metrics["accuracy"] for model in self.on_pairs.models}
        return np.array([own[name].estimate for name in self.reward_models])

    @property
    def kept(self) -> np.ndarray:
        """NDR of the reward models at best of all answers, shape (reward models,)."""
        own = {model.name: model.regret["ndr"] for model in self.found.models}
        return np.array([own[name].estimate for name in self.reward_models])

    @cached_property
    def answers(self) -> Answers:
        """Scores of RewardMATH, the right answer first."""
        cube = self.new.scores.values.reshape(-1, *self._order.shape)
        return Answers(np.take_along_axis(cube[1:], self._order[None], axis=2))

    @property
    def writers(self) -> np.ndarray:
        """Who wrote each wrong answer, (problems, wrong answers), in the order of `answers`."""
        own = self.new.writer.reshape(self._order.shape)
        return np.take_along_axis(own, self._order, axis=1)[:, 1:]

    @property
    def _order(self) -> np.ndarray:
        """Places of the answers to each problem, that of the right one first."""
        right = self.new.scores.of(RIGHT).reshape(self.new.scores.prompts, -1)
        return np.argsort(-right, axis=1, kind="stable")
