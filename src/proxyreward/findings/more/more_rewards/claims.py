"""What the claims of Figure 5, of Tables 1, 5 and 6, and on over-rewarding compare.

In: tables of `measure`. Out: quantities, by the names that the registry's criteria use. Called by
the stage `more_rewards`.
"""

from collections.abc import Iterable, Mapping
from itertools import product

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.more.confidence import OVER_CONFIDENT
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import OUTLIERS as PAPER_BASES
from proxyreward.findings.more.mixtures import counterparts
from proxyreward.findings.more.more_rewards.measure import (
    ABOVE_FLOOR,
    ALL_STEPS,
    AS_TRAINED,
    READINGS,
    SCALED,
    SIDES,
)
from proxyreward.metrics.prediction import spearman
from proxyreward.vocabulary import HH, MORE, MULTITASK, RAW, TOP

CONTRASTS = ((MORE, TOP), (MORE, MULTITASK))
EVERY, CONFIDENT, BOTH = "every base", "most confident base", "mean of both"
SIZES = dict(zip(PAPER_BASES, ("small", "middle", "large")))
# What two schemes are compared by on each test set: the kind and the statistic that are read.
WORDS = {
    "outliers in % of pairs": (READINGS[0], "share"),
    "mean positive outlier": (READINGS[0], "positive_mean"),
    "mean size of negative outliers": (READINGS[0], "negative_mean"),
    "ECE": (AS_TRAINED, "ece"),
    "accuracy": (AS_TRAINED, "accuracy"),
    "mean |dr|": (AS_TRAINED, "size"),
    "ECE with one temperature": (SCALED, "ece"),
    "ECE in the paper's form": (AS_TRAINED, "ece_paper"),
}
# Of these, what is told of the most confident base and of the mean of all.
POOLED = ("ECE", "accuracy", "mean |dr|")
# The size of outliers, mean over both sides and test sets: as the paper prints it and otherwise.
OUTLIERS = {
    "": (READINGS[0], "mean"),
    " with one box": (READINGS[1], "mean"),
    " in sd of margins": (READINGS[0], "mean_sd"),
}


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
    factors, pooled = {}, {}
    for base, paper in counterparts(measures["base"].unique()).items():
        size, factors[base] = SIZES[paper], controls[f"{base}: {OVER_CONFIDENT}"]
        pooled[base] = _both(rows.loc[base], POOLED) | _growth(trends[trends["base"] == base])
        own = pooled[base] | _both(rows.loc[base], WORDS) | _contrasts(rows.loc[base])
        own |= _outliers(rows.loc[base]) | _across_schemes(means[means["base"] == base])
        own[f": {OVER_CONFIDENT}"] = measured(factors[base])
        own[f": {ABOVE_FLOOR}"] = measured(controls[f"{base}: {ABOVE_FLOOR}"])
        found |= {f"{size} base {base}{name}": quantity for name, quantity in own.items()}
    for name, quantity in pooled[min(factors, key=factors.get)].items():
        found[f"{CONFIDENT}{name}"] = quantity
        each = [pooled[base][name] for base in pooled]
        mean = [float(np.mean([getattr(one, of) for one in each])) for of in ("own", "paper")]
        found[f"{EVERY}{name}"] = measured(*mean)
    return found


def _contrasts(rows: pd.DataFrame) -> dict[str, Quantity]:
    """Differences of MORE and another scheme on each test set, those of the paper beside."""
    return {
        f", {source}: {text}, {_minus(pair)}": measured(*_less(rows, pair).loc[(source, *key)])
        for source, pair, (text, key) in product(HH, CONTRASTS, WORDS.items())
    }


def _both(rows: pd.DataFrame, words: Iterable[str]) -> dict[str, Quantity]:
    """Differences of two schemes, means of both test sets."""
    found = {}
    for pair, text in product(CONTRASTS, words):
        mean = _less(rows, pair).loc[[(source, *WORDS[text]) for source in HH]].mean(skipna=False)
        found[f", {BOTH}: {text}, {_minus(pair)}"] = measured(*mean)
    return found


def _outliers(rows: pd.DataFrame) -> dict[str, Quantity]:
    """What MORE changes of the size of outliers."""
    found = {}
    for pair, (text, (reading, unit)) in product(CONTRASTS, OUTLIERS.items()):
        places = [(source, reading, f"{side}_{unit}") for source, side in product(HH, SIDES)]
        mean = _less(rows, pair).loc[places].mean(skipna=False)
        found[f", {BOTH}: mean size of outliers{text}, {_minus(pair)}"] = measured(*mean)
    return found


def _less(rows: pd.DataFrame, pair: tuple[str, str]) -> pd.DataFrame:
    return rows.loc[pair[0]] - rows.loc[pair[1]]


def _minus(pair: tuple[str, str]) -> str:
    return " minus ".join(SCHEME_NAMES[scheme] for scheme in pair)


def _growth(trends: pd.DataFrame) -> dict[str, Quantity]:
    """How steadily reward differences rise under the plain loss."""
    found = {}
    for row in trends.itertuples():
        part = "" if row.steps == ALL_STEPS else f", {row.steps}"
        name = f", {SCHEME_NAMES[row.scheme]}: Spearman of step and mean |dr|{part}"
        found[name] = measured(row.value)
    return found


def _across_schemes(means: pd.DataFrame) -> dict[str, Quantity]:
    """Size and ECE, means of both test sets, over all schemes trained on a base."""
    rows = means[means["rewards"] == AS_TRAINED]
    wide = rows.pivot(index="scheme", columns="metric", values="value")
    trained = wide.loc[[scheme for scheme in rows["scheme"].unique() if scheme != RAW]]
    found = {
        f": Spearman of mean |dr| and ECE{form} over schemes": spearman(
            trained["size"].to_numpy(), trained[metric].to_numpy()
        )
        for form, metric in (("", "ece"), (" in the paper's form", "ece_paper"))
    }
    grown = wide.at[MULTITASK, "size"] / wide.at[RAW, "size"]
    found[": mean |dr| of MultiTask over that of Raw"] = grown
    return {name: measured(value) for name, value in found.items()}
