"""Golden-proxy pairs of reward models: a row each, or a square.

In: the `evidence.Evidence` of one run. Out: accuracy and NDR of each pair. Called by finding 1, the
appendix and their notebooks.
"""

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.evidence import Evidence, at_n
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.vocabulary import ALL, BEST_OF_N, INITIAL, JOINT, MAIN


def couples(evidence: Evidence, family: str = MAIN) -> pd.DataFrame:
    """Accuracy and NDR of every golden-proxy pair of a family under each optimiser and n.

    optimiser, n (0 for PPO), golden, proxy (golden != proxy), flip_golden, flip_proxy, accuracy,
    ndr, golden_gain.
    """
    names = evidence.names(family)
    accuracy = pd.DataFrame(accuracy_matrix(evidence.pairs(family)), names, names).stack()
    flip = evidence.rms[evidence.rms["family"] == family].set_index("rm")["flip_rate"]
    main = {"family": family, "policy": INITIAL, "kl_coef": 0.0, "training": JOINT, "category": ALL}
    chosen = (evidence.regret[[*main]] == pd.Series(main)).all(axis=1)
    rows = evidence.regret[chosen].query("golden != proxy").reset_index(drop=True)
    return rows[["optimiser", "n", "golden", "proxy"]].assign(
        flip_golden=rows["golden"].map(flip),
        flip_proxy=rows["proxy"].map(flip),
        accuracy=accuracy.loc[list(zip(rows["golden"], rows["proxy"], strict=True))].to_numpy(),
        ndr=rows["ndr"],
        golden_gain=rows["golden_gain"],
    )


def under(table: pd.DataFrame, optimiser: str, n: int = 0) -> pd.DataFrame:
    """Rows of one optimiser; of best-of-n at one n, where 0 stands for the largest."""
    rows = table[table["optimiser"] == optimiser]
    return at_n(rows, n) if optimiser == BEST_OF_N else rows.reset_index(drop=True)


def square(pairs: pd.DataFrame, column: str) -> np.ndarray:
    """One column of the pairs under one optimiser as `(goldens, proxies)`, NaN on the diagonal."""
    names = pairs["golden"].unique()
    wide = pairs.pivot(index="golden", columns="proxy", values=column)
    return wide.reindex(index=names, columns=names).to_numpy(dtype=float)
