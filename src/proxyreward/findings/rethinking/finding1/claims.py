"""Claims of Finding 1 on accuracy and regret under best-of-n and PPO.

In: the tables of `tables.compute` (fresh or read back) and the evidence's curves. Out: decisions
for the scorecard. A claim that names both optimisers, or none, must hold under both. Called by the
stage `finding1`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import (
    Decision,
    decide_claim,
    estimated,
    exact,
    invariant,
)
from proxyreward.findings.rethinking.finding1.form_claims import decide_form
from proxyreward.findings.rethinking.finding1.half import Half, gather
from proxyreward.findings.rethinking.finding1.spread import (
    decile_ranges,
    decile_spread,
    near_twins,
)
from proxyreward.findings.rethinking.finding1.tables import PRINTED
from proxyreward.metrics.prediction import (
    CORRELATIONS,
    STATISTICS,
    mrr_chance,
    off_diagonal,
    pearson,
    slope,
)
from proxyreward.metrics.regret import ndr_matrix
from proxyreward.metrics.resampling import mean_known
from proxyreward.vocabulary import BEST_OF_N, PPO

# Tables are written with six significant digits.
ROUNDING = 1e-5


def decide(
    tables: Mapping[str, pd.DataFrame],
    curves: pd.DataFrame,
    *,
    disagreement: pd.DataFrame,
    n_labels: int,
    resamples: int,
    rng: np.random.Generator,
    registry: Registry,
) -> list[Decision]:
    """Decide the claims of Figures 1-3 and 9-11, Table 1 and Finding 1.

    Parameters
    ----------
    tables : mapping of DataFrame
        `association` and `pairs` of `finding1.compute`.
    curves : DataFrame
        The evidence's table of that name.
    disagreement : DataFrame with columns flip_a, flip_b, disagreement
        Share of labels in which two training sets differ, one row per pair of flip levels.
    n_labels : int
        Labels per training set: a flip share is exact to one label.
    resamples : int
        Bootstrap resamples of golden RMs.
    rng : numpy.random.Generator
        Source of the resamples.
    registry : Registry
        The papers' printed values.

    Returns
    -------
    list of Decision
    """
    halves = [gather(tables, curves, name, resamples, rng) for name in (BEST_OF_N, PPO)]
    printed = {o: registry.printed("rethinking.table1", row) for o, row in PRINTED.items()}
    return [
        _regret_definition(halves),
        _nested_flips(disagreement, n_labels),
        _pair_count(halves),
        *_association(halves, printed),
        _harder_to_predict(*halves, printed),
        *_scatter(*halves),
        *decide_form(halves),
    ]


def _regret_definition(halves: Sequence[Half]) -> Decision:
    parts = []
    for half in halves:
        last, initial = half.rewards[..., -1], np.zeros(half.rms)
        own = np.diagonal(ndr_matrix(last, initial))
        name = "NDR of the golden RM's own policy against 1"
        parts.append(invariant(half.said(name), abs(own - 1).max(), ROUNDING))
    start = halves[0].rewards[..., 0] / np.diagonal(halves[0].rewards[..., -1])[:, None]
    name = "NDR of the initial policy (best-of-1) against 0"
    parts.append(invariant(name, abs(start).max(), ROUNDING))
    return decide_claim("rethinking.fig1.c1", parts, halves[0].rms)


def _nested_flips(disagreement: pd.DataFrame, n_labels: int) -> Decision:
    stated = (disagreement["flip_a"] - disagreement["flip_b"]).abs()
    deviation = float((disagreement["disagreement"] - stated).abs().max())
    # Whole labels are flipped, so a share can miss its level by less than one label.
    part = invariant("|disagreement - |a-b||", deviation, 1 / n_labels + 1e-9)
    return decide_claim(
        "rethinking.fig2.c1", [part], len(disagreement), scope="Pairs of flip levels"
    )


def _pair_count(halves: Sequence[Half]) -> Decision:
    parts = []
    for half in halves:
        missed = abs(np.isfinite(off_diagonal(half.ndr)).sum() - half.rms * (half.rms - 1))
        parts.append(invariant(half.said("number of pairs against N(N-1)"), missed, 0))
    return decide_claim("rethinking.fig2.c2", parts, halves[0].rms)


def _association(
    halves: Sequence[Half], printed: Mapping[str, Mapping[str, float]]
) -> list[Decision]:
    rms = halves[0].rms
    found = {
        (half.optimiser, s): estimated(half.said(s.capitalize()), half.associated(s), "above", 0.0)
        for half in halves
        for s in CORRELATIONS
    }
    # The row shows the coefficient that comes closest to breaking the claim.
    weakest = min(found, key=lambda key: np.nan_to_num(found[key].estimate, nan=-2))
    shared = {
        "n": rms, "shown": found[weakest], "paper_value": printed[weakest[0]][weakest[1]],
    }  # fmt: skip
    ranks = [
        estimated(
            half.said("MRR against a random order"),
            half.associated("mrr"),
            "above",
            mrr_chance(rms - 1),
        )
        for half in halves
    ]
    weak = [
        estimated(half.said("Spearman"), half.associated("spearman"), "below", 0.5)
        for half in halves
    ]
    correlations = list(found.values())
    return [
        decide_claim("rethinking.finding1.c1", correlations, **shared),
        decide_claim("rethinking.table1.c1", [*correlations, *ranks], **shared),
        decide_claim(
            "rethinking.finding1.c3", weak, rms, paper_value=printed[BEST_OF_N]["spearman"]
        ),
    ]


def _harder_to_predict(
    bon: Half, ppo: Half, printed: Mapping[str, Mapping[str, float]]
) -> Decision:
    parts = {}
    for statistic in STATISTICS:
        gap = bon.by_golden(statistic) - ppo.by_golden(statistic)
        name = f"{statistic.capitalize()} under best-of-n minus under PPO"
        interval = bon.interval(lambda goldens, gap=gap: mean_known(gap[goldens]))
        parts[statistic] = estimated(name, interval, "above", 0.0)
    value = printed[BEST_OF_N]["spearman"] - printed[PPO]["spearman"]
    return decide_claim(
        "rethinking.table1.c2",
        list(parts.values()),
        bon.rms,
        shown=parts["spearman"],
        paper_value=value,
    )


def _scatter(bon: Half, ppo: Half) -> list[Decision]:
    ranges, twins, slopes, spreads = [], [], [], []
    for half in (bon, ppo):
        x, y = off_diagonal(half.accuracy).ravel(), off_diagonal(half.ndr).ravel()
        name = half.said("median NDR range within an accuracy decile / overall range")
        interval = half.over_pairs(decile_ranges, recentre=True)
        ranges.append(estimated(name, interval, "above", 0.25))
        name = half.said("count of pairs closer than 0.01 in accuracy and apart in NDR")
        twins.append(exact(name, near_twins(x, y), "above", 0))
        name = half.said("slope of NDR on accuracy")
        slopes.append(estimated(name, half.over_pairs(slope), "above", 0.0))
        name = half.said("mean NDR sd within an accuracy decile / overall sd")
        interval = half.over_pairs(decile_spread, recentre=True)
        spreads.append(estimated(name, interval, "above", 0.3))
    pooled = [(off_diagonal(half.accuracy), off_diagonal(half.ndr)) for half in (bon, ppo)]

    def excess(goldens: np.ndarray) -> float:
        unexplained = [1 - pearson(x[goldens].ravel(), y[goldens].ravel()) ** 2 for x, y in pooled]
        return float(unexplained[1] - unexplained[0])

    wider = estimated(
        "share of the NDR's variance that accuracy leaves open, PPO minus best-of-n",
        bon.interval(excess),
        "above",
        0.0,
    )
    return [
        decide_claim("rethinking.finding1.c2", [*ranges, *twins], bon.rms),
        decide_claim("rethinking.fig3.c1", slopes, bon.rms),
        decide_claim("rethinking.fig3.c2", spreads, bon.rms),
        decide_claim("rethinking.fig3.c3", [wider], bon.rms),
    ]
