"""What the claims of Finding 5, Figure 8 and the paper's derivation compare.

In: the tables of `measure.compute`. Out: quantities, by the names that the registry's criteria use.
Called by the stage `finding5`. The measured ones are taken at the largest n and against the curve
for standardised rewards, because that is how the degree is measured.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.rethinking.evidence import at_n
from proxyreward.findings.rethinking.finding5.measure import BAND, KINDS, LABEL_FLIPS, NOISE, NORMAL


def quantities(tables: Mapping[str, pd.DataFrame]) -> dict[str, Quantity]:
    """Measure what the claims compare, from `degrees`, `curve` and `simulated` of one run."""
    exact = _curve(tables["curve"]) | _simulated(tables["simulated"])
    estimated = _pairs(at_n(tables["degrees"]))
    return {name: counted(value) for name, value in exact.items()} | {
        name: measured(value) for name, value in estimated.items()
    }


def _curve(curve: pd.DataFrame) -> dict[str, float]:
    distance = abs(curve[["accuracy", "degree"]].to_numpy()[[0, -1]] - [[0.5, 0], [1, 1]])
    closed = abs(curve["accuracy"] - curve["accuracy_closed"])
    steps = curve[["accuracy", "degree", "standardised"]].diff().min()
    return {
        "smallest step of the accuracy as the ratio grows": steps["accuracy"],
        "smallest step of the degree as the accuracy grows": steps["degree"],
        "smallest step of the degree of standardised rewards": steps["standardised"],
        "distance of the curve's ends from (0.5, 0) and (1, 1)": distance.max(),
        "largest difference of the integral from the closed form": closed.max(),
    }


def _simulated(simulated: pd.DataFrame) -> dict[str, float]:
    """Largest differences in standard errors, which chance alone makes as large as 3 or 4."""
    missed = (simulated["estimate"] - simulated["expected"]) / simulated["se"]
    largest = abs(missed).groupby(simulated["quantity"]).max()
    same = [
        abs(x - y) / np.hypot(x_se, y_se)
        for _, group in simulated[simulated["quantity"] == "accuracy"].groupby("ratio")
        for (x, x_se), (y, y_se) in combinations(group[["estimate", "se"]].to_numpy(), 2)
    ]
    scores = {
        "accuracy at one scale minus at another": max(same),
        "accuracy minus the closed form": largest["accuracy"],
        "regression slope minus d": largest["slope"],
        "best-of-n J_g/J_p minus d": largest["degree"],
    }
    return {f"largest |{name}|, in standard errors": value for name, value in scores.items()}


def _pairs(degrees: pd.DataFrame) -> dict[str, float]:
    """Distances from the curve, alone and in standard errors, of each kind of proxy.

    The expected degree is estimated too, so that a share may count the accuracy's error or not.
    """
    found, distance = {}, {}
    for kind in KINDS:
        rows = degrees[degrees["kind"] == kind]
        residual = rows["degree"] - rows["expected"]
        raw = rows["degree"] - rows["expected_raw"]
        off = "share of pairs more than 2 se off"
        shares = {
            "share of pairs outside the 95% band": abs(residual) > BAND * rows["residual_se"],
            off: abs(residual) > 2 * rows["se"],
            f"{off}, the accuracy's own error included": abs(residual) > 2 * rows["residual_se"],
            f"{off} the curve for raw rewards": abs(raw) > 2 * rows["se"],
        }
        found |= {f"{kind}: {name}": pairs.mean() for name, pairs in shares.items()}
        distance[kind] = found[f"{kind}: mean |residual|"] = abs(residual).mean()
        if kind == LABEL_FLIPS:
            expected = np.sqrt((rows["residual_se"] ** 2).mean())
            name = f"{kind}: sd of measured minus expected degree, of that of sampling error"
            found[name] = residual.std(ddof=0) / expected
    for kind in (NOISE, NORMAL):
        name = f"mean |residual|, {LABEL_FLIPS} minus {kind}"
        found[name] = distance[LABEL_FLIPS] - distance[kind]
    return found
