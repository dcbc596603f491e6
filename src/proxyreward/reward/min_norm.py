r"""Weights of the shortest convex combination of gradients, from their inner products.

Gram matrices of the sources' head gradients come in, `(..., sources, sources)`; weights on the
simplex go out, `(..., sources)`.  The trainer of MORE calls :func:`min_norm` at every step.

.. math:: \lambda^* = \arg\min_{\lambda \in \Delta^{K-1}} \lambda^\top G \lambda
          = \arg\min_{\lambda \in \Delta^{K-1}} \Big\| \sum_{i=1}^K \lambda_i g_i \Big\|^2,
          \qquad G_{ij} = g_i^\top g_j

All functions divide by the largest squared norm first, so the scale of the gradients does not
matter. They take what is below `ROUNDING` of it for rounding: gradients that differ by less than a
millionth of the longest one count as equal.

References: Zeng et al. 2024 (MORE), eq. 9; Sener and Koltun 2018 for Frank-Wolfe on it; Wolfe 1976
for the corrections.
"""

from functools import cache

import numpy as np

ROUNDING = 1e-12
MOST_SUBSETS = 8  # sources up to which the subsets are enumerated: 255 of them


def min_norm(gram: np.ndarray) -> np.ndarray:
    """Min-norm weights: :func:`exact` for up to 8 sources, else :func:`frank_wolfe`."""
    return exact(gram) if np.shape(gram)[-1:] <= (MOST_SUBSETS,) else frank_wolfe(gram)


def exact(gram: np.ndarray) -> np.ndarray:
    r"""Min-norm weights by enumeration of all supports.

    On each non-empty subset of the sources the problem is solved with the sum alone as a
    constraint. Of the solutions without negative weights, those are optimal that meet
    :math:`g_i^\top u \ge \|u\|^2` for all i, where :math:`u = \sum_i \lambda_i g_i`.

    Tie rule: of several optima the one with the smallest :math:`\|\lambda\|`, which is unique and
    does not depend on the order of the sources.

    Parameters
    ----------
    gram : ndarray, shape (..., sources, sources)
        Inner products of the gradients; any rank, any scale.

    Returns
    -------
    ndarray, shape (..., sources)
        0 or more, with sum 1.

    Raises
    ------
    ValueError
        If the matrices are not square, or hold a number that is not finite.

    Notes
    -----
    Time and memory grow as :math:`2^K K^3` and :math:`2^K K^2`.

    Examples
    --------
    Equal gradients share evenly, opposite ones cancel, of orthogonal ones the shorter gets more,
    and a zero gradient gets everything:

    >>> equal, opposite = np.array([[1, 2], [1, 2], [1, 2], [1, 2]]), np.array([[1, 2], [-1, -2]])
    >>> orthogonal, zero = np.array([[3, 0], [0, 1]]), np.array([[2, 0], [0, 1], [0, 0]])
    >>> for gradients in (equal, opposite, orthogonal, zero):
    ...     print(exact(gradients @ gradients.T).round(4).tolist())
    [0.25, 0.25, 0.25, 0.25]
    [0.5, 0.5]
    [0.1, 0.9]
    [0.0, 0.0, 1.0]
    """
    gram = scaled(gram)[..., None, :, :]
    weights = _least_on_plane(gram, subsets(gram.shape[-1]))
    allowed = (weights >= -ROUNDING).all(axis=-1)
    excess = np.where(allowed, _excess(gram, weights), np.inf)
    optimal = excess <= excess.min(axis=-1, keepdims=True) + ROUNDING
    length = np.where(optimal, np.vecdot(weights, weights), np.inf)
    best = length.argmin(axis=-1)[..., None, None]
    return _on_simplex(np.take_along_axis(weights, best, axis=-2)[..., 0, :])


def frank_wolfe(gram: np.ndarray, tolerance: float = 1e-10, steps: int = 1000) -> np.ndarray:
    r"""Min-norm weights for any number of sources, by Frank-Wolfe steps with full correction.

    It starts at the best combination of two sources. Each step turns, as Frank-Wolfe does, to the
    source :math:`t = \arg\min_i (G\lambda)_i`. The plain method then only moves towards t, and
    needs thousands of ever shorter steps if gradients are almost parallel. Here, as in Wolfe's
    min-norm point method, the weights of all sources found so far are solved for anew; a source
    whose weight would become negative is left out on the way. About as many steps as sources do,
    and the stop is a bound on the error instead of a small change of the weights.

    Of several optima it returns one that depends on the order of the sources.

    Parameters
    ----------
    gram : ndarray, shape (..., sources, sources)
        As for :func:`exact`.
    tolerance : float
        Stop at this :func:`gap`: :math:`\|u\|^2` then exceeds its minimum by at most twice as
        much, in units of the largest squared norm.
    steps : int
        Stop after so many corrections in any case; :func:`gap` tells what is missing.

    Returns
    -------
    ndarray, shape (..., sources)
        0 or more, with sum 1.

    Raises
    ------
    ValueError
        As :func:`exact`.
    """
    gram = scaled(gram)
    shape, gram = gram.shape[:-1], gram.reshape(-1, *gram.shape[-2:])
    weights = _best_two(gram)
    inside = weights > 0
    corrected = np.ones(len(gram), dtype=bool)
    unfinished = np.arange(len(gram))
    for _ in range(steps):
        unfinished = unfinished[_excess(gram[unfinished], weights[unfinished]) > tolerance]
        if not unfinished.size:
            break
        here, now = gram[unfinished], weights[unfinished]
        grow = unfinished[corrected[unfinished]]
        inside[grow, np.matvec(gram[grow], weights[grow]).argmin(axis=-1)] = True
        target = _least_on_plane(here, inside[unfinished])
        falls = target < 0
        room = np.where(falls, now / np.where(falls, now - target, 1), 1)
        step = room.min(axis=-1, keepdims=True)
        out = falls & (room == step)
        weights[unfinished] = np.where(out, 0, now + step * (target - now))
        inside[unfinished] &= ~out
        corrected[unfinished] = ~out.any(axis=-1)
    return _on_simplex(weights).reshape(shape)


def gap(gram: np.ndarray, weights: np.ndarray) -> np.ndarray:
    r"""How far weights are from optimal; 0 at the optimum.

    .. math:: \frac{\|u\|^2 - \min_i g_i^\top u}{\max_i \|g_i\|^2}, \qquad u = \sum_i\lambda_i g_i

    If it is 0, a step along :math:`-u` lowers the loss of every source to first order, or
    :math:`u = 0`. The excess of :math:`\|u\|^2` over its minimum is at most
    :math:`2 \max_i \|g_i\|^2` times the gap. 0 if all gradients are.

    Parameters
    ----------
    gram : ndarray, shape (..., sources, sources)
    weights : ndarray, shape (..., sources)
        Leading axes broadcast.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        As :func:`exact`.
    """
    return _excess(scaled(gram), np.asarray(weights, dtype=float))


def scaled(gram: np.ndarray) -> np.ndarray:
    """Checked Gram matrices over their largest squared norm."""
    gram = np.asarray(gram, dtype=float)
    if gram.ndim < 2 or gram.shape[-1] != gram.shape[-2] or not gram.shape[-1]:
        raise ValueError(f"gram must be (..., sources, sources), got {gram.shape}")
    if not np.isfinite(gram).all():
        where = tuple(np.argwhere(~np.isfinite(gram))[0].tolist())
        raise ValueError(f"inner product at index {where} is not finite")
    largest = np.diagonal(gram, axis1=-2, axis2=-1).max(axis=-1)[..., None, None]
    return gram / np.where(largest > 0, largest, 1)


@cache
def subsets(sources: int) -> np.ndarray:
    """Membership in every non-empty subset, boolean, (subsets, sources)."""
    return (np.arange(1, 2**sources)[:, None] >> np.arange(sources) & 1).astype(bool)


def _excess(gram: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Squared norm of the combination less its smallest inner product with a gradient."""
    product = np.matvec(gram, weights)
    return np.vecdot(weights, product) - product.min(axis=-1)


def _least_on_plane(gram: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Weights with sum 1, of either sign, on the sources inside, that make the norm smallest.

    They are e - C^+ P G e, with even weights e, the projection P on weights with sum 0, and the
    pseudoinverse of the centred Gram matrix C = P G P: of several solutions the one nearest to e,
    which is the one with the smallest norm.
    """
    even = inside / inside.sum(axis=-1, keepdims=True)
    centre = inside[..., None] * (np.eye(inside.shape[-1]) - even[..., None, :])
    value, vector = np.linalg.eigh(centre @ gram @ centre)
    known = value > ROUNDING
    pull = np.matvec(centre, np.matvec(gram, even))
    shift = np.vecmat(pull, vector) * known / np.where(known, value, 1)
    # Eigenvectors carry rounding outside the subset; the last projection takes it away.
    return even - np.matvec(centre, np.matvec(vector, shift))


def _best_two(gram: np.ndarray) -> np.ndarray:
    """The best convex combination of two sources of each (problems, sources, sources)."""
    square = np.diagonal(gram, axis1=-2, axis2=-1)
    one, other = square[..., :, None], square[..., None, :]
    apart = one - 2 * gram + other
    share = np.divide(other - gram, apart, out=np.zeros_like(gram), where=apart > 0)
    share = share.clip(0, 1)
    norm = share**2 * one + 2 * share * (1 - share) * gram + (1 - share) ** 2 * other
    problem, sources = np.arange(len(gram)), gram.shape[-1]
    i, j = np.divmod(norm.reshape(len(gram), -1).argmin(axis=-1), sources)
    weights = np.zeros((len(gram), sources))
    weights[problem, i] += share[problem, i, j]
    weights[problem, j] += 1 - share[problem, i, j]
    return weights


def _on_simplex(weights: np.ndarray) -> np.ndarray:
    """Free of rounding: no weight below 0, sum 1."""
    weights = weights.clip(min=0)
    return weights / weights.sum(axis=-1, keepdims=True)
