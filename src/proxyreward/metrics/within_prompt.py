"""Ten measures of how far a proxy agrees with a golden RM on several responses to a prompt.

In: scores of the same responses by golden and proxy, `(..., prompts, responses)`. Out: one number
for each pair of reward models, a mean over prompts.

Most are, prompt by prompt, an inner product of something known from the golden scores alone with
something known from the proxy's alone (:data:`PRODUCTS`). So what belongs to one reward model is
worked out once and serves all of its pairs.

A prompt on which a metric is undefined is left out; NaN if none remains.
"""

from collections.abc import Callable
from inspect import signature

import numpy as np

from proxyreward.metrics.calibration import ece
from proxyreward.metrics.checks import array, function, one_of
from proxyreward.metrics.pairs import checked, flat, ratio, signs
from proxyreward.metrics.ranking import Places, Side


def across(
    metric: Callable[..., np.ndarray], labels: np.ndarray, proxies: np.ndarray, **options: object
) -> np.ndarray:
    """A metric of every proxy under every golden RM.

    Holds what the metric needs of each reward model once, not once for each pair.

    Parameters
    ----------
    metric : callable
        A value of ``METRICS``.
    labels : ndarray, shape (goldens, prompts, responses)
        What each golden RM says.
    proxies : ndarray, shape (goldens or 1, proxies, prompts, responses)
        Scores by every proxy; with one entry in front they are those of all golden RMs.
    **options
        Passed to the metric.

    Returns
    -------
    ndarray, shape (goldens, proxies)

    Raises
    ------
    ValueError
        If the metric has no such option, and as the metric does.
    """
    known = signature(function("metric", metric)).parameters
    for option in options:
        one_of("option of the metric", option, tuple(known))
    labels = array("labels", labels, "goldens, prompts, responses")
    proxies = array("proxies", proxies, "goldens, proxies, prompts, responses")
    return metric(labels[:, None], proxies, **options)


def accuracy(golden: np.ndarray, proxy: np.ndarray) -> np.ndarray:
    r"""Share of a prompt's pairs of responses that the proxy orders as the golden RM does.

    .. math:: \binom{n}{2}^{-1} \sum_{i<j}
              \mathbb 1[\mathrm{sign}(r_i - r_j) = \mathrm{sign}(r^*_i - r^*_j)]

    Tie rule, as in :func:`proxyreward.metrics.agreement.accuracy_matrix`: the signs -1, 0, 1 are
    compared as they stand. Without ties it is :math:`(1 + \tau) / 2`. Never undefined.

    Parameters
    ----------
    golden, proxy : ndarray, shape (..., prompts, responses)
        Scores of the same responses; leading axes broadcast.

    Returns
    -------
    ndarray, shape (...)
        In 0..1.

    Raises
    ------
    ValueError
        If prompts or responses differ, there are fewer than two responses, or a score is not
        finite. The same holds for all metrics here.

    References
    ----------
    Wen et al. 2024, appendix 8.8.

    Examples
    --------
    >>> float(accuracy([[3.0, 2.0, 1.0]], [[3.0, 1.0, 2.0]]).round(3))
    0.667
    """
    golden, proxy = (flat(signs(scores)) for scores in checked(golden, proxy))
    # Products of 0 and 1 add up exactly, so the matrix over reward models is exactly symmetric.
    agreed = sum(
        np.vecdot((golden == sign).astype(float), (proxy == sign).astype(float))
        for sign in (-1, 0, 1)
    )
    return agreed / golden.shape[-1]


def accuracy_pair(golden: np.ndarray, proxy: np.ndarray) -> np.ndarray:
    """Accuracy on the first two responses to each prompt, as a test set of pairs has it.

    The first two are as good as any two as long as the responses were drawn at random.
    """
    golden, proxy = checked(golden, proxy)
    return accuracy(golden[..., :2], proxy[..., :2])


def pearson(golden: np.ndarray, proxy: np.ndarray) -> np.ndarray:
    """Pearson's correlation of golden and proxy scores, in -1..1 (eq. 8 and 9).

    Undefined where either scores all responses equally.
    """
    return _mean("pearson", golden, proxy)


def spearman(golden: np.ndarray, proxy: np.ndarray) -> np.ndarray:
    """Spearman's correlation, in -1..1 (eq. 10): Pearson's on ranks, tied scores sharing theirs.

    Undefined where either scores all responses equally.
    """
    return _mean("spearman", golden, proxy)


def kendall(golden: np.ndarray, proxy: np.ndarray) -> np.ndarray:
    r"""Kendall's :math:`\tau_b`, in -1..1 (eq. 11).

    .. math:: \tau_b = \frac{C - D}{\sqrt{(P - T_r)(P - T_{r^*})}}

    with C concordant, D discordant, P all pairs of a prompt's responses and T those tied by one
    of the two. Undefined where either scores all responses equally.
    """
    return _mean("kendall", golden, proxy)


def bo_n(golden: np.ndarray, proxy: np.ndarray) -> np.ndarray:
    r"""Normalised drop ratio of best-of-n among the n responses (eq. 12, there with n = 5).

    .. math:: \frac{r^*_{\arg\max_i r_i} - \bar r^*}{\max_i r^*_i - \bar r^*}

    1 if the proxy's favourite is the golden one, 0 for a random pick; negative below that. Of
    several favourites the mean counts. Undefined where the golden scores are all equal.
    """
    return _mean("bo_n", golden, proxy)


def mrr(golden: np.ndarray, proxy: np.ndarray) -> np.ndarray:
    """One over the golden rank (best = 1) of the proxy's favourite, in 1/n..1 (eq. 14).

    Responses that the golden RM ties share their mean rank; of several favourites of the proxy
    the mean counts. Never undefined.
    """
    return _mean("mrr", golden, proxy)


def ndcg(golden: np.ndarray, proxy: np.ndarray, gain: str = "linear") -> np.ndarray:
    r"""Normalised discounted cumulative gain of the proxy's order (eq. 15).

    .. math:: \mathrm{DCG} = \sum_{k=1}^{n} \frac{\mathrm{gain}_{(k)}}{\log_2(k + 1)}

    over the responses from the proxy's best to its worst, divided by the same sum in golden order.
    The worst value is far from 0: 0.722 for five responses and a linear gain. Tied golden scores
    share their mean rank; responses that the proxy ties share the mean discount of their places.
    Never undefined.

    Parameters
    ----------
    golden, proxy : ndarray, shape (..., prompts, responses)
        Scores of the same responses; leading axes broadcast.
    gain : {"linear", "exponential"}
        The golden rank g itself (worst = 1, best = n), or :math:`2^g - 1`.
    """
    one_of("gain", gain, ("linear", "exponential"))
    if gain == "linear":
        return _mean("ndcg", golden, proxy)
    golden, proxy = map(Side, checked(golden, proxy))
    return _mean_product(golden.share(2**golden.ranks - 1), proxy.discount)


def xi(golden: np.ndarray, proxy: np.ndarray, sort_by: str = "proxy") -> np.ndarray:
    r"""Chatterjee's correlation (eq. 16).

    .. math:: \xi = 1 - \frac{n \sum_{k=1}^{n-1} |q_{k+1} - q_k|}{2 \sum_k l_k (n - l_k)}

    The responses are in the order of one reward model; under the other, q of a response counts
    the scores that do not exceed its own, l those that are not below it. Without ties the second
    term is :math:`3 \sum |q_{k+1} - q_k| / (n^2 - 1)`.

    A perfect order and a reversed one both reach its maximum, :math:`(n - 2) / (n + 1)`. Ties in
    the sorting scores: the mean over all orders of the tied responses. Undefined where the other
    scores are all equal.

    Parameters
    ----------
    golden, proxy : ndarray, shape (..., prompts, responses)
        Scores of the same responses; leading axes broadcast.
    sort_by : {"proxy", "golden"}
        Whose order; the coefficient is not symmetric.

    References
    ----------
    Chatterjee 2021.
    """
    one_of("sort_by", sort_by, ("proxy", "golden"))
    golden, proxy = (Places.of(scores) for scores in checked(golden, proxy))
    found = proxy.xi(golden) if sort_by == "proxy" else golden.xi(proxy)
    known = ~np.isnan(found)
    return ratio(found.sum(axis=-1, where=known), known.sum(axis=-1))


METRICS: dict[str, Callable[..., np.ndarray]] = {
    "accuracy": accuracy,
    "accuracy_pair": accuracy_pair,
    "pearson": pearson,
    "spearman": spearman,
    "kendall": kendall,
    "bo_n": bo_n,
    "ece": ece,
    "mrr": mrr,
    "ndcg": ndcg,
    "xi": xi,
}


PRODUCTS = {
    "pearson": ("unit", "unit"),
    "spearman": ("unit_ranks", "unit_ranks"),
    "kendall": ("unit_signs", "unit_signs"),
    "bo_n": ("kept", "favourites"),
    "mrr": ("reciprocal", "favourites"),
    "ndcg": ("gain", "discount"),
}
"""By metric, the vectors of :class:`~proxyreward.metrics.ranking.Side`, of the golden RM and of the
proxy, whose inner product it is on each prompt."""


def _mean(metric: str, golden: np.ndarray, proxy: np.ndarray) -> np.ndarray:
    """Mean over prompts of a metric that is an inner product."""
    golden, proxy = map(Side, checked(golden, proxy))
    mine, theirs = PRODUCTS[metric]
    return _mean_product(getattr(golden, mine), getattr(proxy, theirs))


def _mean_product(golden: np.ndarray, proxy: np.ndarray) -> np.ndarray:
    """Inner product along the last axis, mean over prompts without NaN in either: (...)."""
    known_golden, known_proxy = (~np.isnan(part).any(axis=-1) for part in (golden, proxy))
    total = np.vecdot(
        flat(np.where(known_golden[..., None], golden, 0.0)),
        flat(np.where(known_proxy[..., None], proxy, 0.0)),
    )
    return ratio(total, np.vecdot(known_golden.astype(float), known_proxy.astype(float)))
