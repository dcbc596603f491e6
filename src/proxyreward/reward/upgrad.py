r"""Weights of UPGrad, another way to combine gradients that conflict, from their inner products.

Gram matrices of the sources' head gradients come in, `(..., sources, sources)`; weights of 0 or
more go out, `(..., sources)`.

UPGrad moves each gradient as little as possible such that a step down it raises no source's loss to
first order, that is, onto the cone :math:`\{x : g_i^\top x \ge 0 \;\forall i\}`, and takes the mean
of what it finds. The projection of :math:`g_k` is :math:`\sum_i v_i g_i` with

.. math:: v = \arg\min_{v \ge e_k} v^\top G v, \qquad G_{ij} = g_i^\top g_j .

Reference: Quinton and Rey 2024, Jacobian descent for multi-objective optimization, section 3.
"""

import numpy as np

from proxyreward.reward.min_norm import ROUNDING, scaled, subsets


def upgrad(gram: np.ndarray) -> np.ndarray:
    r"""Weights of UPGrad, by enumeration of which weights are raised; exact, for few sources.

    On each subset S the raise s of the weights in it makes their inner products with the sum zero,
    :math:`G_{SS}\, s_S = -G_{S k}`; the solution is the subset whose raises are 0 or more and
    whose sum has no negative inner product with a gradient.

    Parameters
    ----------
    gram : ndarray, shape (..., sources, sources)
        Inner products of the gradients; any rank, any scale.

    Returns
    -------
    ndarray, shape (..., sources)
        1 / sources or more each: exactly that where no two gradients conflict.

    Raises
    ------
    ValueError
        If the matrices are not square, or hold a number that is not finite.

    Examples
    --------
    Two gradients at a right angle do not conflict; at an obtuse one each is turned:

    >>> for g in ([[2, 0], [0, 1]], [[1, 0], [-1, 1]]):
    ...     print(upgrad(np.array(g) @ np.array(g).T).tolist())
    [0.5, 0.5]
    [1.0, 0.75]
    """
    gram = scaled(gram)
    sources = gram.shape[-1]
    inside = np.concatenate([np.zeros((1, sources), bool), subsets(sources)])
    part = gram[..., None, :, :] * inside[:, :, None] * inside[:, None, :]
    inverse = np.linalg.pinv(part, rcond=np.sqrt(ROUNDING), hermitian=True)
    # For each subset and each gradient k, the weights as columns: shape (..., subsets, K, K).
    raised = -inverse @ (gram[..., None, :, :] * inside[:, :, None])
    weights = np.eye(sources) + raised
    below = np.minimum(raised.min(axis=-2), 0)
    uphill = np.minimum((gram[..., None, :, :] @ weights).min(axis=-2), 0)
    best = np.maximum(-below, -uphill).argmin(axis=-2)
    found = np.take_along_axis(weights, best[..., None, None, :], axis=-3)[..., 0, :, :]
    return np.maximum(found, np.eye(sources)).mean(axis=-1)
