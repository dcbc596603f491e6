"""The arrays behind the claims of Finding 1, for one optimiser.

In: the tables of `tables.compute`, fresh or read back, and the curves of the evidence. Out:
matrices over `(goldens, proxies)` and the means to bootstrap over golden RMs. Called by `claims`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.verdict import Quantity
from proxyreward.findings.rethinking.finding1.tables import square, under
from proxyreward.metrics.prediction import by_golden, off_diagonal
from proxyreward.metrics.resampling import resample


@dataclass(frozen=True)
class Half:
    """What the claims are decided from under one optimiser, at the largest n of best-of-n.

    `accuracy` and `ndr` have shape (goldens, proxies), NaN on the diagonal; `flips` (rms,);
    `rewards` (goldens, proxies, steps) with the initial policy first.
    """

    optimiser: str
    accuracy: np.ndarray
    ndr: np.ndarray
    flips: np.ndarray
    rewards: np.ndarray
    resamples: int
    seed: int

    @property
    def rms(self) -> int:
        """Number of reward models."""
        return len(self.flips)

    def said(self, name: str) -> str:
        """Name of a quantity under this optimiser."""
        return f"{NAMES[self.optimiser]}: {name}"

    def over_goldens(
        self,
        name: str,
        statistic: Callable[[np.ndarray], float],
        recentre: bool = False,
        paper: float = np.nan,
    ) -> dict[str, Quantity]:
        """A statistic of golden indices by its name, on which alone its resamples depend."""
        rng = generator(f"finding1 {name}", self.seed)
        values = resample(statistic, self.rms, self.resamples, rng)
        return {name: Quantity(values, self.rms, paper, recentre)}

    def over_pairs(
        self,
        name: str,
        statistic: Callable[[np.ndarray, np.ndarray], float],
        recentre: bool = False,
    ) -> dict[str, Quantity]:
        """A statistic of accuracies and NDRs `(pairs,)` by its name, whole golden RMs at a time."""
        x, y = off_diagonal(self.accuracy), off_diagonal(self.ndr)
        return self.over_goldens(name, lambda g: statistic(x[g].ravel(), y[g].ravel()), recentre)

    def by_golden(self, statistic: str) -> np.ndarray:
        """Coefficient over the proxies of each golden RM, shape (goldens,)."""
        return by_golden(statistic, self.accuracy, self.ndr)


def gather(
    tables: Mapping[str, pd.DataFrame],
    curves: pd.DataFrame,
    optimiser: str,
    resamples: int,
    seed: int,
) -> Half:
    """Arrays of one optimiser from the finding's tables and the evidence's curves."""
    pairs = under(tables["pairs"], optimiser)
    names = pairs["golden"].unique()
    flips = pairs.drop_duplicates("golden").set_index("golden")["flip_golden"]
    steps = [
        group.pivot(index="golden", columns="proxy", values="golden_reward")
        .reindex(index=names, columns=names)
        .to_numpy(dtype=float)
        for _, group in curves[curves["optimiser"] == optimiser].groupby("step")
    ]
    return Half(
        optimiser=optimiser,
        accuracy=square(pairs, "accuracy"),
        ndr=square(pairs, "ndr"),
        flips=flips.loc[names].to_numpy(dtype=float),
        rewards=np.stack(steps, axis=-1),
        resamples=resamples,
        seed=seed,
    )
