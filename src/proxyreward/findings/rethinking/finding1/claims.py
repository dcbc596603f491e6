"""What the claims of Finding 1 compare: accuracy and regret under best-of-n and PPO.

In: the pairs of `measure.couples` and the evidence's curves. Out: quantities, by the names that the
registry's criteria use. Called by the stage `finding1`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.finding1.measure import PRINTED, square, under
from proxyreward.metrics.estimates import mean_known
from proxyreward.metrics.prediction import (
    CORRELATIONS,
    STATISTICS,
    by_golden,
    mrr_chance,
    off_diagonal,
    pearson,
    slope,
    spearman,
)
from proxyreward.metrics.regret import ndr_matrix
from proxyreward.vocabulary import BEST_OF_N, PPO

LABELS = {name: "MRR" if name == "mrr" else name.capitalize() for name in STATISTICS}
DECILES = 10
# Twins in accuracy, and the share of the NDR range that tells them apart: the registry's.
SAME_ACCURACY, APART = 0.01, 0.25
# Relative drop that counts as a decline: the registry's; similar mean accuracy: ours.
DROP, SIMILAR = 0.05, 0.05


def quantities(
    pairs: pd.DataFrame,
    curves: pd.DataFrame,
    disagreement: pd.DataFrame,
    n_labels: int,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims of Figures 1-3 and 9-11, Table 1 and Finding 1 compare.

    Parameters
    ----------
    pairs : DataFrame
        Of `measure.couples`; best-of-n counts at its largest n.
    curves : DataFrame
        The evidence's table of that name.
    disagreement : DataFrame with columns flip_a, flip_b, disagreement
        Share of labels in which two training sets differ, one row per pair of flip levels.
    n_labels : int
        Labels per training set: a flip share is exact to one label.
    registry : Registry
        The papers' printed values.
    """
    bon, ppo = halves = [_Half.of(pairs, curves, optimiser) for optimiser in (BEST_OF_N, PPO)]
    printed = {o: registry.printed("rethinking.table1", row) for o, row in PRINTED.items()}
    found = _definitions(halves) | _flips(disagreement, n_labels) | _accuracies(bon)
    for half in halves:
        own = _association(half, printed[half.optimiser]) | _scatter(half) | _dynamics(half)
        found |= {f"{NAMES[half.optimiser]}: {name}": quantity for name, quantity in own.items()}
    return found | _between(bon, ppo, printed)


@dataclass(frozen=True)
class _Half:
    """One optimiser, at the largest n of best-of-n.

    `accuracy` and `ndr` have shape (goldens, proxies), NaN on the diagonal; `flips` (rms,);
    `rewards` (goldens, proxies, steps) with the initial policy first.
    """

    optimiser: str
    accuracy: np.ndarray
    ndr: np.ndarray
    flips: np.ndarray
    rewards: np.ndarray

    @classmethod
    def of(cls, pairs: pd.DataFrame, curves: pd.DataFrame, optimiser: str) -> "_Half":
        pairs = under(pairs, optimiser)
        goldens = pairs.drop_duplicates("golden")
        names = goldens["golden"]
        steps = [
            group.pivot(index="golden", columns="proxy", values="golden_reward")
            .reindex(index=names, columns=names)
            .to_numpy(dtype=float)
            for _, group in curves[curves["optimiser"] == optimiser].groupby("step")
        ]
        return cls(
            optimiser=optimiser,
            accuracy=square(pairs, "accuracy"),
            ndr=square(pairs, "ndr"),
            flips=goldens["flip_golden"].to_numpy(dtype=float),
            rewards=np.stack(steps, axis=-1),
        )

    @property
    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Accuracy and NDR of every pair."""
        return off_diagonal(self.accuracy).ravel(), off_diagonal(self.ndr).ravel()

    def mean(self, statistic: str) -> float:
        """Mean of a coefficient over golden RMs, those for which it is defined."""
        return float(mean_known(by_golden(statistic, self.accuracy, self.ndr)))


def _definitions(halves: Sequence[_Half]) -> dict[str, Quantity]:
    found, rms = {}, len(halves[0].flips)
    for half in halves:
        own = np.diagonal(ndr_matrix(half.rewards[..., -1], np.zeros(rms)))
        missed = abs(np.isfinite(off_diagonal(half.ndr)).sum() - rms * (rms - 1))
        name = NAMES[half.optimiser]
        found[f"{name}: deviation of the golden RM's own NDR from 1"] = counted(abs(own - 1).max())
        found[f"{name}: pairs missing from N(N-1)"] = counted(missed)
    rewards = halves[0].rewards  # of best-of-n, whose first step is best of one
    start = rewards[..., 0] / np.diagonal(rewards[..., -1])[:, None]
    return found | {"deviation of the initial policy's NDR from 0": counted(abs(start).max())}


def _flips(disagreement: pd.DataFrame, n_labels: int) -> dict[str, Quantity]:
    stated = (disagreement["flip_a"] - disagreement["flip_b"]).abs()
    missed = (disagreement["disagreement"] - stated).abs().max() * n_labels
    return {"labels by which a disagreement misses |a-b|": counted(missed)}


def _accuracies(half: _Half) -> dict[str, Quantity]:
    both, apart = half.flips[:, None] + half.flips, abs(half.flips[:, None] - half.flips)
    accuracy = off_diagonal(half.accuracy).ravel()
    found = {"largest |acc[g,p] - acc[p,g]|": np.nanmax(abs(half.accuracy - half.accuracy.T))}
    return {name: counted(value) for name, value in found.items()} | {
        name: measured(spearman(off_diagonal(reading).ravel(), accuracy))
        for name, reading in {
            "Spearman of the pair's mean flip share with accuracy": both,
            "Spearman of |a-b| with accuracy": apart,
        }.items()
    }


def _association(half: _Half, printed: Mapping[str, float]) -> dict[str, Quantity]:
    found = {}
    for statistic, label in LABELS.items():
        is_rank = statistic not in CORRELATIONS
        chance = mrr_chance(len(half.flips) - 1) if is_rank else 0.0
        what = "above that of a random order" if is_rank else "of accuracy and NDR"
        value = half.mean(statistic) - chance
        found[f"{label} {what}"] = measured(value, printed[statistic] - chance)
    return found


def _scatter(half: _Half) -> dict[str, Quantity]:
    statistics = {
        "count of pairs closer than 0.01 in accuracy and a quarter of the range apart in NDR":
            near_twins,
        "median NDR range within an accuracy decile, of the whole range": decile_ranges,
        "mean NDR sd within an accuracy decile, of the whole sd": decile_spread,
        "slope of NDR on accuracy": slope,
    }  # fmt: skip
    return {name: measured(statistic(*half.points)) for name, statistic in statistics.items()}


def _dynamics(half: _Half) -> dict[str, Quantity]:
    rms = len(half.flips)
    accuracy = off_diagonal(half.accuracy).mean(axis=1)
    rewards = half.rewards[~np.eye(rms, dtype=bool)].reshape(rms, rms - 1, -1)
    values = {
        "smallest mean relative drop of a golden RM": relative_drop(rewards).mean(axis=1).min(),
        "largest share of proxies with a drop, another golden RM as accurate":
            falling_twin(rewards, accuracy),
        "mean asymmetry of NDR minus that of accuracy, in sd":
            asymmetry(half.ndr) - asymmetry(half.accuracy),
    }  # fmt: skip
    return {name: measured(value) for name, value in values.items()}


def _between(
    bon: _Half, ppo: _Half, printed: Mapping[str, Mapping[str, float]]
) -> dict[str, Quantity]:
    """Differences of the two optimisers."""
    found = {
        f"{label} under best-of-n minus under PPO": measured(
            bon.mean(statistic) - ppo.mean(statistic),
            printed[BEST_OF_N][statistic] - printed[PPO][statistic],
        )
        for statistic, label in LABELS.items()
    }
    unexplained = [1 - pearson(*half.points) ** 2 for half in (bon, ppo)]
    x, y = (half.points[1] for half in (bon, ppo))
    return found | {
        "share of the NDR's variance that accuracy leaves open, PPO minus best-of-n": measured(
            unexplained[1] - unexplained[0]
        ),
        "sd of NDR, PPO minus best-of-n": measured(y.std(ddof=1) - x.std(ddof=1)),
        "largest |NDR|, PPO minus best-of-n": measured(abs(y).max() - abs(x).max()),
    }


def decile_ranges(accuracy: np.ndarray, ndr: np.ndarray) -> float:
    """Median over accuracy deciles of the NDR range, over the whole range.

    Inputs `(pairs,)`; deciles are ten groups of equal count in order of accuracy. NaN for fewer
    than two pairs per decile.
    """
    groups = _deciles(accuracy, ndr)
    if not groups or np.ptp(ndr) == 0:
        return np.nan
    return float(np.median([np.ptp(group) for group in groups]) / np.ptp(ndr))


def decile_spread(accuracy: np.ndarray, ndr: np.ndarray) -> float:
    """Mean over accuracy deciles of the NDR's sd, over the whole sd; inputs `(pairs,)`."""
    groups = _deciles(accuracy, ndr)
    if not groups or np.ptp(ndr) == 0:
        return np.nan
    return float(np.mean([group.std(ddof=1) for group in groups]) / ndr.std(ddof=1))


def near_twins(accuracy: np.ndarray, ndr: np.ndarray) -> float:
    """How many twos of points have the same accuracy (within 0.01) but clearly different NDR.

    Clearly: further apart than a quarter of the whole range. Inputs `(pairs,)`; NaN if an NDR is.
    """
    if np.isnan(ndr).any():
        return np.nan
    close = abs(accuracy[:, None] - accuracy) < SAME_ACCURACY
    apart = abs(ndr[:, None] - ndr) > APART * np.ptp(ndr)
    return float(np.triu(close & apart, k=1).sum())


def relative_drop(rewards: np.ndarray) -> np.ndarray:
    """Fall from the best golden reward to the last, over the rise from the first to the best.

    Parameters
    ----------
    rewards : ndarray, shape (..., ns)
        Golden reward, n = 1 first and the largest n last.

    Returns
    -------
    ndarray, shape (...)
        0 without any fall, infinite for a fall that no rise precedes.
    """
    best = rewards.max(axis=-1)
    fall, rise = best - rewards[..., -1], best - rewards[..., 0]
    drop = np.full(fall.shape, np.inf)
    np.divide(fall, rise, out=drop, where=rise > 0)
    return np.where(fall == 0, 0.0, drop)


def falling_twin(rewards: np.ndarray, accuracy: np.ndarray) -> float:
    """Largest share of declining proxies of another golden RM as predictable as the steadiest.

    The steadiest golden RM has the smallest mean relative drop. Another one counts if its mean
    accuracy lies within 0.05; 0 if there is none.

    Parameters
    ----------
    rewards : ndarray, shape (goldens, proxies, ns)
    accuracy : ndarray, shape (goldens,)
        Mean accuracy over the golden RM's proxies.
    """
    drop = relative_drop(rewards)
    mean = drop.mean(axis=1)
    other = (np.arange(len(mean)) != mean.argmin()) & (
        abs(accuracy - accuracy[mean.argmin()]) <= SIMILAR
    )
    return float((drop[other] > DROP).mean(axis=1).max(initial=0.0))


def asymmetry(matrix: np.ndarray) -> float:
    """Mean |m[g,p] - m[p,g]| in sd of m, a square with NaN on the diagonal."""
    known = ~np.isnan(matrix)
    sd = matrix[known].std(ddof=1)
    return float(abs(matrix - matrix.T)[known].mean() / sd) if sd > 0 else np.nan


def _deciles(accuracy: np.ndarray, ndr: np.ndarray) -> list[np.ndarray]:
    if len(ndr) < 2 * DECILES:
        return []
    return np.array_split(ndr[np.argsort(accuracy, kind="stable")], DECILES)
