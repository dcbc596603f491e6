"""What the claims of Finding 1 compare: accuracy and regret under best-of-n and PPO.

In: the pairs of `Evidence.couples` and the evidence's curves. Out: quantities, by the names that
the registry's criteria use. Called by the stage `finding1`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES, STATISTICS
from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.evidence import square, under
from proxyreward.findings.rethinking.finding1.measure import PRINTED
from proxyreward.metrics.estimates import mean_known
from proxyreward.metrics.prediction import (
    by_golden,
    mrr_chance,
    off_diagonal,
    pearson,
    slope,
    spearman,
)
from proxyreward.vocabulary import BEST_OF_N, OPTIMISERS, PPO

DECILES = 10
# Twins in accuracy, and the share of the NDR range that tells them apart: the registry's.
SAME_ACCURACY, APART = 0.01, 0.25
# Relative drop that counts as a decline: the registry's; similar mean accuracy: ours.
DROP, SIMILAR = 0.05, 0.05


def quantities(
    pairs: pd.DataFrame,
    curves: pd.DataFrame,
    repeats: pd.DataFrame,
    disagreement: pd.DataFrame,
    n_labels: int,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims of Figures 1-3 and 9-11, Table 1 and Finding 1 compare.

    Parameters
    ----------
    pairs : of `Evidence.couples`; best-of-n counts at its largest n.
    curves, repeats : the evidence's tables of these names.
    disagreement : flip_a, flip_b, disagreement: share of labels in which two training sets differ.
    n_labels : labels per training set: a flip share is exact to one label.
    registry : the papers' printed values.
    """
    bon, ppo = halves = [_Half.of(pairs, curves, optimiser) for optimiser in OPTIMISERS]
    # What golden RMs gain by their own policies: of PPO the mean of their runs.
    runs = repeats[repeats["golden"] == repeats["proxy"]].groupby("golden", sort=False)
    gained = {
        BEST_OF_N: np.diagonal(bon.rewards[..., -1] - bon.rewards[..., 0]),
        PPO: runs["golden_reward"].mean().to_numpy(),
    }
    printed = [registry.printed("rethinking.table1", PRINTED[name]) for name in OPTIMISERS]
    stated = (disagreement["flip_a"] - disagreement["flip_b"]).abs()
    missed = (disagreement["disagreement"] - stated).abs().max() * n_labels
    start = bon.rewards[..., 0] / bon.gains[:, None]  # best of one
    found = {
        "deviation of the initial policy's NDR from 0": counted(abs(start).max()),
        "labels by which a disagreement misses |a-b|": counted(missed),
        "largest |acc[g,p] - acc[p,g]|": counted(np.nanmax(abs(bon.accuracy - bon.accuracy.T))),
    }
    a, b = bon.flips[:, None], bon.flips
    for name, reading in (("the pair's mean flip share", a + b), ("|a-b|", abs(a - b))):
        related = spearman(off_diagonal(reading).ravel(), bon.points[0])
        found[f"Spearman of {name} with accuracy"] = measured(related)
    for half, paper in zip(halves, printed, strict=True):
        own = _within(half, paper)
        missed = abs(gained[half.optimiser] / half.gains - 1).max()
        own |= {"deviation of the golden RM's own NDR from 1": counted(missed)}
        found |= {f"{NAMES[half.optimiser]}: {name}": quantity for name, quantity in own.items()}
    return found | _between(bon, ppo, *printed)


@dataclass(frozen=True)
class _Half:
    """One optimiser, at the largest n of best-of-n.

    `accuracy` and `ndr` have shape (goldens, proxies), NaN on the diagonal; `flips` and `gains`,
    the denominators of the NDR, (rms,); `rewards` (goldens, proxies, steps) with the initial policy
    first; `points` are accuracy and NDR of every pair; `means` the coefficients, means over the
    golden RMs for which they are defined.
    """

    optimiser: str
    accuracy: np.ndarray
    ndr: np.ndarray
    flips: np.ndarray
    gains: np.ndarray
    rewards: np.ndarray
    points: tuple[np.ndarray, np.ndarray]
    means: Mapping[str, float]

    @classmethod
    def of(cls, pairs: pd.DataFrame, curves: pd.DataFrame, optimiser: str) -> "_Half":
        pairs = under(pairs, optimiser)
        accuracy, ndr = square(pairs, "accuracy"), square(pairs, "ndr")
        goldens = pairs.drop_duplicates("golden").set_index("golden")
        steps = curves[curves["optimiser"] == optimiser].pivot(
            index=["golden", "proxy"], columns="step", values="golden_reward"
        )
        steps = steps.reindex(pd.MultiIndex.from_product([goldens.index] * 2))
        return cls(
            optimiser,
            accuracy,
            ndr,
            flips=goldens["flip_golden"].to_numpy(dtype=float),
            gains=goldens["golden_gain"].to_numpy(dtype=float),
            rewards=steps.to_numpy(dtype=float).reshape(*accuracy.shape, -1),
            points=(off_diagonal(accuracy).ravel(), off_diagonal(ndr).ravel()),
            means={name: mean_known(by_golden(name, accuracy, ndr)) for name in STATISTICS},
        )


def _within(half: _Half, printed: Mapping[str, float]) -> dict[str, Quantity]:
    """Definitions, coefficients, what accuracy leaves open, and rewards on the way."""
    rms = len(half.flips)
    missing = rms * (rms - 1) - np.isfinite(half.points[1]).sum()
    found = {
        "pairs missing from N(N-1)": counted(missing),
    }
    for statistic, label in STATISTICS.items():
        chance = mrr_chance(rms - 1) if statistic == "mrr" else 0.0
        what = "above that of a random order" if statistic == "mrr" else "of accuracy and NDR"
        value = measured(half.means[statistic] - chance, printed[statistic] - chance)
        found[f"{label} {what}"] = value
    rewards = half.rewards[~np.eye(rms, dtype=bool)].reshape(rms, rms - 1, -1)
    values = {
        "count of pairs closer than 0.01 in accuracy and a quarter of the range apart in NDR":
            near_twins(*half.points),
        "median NDR range within an accuracy decile, of the whole range":
            decile_ranges(*half.points),
        "mean NDR sd within an accuracy decile, of the whole sd": decile_spread(*half.points),
        "slope of NDR on accuracy": slope(*half.points),
        "smallest mean relative drop of a golden RM": relative_drop(rewards).mean(axis=1).min(),
        "largest share of proxies with a drop, another golden RM as accurate":
            falling_twin(rewards, off_diagonal(half.accuracy).mean(axis=1)),
        "mean asymmetry of NDR minus that of accuracy, in sd":
            asymmetry(half.ndr) - asymmetry(half.accuracy),
    }  # fmt: skip
    return found | {name: measured(value) for name, value in values.items()}


def _between(
    bon: _Half, ppo: _Half, bon_printed: Mapping[str, float], ppo_printed: Mapping[str, float]
) -> dict[str, Quantity]:
    """Differences of the two optimisers."""
    found = {
        f"{label} under best-of-n minus under PPO": measured(
            bon.means[name] - ppo.means[name], bon_printed[name] - ppo_printed[name]
        )
        for name, label in STATISTICS.items()
    }
    x, y = bon.points[1], ppo.points[1]
    values = {
        "share of the NDR's variance that accuracy leaves open":
            pearson(*bon.points) ** 2 - pearson(*ppo.points) ** 2,
        "sd of NDR": y.std(ddof=1) - x.std(ddof=1),
        "largest |NDR|": abs(y).max() - abs(x).max(),
    }  # fmt: skip
    return found | {f"{name}, PPO minus best-of-n": measured(v) for name, v in values.items()}


def decile_ranges(accuracy: np.ndarray, ndr: np.ndarray) -> float:
    """Median over accuracy deciles of the NDR range, over the whole range.

    Inputs `(pairs,)`; deciles are ten groups of equal count in order of accuracy. NaN for fewer
    than two pairs per decile.
    """
    groups = _deciles(accuracy, ndr)
    return float(np.median([*map(np.ptp, groups)]) / np.ptp(ndr)) if groups else np.nan


def decile_spread(accuracy: np.ndarray, ndr: np.ndarray) -> float:
    """Mean over accuracy deciles of the NDR's sd, over the whole sd; else the same."""
    groups = _deciles(accuracy, ndr)
    within = [group.std(ddof=1) for group in groups]
    return float(np.mean(within) / ndr.std(ddof=1)) if groups else np.nan


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

    Of rewards in the order of the optimisation, shape (..., steps) to (...). 0 without any fall,
    infinite for a fall that no rise precedes.
    """
    best = rewards.max(axis=-1)
    fall, rise = best - rewards[..., -1], best - rewards[..., 0]
    drop = np.full(fall.shape, np.inf)
    np.divide(fall, rise, out=drop, where=rise > 0)
    return np.where(fall == 0, 0.0, drop)


def falling_twin(rewards: np.ndarray, accuracy: np.ndarray) -> float:
    """Largest share of declining proxies of another golden RM as predictable as the steadiest.

    The steadiest golden RM has the smallest mean relative drop of rewards, (goldens, proxies,
    steps). Another one counts if its mean accuracy, (goldens,), lies within 0.05; 0 if none does.
    """
    drop = relative_drop(rewards)
    steadiest = drop.mean(axis=1).argmin()
    other = abs(accuracy - accuracy[steadiest]) <= SIMILAR
    other[steadiest] = False
    return float((drop[other] > DROP).mean(axis=1).max(initial=0.0))


def asymmetry(matrix: np.ndarray) -> float:
    """Mean |m[g,p] - m[p,g]| in sd of m, a square with NaN on the diagonal."""
    known = ~np.isnan(matrix)
    sd = matrix[known].std(ddof=1)
    return float(abs(matrix - matrix.T)[known].mean() / sd) if sd > 0 else np.nan


def _deciles(accuracy: np.ndarray, ndr: np.ndarray) -> list[np.ndarray]:
    if len(ndr) < 2 * DECILES or np.ptp(ndr) == 0:
        return []
    return np.array_split(ndr[np.argsort(accuracy, kind="stable")], DECILES)
