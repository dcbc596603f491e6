"""What the claims of Figure 6 and of eq. 6-9 of paper *more* compare, on the middle base.

In: tables of `measure`. Out: quantities, by the names that the registry's criteria use. Called by
the stage `more_sources`.
"""

from collections.abc import Mapping
from itertools import pairwise

import pandas as pd

from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.more.mixtures import PAPER_FORM, STANDARD
from proxyreward.findings.more.more_sources.measure import (
    COMBINED,
    ECE,
    EQUAL,
    FIXED,
    MEAN,
    PAPER_ORDER,
    PARTS,
    SCALED,
    SOURCES,
)
from proxyreward.metrics.prediction import spearman
from proxyreward.vocabulary import HH, MULTITASK, MULTITASK_AS_IS

LENGTH = "relative length of the combined gradient"
SHARE = "Spearman over sources of share and relative gain of MultiTask"
READINGS = {
    "in the paper's form": (ECE, PAPER_FORM),
    "after temperature scaling": (SCALED, STANDARD),
}


def quantities(
    tables: Mapping[str, pd.DataFrame], alone: pd.DataFrame, middle: str
) -> dict[str, Quantity]:
    """Measure what the claims of Figure 6 and of cancelling drifts compare.

    Parameters
    ----------
    tables : mapping of DataFrame
        `curves`, `forms`, `norms` and `association` of the functions of that name in `measure`.
    alone : DataFrame
        Of `measure.alone`.
    middle : str
        The base of the claims.
    """
    by = tables["association"].set_index("scheme")["value"]
    return (
        _growth(tables["curves"], tables["forms"])
        | _against_top(tables["forms"], alone, middle)
        | _lengths(tables["norms"])
        | {
            f"{SHARE}, sources as they are": measured(by[MULTITASK_AS_IS]),
            f"{SHARE}, sources of equal size": measured(by[MULTITASK]),
            f"{SHARE}, what sizes as they are change": measured(by["difference"]),
        }
    )


def _growth(curves: pd.DataFrame, forms: pd.DataFrame) -> dict[str, Quantity]:
    standard = curves[(curves["measure"] == ECE) & (curves["form"] == STANDARD)]
    found = {}
    for name in HH:
        own = standard[standard["source"] == name].sort_values("k").set_index("curve")
        change = {
            curve: rows["value"].iloc[-1] - rows["value"].iloc[0]
            for curve, rows in own.groupby("curve")
        }
        slope = spearman(own.loc[PAPER_ORDER, "k"], own.loc[PAPER_ORDER, "value"])
        text = f"{name}: ECE with all sources minus with two"
        found |= {
            f"{name}: Spearman of K and the ECE": slope,
            text: change[PAPER_ORDER],
            f"{text}, mean over orders": change[MEAN],
            f"{text}, fixed total of pairs": change[FIXED],
        }
        for said, read in READINGS.items():
            found[f"{text}, {said}"] = _difference(forms, read, "two", name)
    return {name: measured(value) for name, value in found.items()}


def _against_top(forms: pd.DataFrame, alone: pd.DataFrame, middle: str) -> dict[str, Quantity]:
    found = {}
    for row in alone.itertuples():
        at = "" if row.base == middle else f", base {row.base}"
        text = f"{row.source}: ECE with all sources minus Top{at}"
        found[text] = measured(row.value, row.paper)
    for said, read in READINGS.items():
        for name in HH:
            value = _difference(forms, read, "top", name)
            found[f"{name}: ECE with all sources minus Top, {said}"] = measured(value)
    return found


def _lengths(norms: pd.DataFrame) -> dict[str, Quantity]:
    length = norms.set_index(["kind", "weights", "k"])["value"].sort_index()
    sources, parts = length[SOURCES, COMBINED], length[PARTS, COMBINED]
    found = {
        f"{more} sources: {LENGTH} minus that with {k}": sources[more] - sources[k]
        for k, more in pairwise(sources.index)
    }
    found |= {
        f"{k} sources: {LENGTH} minus that of {k} random parts of one": sources[k] - parts[k]
        for k in sources.index
    }
    for k, value in length[SOURCES, EQUAL].items():
        found[f"{k} sources: {LENGTH} under equal weights"] = value
    return {name: measured(value) for name, value in found.items()}


def _difference(forms: pd.DataFrame, read: tuple[str, str], against: str, source: str) -> float:
    keys = ["measure", "form", "against", "source"]
    return forms.set_index(keys)["value"][(*read, against, source)]
