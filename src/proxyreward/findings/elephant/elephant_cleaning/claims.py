"""What the claims of paper *elephant* on its data compare (Figures 1, 3, 7; Tables 1, 7; app. B.1).

In: the tables of `measure`. Out: quantities, by the names that the registry's criteria use.
"""

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.elephant.elephant_cleaning.measure import (
    AFTER,
    BEFORE,
    COUNT,
    FATES,
    PRECISION,
    SHARE,
)
from proxyreward.findings.elephant.elephant_cleaning.voting import (
    EXPECTED,
    JUDGES,
    OBSERVED,
    OWN,
    SHARED,
    WRONG,
)
from proxyreward.vocabulary import (
    ALL,
    CLEANED,
    EMPTY,
    HELPFUL_ONLINE,
    REPETITIVE,
    SAME,
    SUBSETS,
    TOXIC,
    TRAIN,
    TYPES,
    UNCLEANED,
)

RATERS = "mean Spearman of two raters' scores"


def quantities(
    types: pd.DataFrame,
    truth: pd.DataFrame,
    rule: pd.DataFrame,
    judges: pd.DataFrame,
    toxic: pd.DataFrame,
    agreement: pd.DataFrame,
    consistency: pd.DataFrame,
    differences: int,
) -> dict[str, Quantity]:
    """Measure what the claims on the data compare; arguments are what `measure` gives."""
    numbers = _toxic(toxic) | _truth(truth)
    for row in agreement[agreement["measure"] == "krippendorff"].itertuples():
        numbers[f"{row.set}: Krippendorff's alpha of the four"] = row.value
    each = consistency.set_index("criteria")["value"]
    numbers[f"{RATERS}, shared criteria"] = each[SHARED]
    numbers[f"{RATERS}, shared criteria minus own tastes"] = each[SHARED] - each[OWN]
    wide = rule[rule["size"] == ALL].pivot(index=["set", "type"], columns="of", values="value")
    away = (wide[OBSERVED] - wide[EXPECTED]).abs().max()
    numbers["largest distance of a voted type's share from its expectation"] = away
    wrong = judges[judges["measure"] == WRONG].set_index("judges")["value"]
    for name in JUDGES.values():
        numbers[f"share of records that a majority of {name} mislabels"] = wrong[name]
    found = {name: measured(value) for name, value in numbers.items()}
    found["pairs in which the cleaned sets miss their definition"] = counted(differences)
    return _types(types) | found


def _types(types: pd.DataFrame) -> dict[str, Quantity]:
    rows = types.set_index(["measure", "set", "type"])
    share, count, paper = rows["value"][SHARE], rows["value"][COUNT], rows["paper"][SHARE]
    found = {
        f"{name}: share of type same": measured(share[name, SAME], paper[name, SAME])
        for name in (TRAIN, *SUBSETS)
    }
    less, printed = (of[HELPFUL_ONLINE, SAME] - of[TRAIN, SAME] for of in (share, paper))
    found[f"{HELPFUL_ONLINE}: share of type same minus that of train"] = measured(less, printed)
    for kind in TYPES:
        if kind != SAME:
            found[f"train: records of type {kind}"] = counted(count[TRAIN, kind])
    for name in SUBSETS:
        useless = count[name, EMPTY] + count[name, REPETITIVE]
        found[f"{name}: records of types empty and repetitive"] = counted(useless)
    return found


def _toxic(toxic: pd.DataFrame) -> dict[str, float]:
    value = toxic[toxic["set"] == TRAIN].set_index("measure")["value"]
    dropped = value[TOXIC] or np.nan
    return {
        "train: share of toxic chosen responses": value["chosen"],
        "train: share of toxic chosen minus toxic rejected responses":
            value["chosen"] - value["rejected"],
        "train: share of type toxic that is outvoted": value["outvoted"] / dropped,
        "train: share of type toxic that is correctable": value["correctable"] / dropped,
    }  # fmt: skip


def _truth(truth: pd.DataFrame) -> dict[str, float]:
    value = truth[truth["size"] == ALL].set_index(["set", "measure"])["value"]
    found = {
        f"{name}: share of type opposite whose rejected response the oracle prefers":
            value[name, PRECISION]
        for name in (TRAIN, *SUBSETS)
    }  # fmt: skip
    for label, measure in ((UNCLEANED, BEFORE), (CLEANED, AFTER)):
        name = f"train: share of labels that the oracle contradicts, {label}"
        found[name] = value[TRAIN, measure]
    for fate in FATES:
        found[f"train: share of wrong labels that are {fate}"] = value[TRAIN, fate]
    return found
