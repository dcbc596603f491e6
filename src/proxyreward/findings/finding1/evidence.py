"""The arrays behind the claims of Finding 1.

In: the tables of `tables.compute`, fresh or read back. Out: matrices over `(goldens, proxies)` and
the means to bootstrap over golden RMs. Called by `claims`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.finding1.tables import at_n, square
from proxyreward.metrics.resampling import Interval, bootstrap


@dataclass(frozen=True)
class Evidence:
    """What the claims are decided from, at the largest n.

    `accuracy` and `ndr` have shape (goldens, proxies), NaN on the diagonal; `flips` (rms,);
    `rewards` (goldens, proxies, ns) with n = 1 first.
    """

    association: pd.DataFrame
    accuracy: np.ndarray
    ndr: np.ndarray
    flips: np.ndarray
    rewards: np.ndarray
    pairs: int
    resamples: int
    rng: np.random.Generator

    @property
    def rms(self) -> int:
        """Number of reward models."""
        return len(self.flips)

    def interval(
        self, statistic: Callable[[np.ndarray], float], recentre: bool = False
    ) -> Interval:
        """Bootstrap a statistic of golden indices."""
        return bootstrap(statistic, self.rms, self.resamples, self.rng, recentre=recentre)

    def associated(self, statistic: str) -> Interval:
        """Coefficient with its interval, mean over golden RMs."""
        table = self.association
        row = table[(table["statistic"] == statistic) & (table["protocol"] == "mean_g")].iloc[0]
        return Interval(row["estimate"], row["ci_low"], row["ci_high"])


def gather(
    tables: Mapping[str, pd.DataFrame], resamples: int, rng: np.random.Generator
) -> Evidence:
    """Arrays of the finding's tables `association`, `pairs` and `curves`, at the largest n."""
    pairs, curves = at_n(tables["pairs"]), tables["curves"]
    names = pairs["golden"].unique()
    flips = pairs.drop_duplicates("golden").set_index("golden")["flip_golden"]
    steps = [
        group.pivot(index="golden", columns="proxy", values="golden_reward")
        .reindex(index=names, columns=names)
        .to_numpy(dtype=float)
        for _, group in curves.groupby("n")
    ]
    return Evidence(
        association=at_n(tables["association"]),
        accuracy=square(pairs, "accuracy"),
        ndr=square(pairs, "ndr"),
        flips=flips.loc[names].to_numpy(dtype=float),
        rewards=np.stack(steps, axis=-1),
        pairs=len(pairs),
        resamples=resamples,
        rng=rng,
    )
