"""The arrays behind the claims of Finding 2.

In: the tables of `tables.compute`. Out: coefficients by condition, draw and golden RM. Called by
`claims`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.finding2.tables import KEYS, ORIGIN, third
from proxyreward.findings.rethinking.repeats import OverDraws, as_array


@dataclass(frozen=True)
class Coefficients(OverDraws):
    """The coefficients as arrays.

    `sources` (sources, optimisers, statistics, draws, goldens) in the order `names`,
    `OPTIMISERS` and `STATISTICS`; `cells` (cells, optimisers, draws, goldens), with the
    `chosen` and `rejected` bin of each cell.
    """

    sources: np.ndarray
    names: list[str]
    cells: np.ndarray
    chosen: np.ndarray
    rejected: np.ndarray
    bins: int

    @property
    def single(self) -> list[int]:
        """Places of the sources that are a single one."""
        return [i for i, name in enumerate(self.names) if name != ORIGIN]

    def region(self, chosen: int, rejected: int) -> np.ndarray:
        """Which cells have their chosen and rejected bin in these thirds of the order."""
        thirds = np.array([third(place, self.bins) for place in range(self.bins)])
        return (thirds[self.chosen] == chosen) & (thirds[self.rejected] == rejected)


def gather(tables: Mapping[str, pd.DataFrame], resamples: int, seed: int) -> Coefficients:
    """Arrays of the tables `sources` and `bins`."""
    bins = tables["bins"]
    cells = bins.drop_duplicates(["chosen", "rejected"])
    by_cell = bins.assign(cell=bins.groupby(["chosen", "rejected"], sort=False).ngroup())
    return Coefficients(
        sources=as_array(tables["sources"], *KEYS["sources"]),
        names=tables["sources"]["source"].unique().tolist(),
        cells=as_array(by_cell, "cell", "optimiser"),
        chosen=cells["chosen"].to_numpy(),
        rejected=cells["rejected"].to_numpy(),
        bins=int(tables["sizes"]["bins"].iloc[0]),
        finding="finding2",
        resamples=resamples,
        seed=seed,
    )
