"""Pairs of responses to a prompt, and what the metrics on them share.

In: scores `(..., prompts, responses)`. Out: margins and signs of all pairs, checked input. Called
by `within_prompt` and `calibration`.
"""

import numpy as np


def pairs(responses: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the first and the second response of each pair."""
    return np.triu_indices(responses, k=1)


def margins(scores: np.ndarray) -> np.ndarray:
    """Differences of all pairs of a prompt's responses, shape (..., prompts, pairs)."""
    one, other = pairs(scores.shape[-1])
    return scores[..., one] - scores[..., other]


def signs(scores: np.ndarray) -> np.ndarray:
    """Signs of the margins of all pairs, shape (..., prompts, pairs)."""
    return np.sign(margins(scores))


def flat(parts: np.ndarray) -> np.ndarray:
    """The last two axes as one."""
    return parts.reshape(*parts.shape[:-2], -1)


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Quotient; NaN where the denominator is 0."""
    undefined = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator != 0)


def checked(golden: np.ndarray, proxy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of double precision.

    Raises
    ------
    ValueError
        If prompts and responses differ, there are too few, or a score is not finite.
    """
    golden, proxy = np.asarray(golden, dtype=float), np.asarray(proxy, dtype=float)
    shapes = f"golden {golden.shape} and proxy {proxy.shape}"
    if golden.ndim < 2 or golden.shape[-2:] != proxy.shape[-2:]:
        raise ValueError(f"{shapes} must end in the same (prompts, responses)")
    if golden.shape[-2] < 1 or golden.shape[-1] < 2:
        raise ValueError(f"{shapes} must hold a prompt and two responses to it at least")
    for name, scores in (("golden", golden), ("proxy", proxy)):
        if not np.isfinite(scores).all():
            where = tuple(np.argwhere(~np.isfinite(scores))[0].tolist())
            raise ValueError(f"{name} score at index {where} is not finite")
    return golden, proxy


def one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse an option that is none of the choices."""
    if value not in choices:
        raise ValueError(f"{option} must be one of {choices}, got {value!r}")
