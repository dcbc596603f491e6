"""Tables of Finding 1: accuracy, NDR under both optimisers and their association.

In: the `evidence.Evidence`. Out: data frames small enough for Git.
Called by the `finding1` stage; the notebook reads the written tables.
"""

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES, with_interval
from proxyreward.findings.core.registry import Registry, load_registry
from proxyreward.findings.rethinking.evidence import Evidence, at_n
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import associate, mrr_chance
from proxyreward.vocabulary import ALL, BEST_OF_N, INITIAL, JOINT, MAIN, PPO

# Rows of the paper's Table 1.
PRINTED = {BEST_OF_N: "Acc. / BoN", PPO: "Acc. / PPO"}


def compute(
    evidence: Evidence, *, resamples: int, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """All tables of the finding.

    Parameters
    ----------
    evidence : Evidence
        Scores of the test pairs, and the regret of every policy.
    resamples : int
        Bootstrap resamples of golden RMs.
    rng : numpy.random.Generator
        Source of the resamples.

    Returns
    -------
    dict of DataFrame
        `pairs` (optimiser, n, golden, proxy, flip_golden, flip_proxy, accuracy, ndr,
        golden_gain), golden != proxy, n = 0 for PPO; `association` (optimiser, n, statistic,
        protocol, estimate, low, high, n_goldens, paper) for each optimiser and n; `sizes`
        (rms, pairs, resamples), one row.
    """
    names, bench = evidence.names(), evidence.pairs()
    accuracy = pd.DataFrame(accuracy_matrix(bench), index=names, columns=names).stack()
    flip = dict(zip(names, evidence.flips(), strict=True))
    rows = evidence.regret
    for column, value in {
        "family": MAIN, "policy": INITIAL, "kl_coef": 0.0, "training": JOINT, "category": ALL,
    }.items():  # fmt: skip
        rows = rows[rows[column] == value]
    rows = rows[rows["golden"] != rows["proxy"]]
    couples = list(zip(rows["golden"], rows["proxy"], strict=True))
    pairs = rows[["optimiser", "n", "golden", "proxy"]].assign(
        flip_golden=rows["golden"].map(flip),
        flip_proxy=rows["proxy"].map(flip),
        accuracy=accuracy.loc[couples].to_numpy(),
        ndr=rows["ndr"],
        golden_gain=rows["golden_gain"],
    )
    pairs = pairs.reset_index(drop=True)
    sizes = {"rms": len(names), "pairs": bench.shape[1], "resamples": resamples}
    return {
        "association": associations(pairs, resamples=resamples, rng=rng),
        "pairs": pairs,
        "sizes": pd.DataFrame([sizes]),
    }


def associations(
    pairs: pd.DataFrame,
    *,
    resamples: int,
    rng: np.random.Generator,
    registry: Registry | None = None,
) -> pd.DataFrame:
    """Association of accuracy with NDR for each optimiser and n, beside the paper's Table 1.

    Parameters
    ----------
    pairs : DataFrame
        The table `pairs` of :func:`compute`, whole or in part (see :func:`under`).
    resamples : int
        Bootstrap resamples of golden RMs.
    rng : numpy.random.Generator
        Source of the resamples.
    registry : Registry, optional
        Where the paper's values come from; default the package's own.

    Returns
    -------
    DataFrame
        The table `association` of :func:`compute`. The paper does not say which protocol it used,
        so its value stands beside both.
    """
    registry = registry or load_registry()
    rows = []
    for (optimiser, n), group in pairs.groupby(["optimiser", "n"]):
        printed = registry.printed("rethinking.table1", PRINTED[optimiser])
        found = associate(square(group, "accuracy"), square(group, "ndr"), resamples, rng)
        key = {"optimiser": optimiser, "n": n}
        rows += [{**key, **vars(a), "paper": printed[a.statistic]} for a in found]
    return pd.DataFrame(rows)


def under(table: pd.DataFrame, optimiser: str, n: int = 0) -> pd.DataFrame:
    """Rows of one optimiser; of best-of-n at one n, where 0 stands for the largest."""
    rows = table[table["optimiser"] == optimiser]
    return at_n(rows, n) if optimiser == BEST_OF_N else rows.reset_index(drop=True)


def square(pairs: pd.DataFrame, column: str) -> np.ndarray:
    """One column of the pairs under one optimiser as `(goldens, proxies)`, NaN on the diagonal."""
    names = pairs["golden"].unique()
    wide = pairs.pivot(index="golden", columns="proxy", values=column)
    return wide.reindex(index=names, columns=names).to_numpy(dtype=float)


def table1(association: pd.DataFrame, n_rms: int) -> pd.DataFrame:
    """Table 1 as short text cells, a row per optimiser and statistic.

    Parameters
    ----------
    association : DataFrame
        Rows of one n.
    n_rms : int
        Number of reward models; it sets the chance level of the MRR.
    """
    rows = []
    for (optimiser, statistic), group in association.groupby(
        ["optimiser", "statistic"], sort=False
    ):
        cells = {
            row.protocol: with_interval(row.estimate, row.low, row.high)
            for row in group.itertuples()
        }
        mrr = f"MRR (chance {mrr_chance(n_rms - 1):.2f})"
        rows.append(
            {
                "Optimiser": NAMES[optimiser],
                "Statistic": mrr if statistic == "mrr" else statistic.capitalize(),
                "Each golden": cells["mean_g"],
                "All pairs": cells.get("pooled", "–"),
                "Paper": f"{group['paper'].iloc[0]:.2f}",
            }
        )
    return pd.DataFrame(rows)
