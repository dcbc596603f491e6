"""Resamples of prompts, and rows of tables.

In: arrays and their resamples. Out: rows with intervals, and a choice of rows. Called by the other
modules of `more_alignment`.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import Draws, Mixtures, interval


def prompt_draws(
    mixtures: Mixtures, source: np.ndarray, resamples: int, rng: np.random.Generator
) -> Draws:
    """Common resamples of prompts, each from a source, and of seeds: prompts in place of pairs."""
    prompts = pd.DataFrame({"group": np.arange(len(source)), "source": source})
    return Draws.of(replace(mixtures, margins=prompts), resamples, rng)


def row(replicates: np.ndarray, recentre: bool = False, level: float = 0.95, **keys) -> dict:
    """One row of a table: keys, then estimate, low and high."""
    return keys | interval(replicates, level, recentre)._asdict()


def select(table: pd.DataFrame, **keys: str) -> pd.DataFrame:
    """Rows that have these values; an empty text stands for a missing one too.

    >>> select(pd.DataFrame({"a": ["x", None], "b": [1, 2]}), a="")["b"].tolist()
    [2]
    """
    for column, value in keys.items():
        table = table[(table[column] if value else table[column].fillna("")) == value]
    return table
