"""Ranks that a fallible annotator gives to a prompt's responses, and what they cost.

In: standardised golden rewards of responses. Out: ranks by noisy comparisons, and how many
comparisons were asked for. Called by `testset`.
"""

import numpy as np
from scipy.special import expit

from proxyreward.metrics.checks import array, generator, number, numbers


def noisy_order(
    rewards: np.ndarray, quality: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    r"""Sort responses by asking a noisy annotator to compare two at a time.

    .. math:: P(y_i \succ y_j) = \sigma\big(\beta (r^*_i - r^*_j)\big)

    Parameters
    ----------
    rewards : ndarray, shape (..., responses)
        Golden rewards, standardised: else one quality means another noise for each golden RM.
    quality : float
        :math:`\beta`, per unit of `rewards`: 0 guesses, infinity never errs.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ranks : ndarray, shape (..., responses)
        1 for the worst, `responses` for the best.
    comparisons : ndarray of int, shape (...)
        What the merge sort asked for; see :func:`merge_sort`.

    Raises
    ------
    ValueError
        If `quality` is negative or no number, a reward is not finite, or `rng` is no generator.

    References
    ----------
    Wen et al. 2024, eq. 5 and Figure 7; the sort is not named there.

    Examples
    --------
    >>> ranks, comparisons = noisy_order([[0.3, -1.2, 0.9]], np.inf, np.random.default_rng(0))
    >>> ranks.tolist(), comparisons.tolist()
    ([[2.0, 1.0, 3.0]], [3])
    """
    order, comparisons = merge_sort(noisy_preferences(rewards, quality, rng))
    responses = order.shape[-1]
    ranks = np.empty(order.shape)
    np.put_along_axis(
        ranks, order, np.broadcast_to(np.arange(responses, 0, -1.0), order.shape), axis=-1
    )
    return ranks, comparisons


def noisy_preferences(rewards: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """One Bradley-Terry draw for every pair: `[..., i, j]` is whether i is preferred to j.

    Parameters and errors as in :func:`noisy_order`.

    Returns
    -------
    ndarray of bool, shape (..., responses, responses)
        Exactly one of `[..., i, j]` and `[..., j, i]` holds; the diagonal is False.
    """
    rewards = numbers("rewards", rewards, "..., responses")
    quality = number("quality", quality, 0, np.inf)
    generator(rng)
    responses = rewards.shape[-1]
    one, other = np.triu_indices(responses, k=1)
    gap = rewards[..., one] - rewards[..., other]
    # Equal rewards stay a coin toss for an annotator of infinite quality.
    with np.errstate(over="ignore"):  # what overflows is certain
        margin = np.multiply(quality, gap, out=np.zeros(gap.shape), where=gap != 0)
    first = rng.random(gap.shape) < expit(margin)
    preferred = np.zeros((*rewards.shape, responses), dtype=bool)
    preferred[..., one, other], preferred[..., other, one] = first, ~first
    return preferred


def merge_sort(preferred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Merge sort by given outcomes of comparisons, many prompts at a time.

    The responses are halved (the first half is the smaller one), each half is sorted, and the two
    are merged from the best down; when one half is used up, the rest follows without comparison.
    No pair is compared twice, and n responses take at most
    :math:`n \lceil\log_2 n\rceil - 2^{\lceil\log_2 n\rceil} + 1` comparisons.

    Parameters
    ----------
    preferred : ndarray of bool, shape (..., responses, responses)
        As of :func:`noisy_preferences`; cycles are allowed.

    Returns
    -------
    order : ndarray of int, shape (..., responses)
        Indices of the responses, best first.
    comparisons : ndarray of int, shape (...)
        Comparisons asked for.

    Raises
    ------
    ValueError
        If the outcomes are not square truth values, or not one response of each pair is preferred.
    """
    preferred = array("preferred", preferred, "..., responses, responses", "b")
    shape, responses = preferred.shape[:-2], preferred.shape[-1]
    if preferred.shape[-2] != responses:
        raise ValueError(f"preferred must be square, got {preferred.shape}")
    one, other = np.triu_indices(responses, k=1)
    if (preferred[..., one, other] == preferred[..., other, one]).any():
        raise ValueError("preferred must hold one of [i, j] and [j, i] for every pair, not both")
    rows = preferred.reshape(-1, responses, responses)
    order, comparisons = _sort(rows, 0, responses)
    return order.reshape(*shape, responses), comparisons.reshape(shape)


def _sort(preferred: np.ndarray, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Order of responses start..stop in each row of `(rows, responses, responses)`."""
    if stop - start == 1:
        return np.full((len(preferred), 1), start), np.zeros(len(preferred), dtype=int)
    middle = (start + stop) // 2
    left, spent_left = _sort(preferred, start, middle)
    right, spent_right = _sort(preferred, middle, stop)
    merged, spent = _merge(preferred, left, right)
    return merged, spent_left + spent_right + spent


def _merge(
    preferred: np.ndarray, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Merge two sorted halves of every row in step, one response of the result at a time."""
    size_left, size_right = left.shape[1], right.shape[1]
    row = np.arange(len(left))
    merged = np.empty((len(left), size_left + size_right), dtype=int)
    at_left, at_right, spent = (np.zeros(len(left), dtype=int) for _ in range(3))
    for place in range(merged.shape[1]):
        one = left[row, np.minimum(at_left, size_left - 1)]
        other = right[row, np.minimum(at_right, size_right - 1)]
        asked = (at_left < size_left) & (at_right < size_right)
        from_left = np.where(asked, preferred[row, one, other], at_left < size_left)
        merged[:, place] = np.where(from_left, one, other)
        spent += asked
        at_left += from_left
        at_right += ~from_left
    return merged, spent
