"""How accuracy and the regret of best-of-n and PPO go together.

In: the pairs of `Evidence.couples`, and NDR of each PPO run. Out: tables of coefficients. Called by
the stage `finding1`.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.evidence import square
from proxyreward.metrics.estimates import mean_known
from proxyreward.metrics.prediction import CORRELATIONS, associate
from proxyreward.vocabulary import BEST_OF_N, PPO

# Rows of the paper's Table 1.
PRINTED = {BEST_OF_N: "Acc. / BoN", PPO: "Acc. / PPO"}


def associations(pairs: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Association of accuracy with NDR for each optimiser and n, beside the paper's Table 1.

    Of the pairs of `Evidence.couples`: optimiser, n, statistic, protocol, paper, value. The paper
    does not say which protocol it used, so its value stands beside both.
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


def agreement(repeats: pd.DataFrame) -> pd.DataFrame:
    r"""Spearman between the NDRs of two PPO runs on each reward model, over golden-proxy pairs.

    With seeds of their own, two runs differ by chance alone. What two means of k runs would have in
    common follows by the formula of Spearman and Brown from r, the mean over pairs of runs:

    .. math:: r_k = \frac{k r}{1 + (k - 1) r}

    Parameters
    ----------
    repeats
        The table of that name of the evidence.

    Returns
    -------
    DataFrame
        averaged, value: of one run, and of means over as many as there are, which the finding
        uses; NaN where there is only one.
    """
    others = repeats[repeats["golden"] != repeats["proxy"]]
    ndr = others.pivot(index=["golden", "proxy"], columns="number", values="ndr")
    spearman = CORRELATIONS["spearman"]
    pairs = [spearman(ndr[one], ndr[two]) for one, two in combinations(ndr, 2)]
    single = mean_known(np.array(pairs, dtype=float))
    rows = [(k, k * single / (1 + (k - 1) * single)) for k in sorted({1, ndr.shape[1]})]
    return pd.DataFrame(rows, columns=["averaged", "value"])
