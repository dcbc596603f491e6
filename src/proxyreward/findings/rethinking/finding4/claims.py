"""Claims of Finding 4 and of Figures 6, 7, 14 and 15; those of Table 4 are in `metric_claims`.

In: the long tables of `draws.compute`, in memory. Out: decisions for the scorecard. Called by the
`finding4` stage.

Where a criterion compares "n_resp > 2" or "larger n_resp" with two responses, the mean over all
larger numbers is compared. Intervals resample draws of the test set and golden RMs.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Decision, Part, decide_claim, estimated, one_of
from proxyreward.findings.rethinking.finding4.draws import SECOND_POLICY
from proxyreward.findings.rethinking.finding4.metric_claims import decide_metrics
from proxyreward.findings.rethinking.finding4.parts import (
    Coefficients,
    by_draw,
    every,
    includes_zero,
)
from proxyreward.findings.rethinking.finding4.tables import small_sizes
from proxyreward.metrics.prediction import kendall, slope
from proxyreward.vocabulary import BEST_OF_N, OPTIMISERS, PPO


def decide(
    tables: Mapping[str, pd.DataFrame],
    *,
    resamples: int,
    rng: np.random.Generator,
    registry: Registry,
) -> list[Decision]:
    """Decide the claims on more responses per prompt.

    Parameters
    ----------
    tables : mapping of DataFrame
        From `finding4.draws.compute`.
    resamples : int
        Bootstrap resamples of draws and golden RMs.
    rng : numpy.random.Generator
        Source of the resamples.
    registry : Registry
        The paper's printed values.

    Returns
    -------
    list of Decision
    """
    e = Coefficients(resamples, rng, tables)
    return [
        _growth(e),
        *decide_metrics(e, registry),
        *_constant_size(e),
        *_constant_budget(e),
        _levels_off(e),
        _second_policy(e),
    ]


def _growth(e: Coefficients) -> Decision:
    table = e.tables["growth"]
    grid = table["n_resp"].unique()
    parts = [_rising(e, NAMES[x], grid, by_draw(table, x, "n_resp")) for x in OPTIMISERS]
    return decide_claim("rethinking.finding4.c1", parts, e.goldens, scope="All prompts")


def _constant_size(e: Coefficients) -> list[Decision]:
    table = small_sizes(e.tables["samples"])
    grid, sizes = table["n_resp"].unique(), table["n_sample"].unique()
    better, shrinking = [], []
    for x in OPTIMISERS:
        curves = by_draw(table, x, "n_sample", "n_resp")
        for size, curve in zip(sizes, curves, strict=True):
            where = f"{NAMES[x]}, {size} samples"
            gain = e.interval(_gain, curve)
            better += [
                estimated(f"{where}: more than two responses minus two", gain, "above", 0.0),
                _rising(e, where, grid, curve),
            ]
        steepness = e.interval(lambda m: slope(np.log(sizes), m[:, -1] - m[:, 0]), curves)
        name = f"{NAMES[x]}: slope of the gain on log size"
        shrinking.append(estimated(name, steepness, "below", 0.0))
    return [
        every("rethinking.fig6.c1", better, e.goldens),
        decide_claim("rethinking.fig6.c2", shrinking, e.goldens),
    ]


def _levels_off(e: Coefficients) -> Decision:
    """At all responses per prompt, which every size allows."""
    table = e.tables["samples"]
    table = table[table["n_resp"] == table["n_resp"].max()]
    sizes = np.log(table["n_sample"].unique())
    part_of = -(-len(sizes) // 2)

    def bend(means: np.ndarray) -> float:
        upper = slope(sizes[-part_of:], means[-part_of:])
        return upper - slope(sizes[:part_of], means[:part_of])

    parts = []
    for x in OPTIMISERS:
        curve = by_draw(table, x, "n_sample")
        last = e.interval(lambda means: means[-1] - means[-2], curve)
        name = f"{NAMES[x]}: slope on log size, larger minus smaller half of the sizes"
        parts += [
            includes_zero(f"{NAMES[x]}: Spearman at the largest size minus at half of it", last),
            estimated(name, e.interval(bend, curve), "below", 0.0),
        ]
    return decide_claim("rethinking.fig14.c1", parts, e.goldens, shown=parts[1])


def _second_policy(e: Coefficients) -> Decision:
    table = small_sizes(e.tables["samples"])
    grid, sizes = table["n_resp"].unique(), table["n_sample"].unique()
    curves = by_draw(table, SECOND_POLICY, "n_sample", "n_resp")
    parts = [
        _rising(e, f"{size} samples", grid, curve)
        for size, curve in zip(sizes, curves, strict=True)
    ]
    return decide_claim("rethinking.fig15.c1", parts, e.goldens, scope="Best-of-n")


def _constant_budget(e: Coefficients) -> list[Decision]:
    table = e.tables["budgets"]
    grid, limits = table["n_resp"].unique(), table["budget"].unique()
    curves = {x: by_draw(table, x, "budget", "n_resp") for x in OPTIMISERS}
    gains = {
        x: [
            (f"budget {limit}: more than two responses minus two", e.interval(_gain, curve))
            for limit, curve in zip(limits, curves[x], strict=True)
        ]
        for x in OPTIMISERS
    }
    larger = [estimated(*gain, "above", 0.0) for gain in gains[BEST_OF_N][len(limits) // 2 :]]
    ends = curves[BEST_OF_N][[0, -1]]
    best = e.interval(lambda means: float(np.subtract(*grid[means.argmax(axis=-1)])), ends, tests=2)
    steep = e.interval(lambda m: slope(grid, m[0]) - slope(grid, m[1]), ends, tests=2)
    name = "smallest minus largest budget"
    readings = [
        estimated(f"{name}: best number of responses", best, "below", 0.0),
        estimated(f"{name}: slope of Spearman on responses", steep, "below", 0.0),
    ]
    decisive = one_of(readings)
    other = readings[decisive is readings[0]]
    return [
        decide_claim("rethinking.fig7.c1", larger, e.goldens, scope="Best-of-n"),
        decide_claim(
            "rethinking.fig7.c2",
            [decisive],
            e.goldens,
            scope="Best-of-n",
            note="Either reading is enough, so the intervals have level 1 - 0.05/2; the other one: "
            f"{other.describe()}.",
        ),
        decide_claim(
            "rethinking.fig7.c3",
            [includes_zero(*gain) for gain in gains[PPO]],
            e.goldens,
            shown=estimated(*gains[PPO][-1], "above", 0.0),
            scope="PPO",
        ),
    ]


def _rising(e: Coefficients, where: str, grid: np.ndarray, curve: np.ndarray) -> Part:
    """Spearman rises with the responses per prompt; `curve` is `(grid, draws, goldens)`."""
    name = f"{where}: Kendall of responses per prompt and Spearman"
    rising = e.interval(lambda means: float(kendall(grid, means)), curve)
    return estimated(name, rising, "above", 0.0)


def _gain(means: np.ndarray) -> float:
    return float(means[1:].mean() - means[0])
