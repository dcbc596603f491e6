"""What the finding on alignment reads beside `mixtures`: policies aligned with those reward models.

In: the tables that the `rejection` stage writes to ``results/<scale>/rejection/``. Out: arrays over
policies, reward models and prompts. Called by the other modules of `more_alignment`.

A policy aligned by rejection sampling bears the name of its reward model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.findings.core.reading import read_table
from proxyreward.vocabulary import MORE

_TEXTS = {  # columns of names; a policy that has no base has none there
    "policies.csv": ["policy", "scheme"],
    "candidates.parquet": ["source"],
    "best.parquet": [],
    "said.parquet": ["policy", "source"],
    "rewards.parquet": ["policy"],
    "perplexity.parquet": ["source"],
    "preferences.parquet": ["source"],
    "preference_steps.csv": ["policy"],
    "controls.csv": ["name"],
    "rounds.csv": ["policy"],
}

RESPONSE = ["prompt_id", "sample_id"]


@dataclass(frozen=True)
class Rejection:
    """The tables of ``results/<scale>/rejection/``.

    Attributes
    ----------
    policies
        ``policy, scheme, base, seed``: `scheme` is ``start`` (the policy before alignment),
        ``multitask`` and ``more`` (by rejection sampling with that reward model), ``oracle`` (by
        that with the world's own judge: the positive control), ``dpo`` and ``dpo-more`` (DPO on the
        pairs of all sources, plain and with the weights of MORE).
    candidates
        ``prompt_id, source, sample_id, utility, oracle``: responses of the start policy to the
        prompts to learn from, those of a prompt together. `utility` is that to the prompt's own
        source.
    best
        A row for each of these prompts, a column for each reward model: the number of the response
        it likes best.
    said
        ``policy, prompt_id, sample_id, source, utility, oracle, judge``: responses of every policy
        to each test prompt; `judge` is the reward by a model trained on the prompt's source alone,
        NaN for DPO.
    rewards
        ``policy, prompt_id, sample_id`` and a column for each reward model that a policy was
        aligned to: its rewards of these responses, for all policies but those of DPO.
    perplexity
        ``pair_id, source, tokens`` and a column for each policy: mean negative log-likelihood a
        token, in nats, of the preferred response of some test pairs of `HH`.
    preferences
        ``pair_id, source`` and a column for each DPO policy: margin of its implicit reward, on as
        many test pairs of every source.
    preference_steps
        ``policy, step, loss, …`` of every DPO step, with ``weight_<source>`` where weights of MORE
        were used.
    controls
        ``name, value``: ``<scheme> by <judge>``, the share of comparisons that the policies of a
        scheme win over the start, a tie as half of one, by the ``oracle`` or their ``own`` reward
        model.
    rounds
        ``policy, round, reward, best``: mean reward of the candidates of each round by what the
        policy is aligned to, and of the best of each prompt.
    """

    policies: pd.DataFrame
    candidates: pd.DataFrame
    best: pd.DataFrame
    said: pd.DataFrame
    rewards: pd.DataFrame
    perplexity: pd.DataFrame
    preferences: pd.DataFrame
    preference_steps: pd.DataFrame
    controls: pd.DataFrame
    rounds: pd.DataFrame

    @classmethod
    def read(cls, folder: Path) -> Rejection:
        """Read what the `rejection` stage wrote."""
        return cls(
            **{Path(file).stem: read_table(folder / file, texts) for file, texts in _TEXTS.items()}
        )

    @cached_property
    def samples(self) -> int:
        """Responses to each prompt to learn from."""
        return len(self.candidates) // len(self.best)

    @cached_property
    def asked(self) -> np.ndarray:
        """Source of each prompt to learn from, shape (prompts,)."""
        return self.candidates["source"].to_numpy()[:: self.samples]

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Bases of the reward models that policies were aligned to."""
        return tuple(self.policies.loc[self.policies["scheme"] == MORE, "base"].unique())

    @cached_property
    def tested(self) -> np.ndarray:
        """Source of each response to a test prompt, shape (responses,)."""
        first = self.policies["policy"].iloc[0]
        own = self.said[self.said["policy"] == first]
        return own.sort_values(RESPONSE)["source"].to_numpy()

    @cached_property
    def test_samples(self) -> int:
        """Responses of a policy to each test prompt."""
        return int(self.said["sample_id"].max()) + 1

    def names(self, scheme: str) -> list[str]:
        """Policies of a scheme, by seed."""
        own = self.policies[self.policies["scheme"] == scheme]
        return own.sort_values("seed")["policy"].tolist()

    def worth(self, measure: str) -> np.ndarray:
        """Utility, or oracle's, of every candidate, shape (prompts, samples)."""
        return self.candidates[measure].to_numpy(float).reshape(-1, self.samples)

    def taken(self, measure: str, rms: Sequence[str]) -> np.ndarray:
        """Worth of the candidate that each reward model takes, shape (rms, prompts)."""
        best = self.best[list(rms)].to_numpy(int)
        return np.take_along_axis(self.worth(measure), best, axis=1).T

    def spoken(self, measure: str, policies: Sequence[str]) -> np.ndarray:
        """A measure of the policies' responses to the test prompts, shape (policies, responses)."""
        return self._spoken[measure][list(policies)].to_numpy(float).T

    def rewarded(self, rms: Sequence[str], policies: Sequence[str]) -> np.ndarray:
        """Rewards of each policy's responses by the reward model beside it, same shape."""
        pairs = zip(rms, policies, strict=True)
        return np.stack([self._rewarded[rm][policy].to_numpy(float) for rm, policy in pairs])

    @cached_property
    def _spoken(self) -> pd.DataFrame:
        return self.said.pivot(
            index=RESPONSE, columns="policy", values=["utility", "oracle", "judge"]
        )

    @cached_property
    def _rewarded(self) -> pd.DataFrame:
        return self.rewards.pivot(index=RESPONSE, columns="policy")
