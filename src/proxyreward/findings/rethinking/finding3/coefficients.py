"""The arrays behind the claims of Finding 3.

In: the tables of `tables.compute`. Out: coefficients by condition, draw and golden RM, and their
intervals. Called by `claims`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.finding3.tables import CELL, KEYS
from proxyreward.findings.rethinking.repeats import Resampled, as_array


@dataclass(frozen=True)
class Coefficients(Resampled):
    """The coefficients as arrays.

    `categories` (optimisers, downstream, accuracy_on, draws, goldens), the optimisers as in
    `OPTIMISERS`; `trainings` (joint and separate, downstream, accuracy_on, draws, goldens), or
    empty; `shares` (strategies, shares, optimisers, draws, goldens); `levels`, the shares.
    """

    categories: np.ndarray
    trainings: np.ndarray
    shares: np.ndarray
    strategies: list[str]
    levels: np.ndarray

    @property
    def rms(self) -> int:
        """Number of golden RMs."""
        return self.categories.shape[-1]


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
