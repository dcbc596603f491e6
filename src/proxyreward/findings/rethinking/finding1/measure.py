"""How accuracy and the regret of best-of-n and PPO go together.

In: the pairs of `Evidence.couples`. Out: a table of coefficients. Called by the stage `finding1`.
"""

import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.evidence import square
from proxyreward.metrics.prediction import associate
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
