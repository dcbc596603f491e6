"""Pairwise accuracy on two responses per prompt.

In: scores of response pairs. Out: shares of agreeing pairs. Called by `findings`.
"""

import numpy as np


def accuracy_matrix(bench: np.ndarray) -> np.ndarray:
    r"""Accuracy of every RM against every other RM's own order of the same pairs.

    .. math:: \mathrm{acc}[g,p] = \frac{1}{|D|} \sum_{(x, y_1, y_2)}
              \mathbb 1[\mathrm{sign}(r_p(y_1) - r_p(y_2)) = \mathrm{sign}(r_g(y_1) - r_g(y_2))]

    Tie rule: the three signs -1, 0, 1 are compared as they stand, so a pair that both RMs tie
    counts as agreement and a pair that only one of them ties as error. The matrix is symmetric.

    Parameters
    ----------
    bench : ndarray, shape (rms, pairs, 2)

    Returns
    -------
    ndarray, shape (rms, rms)
        `[golden, proxy]`, shares in 0..1, ones on the diagonal.

    Raises
    ------
    ValueError
        If the shape is wrong, there is no pair, or a score is not finite.

    References
    ----------
    Wen et al. 2024, Figure 10.
    """
    signs = np.sign(_margins(bench))
    # Counts of 0/1 products are exact in floating point, so symmetry is exact as well.
    agreed = sum((signs == s).astype(float) @ (signs == s).astype(float).T for s in (-1, 0, 1))
    return agreed / signs.shape[1]


def _margins(bench: np.ndarray) -> np.ndarray:
    bench = np.asarray(bench, dtype=float)
    if bench.ndim != 3 or bench.shape[2] != 2 or bench.shape[1] == 0:
        raise ValueError(f"bench must be (rms, pairs, 2) with a pair at least, got {bench.shape}")
    if not np.isfinite(bench).all():
        where = tuple(np.argwhere(~np.isfinite(bench))[0].tolist())
        raise ValueError(f"score at index {where} is not finite; score the pairs again")
    return bench[..., 0] - bench[..., 1]
