"""Head gradients along training: how far they cancel, and the weights that make them (eq. 9).

In: the steps of `mixtures`. Out: means over steps and seeds in every resample. Called by `tables`,
`claims` and the notebook `more_sources`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.findings.more.more_sources.curves import orders
from proxyreward.vocabulary import ADDED, MORE, SPLITS

COMBINED, EQUAL = "combined", "equal"


@dataclass(frozen=True)
class Norms:
    r"""Length of the combined head gradient over the mean length of the sources' gradients.

    .. math:: \frac{\lVert\sum_i \lambda_i g_i\rVert}{\frac1K \sum_i \lVert g_i\rVert}

    as the mean over the first steps and the seeds; row 0 of the first axis is the estimate.

    Attributes
    ----------
    counts : tuple of int
        Numbers of sources, or parts, K.
    steps : int
        First steps of every run that are compared; the runs on parts are the shortest.
    sources, parts : dict of ndarray, shape (1 + resamples, counts)
        K sources, mean over the orders of adding them, and K random parts of the first source, with
        the weights of eq. 9 (``combined``) and with equal weights (``equal``).
    paper_order : ndarray, shape (1 + resamples, counts)
        K sources in the paper's order, weights of eq. 9.
    """

    counts: tuple[int, ...]
    steps: int
    sources: dict[str, np.ndarray]
    parts: dict[str, np.ndarray]
    paper_order: np.ndarray

    @classmethod
    def of(
        cls, mixtures: Mixtures, draws: Draws, rng: np.random.Generator, first: int = 0
    ) -> Norms:
        """Average over the first steps, at most as many as the shortest run has.

        Parameters
        ----------
        draws : Draws
            Its seeds are resampled; steps are resampled in blocks, see :func:`block_weights`, the
            same ones in every run: runs of one seed meet the same pairs of a source at a step.
        first : int
            0 takes as many as there are.
        """
        counts = tuple(range(2, len(mixtures.sources) + 1))
        names = {("parts", k, 0): mixtures.names(SPLITS, k=k) for k in counts}
        for order in orders(mixtures):
            names |= {("sources", k, order): added_names(mixtures, k, order) for k in counts}
        ratios = {
            (*key, weights): ratio(mixtures, found, weights)
            for key, found in names.items()
            for weights in (COMBINED, EQUAL)
        }
        shortest = min(values.shape[1] for values in ratios.values())
        steps = min(first, shortest) if first else shortest
        drawn = block_weights(steps, len(draws.seeds) - 1, rng)
        if steps == 1:
            drawn[1:] = np.nan  # one step says nothing of how steps scatter

        def curve(kind: str, order: int, weights: str) -> np.ndarray:
            each = (ratios[kind, k, order, weights][:, :steps] for k in counts)
            return np.stack([averaged(values, draws.seeds, drawn) for values in each], axis=1)

        return cls(
            counts,
            steps,
            {
                weights: np.mean([curve("sources", o, weights) for o in orders(mixtures)], axis=0)
                for weights in (COMBINED, EQUAL)
            },
            {weights: curve("parts", 0, weights) for weights in (COMBINED, EQUAL)},
            curve("sources", 0, COMBINED),
        )


def added_names(mixtures: Mixtures, k: int, order: int) -> list[str]:
    """Reward models of MORE on the first k sources of an order, by seed."""
    if k == len(mixtures.sources):
        return mixtures.names(MORE)
    return mixtures.names(ADDED, k=k, order=order if k > 2 else 0)


def along(mixtures: Mixtures, names: list[str], column: str) -> np.ndarray:
    """A column of the steps of some runs, shape (runs, steps)."""
    steps = mixtures.steps.set_index("rm")[column]
    return np.stack([steps.loc[[name]].to_numpy() for name in names])


def ratio(mixtures: Mixtures, names: list[str], weights: str) -> np.ndarray:
    """Length under the weights over the mean length of the single gradients, (runs, steps)."""
    return along(mixtures, names, weights) / along(mixtures, names, "single")


def block_weights(steps: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Weights of the steps in each resample, shape (1 + resamples, steps); row 0 is even.

    Steps that follow one another are alike, so blocks of them are drawn (circular block
    bootstrap): their length is the cube root of the number of steps.
    """
    length = max(1, round(steps ** (1 / 3)))
    starts = rng.integers(steps, size=(resamples, -(-steps // length)))
    drawn = (starts[..., None] + np.arange(length)).reshape(resamples, -1)[:, :steps] % steps
    counts = np.ones((1 + resamples, steps))
    counts[1:] = (drawn[:, :, None] == np.arange(steps)).sum(axis=1)
    return counts / steps


def averaged(values: np.ndarray, seeds: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Mean of values, (runs, steps), under weights of both in every resample."""
    return np.einsum("st,rs,rt->r", values, seeds, steps, optimize=True)


def mean_weights(
    mixtures: Mixtures, draws: Draws, rng: np.random.Generator, scheme: str, base: str
) -> np.ndarray:
    """Mean weight of each source over the steps, shape (1 + resamples, sources)."""
    runs = [step_weights(mixtures, scheme, base, i) for i in range(len(mixtures.sources))]
    drawn = block_weights(runs[0].shape[1], len(draws.seeds) - 1, rng)
    return np.stack([averaged(run, draws.seeds, drawn) for run in runs], axis=1)


def step_weights(mixtures: Mixtures, scheme: str, base: str, source: int) -> np.ndarray:
    """Weight of a source, by its place, at every step, shape (seeds, steps)."""
    return along(mixtures, mixtures.names(scheme, base), f"weight_{source}")
