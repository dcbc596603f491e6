"""What the claims of Figures 1, 3 and 7 of paper *more* compare.

In: the tables of `measure`. Out: quantities, by the names that the registry's criteria use. Called
by the stage `more_conflict`.
"""

from itertools import product

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_conflict.measure import (
    DISAGREEMENT,
    HARMLESS,
    REWARDS,
    paper_raw,
)
from proxyreward.vocabulary import ALL, MORE, MULTITASK, RAW

TOLD = {"ece": "ECE", "accuracy": "accuracy", "log_loss": "log loss"}


def quantities(
    mixtures: Mixtures,
    transfer: pd.DataFrame,
    distances: pd.DataFrame,
    moments: pd.DataFrame,
    tests: pd.DataFrame,
    ladder: pd.DataFrame,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims of Figures 1, 3 and 7 compare.

    Those of Figure 1 are about accuracies and take their mean over bases. Rewards have units of
    their own in each model, so those of Figures 3 and 7 take the largest base. Further arguments
    are what the functions of `measure` with these names give, and `rank_tests`.
    """
    trained = transfer[transfer["trained"] != RAW]
    at_home = trained["trained"] == trained["tested"]
    own, away = trained[at_home], trained[~at_home]
    gained, lost = own.groupby("base")["gain"].min(), away.groupby("base")["loss"].mean()
    ranges = trained.groupby(["base", "tested"], sort=False)["location"].agg(np.ptp)
    found = {"mean accuracy on other sources minus Top": lost[ALL]}
    for row in away[away["base"] == ALL].itertuples():
        found[f"{row.tested}: accuracy above Raw of the model on {row.trained}"] = row.gain
        found[f"{row.tested}: accuracy of the model on {row.trained}"] = row.accuracy
    for name, shift in _oriented(transfer, mixtures.main).drop(HARMLESS).items():
        found[f"{HARMLESS}: mean margin minus Raw of the model on {name}"] = shift
    for name, value in ranges[mixtures.main].items():
        found[f"{name}: range of the models' mean margins in sd"] = value
    for test, column in (("Kruskal and Wallis", "kruskal"), ("Friedman", "friedman")):
        found[f"largest p of {test}'s test over test sources and seeds"] = tests[column].max()
    below = away.loc[away["base"] != ALL, "gain"] < 0
    found["share of entries (model, other source, base) below Raw"] = below.mean()
    for base in mixtures.bases:
        found |= {
            f"base {base}: smallest accuracy above Raw of a source's own model": gained[base],
            f"base {base}: mean accuracy on other sources minus Top": lost[base],
            f"base {base}: models that shift {HARMLESS} the other way":
                (_oriented(transfer, base) < 0).sum(),
            f"base {base}: smallest range over test sources of the models' mean margins in sd":
                ranges[base].min(),
        }  # fmt: skip
    found |= _shapes(distances, moments)
    found |= _ladder(ladder)
    quantities = {name: measured(value) for name, value in found.items()}
    for row in own[own["base"] == ALL].itertuples():
        name = f"{row.tested}: accuracy above Raw of its own model"
        quantities[name] = measured(row.gain, -paper_raw(registry, mixtures)[row.tested])
    return quantities


def _ladder(ladder: pd.DataFrame) -> dict[str, float]:
    """What full conflict does beside the least that there is, to schemes trained on all sources."""
    ends = ladder[ladder["conflict"].isin([ladder["conflict"].min(), 1.0])]
    value = ends.pivot_table(index=["scheme", "measure"], columns="conflict", values="value")
    less = value.iloc[:, -1] - value.iloc[:, 0]
    disagreement = value.loc["sources", DISAGREEMENT].iloc[-1]
    found = {"share of test pairs on which two sources disagree": disagreement}
    for scheme, measure in product((MULTITASK, MORE), ("ece", "accuracy", "log_loss")):
        name = f"{SCHEME_NAMES[scheme]}: {TOLD[measure]} at full conflict minus at the least"
        found[name] = less[scheme, measure]
    return found


def _shapes(distances: pd.DataFrame, moments: pd.DataFrame) -> dict[str, float]:
    """Of the models on other sources than Harmless."""
    apart = distances[["first", "second"]].eq(HARMLESS).any(axis=1)
    others = ~moments["trained"].isin([RAW, HARMLESS])
    sd = moments[(moments["of"] == REWARDS) & (moments["moment"] == "sd") & others]["value"]
    distance = "mean distance (Kolmogorov-Smirnov) of standardised margins"
    where = f"{HARMLESS}, models on other sources:"
    return {
        f"{where} {distance}": distances.loc[~apart, "value"].mean(),
        f"{where} largest to smallest sd of rewards": sd.max() / sd.min(),
        f"{HARMLESS}, from its own model: {distance}": distances.loc[apart, "value"].mean(),
    }


def _oriented(transfer: pd.DataFrame, base: str) -> pd.Series:
    """Shifts on Harmless by model, counted positive in the direction of the model on Harmless."""
    rows = transfer[(transfer["base"] == base) & (transfer["tested"] == HARMLESS)]
    mean = rows.set_index("trained")["mean"]
    shift = mean.drop(RAW) - mean[RAW]
    return -shift if shift[HARMLESS] < 0 else shift
