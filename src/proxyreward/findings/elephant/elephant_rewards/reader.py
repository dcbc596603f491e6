"""What the reward models of paper *elephant* say in one run.

In: folders of the stages `proxies` and `aligned`. Out: `Proxies`. Called by the stage
`elephant_rewards`, and by its page.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from proxyreward.findings.core.reading import read_table
from proxyreward.vocabulary import (
    CONFLICTING,
    EVALUATOR,
    HALF,
    INITIAL,
    LADDER,
    LARGE,
    MIDDLE,
    POOR,
    SECOND,
    SMALL,
    STRONG,
    UNCLEANED,
)

DPO = {name: f"dpo-{name}-{UNCLEANED}" for name in (INITIAL, SECOND)}
"""Policies that are reward models by their implicit reward, by base."""
PRINTED = {
    POOR: "GPT-J",
    SMALL: "Pythia-1.4B",
    MIDDLE: "Pythia-2.8B",
    LARGE: "Pythia-6.9B",
    DPO[SECOND]: "DPO-Pythia-2.8B",
    DPO[INITIAL]: "DPO-LLaMa-7B",
    CONFLICTING: "Beaver-7B",
    HALF: "Ziya-7B",
    STRONG: "Starling-7B",
    EVALUATOR: "Starling-34B",
}
"""The paper's names, in the order of its Table 4."""


@dataclass(frozen=True)
class Proxies:
    """What the reward models of one run say.

    Attributes
    ----------
    rms
        rm, role, shape, data, share; median and sd of the scores on usual responses.
    margins
        Of the cleaned test pairs: pair_id, source, and a column for each model; implicit rewards of
        `DPO` among them, where these are trained.
    pairs
        Of the same: pair_id, source, type, and margin, the oracle's.
    bench, probes, gradients
        As the stage `proxies` writes them.
    """

    rms: pd.DataFrame
    margins: pd.DataFrame
    pairs: pd.DataFrame
    bench: pd.DataFrame
    probes: pd.DataFrame
    gradients: pd.DataFrame

    @classmethod
    def read(cls, proxies: Path, aligned: Path) -> "Proxies":
        """Read the folders of the stages `proxies` and, if that has run, `aligned`."""
        margins = read_table(proxies / "margins.parquet", ["source"], ["pair_id", *LADDER])
        if (aligned / "implicit.parquet").is_file():
            implicit = read_table(aligned / "implicit.parquet", ["policy"], ["pair_id", "margin"])
            implicit = implicit[implicit["policy"].isin(DPO.values())]
            wide = implicit.pivot(index="pair_id", columns="policy", values="margin")
            margins = margins.join(wide, on="pair_id", validate="one_to_one")
        return cls(
            read_table(proxies / "rms.csv", ["rm", "role", "shape", "data"], ["median", "sd"]),
            margins,
            read_table(proxies / "pairs.parquet", ["source", "type"], ["pair_id", "margin"]),
            read_table(proxies / "bench.parquet", ["category"], ["pair_id", *LADDER]),
            read_table(proxies / "probes.parquet", ["probe", "prompt", "better", "worse"]),
            read_table(proxies / "gradients.csv", ["type"], ["pairs", "norm"]),
        )

    @property
    def names(self) -> list[str]:
        """Models with margins, in the order of the paper's Table 4, then the variants."""
        known = list(self.margins.columns.drop(["pair_id", "source"]))
        return [n for n in PRINTED if n in known] + [n for n in known if n not in PRINTED]

    @property
    def judges(self) -> list[str]:
        """Those of them that stand for a reward model of the paper."""
        return [name for name in self.names if name in PRINTED]
