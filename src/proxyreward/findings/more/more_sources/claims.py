"""What the claims of Figure 6 and of eq. 6-9 of paper *more* compare, on the largest base.

In: tables of `measure`. Out: quantities, by the names that the registry's criteria use. Called by
the stage `more_sources`.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.more.mixtures import PAPER_FORM, STANDARD
from proxyreward.metrics.prediction import spearman
from proxyreward.vocabulary import HH, MULTITASK, MULTITASK_AS_IS

LENGTH = "relative length of the combined gradient"
BOTH = "mean of helpful and harmless"
SHARE = "Spearman over sources of share and relative gain of MultiTask"
READINGS = {
    "in the paper's form": ("ece", PAPER_FORM),
    "after temperature scaling": ("scaled", STANDARD),
}


def quantities(
    tables: Mapping[str, pd.DataFrame], alone: pd.DataFrame, shares: pd.DataFrame, main: str
) -> dict[str, Quantity]:
    """Measure what the claims of Figure 6 and of cancelling drifts compare.

    Parameters
    ----------
    tables : mapping of DataFrame
        `curves`, `forms`, `norms`, `gains` and `association` of the functions of that name in
        `measure`.
    alone, shares : DataFrame
        Of the functions of that name in `measure`.
    main : str
        The base of the claims.
    """
    by = tables["association"].set_index("scheme")["value"]
    found = _calibration(tables["curves"], tables["forms"]) | _lengths(tables["norms"])
    found |= {
        f"{SHARE}, sources as they are": by[MULTITASK_AS_IS],
        f"{SHARE}, sources of equal size": by[MULTITASK],
        f"{SHARE}, what sizes as they are change": by["difference"],
    }
    gains = tables["gains"].pivot(index="scheme", columns="source", values="value")
    largest = shares.loc[shares["share"].idxmax(), "source"]
    name = "largest source: relative gain of MultiTask, sources as they are minus of equal size"
    found[name] = gains.at[MULTITASK_AS_IS, largest] - gains.at[MULTITASK, largest]
    quantities = {name: measured(value) for name, value in found.items()}
    for row in alone.itertuples():
        at = "" if row.base == main else f", base {row.base}"
        name = f"{row.source}: ECE with all sources minus Top{at}"
        quantities[name] = measured(row.value, row.paper)
    both = alone[alone["base"] == main][["value", "paper"]].mean()
    quantities[f"{BOTH}: ECE with all sources minus Top"] = measured(*both)
    return quantities


def _calibration(curves: pd.DataFrame, forms: pd.DataFrame) -> dict[str, float]:
    standard = curves[(curves["measure"] == "ece") & (curves["form"] == STANDARD)]
    by_k = standard.set_index(["source", "curve", "k"])["value"].sort_index()
    less = forms.set_index(["measure", "form", "against", "source"])["value"]
    lines = {
        "": "order 0",
        ", mean over orders": "mean of orders",
        ", fixed total of pairs": "fixed total",
    }
    found = {}
    for name in HH:
        own = by_k[name, "order 0"]
        found[f"{name}: Spearman of K and the ECE"] = float(spearman(own.index, own))
        text = f"{name}: ECE with all sources minus"
        for said, line in lines.items():
            found[f"{text} with two{said}"] = by_k[name, line].iloc[-1] - by_k[name, line].iloc[0]
        for said, read in READINGS.items():
            found[f"{text} with two, {said}"] = less[(*read, "two", name)]
            found[f"{text} Top, {said}"] = less[(*read, "top", name)]
    for said in lines:
        of_both = [found[f"{name}: ECE with all sources minus with two{said}"] for name in HH]
        found[f"{BOTH}: ECE with all sources minus with two{said}"] = float(np.mean(of_both))
    return found


def _lengths(norms: pd.DataFrame) -> dict[str, float]:
    length = norms.set_index(["kind", "weights", "k"])["value"].sort_index()
    sources, parts = length["sources", "combined"], length["parts", "combined"]
    found = {
        f"{more} sources: {LENGTH} minus that with {k}": sources[more] - sources[k]
        for k, more in pairwise(sources.index)
    }
    found |= {
        f"{k} sources: {LENGTH} minus that of {k} random parts of one": sources[k] - parts[k]
        for k in sources.index
    }
    least, most = sources.index[[0, -1]]
    found[f"{LENGTH}, all sources minus two"] = sources[most] - sources[least]
    found[f"{LENGTH}, sources minus random parts of one, mean"] = (sources - parts).mean()
    for k, value in length["sources", "equal"].items():
        found[f"{k} sources: {LENGTH} under equal weights"] = value
    return found
