"""Pairwise accuracy: on two responses per prompt, and on all pairs of many.

In: scores of response pairs. Out: shares of agreeing pairs. Called by `findings`.
"""

import numpy as np

from proxyreward.metrics.checks import numbers
from proxyreward.metrics.pairs import ratio, signs
from proxyreward.metrics.within_prompt import accuracy, across


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
    bench = numbers("bench", bench, "rms, pairs, 2")
    return across(accuracy, bench, bench[None])


def pool_accuracy(pool: np.ndarray) -> np.ndarray:
    """Accuracy of every judge against every other one's order of all pairs of a prompt's responses.

    Of the pairs that the golden judge tells apart, the share that the proxy orders alike; one that
    it ties is an error. So equal texts, which all judges tie, do not count, and a golden judge of
    few different values is not asked where it has no opinion. In general the matrix is not
    symmetric.

    Parameters
    ----------
    pool : ndarray, shape (judges, prompts, responses)

    Returns
    -------
    ndarray, shape (judges, judges)
        `[golden, proxy]`, shares in 0..1, ones on the diagonal; NaN for a golden judge that ties
        every pair.

    Raises
    ------
    ValueError
        If the shape is wrong or a score is not finite.
    """
    pool = numbers("pool", pool, "judges, prompts, 2+ responses")
    order = signs(pool).reshape(len(pool), -1)
    apart = abs(order)
    # The product of two signs is 1 for one order, -1 for two, 0 for a tie.
    alike = (order @ order.T + apart @ apart.T) / 2
    return ratio(alike, apart.sum(axis=1)[:, None])
