"""Claims of Finding 1 on the form of its pictures: dynamics and matrices (Figures 9 to 11).

In: the arrays of both optimisers. Out: decisions. Called by `claims`.
"""

from collections.abc import Sequence

import numpy as np

from proxyreward.findings.core.verdict import (
    Decision,
    Part,
    decide_claim,
    estimated,
    invariant,
    one_of,
)
from proxyreward.findings.rethinking.finding1.half import Half
from proxyreward.findings.rethinking.finding1.spread import (
    asymmetry_excess,
    falling_twin,
    smallest_mean_drop,
)
from proxyreward.metrics.prediction import off_diagonal, spearman


def decide_form(halves: Sequence[Half]) -> list[Decision]:
    """Decide the claims of Figures 9, 10 and 11; `halves` are best-of-n and PPO."""
    return [*_dynamics(halves), *_accuracies(halves[0]), *_regrets(*halves)]


def _dynamics(halves: Sequence[Half]) -> list[Decision]:
    steady, falling = [], []
    level = 1 - 0.05 / len(halves)  # either optimiser may show it
    for half in halves:
        accuracy = off_diagonal(half.accuracy).mean(axis=1)
        rewards = half.rewards[~np.eye(half.rms, dtype=bool)]
        rewards = rewards.reshape(half.rms, half.rms - 1, -1)
        drop = half.interval(lambda g, r=rewards: smallest_mean_drop(r[g]), level=level)
        name = half.said("smallest mean relative drop of a golden RM")
        steady.append(estimated(name, drop, "below", 0.05))
        share = half.interval(
            lambda g, r=rewards, a=accuracy: falling_twin(r[g], a[g]), level=level
        )
        name = "largest share of proxies with a drop, another golden RM of similar accuracy"
        falling.append(estimated(half.said(name), share, "above", 0.8))
    return [
        _under_either("rethinking.fig9.c1", steady, halves[0].rms),
        _under_either("rethinking.fig9.c2", falling, halves[0].rms),
    ]


def _under_either(claim_id: str, parts: Sequence[Part], rms: int) -> Decision:
    """Decide a claim that something exists where the paper does not say under which optimiser."""
    decisive = one_of(parts)
    others = "; ".join(part.describe() for part in parts if part is not decisive)
    note = f"The panel's optimiser is lost, so either may show it; the other: {others}."
    return decide_claim(claim_id, [decisive], rms, note=note)


def _accuracies(half: Half) -> list[Decision]:
    symmetry = invariant(
        "|acc[g,p] - acc[p,g]|", float(np.nanmax(abs(half.accuracy - half.accuracy.T))), 0
    )
    noise = (half.flips[:, None] + half.flips) / 2
    gap = abs(half.flips[:, None] - half.flips)
    first = _flip_part(half, "Spearman of the pair's mean flip share with accuracy", noise)
    second = _flip_part(half, "Spearman of |a-b| with accuracy", gap)
    note = f"Second reading: {second.describe()}."
    return [
        decide_claim("rethinking.fig10.c1", [symmetry], half.rms, scope="Accuracy matrix"),
        decide_claim("rethinking.fig10.c2", [first], half.rms, scope="Accuracy matrix", note=note),
    ]


def _flip_part(half: Half, name: str, noise: np.ndarray) -> Part:
    x, y = off_diagonal(noise), off_diagonal(half.accuracy)
    return estimated(
        name,
        half.interval(lambda goldens: float(spearman(x[goldens].ravel(), y[goldens].ravel()))),
        "below",
        0.0,
    )


def _regrets(bon: Half, ppo: Half) -> list[Decision]:
    asymmetric = []
    for half in (bon, ppo):
        excess = half.interval(lambda g, h=half: asymmetry_excess(h.ndr, h.accuracy, g))
        name = half.said("mean asymmetry of NDR minus that of accuracy, in sd")
        asymmetric.append(estimated(name, excess, "above", 0.0))
    x, y = off_diagonal(bon.ndr), off_diagonal(ppo.ndr)
    largest = bon.interval(lambda g: abs(y[g]).max() - abs(x[g]).max(), recentre=True)
    spread = bon.interval(lambda g: y[g].std(ddof=1) - x[g].std(ddof=1))
    extreme = [
        estimated("largest |NDR|, PPO minus best-of-n", largest, "above", 0.0),
        estimated("sd of NDR, PPO minus best-of-n", spread, "above", 0.0),
    ]
    return [
        decide_claim("rethinking.fig11.c1", asymmetric, bon.rms),
        decide_claim("rethinking.fig11.c2", extreme, bon.rms),
    ]
