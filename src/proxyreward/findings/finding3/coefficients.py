"""The arrays behind the claims of Finding 3.

In: the tables of `tables.compute`. Out: coefficients by condition, draw and golden RM, and their
intervals. Called by `claims`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.evidence import BEST_OF_N, PPO
from proxyreward.findings.finding3.tables import CELL, KEYS
from proxyreward.findings.repeats import as_array
from proxyreward.metrics.resampling import Interval, bootstrap_draws

BOTH = (BEST_OF_N, PPO)


@dataclass(frozen=True)
class Coefficients:
    """The coefficients as arrays, and their intervals over draws and golden RMs.

    `categories` (optimisers, downstream, accuracy_on, draws, goldens), optimisers as in `BOTH`;
    `trainings` (joint and separate, downstream, accuracy_on, draws, goldens), or empty; `shares`
    (strategies, shares, optimisers, draws, goldens); `levels`, the shares.
    """

    categories: np.ndarray
    trainings: np.ndarray
    shares: np.ndarray
    strategies: list[str]
    levels: np.ndarray
    resamples: int
    rng: np.random.Generator

    @property
    def rms(self) -> int:
        """Number of golden RMs."""
        return self.categories.shape[-1]

    def interval(
        self,
        statistic: Callable[[np.ndarray], float],
        values: np.ndarray,
        *,
        tests: int = 1,
        recentre: bool = False,
    ) -> Interval:
        """Bootstrap a statistic of means, one of `tests` alternatives."""
        return bootstrap_draws(
            statistic, values, self.resamples, self.rng, 1 - 0.05 / tests, recentre
        )


def gather(
    tables: Mapping[str, pd.DataFrame], resamples: int, rng: np.random.Generator
) -> Coefficients:
    """Arrays of the tables `categories`, `trainings` and `shares`."""
    shares = tables["shares"]
    return Coefficients(
        categories=as_array(tables["categories"], "optimiser", *CELL),
        trainings=as_array(tables["trainings"], *KEYS["trainings"]),
        shares=as_array(shares, *KEYS["shares"]),
        strategies=shares["strategy"].unique().tolist(),
        levels=shares["share"].unique(),
        resamples=resamples,
        rng=rng,
    )
