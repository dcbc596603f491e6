"""The size of reward differences in the course of training.

In: the record of every training step. Out: mean |margin| in the batches by step, and how steadily
it rises, in every resample. Called by `tables`.
"""

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.metrics.prediction import pearson
from proxyreward.vocabulary import MORE, MULTITASK, SINGLE

PLAIN = (SINGLE, MULTITASK)
ALL_STEPS, SECOND_HALF = "all", "second half"


def sizes(mixtures: Mixtures, scheme: str, base: str) -> np.ndarray:
    """Mean |margin| in each batch, shape (models, seeds, steps).

    ``single`` has a model for each source, the others have one. Batches are drawn from the training
    pairs, most of them seen for the first time; where a model was trained in folds, a step is the
    mean over them.
    """
    schemes = [f"{SINGLE}-{name}" for name in mixtures.sources] if scheme == SINGLE else [scheme]
    names = [mixtures.names(one, base) for one in schemes]
    own = mixtures.steps[mixtures.steps["rm"].isin(np.ravel(names))]
    wide = own.pivot_table(index="rm", columns="step", values="size").dropna(axis="columns")
    return np.stack([wide.loc[of_scheme] for of_scheme in names])


def growth(mixtures: Mixtures) -> pd.DataFrame:
    """``base, scheme, seed, step, size``: mean over models of :func:`sizes`."""
    frames = []
    for base in mixtures.bases:
        for scheme in (*PLAIN, MORE):
            mean = sizes(mixtures, scheme, base).mean(axis=0)
            seed, step = np.indices(mean.shape)
            frame = {"base": base, "scheme": scheme, "seed": seed.ravel(), "step": step.ravel() + 1}
            frames.append(pd.DataFrame(frame | {"size": mean.ravel()}))
    return pd.concat(frames, ignore_index=True)


def trend(size: np.ndarray, seeds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Spearman of step and size, averaged over models and seeds, in every resample.

    Parameters
    ----------
    size : ndarray, shape (models, seeds, steps)
    seeds : ndarray, shape (1 + resamples, seeds)
        Weights of the seeds, as in `Draws`.
    rng : numpy.random.Generator
        Draws steps with replacement; those of the first row are the steps as they are.

    Returns
    -------
    ndarray, shape (1 + resamples,)
    """
    steps = size.shape[-1]
    drawn = rng.integers(steps, size=(len(seeds), steps))
    drawn[0] = np.arange(steps)
    place = rankdata(drawn, axis=-1)
    found = np.array(
        [[pearson(place, rankdata(row[drawn], axis=-1)) for row in model] for model in size]
    )
    return np.vecdot(found.mean(axis=0).T, seeds)


def trends(mixtures: Mixtures, draws: Draws, rng: np.random.Generator) -> dict[tuple, np.ndarray]:
    """:func:`trend` under the plain loss by base, scheme and part of the training."""
    found = {}
    for base in mixtures.bases:
        for scheme in PLAIN:
            size = sizes(mixtures, scheme, base)
            half = size.shape[-1] // 2
            for name, part in ((ALL_STEPS, size), (SECOND_HALF, size[..., half:])):
                found[base, scheme, name] = trend(part, draws.seeds, rng)
    return found
