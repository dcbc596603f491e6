"""What the finding on aligned policies reads: what they said, how they were trained, and their RMs.

In: the tables of the stages `aligned` and `proxies` below ``results/<scale>/``. Out: scores of
responses in one order for all policies, and gains over the start. Called by the other modules of
`elephant_alignment`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.reading import read_table
from proxyreward.vocabulary import (
    ALL,
    DPO,
    HARMLESS_BASE,
    HELPFUL_BASE,
    MIXED,
    ORACLE,
    PPO,
    START,
)

if TYPE_CHECKING:
    from pandas.core.groupby import SeriesGroupBy

TESTED = (HARMLESS_BASE, HELPFUL_BASE, MIXED)
"""Test sets whose prompts the policies answer."""
RESPONSE = ["subset", "prompt_id", "sample_id"]
SCORE = "rm:"

_FILES = {  # attribute: stage, file and columns of names
    "policies": ("aligned", "policies.csv", ["policy", "base"]),
    "said": ("aligned", "said.parquet", ["policy", "subset", "prompt", "response"]),
    "reworded": ("aligned", "reworded.parquet", ["policy", "subset", "prompt", "response"]),
    "judged": ("aligned", "judged.parquet", ["subset", "prompt", "chosen"]),
    "log": ("aligned", "ppo_log.csv", ["run", "rm", "setting"]),
    "curves": ("aligned", "ppo_curves.csv", ["run", "rm", "setting"]),
    "margins": ("proxies", "margins.parquet", ["source"]),
    "bench": ("proxies", "bench.parquet", ["category"]),
    "probes": ("proxies", "probes.parquet", ["probe"]),
}


@dataclass(frozen=True)
class Aligned:
    """The tables of ``results/<scale>/{aligned,proxies}/``.

    Attributes
    ----------
    policies
        ``policy, base`` and more; the start of a policy is ``start-<base>``.
    said
        ``policy, prompt_id, subset, sample_id, prompt, response``, the utility ``oracle`` and a
        column ``rm:<name>`` for the score by each reward model; all policies answer the same
        prompts equally often.
    reworded
        The same columns without scores by reward models: what some said to the prompts in words
        that nobody has used before.
    judged
        ``prompt_id, subset, prompt, chosen`` and the same scores of the chosen response.
    log
        ``run, rm, setting, kl_coef, step, reward, policy_loss, value_loss`` of every PPO step;
        the reward is that of the own reward model in sd of the start.
    curves
        ``run, rm, setting, kl_coef, step, kl_nats, own_reward, evaluator_reward, oracle_reward`` on
        the way, in sd of the start.
    margins, bench
        ``source`` or ``category`` and a column for each reward model: score of the chosen minus
        that of the rejected response, on the cleaned tests and on other pairs.
    probes
        ``probe`` and ``better:<rm>``, ``worse:<rm>``: scores of a probe's two responses.
    """

    policies: pd.DataFrame
    said: pd.DataFrame
    reworded: pd.DataFrame
    judged: pd.DataFrame
    log: pd.DataFrame
    curves: pd.DataFrame
    margins: pd.DataFrame
    bench: pd.DataFrame
    probes: pd.DataFrame

    @classmethod
    def read(cls, aligned: Path, proxies: Path) -> Aligned:
        """Read what the two stages wrote to these folders."""
        folders = {"aligned": aligned, "proxies": proxies}
        return cls(
            **{
                name: read_table(folders[stage] / file, texts)
                for name, (stage, file, texts) in _FILES.items()
            }
        )

    @cached_property
    def judges(self) -> tuple[str, ...]:
        """Reward models that have scored all responses."""
        return tuple(name.removeprefix(SCORE) for name in self.said if name.startswith(SCORE))

    @cached_property
    def subset(self) -> np.ndarray:
        """Test set of each response, shape (responses,)."""
        return self._spoken.index.get_level_values("subset").to_numpy()

    @cached_property
    def aligned(self) -> list[str]:
        """Every policy but those they started from."""
        known = self.policies["policy"]
        return known[~known.str.startswith(START)].tolist()

    def runs(self, rm: str) -> list[str]:
        """Policies of PPO in its main setting on a reward model."""
        return [name for name in self.aligned if re.fullmatch(rf"{PPO}-{rm}-\d+", name)]

    def sets(self, base: str) -> list[str]:
        """Training sets of DPO on a base."""
        head = dpo(base, "")
        return [name.removeprefix(head) for name in self.aligned if name.startswith(head)]

    def start(self, policy: str) -> str:
        """The policy that another one began as."""
        return f"{START}-{self._bases[policy]}"

    def spoken(self, judge: str, policy: str) -> np.ndarray:
        """A judge's scores of a policy's responses, shape (responses,), alike for all policies."""
        return self._spoken[_column(judge), policy].to_numpy(float)

    def chosen(self, judge: str) -> np.ndarray:
        """Those of the chosen responses to the same prompts, shape (responses,)."""
        scores = self.judged.set_index(RESPONSE[:2])[_column(judge)]
        return scores.loc[self._spoken.index.droplevel("sample_id")].to_numpy(float)

    def texts(self, policy: str) -> pd.DataFrame:
        """``subset, prompt, response`` of a policy, in that order of responses."""
        own = self.said[self.said["policy"] == policy].sort_values(RESPONSE)
        return own[["subset", "prompt", "response"]].reset_index(drop=True)

    def gain(self, policies: Sequence[str], judge: str) -> pd.Series:
        """Mean score of policies less that of their start, over the sd of the start's responses.

        The mean over policies, by test set, and under `ALL` the mean over test sets.
        """
        found = pd.concat([self._gain(name, judge) for name in policies], axis=1).mean(axis=1)
        return pd.concat([found, pd.Series({ALL: found.mean()})])

    def by_subset(self, values: np.ndarray) -> pd.Series:
        """Means of values of responses by test set, and under `ALL` the mean over test sets."""
        found = pd.Series(values).groupby(self.subset).mean()[list(TESTED)]
        return pd.concat([found, pd.Series({ALL: found.mean()})])

    def lost(self, policy: str) -> float:
        """Reward by the oracle that a policy loses where prompts are in other words.

        Mean over test sets, in sd of the responses of its start to the usual prompts.
        """
        own = self.reworded[self.reworded["policy"] == policy].groupby("subset")["oracle"].mean()
        less = self._by_subset(ORACLE, policy).mean() - own
        return float((less / self._sd(self.start(policy), ORACLE)).mean(skipna=False))

    def _gain(self, policy: str, judge: str) -> pd.Series:
        means = [self._by_subset(judge, name).mean() for name in (policy, self.start(policy))]
        return (np.subtract(*means) / self._sd(self.start(policy), judge))[list(TESTED)]

    def _sd(self, start: str, judge: str) -> pd.Series:
        sd = self._by_subset(judge, start).std(ddof=0)
        return sd.where(sd > 0)  # NaN, so that no gain is infinite

    def _by_subset(self, judge: str, policy: str) -> SeriesGroupBy:
        return pd.Series(self.spoken(judge, policy)).groupby(self.subset)

    @cached_property
    def _bases(self) -> dict[str, str]:
        return dict(zip(self.policies["policy"], self.policies["base"], strict=True))

    @cached_property
    def _spoken(self) -> pd.DataFrame:
        judges = [_column(judge) for judge in (ORACLE, *self.judges)]
        return self.said.pivot(index=RESPONSE, columns="policy", values=judges).sort_index()


def dpo(base: str, data: str) -> str:
    """Name of the policy of DPO from a base on a training set."""
    return f"{DPO}-{base}-{data}"


def _column(judge: str) -> str:
    return judge if judge == ORACLE else f"{SCORE}{judge}"
