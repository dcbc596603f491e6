"""Best-of-n for every n from one pool of samples, exactly.

In: scores of N responses per prompt drawn from the initial policy. Out: the expected golden
reward of the best-of-n policy for any n <= N. Called by `findings`; `regret` turns it into NDR.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln

from proxyreward.metrics.checks import (
    array,
    count,
    counts,
    finite,
    numbers,
    same_shape,
)
from proxyreward.metrics.ranking import Ranking


def weights(samples: int, ns: Sequence[int]) -> np.ndarray:
    r"""Weight of each rank in the order-statistic estimator.

    .. math:: w_{n,i} = \binom{i-1}{n-1} \Big/ \binom{N}{n}, \qquad i = 1, \dots, N

    is the share of the subsets of size n whose best member has ascending rank i. Binomials are
    taken in log space, because they overflow for pools of a thousand samples.

    Parameters
    ----------
    samples : int
        Pool size N per prompt.
    ns : sequence of int
        The n to evaluate, each between 1 and N.

    Returns
    -------
    ndarray, shape (ns, samples)
        Rows sum to 1.

    Raises
    ------
    ValueError
        If `samples` or an n is no whole number, or lies outside 1..10^6 or 1..N.

    References
    ----------
    Nakano et al. 2021 (WebGPT), appendix; Gao et al. 2023.

    Examples
    --------
    >>> weights(3, [1, 2, 3]).round(3).tolist()
    [[0.333, 0.333, 0.333], [0.0, 0.333, 0.667], [0.0, 0.0, 1.0]]
    """
    samples = count("samples", samples)
    n = counts("ns", ns, high=samples)[:, None]
    log_factorial = gammaln(np.arange(samples + 1) + 1.0)
    rank = np.arange(1, samples + 1)[None, :]
    below = np.maximum(rank - n, 0)
    log_subsets = log_factorial[rank - 1] - log_factorial[n - 1] - log_factorial[below]
    log_total = log_factorial[samples] - log_factorial[n] - log_factorial[samples - n]
    return np.where(rank >= n, np.exp(log_subsets - log_total), 0.0)


def best_of_n(golden: np.ndarray, proxy: np.ndarray, ns: Sequence[int]) -> np.ndarray:
    r"""Expected golden reward per prompt of the response that the proxy picks out of n.

    .. math:: \widehat J(n) = \sum_{i=n}^{N} w_{n,i}\, r^*(y_{(i)}),
              \qquad y_{(1)}, \dots, y_{(N)} \text{ ascending in the proxy}

    It is the exact mean over all :math:`\binom{N}{n}` subsets of the pool, hence unbiased.
    Responses that the proxy scores equally are picked uniformly at random: every member of a
    tie counts with the tie's mean golden reward.

    Parameters
    ----------
    golden, proxy : ndarray, shape (prompts, samples)
        Scores of the same responses. Pass the same array twice for the golden RM's own policy.
    ns : sequence of int
        The n to evaluate.

    Returns
    -------
    ndarray, shape (ns, prompts)
        In units of `golden`.

    Raises
    ------
    ValueError
        If the shapes differ, a score is not finite, or an n lies outside 1..samples.
    """
    golden = numbers("golden", golden, "prompts, samples")
    proxy = numbers("proxy", proxy, "prompts, samples")
    same_shape(golden=golden, proxy=proxy)
    return weights(golden.shape[1], ns) @ Ranking.of(proxy).sort(golden).T


def best_of_n_curves(scores: np.ndarray, ns: Sequence[int]) -> np.ndarray:
    """Mean over prompts of :func:`best_of_n`, for every golden and every proxy of one family.

    Each proxy is sorted once; at most one `(prompts, samples)` plane per RM is held in double
    precision at a time.

    Parameters
    ----------
    scores : ndarray, shape (rms, prompts, samples)
        Scores of one pool by every RM.
    ns : sequence of int
        The n to evaluate.

    Returns
    -------
    ndarray, shape (goldens, proxies, ns)
        `[g, p, k]` is the reward under g of the best-of-`ns[k]` policy of p, in units of g;
        the diagonal is the golden RM's own policy.

    Raises
    ------
    ValueError
        If `scores` is not three-dimensional or not finite, or an n lies outside 1..samples.
    """
    scores = array("scores", scores, "rms, prompts, samples")
    finite("scores", scores)
    table = weights(scores.shape[2], ns)
    curves = np.empty((len(scores), len(scores), len(table)))
    for proxy, plane in enumerate(scores):
        ranking = Ranking.of(plane)
        for golden, rewards in enumerate(scores):
            curves[golden, proxy] = table @ ranking.sort(rewards.astype(float)).mean(axis=0)
    return curves


def kl_bound(n: np.ndarray | Sequence[int] | int) -> np.ndarray:
    r"""KL divergence of best-of-n from the initial policy in bits, as an upper bound.

    .. math:: D(n) = \log_2 n - \frac{n-1}{n} \log_2 e

    Exact if no two responses share a score. A policy over discrete text can repeat a response,
    which makes the true divergence smaller: treat the value as a bound.

    Parameters
    ----------
    n : int or array of int
        Candidates per prompt, at least 1.

    Returns
    -------
    ndarray
        Same shape as `n`.

    Raises
    ------
    ValueError
        If an n is below 1 or not finite.

    References
    ----------
    Hilton 2023; Wen et al. 2024, appendix 8.10.

    Examples
    --------
    >>> float(kl_bound(2).round(4))
    0.2787
    """
    n = numbers("n", n)
    if (n < 1).any():
        raise ValueError(f"n must be at least 1, got {n.min():g}")
    return (np.log(n) - (n - 1) / n) / np.log(2)
