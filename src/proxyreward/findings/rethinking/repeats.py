"""Repeated draws of a test set: how a coefficient differs from draw to draw.

In: the error of every proxy on each draw, and the NDR of each optimiser. Out: a long table with the
coefficient of each draw and golden RM, its summary over draws, and what pages make of that. Called
by findings 2, 3 and 4 and their notebooks.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.replicates import ESTIMATED, PAPER
from proxyreward.findings.core.text import cell
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.metrics.prediction import by_golden
from proxyreward.vocabulary import ALL, BEST_OF_N, PPO

STATISTICS = {"spearman": "Spearman", "mrr": "MRR"}  # of the paper's tables with ±


def ndrs(evidence: Evidence, n: int = 0, category: str = ALL) -> dict[str, np.ndarray]:
    """NDR under both optimisers, see `Evidence.ndr`; of best-of-n at n."""
    bon = evidence.ndr(BEST_OF_N, n=n, category=category)
    return {BEST_OF_N: bon, PPO: evidence.ndr(PPO, category=category)}


def coefficients(
    errors: Sequence[np.ndarray],
    ndr: Mapping[str, np.ndarray],
    goldens: Sequence[str],
    statistics: Sequence[str] = ("spearman",),
    **condition: object,
) -> pd.DataFrame:
    """Coefficient between a metric and NDR for each draw, golden RM, optimiser and statistic.

    Parameters
    ----------
    errors : the metric on each draw of a test set, shape (draws, goldens, proxies).
    ndr : of each optimiser, shape (goldens, proxies).
    goldens : names of the golden RMs.
    statistics : keys of ``proxyreward.metrics.prediction.STATISTICS``.
    condition : what distinguishes this test set from others; a column each.

    Returns
    -------
    DataFrame
        The condition, then optimiser, statistic, draw, golden, coefficient.
    """
    errors = np.asarray(errors)
    draw, golden = (index.ravel() for index in np.indices(errors.shape[:2]))
    names = np.asarray(goldens)[golden]
    return pd.concat(
        [
            pd.DataFrame(
                {
                    **condition,
                    "optimiser": optimiser,
                    "statistic": statistic,
                    "draw": draw,
                    "golden": names,
                    "coefficient": by_golden(statistic, errors, matrix).ravel(),
                }
            )
            for optimiser, matrix in ndr.items()
            for statistic in statistics
        ],
        ignore_index=True,
    )


def overall(table: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Mean of all coefficients that are defined: the columns `by` and value."""
    found = table.groupby([*by], sort=False)["coefficient"].mean()
    return found.rename("value").reset_index()


def summary(table: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Mean over golden RMs, then its mean and sd over draws: by, measure (`mean`, `sd`), value.

    The sd is that of the draws at hand: it says how much a single draw can mislead, not how well
    the mean is known. It is NaN for a single draw.
    """
    by_draw = table.groupby([*by, "draw"], sort=False)["coefficient"].mean()
    found = by_draw.groupby(level=list(by), sort=False).agg(["mean", "std"])
    # Without the last digits the sd of draws that do not differ is 0, not noise.
    found = found.rename(columns={"std": "sd"}).round(12).reset_index()
    return found.melt(list(by), var_name="measure")


def printed(registry: Registry, entry: str, column: str, names: Mapping[str, str]) -> pd.DataFrame:
    """A paper's table with cells such as `bon_spearman` in the form of :func:`summary`.

    A row of the paper has the name that `names` gives it, or its own, in `column`. A cell that the
    paper prints without ± has no sd.
    """
    prefixes = {BEST_OF_N: "bon", PPO: "ppo"}
    rows = []
    for name, cells in registry.entry(entry).values.items():
        for (optimiser, prefix), statistic in product(prefixes.items(), STATISTICS):
            if (cell := cells.get(f"{prefix}_{statistic}")) is not None:
                mean, sd = (cell["mean"], cell["pm"]) if isinstance(cell, Mapping) else (cell, None)
                key = (names.get(name, name), optimiser, statistic)
                rows += [(*key, "mean", mean), (*key, "sd", sd)]
    keys = [column, "optimiser", "statistic", "measure"]
    return pd.DataFrame(rows, columns=[*keys, "value"]).astype({"value": float})


def alone(table: pd.DataFrame) -> pd.DataFrame:
    """A table of one run in the form of one over replicates: `value` is the estimate, no ends."""
    return table.rename(columns={"value": "estimate"}).assign(low=np.nan, high=np.nan)


def with_sd(table: pd.DataFrame) -> pd.DataFrame:
    """A :func:`summary` over replicates with a row for each mean, its `sd` beside it.

    With a column `paper` the paper's sd stands beside, too, as `paper_sd`.
    """
    keys = [name for name in table if name not in ("measure", PAPER, *ESTIMATED)]
    means, sds = (table[table["measure"] == name] for name in ("mean", "sd"))
    heads = {"estimate": "sd"} | ({PAPER: "paper_sd"} if PAPER in table else {})
    return means.merge(sds[[*keys, *heads]].rename(columns=heads), "left", on=keys)


def sd_cell(row: Any) -> str:
    """Text cell of a row of :func:`with_sd`: ``mean [low, high] ± sd``, no sd where it is 0."""
    return cell(row) + (f" ±\u00a0{row.sd:.2f}" if row.sd > 0 else "")
