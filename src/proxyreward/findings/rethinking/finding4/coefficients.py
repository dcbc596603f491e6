"""The arrays behind the claims of Finding 4: coefficients by draw of the test set and golden RM.

In: the long tables of `draws.compute`. Out: arrays and quantities. Called by `claims` and
`metric_claims`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.repeats import OverDraws, as_array


@dataclass(frozen=True)
class Coefficients(OverDraws):
    """Coefficients by draw and golden RM."""

    tables: Mapping[str, pd.DataFrame]

    @property
    def goldens(self) -> int:
        """Number of golden RMs."""
        return int(self.tables["sizes"]["rms"].iloc[0])

    def metric(self, name: str, optimiser: str, statistic: str = "spearman") -> np.ndarray:
        """A metric of Table 4, shape `(draws, goldens)`."""
        rows = self.tables["metrics"].query("metric == @name and statistic == @statistic")
        return by_draw(rows, optimiser)


def by_draw(table: pd.DataFrame, optimiser: str, *by: str) -> np.ndarray:
    """The coefficients of one optimiser as `(*by, draws, goldens)`."""
    return as_array(table[table["optimiser"] == optimiser], *by)
