"""What the finding on judges reads: what PPO policies say, what was chosen, and reward models.

In: the tables of the stages `aligned` and `proxies` below ``results/<scale>/``. Out: responses of
policies and margins of reward models. Called by the other modules of `elephant_judges`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from proxyreward.findings.core.reading import read_table, require_numbers
from proxyreward.vocabulary import (
    EQUAL_SIZE,
    HARMLESS_BASE,
    HELPFUL_BASE,
    INITIAL,
    LADDER,
    MIXED,
    PPO,
    START,
)

TESTED = (HARMLESS_BASE, HELPFUL_BASE, MIXED)
"""Test sets whose prompts the policies answer."""
RESPONSE = ["policy", "subset", "prompt_id", "sample_id"]
SCORE = "rm:"


@dataclass(frozen=True)
class Judgements:
    """The tables that the finding reads, as far as it needs them.

    Attributes
    ----------
    said
        ``policy, subset, prompt_id, sample_id, prompt, response`` and a column ``rm:<name>`` for
        the score by each reward model of the ladder: what the policies of PPO said in its main
        setting, and before it, in that order of keys. `rm` is what a policy was optimised on,
        ``start`` before it.
    judged
        ``subset, prompt_id, prompt, chosen`` and the same scores of the chosen response.
    margins
        ``source`` and a column for each reward model: score of the chosen minus that of the
        rejected response of the cleaned test pairs.
    """

    said: pd.DataFrame
    judged: pd.DataFrame
    margins: pd.DataFrame

    @classmethod
    def read(cls, aligned: Path, proxies: Path) -> Judgements:
        """Read what the two stages wrote to these folders."""
        scores = [f"{SCORE}{rm}" for rm in LADDER]
        said, judged, margins = (
            aligned / "said.parquet",
            aligned / "judged.parquet",
            (proxies / "margins.parquet"),
        )
        spoken = read_table(said, ["policy", "subset", "prompt", "response"], scores)
        return cls(
            of_ppo(spoken),
            read_table(judged, ["subset", "prompt", "chosen"], scores),
            _with_margins(margins),
        )

    @cached_property
    def spoken(self) -> pd.DataFrame:
        """`said` without the policy before PPO."""
        return self.said[self.said["rm"] != START].reset_index(drop=True)

    @cached_property
    def compared(self) -> pd.DataFrame:
        """`said` on the mixed prompts, with the chosen response: ``prompt, response, chosen``.

        Its scores have the names of the reward models, those of the chosen one ``<name>:chosen``.
        """
        keys = ["subset", "prompt_id"]
        chosen = self.judged.drop(columns="prompt").rename(
            columns={f"{SCORE}{rm}": f"{rm}:chosen" for rm in LADDER}
        )
        own = self.said[self.said["subset"] == MIXED]
        own = own.rename(columns={f"{SCORE}{rm}": rm for rm in LADDER})
        kept = [*keys, "chosen", *(f"{rm}:chosen" for rm in LADDER)]
        return own.merge(chosen[kept], on=keys, how="left", validate="many_to_one")

    def accuracies(self, rm: str) -> pd.Series:
        """Share of the pairs of each test set in the right order; a tie is an error (eq. 2)."""
        return (self.margins[rm] > 0).groupby(self.margins["source"], sort=False).mean()


def of_ppo(said: pd.DataFrame) -> pd.DataFrame:
    """The policies of PPO in its main setting, and the one before; in a column, on what."""
    pattern = re.compile(rf"{PPO}-({'|'.join(EQUAL_SIZE)})-\d+|({START})-{INITIAL}")
    known = {name: pattern.fullmatch(name) for name in said["policy"].unique()}
    rms = {name: found.group(1) or found.group(2) for name, found in known.items() if found}
    own = said[said["policy"].isin(rms)].sort_values(RESPONSE, ignore_index=True)
    return own.assign(rm=own["policy"].map(rms))


def _with_margins(path: Path) -> pd.DataFrame:
    table = read_table(path, ["source"])
    require_numbers(path, table, LADDER)
    return table[["source", *LADDER]]
