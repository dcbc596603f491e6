"""Calibration of a proxy as a Bradley-Terry model: does its margin say how often it is right?

In: scores of the same responses by golden and proxy, `(..., prompts, responses)`. Out: one number
for each pair of reward models. Called by `within_prompt`, whose tenth metric it is.
"""

from itertools import pairwise

import numpy as np
from scipy.special import expit, logit

from proxyreward.metrics.pairs import checked, flat, margins, one_of, ratio, signs


def ece(
    golden: np.ndarray,
    proxy: np.ndarray,
    bins: int = 10,
    binning: str = "mass",
    orientation: str = "proxy",
) -> np.ndarray:
    r"""Expected calibration error of the proxy as a Bradley-Terry model (eq. 13); low is good.

    .. math:: \mathrm{ECE} = \sum_m \frac{|B_m|}{\sum_{m'} |B_{m'}|}
              \Big| \mathrm{acc}(B_m) - \frac{1}{|B_m|} \sum_{B_m} \sigma(\Delta) \Big|

    over bins of all pairs of all prompts by the proxy's margin :math:`\Delta` of the first
    response over the second; acc is the share of pairs whose first response is the golden choice.
    A pair that golden or proxy ties counts half.

    Parameters
    ----------
    golden, proxy : ndarray, shape (..., prompts, responses)
        Scores of the same responses; leading axes broadcast. The scale of `proxy` matters.
    bins : int
        Number of bins.
    binning : {"mass", "width"}
        Bins with equal numbers of pairs, equal margins staying together; or bins of equal width
        in :math:`\sigma(\Delta)`, over 1/2..1 if the proxy orients, else over 0..1.
    orientation : {"proxy", "chosen", "both"}
        Which response of a pair is the first. The one that the proxy prefers (the paper). Or the
        golden choice: then acc is 1 in every bin, the value is the mean of
        :math:`1 - \sigma(\Delta)` whatever the bins, and larger scores look better calibrated;
        pairs that the golden RM ties are left out. Or both orders of each pair: then a bin around
        1/2 hides every error in it.

    Returns
    -------
    ndarray, shape (...)
        In 0..1.

    References
    ----------
    Wen et al. 2024, appendix 8.8; Zeng et al. 2024 (MORE) for both orders.
    """
    one_of("orientation", orientation, ("proxy", "chosen", "both"))
    one_of("binning", binning, ("mass", "width"))
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    golden, proxy = checked(golden, proxy)
    sign, margin = flat(signs(golden)), flat(margins(proxy))
    if orientation == "chosen":
        return _not_chosen(sign, margin)
    if orientation == "proxy":
        first, margin = np.sign(margin), abs(margin)
    else:
        sign, margin = (np.concatenate([part, -part], axis=-1) for part in (sign, margin))
        first = np.ones_like(margin)
    low = 0.5 if orientation == "proxy" else 0.0
    doubt = 0.5 - expit(margin)

    def excess_above(edge: np.ndarray | float) -> np.ndarray:
        """Sum of (right - confidence), where right is (1 + sign * first) / 2."""
        inside = margin > edge
        return np.vecdot(sign, first * inside) / 2 + (doubt * inside).sum(axis=-1)

    edges = _equal_mass(margin, bins) if binning == "mass" else _equal_width(low, bins)
    excess = [excess_above(edge) for edge in (-np.inf, *edges, np.inf)]
    return sum(abs(lower - upper) for lower, upper in pairwise(excess)) / margin.shape[-1]


def _not_chosen(sign: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """Mean probability that the proxy gives to the response that golden did not choose."""
    total = np.vecdot((sign > 0) * 1.0, expit(-margin))
    total = total + np.vecdot((sign < 0) * 1.0, expit(margin))
    return ratio(total, abs(sign).sum(axis=-1))


def _equal_mass(margin: np.ndarray, bins: int) -> np.ndarray:
    """Edges between bins with equal numbers of margins, (bins - 1, ..., 1); upper edges inside."""
    last = -(-np.arange(1, bins) * margin.shape[-1] // bins) - 1
    return np.moveaxis(np.sort(margin, axis=-1)[..., last], -1, 0)[..., None]


def _equal_width(low: float, bins: int) -> np.ndarray:
    """Margins whose confidences cut low..1 into equal bins, (bins - 1,); upper edges inside."""
    return logit(np.linspace(low, 1, bins + 1)[1:-1])
