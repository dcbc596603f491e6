"""Four annotators: people who see the oracle's utility through Bradley-Terry noise.

Utilities come in, choices or scores go out: annotator ``a`` prefers the first of two responses with
probability ``sigmoid(beta_a * (u_1 - u_2))`` (paper rethinking, eq. 5, with beta as quality).
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

# Annotation quality of each annotator, per unit of oracle utility.
QUALITIES = (1.6, 2.0, 2.4, 2.8)


def chance_of_first(first: np.ndarray, second: np.ndarray, quality: np.ndarray | float):
    """Probability with which an annotator prefers the first of two responses, by utilities."""
    return expit(quality * (np.asarray(first, float) - np.asarray(second, float)))


def prefers_first(
    first: np.ndarray, second: np.ndarray, rng: np.random.Generator, annotators=QUALITIES
) -> np.ndarray:
    """Independent choices of every annotator, boolean, shape ``(len(annotators), pairs)``.

    Parameters
    ----------
    first, second
        Utilities of the two responses, shape ``(pairs,)``.
    """
    chance = chance_of_first(first, second, np.asarray(annotators)[:, None])
    return rng.random(chance.shape) < chance


def scores(utility: np.ndarray, rng: np.random.Generator, annotators=QUALITIES[:3]) -> np.ndarray:
    r"""What annotators give single responses, shape ``(len(annotators), responses)``.

    .. math:: s = u + \varepsilon / \beta, \qquad \varepsilon \sim \mathrm{Gumbel}(0, 1)

    The noise with which who prefers the response of the higher score chooses as
    :func:`prefers_first` does.
    """
    noise = rng.gumbel(size=(len(annotators), *np.shape(utility)))
    return np.asarray(utility) + noise / np.asarray(annotators)[:, None]


def agreement(votes: np.ndarray) -> np.ndarray:
    """Share of pairs on which two annotators choose alike.

    Votes ``(annotators, pairs)`` give ``(annotators, annotators)``, NaN on the diagonal.
    """
    alike = np.mean(votes[:, None] == votes, axis=-1)
    np.fill_diagonal(alike, np.nan)
    return alike
