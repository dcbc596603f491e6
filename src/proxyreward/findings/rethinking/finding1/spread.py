"""Quantities behind the claims of Finding 1 about spread, decline and asymmetry.

In: accuracies, NDRs and golden rewards. Out: one number each, NaN where it is undefined. Called by
`claims`.
"""

import numpy as np

DECILES = 10
# Twins in accuracy, and the share of the NDR range that tells them apart: the registry's.
SAME_ACCURACY, APART = 0.01, 0.25
# Relative drop that counts as a decline: the registry's; similar mean accuracy: ours.
DROP, SIMILAR = 0.05, 0.05


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


def smallest_mean_drop(rewards: np.ndarray) -> float:
    """Smallest over golden RMs of the mean relative drop over proxies.

    Input `(goldens, proxies, ns)`, golden RMs without themselves as proxies.
    """
    return float(relative_drop(rewards).mean(axis=1).min())


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
    # A resample can hold the steadiest golden RM twice; its copy is no other golden RM.
    other = (mean > mean.min()) & (abs(accuracy - accuracy[mean.argmin()]) <= SIMILAR)
    return float((drop[other] > DROP).mean(axis=1).max(initial=0.0))


def asymmetry_excess(ndr: np.ndarray, accuracy: np.ndarray, goldens: np.ndarray) -> float:
    """Mean |m[g,p] - m[p,g]| in sd of m, for the NDR minus for the accuracy.

    Parameters
    ----------
    ndr, accuracy : ndarray, shape (goldens, proxies)
        NaN on the diagonal.
    goldens : ndarray of int
        Rows to use, possibly repeated.
    """
    return _asymmetry(ndr, goldens) - _asymmetry(accuracy, goldens)


def _asymmetry(matrix: np.ndarray, goldens: np.ndarray) -> float:
    known = ~np.isnan(matrix[goldens])
    sd = matrix[goldens][known].std(ddof=1)
    return abs(matrix - matrix.T)[goldens][known].mean() / sd if sd > 0 else np.nan


def _deciles(accuracy: np.ndarray, ndr: np.ndarray) -> list[np.ndarray]:
    if len(ndr) < 2 * DECILES:
        return []
    return np.array_split(ndr[np.argsort(accuracy, kind="stable")], DECILES)
