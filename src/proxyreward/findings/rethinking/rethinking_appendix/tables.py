"""Tables of the appendix, small enough for Git.

In: `Evidence`, the training pairs and the specs of trained items. Out: data frames. Called by the
stage `rethinking_appendix`; the notebooks read the written tables.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.findings.core.drawing import with_interval
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.rethinking_appendix.dataset import dataset_table
from proxyreward.findings.rethinking.rethinking_appendix.penalties import (
    penalty_associations,
    run_ends,
)
from proxyreward.findings.rethinking.rethinking_appendix.recipes import recipe_table


def compute(
    evidence: Evidence,
    training: pd.DataFrame,
    recipes: Mapping[str, tuple[Sequence[Mapping[str, Any]], Sequence[str]]],
    *,
    resamples: int,
    seed: int,
    registry: Registry,
) -> dict[str, pd.DataFrame]:
    """All tables.

    Parameters
    ----------
    evidence : Evidence
    training : DataFrame
        The pairs that the reward models are trained on.
    recipes : mapping
        As in `rethinking_appendix.recipes.recipe_table`.
    resamples, seed : int
        Bootstrap resamples, and their root.
    registry : Registry

    Returns
    -------
    dict of DataFrame
        `penalties`, `runs`, `recipes`, `dataset`: see the functions that make them. The families
        are quickly computed from the evidence at any n, so they have no table.
    """
    rng = generator("rethinking_appendix tables", seed)
    return {
        "penalties": penalty_associations(evidence, resamples, rng, registry),
        "runs": run_ends(evidence),
        "recipes": recipe_table(recipes),
        "dataset": dataset_table(training, resamples, seed),
    }


def association_table(associations: pd.DataFrame, key: str, title: str) -> pd.DataFrame:
    """Associations over each golden RM's proxies as text cells: a row per value of `key`.

    Parameters
    ----------
    associations : DataFrame
        Of `families.family_associations` or `penalties.penalty_associations`. A column `paper`
        gives each value of `key` a second row with the paper's numbers.
    key, title : str
        Column whose values become rows, and its heading.
    """
    chosen = associations[associations["protocol"] == "mean_g"]
    rows = []
    for value, group in chosen.groupby(key, sort=False):
        name = value if isinstance(value, str) else f"{value:g}"
        head = {title: name, "RMs": f"{group['rms'].iloc[0]}"}
        cells = {
            _heading(row.statistic): with_interval(row.estimate, row.low, row.high)
            for row in group.itertuples()
        }
        rows.append({**head, **cells})
        if "paper" in group and group["paper"].notna().all():
            paper = {_heading(row.statistic): f"{row.paper:.2f}" for row in group.itertuples()}
            rows.append({title: f"{name}, paper", "RMs": "–", **paper})
    return pd.DataFrame(rows)


def _heading(statistic: str) -> str:
    return "MRR" if statistic == "mrr" else statistic.capitalize()
