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
    margins = _margins(bench)
    if margins.ndim != 2:
        raise ValueError(f"bench must be (rms, pairs, 2), got shape {np.shape(bench)}")
    signs = np.sign(margins)
    # Counts of 0/1 products are exact in floating point, so symmetry is exact as well.
    agreed = sum((signs == s).astype(float) @ (signs == s).astype(float).T for s in (-1, 0, 1))
    return agreed / signs.shape[1]


def accuracy(scores: np.ndarray) -> np.ndarray:
    r"""Share of pairs whose chosen response scores strictly higher than the rejected one.

    Tie rule: an equal score is an error, since the model failed to tell the two apart.

    Parameters
    ----------
    scores : ndarray, shape (..., pairs, 2)
        `[..., 0]` chosen, `[..., 1]` rejected.

    Returns
    -------
    ndarray, shape (...)
        Shares in 0..1.

    Raises
    ------
    ValueError
        If the shape is wrong, there is no pair, or a score is not finite.

    References
    ----------
    Liu et al. 2024, eq. 2 (there in percent).
    """
    return (_margins(scores) > 0).mean(axis=-1)


def _margins(scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores, dtype=float)
    if scores.ndim < 2 or scores.shape[-1] != 2 or scores.shape[-2] == 0:
        raise ValueError(f"scores must be (..., pairs, 2) with a pair at least, got {scores.shape}")
    if not np.isfinite(scores).all():
        where = tuple(np.argwhere(~np.isfinite(scores))[0].tolist())
        raise ValueError(f"score at index {where} is not finite; score the pairs again")
    return scores[..., 0] - scores[..., 1]
