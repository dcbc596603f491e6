"""What the claims of Finding 1 compare: accuracy and regret under best-of-n and PPO.

In: the tables of `tables.compute` (fresh or read back) and the evidence's curves. Out: quantities,
by the names that the registry's criteria use. Called by the stage `finding1`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Quantity, counted
from proxyreward.findings.rethinking.finding1.half import Half, gather
from proxyreward.findings.rethinking.finding1.spread import (
    asymmetry_excess,
    decile_ranges,
    decile_spread,
    falling_twin,
    near_twins,
    smallest_mean_drop,
)
from proxyreward.findings.rethinking.finding1.tables import PRINTED
from proxyreward.metrics.prediction import (
    CORRELATIONS,
    STATISTICS,
    mrr_chance,
    off_diagonal,
    pearson,
    slope,
    spearman,
)
from proxyreward.metrics.regret import ndr_matrix
from proxyreward.metrics.resampling import mean_known
from proxyreward.vocabulary import BEST_OF_N, PPO

SECOND_READING = "Spearman of |a-b| with accuracy"
LABELS = {name: "MRR" if name == "mrr" else name.capitalize() for name in STATISTICS}


def measure(
    tables: Mapping[str, pd.DataFrame],
    curves: pd.DataFrame,
    *,
    disagreement: pd.DataFrame,
    n_labels: int,
    resamples: int,
    seed: int,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims of Figures 1-3 and 9-11, Table 1 and Finding 1 compare.

    Parameters
    ----------
    tables : mapping of DataFrame
        `pairs` of `finding1.compute`.
    curves : DataFrame
        The evidence's table of that name.
    disagreement : DataFrame with columns flip_a, flip_b, disagreement
        Share of labels in which two training sets differ, one row per pair of flip levels.
    n_labels : int
        Labels per training set: a flip share is exact to one label.
    resamples, seed : int
        Bootstrap resamples of golden RMs, and their root.
    registry : Registry
        The papers' printed values.
    """
    bon, ppo = halves = [gather(tables, curves, o, resamples, seed) for o in (BEST_OF_N, PPO)]
    printed = {o: registry.printed("rethinking.table1", row) for o, row in PRINTED.items()}
    found = _definitions(halves) | _flips(disagreement, n_labels) | _accuracies(bon)
    for half in halves:
        found |= _association(half, printed[half.optimiser]) | _scatter(half) | _dynamics(half)
    return found | _between(bon, ppo, printed)


def notes(found: Mapping[str, Quantity]) -> dict[str, str]:
    """What stands beside a criterion, by claim."""
    second = "By the second reading, {} is {:.2g} [{:.2g}, {:.2g}]."
    told = second.format(SECOND_READING, *found[SECOND_READING].interval(0.95))
    return {"rethinking.fig10.c2": told}


def _definitions(halves: Sequence[Half]) -> dict[str, Quantity]:
    found, rms = {}, halves[0].rms
    for half in halves:
        own = np.diagonal(ndr_matrix(half.rewards[..., -1], np.zeros(rms)))
        name = half.said("deviation of the golden RM's own NDR from 1")
        found[name] = counted(abs(own - 1).max(), rms)
        missed = abs(np.isfinite(off_diagonal(half.ndr)).sum() - rms * (rms - 1))
        found[half.said("pairs missing from N(N-1)")] = counted(missed, rms)
    rewards = halves[0].rewards  # of best-of-n, whose first step is best of one
    start = rewards[..., 0] / np.diagonal(rewards[..., -1])[:, None]
    return found | {"deviation of the initial policy's NDR from 0": counted(abs(start).max(), rms)}


def _flips(disagreement: pd.DataFrame, n_labels: int) -> dict[str, Quantity]:
    stated = (disagreement["flip_a"] - disagreement["flip_b"]).abs()
    missed = (disagreement["disagreement"] - stated).abs().max() * n_labels
    return {
        "labels by which a disagreement misses |a-b|": counted(missed, len(disagreement)),
    }


def _accuracies(half: Half) -> dict[str, Quantity]:
    asymmetry = np.nanmax(abs(half.accuracy - half.accuracy.T))
    readings = {
        "Spearman of the pair's mean flip share with accuracy": half.flips[:, None] + half.flips,
        SECOND_READING: abs(half.flips[:, None] - half.flips),
    }
    found = {"largest |acc[g,p] - acc[p,g]|": counted(asymmetry, half.rms)}
    for name, pairs in readings.items():
        x, y = off_diagonal(pairs), off_diagonal(half.accuracy)
        found |= half.over_goldens(
            name, lambda g, x=x, y=y: float(spearman(x[g].ravel(), y[g].ravel()))
        )
    return found


def _association(half: Half, printed: Mapping[str, float]) -> dict[str, Quantity]:
    found = {}
    for statistic in STATISTICS:
        values, is_rank = half.by_golden(statistic), statistic not in CORRELATIONS
        chance = mrr_chance(half.rms - 1) if is_rank else 0.0
        what = "above that of a random order" if is_rank else "of accuracy and NDR"
        found |= half.over_goldens(
            half.said(f"{LABELS[statistic]} {what}"),
            lambda g, values=values, chance=chance: mean_known(values[g]) - chance,
            paper=printed[statistic] - chance,
        )
    return found


def _scatter(half: Half) -> dict[str, Quantity]:
    x, y = off_diagonal(half.accuracy).ravel(), off_diagonal(half.ndr).ravel()
    twins = "count of pairs closer than 0.01 in accuracy and a quarter of the range apart in NDR"
    ranges = "median NDR range within an accuracy decile, of the whole range"
    spread = "mean NDR sd within an accuracy decile, of the whole sd"
    return {
        half.said(twins): Quantity(np.array([near_twins(x, y)], dtype=float), len(x)),
        **half.over_pairs(half.said(ranges), decile_ranges, recentre=True),
        **half.over_pairs(half.said(spread), decile_spread, recentre=True),
        **half.over_pairs(half.said("slope of NDR on accuracy"), slope),
    }


def _dynamics(half: Half) -> dict[str, Quantity]:
    accuracy = off_diagonal(half.accuracy).mean(axis=1)
    rewards = half.rewards[~np.eye(half.rms, dtype=bool)].reshape(half.rms, half.rms - 1, -1)
    return {
        **half.over_goldens(
            half.said("smallest mean relative drop of a golden RM"),
            lambda g: smallest_mean_drop(rewards[g]),
        ),
        **half.over_goldens(
            half.said("largest share of proxies with a drop, another golden RM as accurate"),
            lambda g: falling_twin(rewards[g], accuracy[g]),
        ),
        **half.over_goldens(
            half.said("mean asymmetry of NDR minus that of accuracy, in sd"),
            lambda g: asymmetry_excess(half.ndr, half.accuracy, g),
        ),
    }


def _between(
    bon: Half, ppo: Half, printed: Mapping[str, Mapping[str, float]]
) -> dict[str, Quantity]:
    """Differences of the two optimisers, on the same resamples of golden RMs."""
    found = {}
    for statistic, label in LABELS.items():
        gap = bon.by_golden(statistic) - ppo.by_golden(statistic)
        found |= bon.over_goldens(
            f"{label} under best-of-n minus under PPO",
            lambda goldens, gap=gap: mean_known(gap[goldens]),
            paper=printed[BEST_OF_N][statistic] - printed[PPO][statistic],
        )
    pooled = [(off_diagonal(half.accuracy), off_diagonal(half.ndr)) for half in (bon, ppo)]

    def excess(goldens: np.ndarray) -> float:
        unexplained = [1 - pearson(x[goldens].ravel(), y[goldens].ravel()) ** 2 for x, y in pooled]
        return float(unexplained[1] - unexplained[0])

    (_, x), (_, y) = pooled
    return found | {
        **bon.over_goldens(
            "share of the NDR's variance that accuracy leaves open, PPO minus best-of-n", excess
        ),
        **bon.over_goldens(
            "sd of NDR, PPO minus best-of-n", lambda g: y[g].std(ddof=1) - x[g].std(ddof=1)
        ),
        **bon.over_goldens(
            "largest |NDR|, PPO minus best-of-n",
            lambda g: abs(y[g]).max() - abs(x[g]).max(),
            recentre=True,
        ),
    }
