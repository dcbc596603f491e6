"""How well a metric of reward models predicts regret: the paper's correlation protocol.

In: two square matrices over `(goldens, proxies)`, a metric such as accuracy and the NDR.
Out: Kendall, Pearson, Spearman and MRR. Called by `findings`.

Only off-diagonal entries count: a golden RM is no proxy of itself. NaN rules: a coefficient is
NaN if a value is NaN or one side is constant; a golden RM with a NaN or an infinity among its
proxies (no golden gain) is left out of everything; `mean_g` skips golden RMs whose coefficient is
NaN. All else that is wrong with an argument is a ValueError, an infinity in a coefficient too.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from proxyreward.metrics.checks import broadcast, count, numbers, one_of
from proxyreward.metrics.estimates import mean_known
from proxyreward.metrics.scaling import near_one


def off_diagonal(matrix: np.ndarray) -> np.ndarray:
    """Entries of square matrices `(..., rms, rms)` without the diagonal: `(..., rms, rms - 1)`."""
    matrix = numbers("matrix", matrix, may_be="any")
    if matrix.ndim < 2 or matrix.shape[-2] != matrix.shape[-1] or matrix.shape[-1] < 3:
        raise ValueError(f"need a square matrix of 3 reward models at least, got {matrix.shape}")
    rms = matrix.shape[-1]
    kept = matrix[..., ~np.eye(rms, dtype=bool)]
    return kept.reshape(*matrix.shape[:-1], rms - 1)


def pearson(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's correlation along the last axis, shape (...)."""
    (x, _), (y, _) = (near_one(side) for side in _sides(x=x, y=y))
    dx, dy = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    scale = np.sqrt((dx**2).sum(axis=-1) * (dy**2).sum(axis=-1))
    return _ratio((dx * dy).sum(axis=-1), scale, ~_constant(x) & ~_constant(y))


def slope(x: np.ndarray, y: np.ndarray) -> float:
    """Slope of the least-squares line of y on x, both of shape (values,).

    NaN for a constant x or if a value is NaN; infinite beyond double precision.
    """
    (x, scale_x), (y, scale_y) = (near_one(side) for side in _sides(x=x, y=y))
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(f"x {x.shape} and y {y.shape} must both be (values,)")
    if _constant(x):
        return np.nan
    dx = x - x.mean()
    with np.errstate(over="ignore"):
        return float(np.ldexp(dx @ y / (dx @ dx), (scale_y - scale_x)[0]))


def spearman(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's correlation (average ranks for ties) along the last axis, shape (...)."""
    x, y = _sides(x=x, y=y)
    return pearson(rankdata(x, axis=-1), rankdata(y, axis=-1))


def kendall(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""Kendall's :math:`\tau_b` along the last axis, shape (...).

    .. math:: \tau_b = \frac{C - D}{\sqrt{(P - T_x)(P - T_y)}}

    with C concordant, D discordant, P all pairs of entries and T those tied in one variable.
    """
    x, y = _sides(x=x, y=y)
    balance = np.zeros(np.broadcast_shapes(x.shape, y.shape)[:-1])
    untied_x, untied_y = np.zeros_like(balance), np.zeros_like(balance)
    # Pairs one lag apart at a time: memory stays that of the input.
    for lag in range(1, x.shape[-1]):
        sign_x = np.sign(x[..., lag:] - x[..., :-lag])
        sign_y = np.sign(y[..., lag:] - y[..., :-lag])
        balance += (sign_x * sign_y).sum(axis=-1)
        untied_x += (sign_x**2).sum(axis=-1)
        untied_y += (sign_y**2).sum(axis=-1)
    return _ratio(balance, np.sqrt(untied_x * untied_y), (untied_x > 0) & (untied_y > 0))


def reciprocal_rank(metric: np.ndarray, ndr: np.ndarray) -> np.ndarray:
    """One over the NDR rank (best = 1) of the proxy that the metric puts first, shape (...).

    Ties: tied NDRs share their mean rank; if the metric ties several proxies for the first place,
    their reciprocal ranks are averaged.
    """
    metric, ndr = _sides(metric=metric, ndr=ndr)
    first = metric == metric.max(axis=-1, keepdims=True)
    reciprocal = 1.0 / rankdata(-ndr, axis=-1)
    return _ratio((first * reciprocal).sum(axis=-1), first.sum(axis=-1), first.any(axis=-1))


def mrr_chance(proxies: int) -> float:
    r"""MRR of a random order of `proxies` proxies, :math:`H_k / k`."""
    return float((1.0 / np.arange(1, count("proxies", proxies) + 1)).mean())


CORRELATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "kendall": kendall,
    "pearson": pearson,
    "spearman": spearman,
}
STATISTICS = {**CORRELATIONS, "mrr": reciprocal_rank}


def by_golden(statistic: str, metric: np.ndarray, ndr: np.ndarray) -> np.ndarray:
    """One statistic over the proxies of each golden RM; its mean over goldens is `mean_g`.

    Parameters
    ----------
    statistic : str
        A key of ``STATISTICS``.
    metric, ndr : ndarray, shape (..., goldens, proxies)
        Square and broadcastable, in one order of RMs; the diagonals are ignored. A leading axis
        may count repeated draws of a test set.

    Returns
    -------
    ndarray, shape (..., goldens)
        NaN for a golden RM with a NaN among its proxies or with a constant side.
    """
    one_of("statistic", statistic, tuple(STATISTICS))
    x, y = off_diagonal(metric), off_diagonal(ndr)
    broadcast(metric=x, ndr=y)
    x, y = np.broadcast_arrays(x, y)
    known = np.isfinite(x).all(axis=-1) & np.isfinite(y).all(axis=-1)
    x, y = (np.where(known[..., None], side, 0.0) for side in (x, y))
    return np.where(known, STATISTICS[statistic](x, y), np.nan)


@dataclass(frozen=True)
class Association:
    """One statistic of metric against NDR.

    `protocol` is `mean_g` (coefficient over the proxies of each golden RM, mean over golden RMs)
    or `pooled` (one coefficient over all golden-proxy pairs). `n_goldens` counts the golden RMs
    that entered.
    """

    statistic: str
    protocol: str
    value: float
    n_goldens: int


def associate(metric: np.ndarray, ndr: np.ndarray) -> list[Association]:
    """Kendall, Pearson and Spearman under both protocols, and the MRR.

    Golden RMs of one run share proxies and training, so that no interval follows from them: that
    takes independent runs.

    Parameters
    ----------
    metric, ndr : ndarray, shape (goldens, proxies)
        Square, in one order of RMs; the diagonal is ignored.

    Returns
    -------
    list of Association
        Kendall, Pearson, Spearman, each `mean_g` and `pooled`, then MRR (`mean_g` only).

    Raises
    ------
    ValueError
        If the matrices differ in shape, are not square, or hold fewer than 3 RMs.

    References
    ----------
    Wen et al. 2024, Table 1.
    """
    x, y = off_diagonal(metric), off_diagonal(ndr)
    if x.shape != y.shape or x.ndim != 2:
        raise ValueError(f"metric {np.shape(metric)} and ndr {np.shape(ndr)} must be equal squares")
    known = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
    x, y = x[known], y[known]
    found = []
    for name, coefficient in CORRELATIONS.items():
        pooled = float(coefficient(x.ravel(), y.ravel())) if len(x) else np.nan
        found.append(_mean_over_goldens(name, coefficient(x, y)))
        found.append(Association(name, "pooled", pooled, len(x)))
    return [*found, _mean_over_goldens("mrr", reciprocal_rank(x, y))]


def _mean_over_goldens(statistic: str, values: np.ndarray) -> Association:
    defined = values[~np.isnan(values)]
    return Association(statistic, "mean_g", float(mean_known(values)), len(defined))


def _sides(**sides: np.ndarray) -> list[np.ndarray]:
    """Both sides of a coefficient, NaN allowed, with the same last axis."""
    found = {name: numbers(name, side, may_be="nan") for name, side in sides.items()}
    one, other = (side.shape[-1:] for side in found.values())
    if one != other or one in ((), (0,)):
        shapes = " and ".join(f"{name} {side.shape}" for name, side in found.items())
        raise ValueError(f"{shapes} must end in the same values, one at least")
    broadcast(**found)
    return list(found.values())


def _ratio(numerator: np.ndarray, denominator: np.ndarray, defined: np.ndarray) -> np.ndarray:
    ratio = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=ratio, where=defined)


def _constant(x: np.ndarray) -> np.ndarray:
    """Equality decides, not the variance: centring a constant leaves rounding noise."""
    return (x == x[..., :1]).all(axis=-1)
