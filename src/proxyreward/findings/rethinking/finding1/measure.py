"""Accuracy against the regret of best-of-n and PPO, a row a golden-proxy pair, and coefficients.

In: the `evidence.Evidence` of one run. Out: tables. Called by the stage `finding1`; the page reads
what that wrote.
"""

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.evidence import Evidence, at_n
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import associate
from proxyreward.vocabulary import ALL, BEST_OF_N, INITIAL, JOINT, MAIN, PPO

# Rows of the paper's Table 1.
PRINTED = {BEST_OF_N: "Acc. / BoN", PPO: "Acc. / PPO"}


def couples(evidence: Evidence) -> pd.DataFrame:
    """Accuracy and NDR of every golden-proxy pair under both optimisers.

    optimiser, n (0 for PPO), golden, proxy (golden != proxy), flip_golden, flip_proxy, accuracy,
    ndr, golden_gain.
    """
    names = evidence.names()
    accuracy = pd.DataFrame(accuracy_matrix(evidence.pairs()), index=names, columns=names).stack()
    flip = dict(zip(names, evidence.flips(), strict=True))
    main = {"family": MAIN, "policy": INITIAL, "kl_coef": 0.0, "training": JOINT, "category": ALL}
    chosen = (evidence.regret[[*main]] == pd.Series(main)).all(axis=1)
    rows = evidence.regret[chosen].query("golden != proxy").reset_index(drop=True)
    return rows[["optimiser", "n", "golden", "proxy"]].assign(
        flip_golden=rows["golden"].map(flip),
        flip_proxy=rows["proxy"].map(flip),
        accuracy=accuracy.loc[list(zip(rows["golden"], rows["proxy"], strict=True))].to_numpy(),
        ndr=rows["ndr"],
        golden_gain=rows["golden_gain"],
    )


def associations(pairs: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Association of accuracy with NDR for each optimiser and n, beside the paper's Table 1.

    Of the pairs of :func:`couples`: optimiser, n, statistic, protocol, paper, value. The paper does
    not say which protocol it used, so its value stands beside both.
    """
    rows = []
    for (optimiser, n), group in pairs.groupby(["optimiser", "n"]):
        printed = registry.printed("rethinking.table1", PRINTED[optimiser])
        rows += [
            (optimiser, n, found.statistic, found.protocol, printed[found.statistic], found.value)
            for found in associate(square(group, "accuracy"), square(group, "ndr"))
        ]
    names = ["optimiser", "n", "statistic", "protocol", "paper", "value"]
    return pd.DataFrame(rows, columns=names)


def under(table: pd.DataFrame, optimiser: str, n: int = 0) -> pd.DataFrame:
    """Rows of one optimiser; of best-of-n at one n, where 0 stands for the largest."""
    rows = table[table["optimiser"] == optimiser]
    return at_n(rows, n) if optimiser == BEST_OF_N else rows.reset_index(drop=True)


def square(pairs: pd.DataFrame, column: str) -> np.ndarray:
    """One column of the pairs under one optimiser as `(goldens, proxies)`, NaN on the diagonal."""
    names = pairs["golden"].unique()
    wide = pairs.pivot(index="golden", columns="proxy", values=column)
    return wide.reindex(index=names, columns=names).to_numpy(dtype=float)
