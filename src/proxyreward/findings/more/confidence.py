"""Whether MultiTask is too sure of itself, so that there is something for MORE to repair.

In: tables of the `mixes` stage. Out: a factor for each base. Called by that stage, whose positive
control it is, and by the findings of paper *more*.
"""

import pandas as pd

from proxyreward.metrics.calibration import inverse_temperature
from proxyreward.vocabulary import MULTITASK

OVER_CONFIDENT = "inverse temperature of MultiTask"


def over_confidence(
    rms: pd.DataFrame, margins: pd.DataFrame, labels: pd.DataFrame
) -> dict[str, float]:
    """The factor 1/T that MultiTask's margins want on the test pairs, by base, mean over seeds.

    Below 1 it is too sure. On the most confident base the factor is smallest. Arguments are tables
    of `proxyreward.findings.more.mixtures.Mixtures`; the smallest base comes first.
    """
    own, chance = rms[rms["scheme"] == MULTITASK], labels["chance"].to_numpy(float)
    factors = {}
    for base in reversed(own["base"].unique()):
        margin = margins[own.loc[own["base"] == base, "rm"]].to_numpy(float).T
        factors[base] = float(inverse_temperature(margin, chance).mean())
    return factors
