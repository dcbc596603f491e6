"""Pairs of responses to a prompt, and what the metrics on them share.

In: scores `(..., prompts, responses)`. Out: margins and signs of all pairs, checked input. Called
by `within_prompt` and `calibration`.
"""

import numpy as np

from proxyreward.metrics.checks import array, broadcast, count, numbers


def pairs(responses: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the first and the second response of each pair."""
    return np.triu_indices(count("responses", responses, high=10_000), k=1)


def margins(scores: np.ndarray) -> np.ndarray:
    """Differences of all pairs of a prompt's responses, shape (..., prompts, pairs)."""
    scores = numbers("scores", scores, "..., responses")
    one, other = pairs(scores.shape[-1])
    return scores.take(one, axis=-1) - scores.take(other, axis=-1)


def signs(scores: np.ndarray) -> np.ndarray:
    """Signs of the margins of all pairs, shape (..., prompts, pairs)."""
    return np.sign(margins(scores))


def flat(parts: np.ndarray) -> np.ndarray:
    """The last two axes as one; NaN and infinite entries stay what they are."""
    parts = array("parts", parts, "..., rows, columns")
    return parts.reshape(*parts.shape[:-2], -1)


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Quotient; NaN where the denominator is 0, infinite beyond double precision.

    NaNs and infinities of both sides are passed on as division does.
    """
    numerator = numbers("numerator", numerator, may_be="any")
    denominator = numbers("denominator", denominator, may_be="any")
    undefined = np.full(broadcast(numerator=numerator, denominator=denominator), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.divide(numerator, denominator, out=undefined, where=denominator != 0)


def checked(golden: np.ndarray, proxy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of double precision.

    Raises
    ------
    ValueError
        If prompts and responses differ, there are too few, the axes before them do not broadcast,
        or a score is not finite.
    """
    golden = numbers("golden", golden, "..., prompts, 2+ responses")
    proxy = numbers("proxy", proxy, "..., prompts, 2+ responses")
    if golden.shape[-2:] != proxy.shape[-2:]:
        shapes = f"golden {golden.shape} and proxy {proxy.shape}"
        raise ValueError(f"{shapes} must end in the same (prompts, responses)")
    broadcast(golden=golden, proxy=proxy)
    return golden, proxy
