"""What the claims of Figure 5, of Tables 1, 5 and 6, and on over-rewarding compare.

In: tables of `measure`. Out: quantities, by the names that the registry's criteria use. Called by
the stage `more_rewards`.
"""

from collections.abc import Mapping
from itertools import combinations, product

import pandas as pd

from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import OUTLIERS, OVER_CONFIDENT, counterparts
from proxyreward.findings.more.more_rewards.measure import (
    ALL_STEPS,
    AS_TRAINED,
    READINGS,
    SCALED,
    SIDES,
)
from proxyreward.metrics.prediction import spearman
from proxyreward.vocabulary import HH, MORE, MULTITASK, RAW, TOP

CONTRASTS = ((MORE, TOP), (MORE, MULTITASK), (MULTITASK, TOP))
SIZES = dict(zip(OUTLIERS, ("small", "middle", "large")))  # of the paper's bases
# What two schemes are compared by on each test set: the kind and the statistic that are read.
WORDS = {
    "outliers in % of pairs": (READINGS[0], "share"),
    "mean positive outlier": (READINGS[0], "positive_mean"),
    "mean size of negative outliers": (READINGS[0], "negative_mean"),
    "ECE": (AS_TRAINED, "ece"),
    "mean |dr|": (AS_TRAINED, "size"),
    "ECE with one temperature": (SCALED, "ece"),
    "ECE in the paper's form": (AS_TRAINED, "ece_paper"),
}
# The size of outliers in other words than the paper's, mean over both sides and test sets.
OTHERWISE = {"with one box": (READINGS[1], "mean"), "in sd of margins": (READINGS[0], "mean_sd")}


def quantities(tables: Mapping[str, pd.DataFrame]) -> dict[str, Quantity]:
    """Measure what the claims of the finding compare, from the tables that the stage writes."""
    measures, means, trends = (tables[name] for name in ("measures", "means", "trends"))
    names = {"rewards": "kind", "reading": "kind", "metric": "statistic"}
    rows = pd.concat([table.rename(columns=names) for table in (measures, tables["outliers"])])
    keys = ["base", "scheme", "source", "kind", "statistic"]
    # Outliers on the negative side count as sizes; all else is positive.
    rows = abs(rows.set_index(keys)[["value", "paper"]]).sort_index()
    found: dict[str, Quantity] = {}
    controls = tables["controls"].set_index("name")["value"]
    for base, paper in counterparts(measures["base"].unique()).items():
        size = SIZES[paper]
        own = _contrasts(rows.loc[base])
        own |= _growth(trends[trends["base"] == base])
        own |= _across_schemes(means[means["base"] == base])
        own |= {
            f": {what}": measured(controls[f"{base}: {what}"])
            for what in (OVER_CONFIDENT, "ECE of MultiTask above its floor, in floors")
        }
        found |= {f"{size} base {base}{name}": quantity for name, quantity in own.items()}
    return found


def _contrasts(rows: pd.DataFrame) -> dict[str, Quantity]:
    """Differences of two schemes on each test set, those of the paper beside."""
    found = {}
    gaps = {pair: rows.loc[pair[0]] - rows.loc[pair[1]] for pair in CONTRASTS}
    texts = {pair: " minus ".join(SCHEME_NAMES[scheme] for scheme in pair) for pair in CONTRASTS}
    for source, pair, (text, key) in product(HH, CONTRASTS, WORDS.items()):
        found[f", {source}: {text}, {texts[pair]}"] = measured(*gaps[pair].loc[(source, *key)])
    for pair, (text, (reading, unit)) in product(CONTRASTS[:2], OTHERWISE.items()):
        places = [(source, reading, f"{side}_{unit}") for source in HH for side in SIDES]
        mean = gaps[pair]["value"].loc[places].mean(skipna=False)
        found[f": mean size of outliers {text}, {texts[pair]}"] = measured(mean)
    return found


def _growth(trends: pd.DataFrame) -> dict[str, Quantity]:
    """How steadily reward differences rise under the plain loss."""
    found = {}
    for row in trends.itertuples():
        part = "" if row.steps == ALL_STEPS else f", {row.steps}"
        name = f", {SCHEME_NAMES[row.scheme]}: Spearman of step and mean |dr|{part}"
        found[name] = measured(row.value)
    return found


def _across_schemes(means: pd.DataFrame) -> dict[str, Quantity]:
    """Size, ECE and accuracy, means of both test sets, over all schemes trained on a base."""
    rows = means[means["rewards"] == AS_TRAINED]
    wide = rows.pivot(index="scheme", columns="metric", values="value")
    trained = wide.loc[[scheme for scheme in rows["scheme"].unique() if scheme != RAW]]
    found = {
        f": Spearman of mean |dr| and ECE{form} over schemes": spearman(
            trained["size"].to_numpy(), trained[metric].to_numpy()
        )
        for form, metric in (("", "ece"), (" in the paper's form", "ece_paper"))
    }
    for one, other in combinations(trained.index, 2):
        name = f": accuracy, {SCHEME_NAMES[one]} minus {SCHEME_NAMES[other]}"
        found[name] = trained.at[one, "accuracy"] - trained.at[other, "accuracy"]
    grown = wide.at[MULTITASK, "size"] / wide.at[RAW, "size"]
    found[": mean |dr| of MultiTask over that of Raw"] = grown
    return {name: measured(value) for name, value in found.items()}
