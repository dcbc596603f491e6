"""What the claims of Finding 4 and of Figures 6, 7, 14 and 15 compare.

In: the long tables of `draws.compute`, in memory. Out: quantities, by the names that the registry's
criteria use; those of Table 4 are in `metric_claims`. Called by the `finding4` stage.

Where a claim compares "more responses" with two, the mean over all larger numbers is compared.
Intervals resample draws of the test set and golden RMs.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Quantity
from proxyreward.findings.rethinking.finding4.coefficients import Coefficients, by_draw
from proxyreward.findings.rethinking.finding4.draws import SECOND_POLICY
from proxyreward.findings.rethinking.finding4.metric_claims import MORE, SPREAD, measure_metrics
from proxyreward.findings.rethinking.finding4.tables import small_sizes
from proxyreward.metrics.prediction import kendall, slope
from proxyreward.vocabulary import BEST_OF_N, OPTIMISERS


def measure(
    tables: Mapping[str, pd.DataFrame],
    *,
    resamples: int,
    seed: int,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims on more responses per prompt compare.

    Parameters
    ----------
    tables : mapping of DataFrame
        From `finding4.draws.compute`.
    resamples, seed : int
        Bootstrap resamples of draws and golden RMs, and their root.
    registry : Registry
        The paper's printed values.
    """
    e = Coefficients("finding4", resamples, seed, tables)
    return (
        _growth(e)
        | measure_metrics(e, registry)
        | _constant_size(e)
        | _constant_budget(e)
        | _levels_off(e)
        | _second_policy(e)
    )


def notes(found: Mapping[str, Quantity]) -> dict[str, str]:
    """What stands beside a criterion, by claim."""
    gains = [quantity.values[0] for name, quantity in found.items() if name.endswith(MORE)]
    above = sum(gain > 0 for gain in gains)
    return {
        "rethinking.table4.c1": f"Without regard to the intervals, {above} of {len(gains)} cells "
        "are above 0.",
        "rethinking.table4.c4": "From one sampling of the test set to another these Spearmans have "
        f"an sd of {found[SPREAD].values[0]:.2g}.",
    }


def _growth(e: Coefficients) -> dict[str, Quantity]:
    table = e.tables["growth"]
    grid, found = table["n_resp"].unique(), {}
    for x in OPTIMISERS:
        found |= _rising(e, NAMES[x], "all prompts", grid, by_draw(table, x, "n_resp"))
    return found


def _constant_size(e: Coefficients) -> dict[str, Quantity]:
    table, found = small_sizes(e.tables["samples"]), {}
    grid, sizes = table["n_resp"].unique(), table["n_sample"].unique()
    for x in OPTIMISERS:
        curves = by_draw(table, x, "n_sample", "n_resp")
        for size, curve in zip(sizes, curves, strict=True):
            found |= _gain(e, NAMES[x], f"{size} samples", curve)
            found |= _rising(e, NAMES[x], f"{size} samples", grid, curve)
        found |= e.over_draws(
            f"{NAMES[x]}: slope on log size of Spearman with most responses minus with two",
            lambda means: slope(np.log(sizes), means[:, -1] - means[:, 0]),
            curves,
        )
    return found


def _levels_off(e: Coefficients) -> dict[str, Quantity]:
    """At all responses per prompt, which every size allows."""
    table, found = e.tables["samples"], {}
    table = table[table["n_resp"] == table["n_resp"].max()]
    sizes = np.log(table["n_sample"].unique())
    part_of = -(-len(sizes) // 2)

    def bend(means: np.ndarray) -> float:
        upper = slope(sizes[-part_of:], means[-part_of:])
        return upper - slope(sizes[:part_of], means[:part_of])

    last = "Spearman at the largest size minus at half of it"
    bent = "slope of Spearman on log size, larger minus smaller half of the sizes"
    for x in OPTIMISERS:
        curve = by_draw(table, x, "n_sample")
        found |= e.over_draws(f"{NAMES[x]}: {last}", lambda means: means[-1] - means[-2], curve)
        found |= e.over_draws(f"{NAMES[x]}: {bent}", bend, curve)
    return found


def _second_policy(e: Coefficients) -> dict[str, Quantity]:
    table, found = small_sizes(e.tables["samples"]), {}
    grid, sizes = table["n_resp"].unique(), table["n_sample"].unique()
    curves = by_draw(table, SECOND_POLICY, "n_sample", "n_resp")
    for size, curve in zip(sizes, curves, strict=True):
        where = f"{size} samples, second policy"
        found |= _rising(e, NAMES[BEST_OF_N], where, grid, curve)
    return found


def _constant_budget(e: Coefficients) -> dict[str, Quantity]:
    table, found = e.tables["budgets"], {}
    grid, limits = table["n_resp"].unique(), table["budget"].unique()
    for x in OPTIMISERS:
        curves = by_draw(table, x, "budget", "n_resp")
        for place, (limit, curve) in enumerate(zip(limits, curves, strict=True)):
            half = "larger" if place >= len(limits) // 2 else "smaller"
            found |= _gain(e, NAMES[x], f"{half} budget {limit}", curve)
        ends, between = curves[[0, -1]], "smallest minus largest budget"
        found |= e.over_draws(
            f"{NAMES[x]}: best number of responses, {between}",
            lambda means: float(np.subtract(*grid[means.argmax(axis=-1)])),
            ends,
        )
        found |= e.over_draws(
            f"{NAMES[x]}: slope of Spearman on responses, {between}",
            lambda means: slope(grid, means[0]) - slope(grid, means[1]),
            ends,
        )
    return found


def _rising(
    e: Coefficients, optimiser: str, where: str, grid: np.ndarray, curve: np.ndarray
) -> dict[str, Quantity]:
    """Whether Spearman rises with the responses per prompt; `curve` is `(grid, draws, goldens)`."""
    name = f"{optimiser}: Kendall of responses per prompt and Spearman, {where}"
    return e.over_draws(name, lambda means: float(kendall(grid, means)), curve)


def _gain(e: Coefficients, optimiser: str, where: str, curve: np.ndarray) -> dict[str, Quantity]:
    """What more than two responses per prompt gain; `curve` is `(grid, draws, goldens)`."""
    name = f"{optimiser}: Spearman with more than two responses minus with two, {where}"
    return e.over_draws(name, lambda means: float(means[1:].mean() - means[0]), curve)
