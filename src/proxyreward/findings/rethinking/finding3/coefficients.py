"""The arrays behind the claims of Finding 3.

In: the tables of `tables.compute`. Out: coefficients by condition, draw and golden RM. Called by
`claims`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.finding3.tables import CELL, KEYS
from proxyreward.findings.rethinking.repeats import OverDraws, as_array


@dataclass(frozen=True)
class Coefficients(OverDraws):
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


def gather(tables: Mapping[str, pd.DataFrame], resamples: int, seed: int) -> Coefficients:
    """Arrays of the tables `categories`, `trainings` and `shares`."""
    shares = tables["shares"]
    return Coefficients(
        categories=as_array(tables["categories"], "optimiser", *CELL),
        trainings=as_array(tables["trainings"], *KEYS["trainings"]),
        shares=as_array(shares, *KEYS["shares"]),
        strategies=shares["strategy"].unique().tolist(),
        levels=shares["share"].unique(),
        finding="finding3",
        resamples=resamples,
        seed=seed,
    )
