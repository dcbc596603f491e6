"""Claims that the best-of-n half of Finding 1 decides.

In: the tables of `tables.compute` (fresh or read back). Out: decisions for the scorecard. A claim
about best-of-n and PPO can be refuted here but not reproduced; one about PPO alone gets no row.
A criterion that names no optimiser is decided on best-of-n. Called by the scorecard stage.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.finding1.evidence import Evidence, gather
from proxyreward.findings.finding1.spread import (
    asymmetry_excess,
    decile_ranges,
    decile_spread,
    falling_twin,
    near_twins,
    smallest_mean_drop,
)
from proxyreward.findings.registry import Registry
from proxyreward.findings.verdict import (
    Decision,
    Part,
    decide_claim,
    estimated,
    exact,
    invariant,
)
from proxyreward.metrics.prediction import CORRELATIONS, mrr_chance, off_diagonal, spearman
from proxyreward.metrics.regret import ndr_matrix
from proxyreward.metrics.resampling import Interval

BEST_OF_N, PPO = "Best-of-n", "the PPO half"
# Tables are written with six significant digits.
ROUNDING = 1e-5


def decide(
    tables: Mapping[str, pd.DataFrame],
    *,
    disagreement: pd.DataFrame,
    n_labels: int,
    resamples: int,
    rng: np.random.Generator,
    registry: Registry,
) -> list[Decision]:
    """Decide the claims of Figures 1-3 and 9-11, Table 1 and Finding 1, as far as best-of-n goes.

    Parameters
    ----------
    tables : mapping of DataFrame
        `association`, `pairs` and `curves` of :func:`proxyreward.findings.finding1.compute`.
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
    evidence = gather(tables, resamples, rng)
    printed = registry.printed("rethinking.table1", "Acc. / BoN")
    return [
        _regret_definition(evidence),
        _nested_flips(disagreement, n_labels),
        _pair_count(evidence),
        *_association(evidence, printed),
        *_scatter(evidence),
        *_dynamics(evidence),
        *_matrices(evidence),
    ]


def _regret_definition(e: Evidence) -> Decision:
    own = np.diagonal(ndr_matrix(e.rewards[..., -1], e.rewards[:, :, 0].mean(axis=1)))
    start = e.rewards[..., 0] / np.diagonal(e.rewards[..., -1])[:, None]
    parts = [
        invariant("NDR of the golden RM's own policy against 1", abs(own - 1).max(), ROUNDING),
        invariant("NDR of the initial policy against 0", abs(start).max(), ROUNDING),
    ]
    return decide_claim("rethinking.fig1.c1", parts, e.rms, scope=BEST_OF_N)


def _nested_flips(disagreement: pd.DataFrame, n_labels: int) -> Decision:
    stated = (disagreement["flip_a"] - disagreement["flip_b"]).abs()
    deviation = float((disagreement["disagreement"] - stated).abs().max())
    # Whole labels are flipped, so a share can miss its level by less than one label.
    part = invariant("|disagreement - |a-b||", deviation, 1 / n_labels + 1e-9)
    return decide_claim(
        "rethinking.fig2.c1", [part], len(disagreement), scope="Pairs of flip levels"
    )


def _pair_count(e: Evidence) -> Decision:
    part = invariant("number of pairs against N(N-1)", abs(e.pairs - e.rms * (e.rms - 1)), 0)
    return decide_claim("rethinking.fig2.c2", [part], e.rms, scope="Reward models")


def _association(e: Evidence, printed: Mapping[str, float]) -> list[Decision]:
    parts = {s: estimated(s.capitalize(), e.associated(s), "above", 0.0) for s in CORRELATIONS}
    smallest = min(parts, key=lambda statistic: np.nan_to_num(parts[statistic].estimate, nan=-2))
    shared = {
        "n": e.rms,
        "shown": parts[smallest],
        "paper_value": printed[smallest],
        "scope": BEST_OF_N,
        "missing": PPO,
    }
    chance = mrr_chance(e.rms - 1)
    mrr = estimated("MRR against a random order", e.associated("mrr"), "above", chance)
    weak = estimated("Spearman", e.associated("spearman"), "below", 0.5)
    correlations = list(parts.values())
    return [
        decide_claim("rethinking.finding1.c1", correlations, **shared),
        decide_claim("rethinking.table1.c1", [*correlations, mrr], **shared),
        decide_claim(
            "rethinking.finding1.c3",
            [weak],
            e.rms,
            paper_value=printed["spearman"],
            scope=BEST_OF_N,
            missing=PPO,
        ),
    ]


def _scatter(e: Evidence) -> list[Decision]:
    x, y = off_diagonal(e.accuracy), off_diagonal(e.ndr)

    def over_pairs(
        statistic: Callable[[np.ndarray, np.ndarray], float], recentre: bool = False
    ) -> Interval:
        return e.interval(
            lambda goldens: statistic(x[goldens].ravel(), y[goldens].ravel()), recentre
        )

    ranges = estimated(
        "median NDR range within an accuracy decile / overall range",
        over_pairs(decile_ranges, recentre=True),
        "above",
        0.25,
    )
    twins = exact(
        "count of pairs closer than 0.01 in accuracy and apart in NDR",
        near_twins(x.ravel(), y.ravel()),
        "above",
        0,
    )
    slope = estimated("slope of NDR on accuracy", over_pairs(_slope), "above", 0.0)
    spread = estimated(
        "mean NDR sd within an accuracy decile / overall sd",
        over_pairs(decile_spread, recentre=True),
        "above",
        0.3,
    )
    both = {"scope": BEST_OF_N, "missing": PPO}
    return [
        decide_claim("rethinking.finding1.c2", [ranges, twins], e.rms, scope=BEST_OF_N),
        decide_claim("rethinking.fig3.c1", [slope], e.rms, **both),
        decide_claim("rethinking.fig3.c2", [spread], e.rms, **both),
    ]


def _dynamics(e: Evidence) -> list[Decision]:
    accuracy = off_diagonal(e.accuracy).mean(axis=1)
    rewards = e.rewards[~np.eye(e.rms, dtype=bool)].reshape(e.rms, e.rms - 1, -1)
    steady = e.interval(lambda goldens: smallest_mean_drop(rewards[goldens]))
    falling = e.interval(lambda goldens: falling_twin(rewards[goldens], accuracy[goldens]))
    return [
        decide_claim(
            "rethinking.fig9.c1",
            [estimated("smallest mean relative drop of a golden RM", steady, "below", 0.05)],
            e.rms,
            scope=BEST_OF_N,
        ),
        decide_claim(
            "rethinking.fig9.c2",
            [
                estimated(
                    "largest share of proxies with a drop, another golden RM of similar accuracy",
                    falling,
                    "above",
                    0.8,
                )
            ],
            e.rms,
            scope=BEST_OF_N,
        ),
    ]


def _matrices(e: Evidence) -> list[Decision]:
    symmetry = invariant(
        "|acc[g,p] - acc[p,g]|", float(np.nanmax(abs(e.accuracy - e.accuracy.T))), 0
    )
    noise = (e.flips[:, None] + e.flips) / 2
    gap = abs(e.flips[:, None] - e.flips)
    first = _flip_part(e, "Spearman of the pair's mean flip share with accuracy", noise)
    second = _flip_part(e, "Spearman of |a-b| with accuracy", gap)
    excess = e.interval(lambda goldens: asymmetry_excess(e.ndr, e.accuracy, goldens))
    asymmetric = estimated(
        "mean asymmetry of NDR minus that of accuracy, in sd", excess, "above", 0.0
    )
    return [
        decide_claim("rethinking.fig10.c1", [symmetry], e.rms, scope="Accuracy matrix"),
        decide_claim(
            "rethinking.fig10.c2",
            [first],
            e.rms,
            scope="Accuracy matrix",
            note=f"Second reading: {second.describe()}.",
        ),
        decide_claim("rethinking.fig11.c1", [asymmetric], e.rms, scope=BEST_OF_N),
    ]


def _flip_part(e: Evidence, name: str, noise: np.ndarray) -> Part:
    x, y = off_diagonal(noise), off_diagonal(e.accuracy)
    return estimated(
        name,
        e.interval(lambda goldens: float(spearman(x[goldens].ravel(), y[goldens].ravel()))),
        "below",
        0.0,
    )


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    dx = x - x.mean()
    return float(dx @ y / (dx @ dx)) if (x != x[0]).any() else np.nan
