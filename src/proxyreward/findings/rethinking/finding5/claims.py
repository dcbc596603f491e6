"""What the claims of Finding 5, Figure 8 and the paper's derivation compare.

In: the tables of `tables.compute`. Out: quantities, by the names that the registry's criteria use.
Called by the `finding5` stage. The measured ones are taken at the largest n and against the curve
for standardised rewards, because that is how the degree is measured.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.findings.core.verdict import Quantity, counted
from proxyreward.findings.rethinking.finding5.tables import (
    BAND,
    KINDS,
    LABEL_FLIPS,
    NOISE,
    NORMAL,
    by_golden,
    chosen,
)
from proxyreward.metrics.resampling import resample

OUTSIDE = "share of pairs outside the 95% band"
OFF = "share of pairs more than 2 se off"
OFF_BOTH = f"{OFF}, the accuracy's own error included"
OFF_RAW = f"{OFF} the curve for raw rewards"
DISTANCE = "mean |residual|"
FORMULA = "largest difference of the integral from the closed form"


def measure(
    tables: Mapping[str, pd.DataFrame], *, resamples: int, seed: int
) -> dict[str, Quantity]:
    """Measure what the claims of Finding 5, Figure 8 and appendix 8.9 compare.

    Parameters
    ----------
    tables : mapping of DataFrame
        `degrees`, `curve` and `simulated` of `finding5.compute`.
    resamples, seed : int
        Bootstrap resamples of golden RMs, and their root.
    """
    top = chosen(tables["degrees"])
    measured = _Measured({kind: by_golden(top, kind) for kind in KINDS}, resamples, seed)
    return (
        _curve(tables["curve"])
        | _simulated(tables["simulated"])
        | _shares(measured)
        | _spread(measured)
        | _attribution(measured)
    )


def notes(found: Mapping[str, Quantity]) -> dict[str, str]:
    """What stands beside a criterion, by claim."""

    def said(name: str, form: str, *kinds: str) -> list[str]:
        return [f"{found[f'{kind}: {name}'].values[0]:{form}}" for kind in kinds]

    noise, normal = said(OUTSIDE, ".0%", NOISE, NORMAL)
    [alone], [both] = said(OFF, ".0%", NORMAL), said(OFF_BOTH, ".0%", NORMAL)
    [raw] = said(OFF_RAW, ".0%", LABEL_FLIPS)
    distances = ", ".join(map(" ".join, zip(KINDS, said(DISTANCE, ".2g", *KINDS), strict=True)))
    return {
        "rethinking.finding5.c1": f"By the same rule {noise} of the golden-plus-noise proxies and "
        f"{normal} of the normal model's lie outside.",
        "rethinking.finding5.c2": "The integral differs from the closed form by "
        f"{found[FORMULA].values[0]:.1g} at most.",
        "rethinking.fig8.c2": f"In the normal model the two shares are {alone} and {both}. From "
        f"the curve for raw rewards the first is {raw}.",
        "rethinking.fig8.c3": f"Mean |residual|: {distances}.",
    }


@dataclass(frozen=True)
class _Measured:
    """Arrays `(goldens, proxies)` of each kind of proxy, and the bootstrap over golden RMs."""

    kinds: Mapping[str, Mapping[str, np.ndarray]]
    resamples: int
    seed: int

    def over_goldens(
        self, name: str, statistic: Callable[[np.ndarray], float], recentre: bool = False
    ) -> dict[str, Quantity]:
        """A statistic of golden indices by its name, on which alone its resamples depend."""
        goldens = len(self.kinds[LABEL_FLIPS]["accuracy"])
        values = resample(
            statistic, goldens, self.resamples, generator(f"finding5 {name}", self.seed)
        )
        return {name: Quantity(values, goldens, recentre=recentre)}

    def mean(self, name: str, values: np.ndarray) -> dict[str, Quantity]:
        """Mean of values `(goldens, ...)`."""
        return self.over_goldens(name, lambda goldens: values[goldens].mean())


def _curve(curve: pd.DataFrame) -> dict[str, Quantity]:
    ends = curve[["accuracy", "degree"]].to_numpy()[[0, -1]]
    steps = {
        "smallest step of the accuracy as the ratio grows": curve["accuracy"],
        "smallest step of the degree as the accuracy grows": curve["degree"],
        "smallest step of the degree of standardised rewards": curve["standardised"],
    }
    values = {name: np.diff(column).min() for name, column in steps.items()}
    values["distance of the curve's ends from (0.5, 0) and (1, 1)"] = abs(
        ends - [[0.5, 0], [1, 1]]
    ).max()
    values[FORMULA] = abs(curve["accuracy"] - curve["accuracy_closed"]).max()
    return {name: counted(value, len(curve)) for name, value in values.items()}


def _simulated(simulated: pd.DataFrame) -> dict[str, Quantity]:
    """Largest differences in standard errors, which chance alone makes as large as 3 or 4."""
    of = dict(tuple(simulated.groupby("quantity")))
    same = [
        (x - y) / np.hypot(x_se, y_se)
        for _, group in of["accuracy"].groupby("ratio")
        for (x, x_se), (y, y_se) in combinations(group[["estimate", "se"]].to_numpy(), 2)
    ]
    scores = {
        "accuracy at one scale minus at another": same,
        "accuracy minus the closed form": _missed(of["accuracy"]),
        "regression slope minus d": _missed(of["slope"]),
        "best-of-n J_g/J_p minus d": _missed(of["degree"]),
    }
    return {
        f"largest |{name}|, in standard errors": counted(np.abs(score).max(), len(score))
        for name, score in scores.items()
    }


def _shares(measured: _Measured) -> dict[str, Quantity]:
    """Shares of pairs far from the curve; d(acc) is estimated too, so its error can count."""
    found = {}
    for kind, arrays in measured.kinds.items():
        off = abs(arrays["residual"])
        outside = {
            OUTSIDE: off > BAND * arrays["residual_se"],
            OFF: off > 2 * arrays["se"],
            OFF_BOTH: off > 2 * arrays["residual_se"],
            OFF_RAW: abs(arrays["degree"] - arrays["expected_raw"]) > 2 * arrays["se"],
        }
        for name, pairs in outside.items():
            found |= measured.mean(f"{kind}: {name}", pairs)
    return found


def _spread(measured: _Measured) -> dict[str, Quantity]:
    flips = measured.kinds[LABEL_FLIPS]

    def excess(goldens: np.ndarray) -> float:
        expected = np.sqrt((flips["residual_se"][goldens] ** 2).mean())
        return flips["residual"][goldens].std() / expected

    name = f"{LABEL_FLIPS}: sd of measured minus expected degree, of that of sampling error"
    return measured.over_goldens(name, excess, recentre=True)


def _attribution(measured: _Measured) -> dict[str, Quantity]:
    distance = {kind: abs(arrays["residual"]) for kind, arrays in measured.kinds.items()}
    found = {}
    for kind in KINDS:
        found |= measured.mean(f"{kind}: {DISTANCE}", distance[kind])
    for kind in (NOISE, NORMAL):
        found |= measured.mean(
            f"{DISTANCE}, {LABEL_FLIPS} minus {kind}", distance[LABEL_FLIPS] - distance[kind]
        )
    return found


def _missed(rows: pd.DataFrame) -> np.ndarray:
    return ((rows["estimate"] - rows["expected"]) / rows["se"]).to_numpy()
