r"""Regressional Goodhart: what accuracy says about overoptimisation if noise is all that is wrong.

In: the ratio of two standard deviations, an accuracy, or scores of a pool of responses. Out: the
expected accuracy, the degree of overoptimisation, simulations of both, and the degree measured on
a pool. Called by `findings.finding5`.

The model is a proxy reward :math:`r = r^* + z` with golden reward
:math:`r^* \sim \mathcal N(0, \sigma_r^2)` and independent noise
:math:`z \sim \mathcal N(0, \sigma^2)`. Everything below depends on :math:`\sigma_r / \sigma`, here
called the `ratio`, alone; it is 0 or more, infinite without noise. An accuracy lies in 0..1. What
does not is a ValueError. With :math:`\varrho` the correlation of golden and proxy reward,

.. math:: \mathrm{acc} = \tfrac12 + \tfrac1\pi \arctan\frac{\sigma_r}{\sigma}
                       = \tfrac12 + \tfrac1\pi \arcsin\varrho, \qquad
          d = \frac{\sigma_r^2}{\sigma_r^2 + \sigma^2} = \varrho^2 .

References: Wen et al. 2024, eq. 6-7 and 17-22; Gao et al. 2023, appendix on regressional Goodhart
(the regression factor); Sheppard 1899 (sign agreement of two correlated normal variables).
"""

from collections.abc import Sequence
from math import prod

import numpy as np
from scipy.integrate import quad_vec
from scipy.special import ndtr

from proxyreward.metrics.best_of_n import best_of_n
from proxyreward.metrics.checks import (
    DRAWN,
    LARGEST,
    count,
    counts,
    generator,
    number,
    numbers,
    same_shape,
    shown,
)
from proxyreward.metrics.pairs import ratio as quotient
from proxyreward.metrics.scaling import near_one


def accuracy_integral(ratio: np.ndarray | Sequence[float] | float) -> np.ndarray:
    r"""Accuracy by numerical integration, the way the paper draws its expected curve.

    .. math:: \mathrm{acc} = \int_0^\infty \frac{1}{\sqrt\pi\,\sigma_r} e^{-t^2 / (4\sigma_r^2)}\,
              \Phi\Big(\frac{t}{\sqrt2\,\sigma}\Big)\, dt
              = \int_0^\infty 2\,\varphi(u)\, \Phi(u\,\sigma_r / \sigma)\, du

    with :math:`t = \sqrt2\,\sigma_r u` the golden margin of a test pair of two independent draws.

    Parameters
    ----------
    ratio : array of float
        Standard deviation of the golden reward over that of the noise, 0 or more.

    Returns
    -------
    ndarray
        Shares between 1/2 and 1, same shape as `ratio`, good to 1e-9.

    References
    ----------
    Wen et al. 2024, eq. 19.

    Examples
    --------
    >>> accuracy_integral([0.0, 1.0]).round(6).tolist()
    [0.5, 0.75]
    """
    ratio = _checked_ratio(ratio)
    density = np.sqrt(2 / np.pi)
    with np.errstate(over="ignore"):  # in the tails, where the density is 0
        value, _ = quad_vec(
            lambda u: density * np.exp(-(u**2) / 2) * ndtr(u * ratio), 0, np.inf, epsabs=1e-11
        )
    return value


def accuracy_from_ratio(ratio: np.ndarray | Sequence[float] | float) -> np.ndarray:
    r"""Accuracy in closed form, :math:`\frac12 + \frac1\pi \arctan(\sigma_r / \sigma)`.

    The golden and the proxy margin of a pair are bivariate normal with correlation
    :math:`\varrho = \sigma_r / \sqrt{\sigma_r^2 + \sigma^2}`; Sheppard's formula gives the chance
    :math:`\frac12 + \frac1\pi \arcsin\varrho` that they share their sign.
    """
    return 0.5 + np.arctan(_checked_ratio(ratio)) / np.pi


def ratio_from_accuracy(accuracy: np.ndarray | Sequence[float] | float) -> np.ndarray:
    r"""Inverse of :func:`accuracy_from_ratio`, :math:`\tan(\pi(\mathrm{acc} - \frac12))`.

    Accuracies lie between 1/2 and 1; at 1 the ratio is as large as floating point makes it. Raises
    ValueError for one below 1/2, which no noise produces.
    """
    if (numbers("accuracy", accuracy) < 0.5).any():
        raise ValueError("accuracy must lie in 0.5..1: no amount of noise makes it smaller")
    return np.tan(_angle(accuracy))


def degree_from_ratio(ratio: np.ndarray | Sequence[float] | float) -> np.ndarray:
    r"""Degree of overoptimisation, :math:`d = \sigma_r^2 / (\sigma_r^2 + \sigma^2)`.

    Since :math:`E[r^* \mid r = c] = d\,c`, a policy that reaches the expected proxy reward c by
    picking responses for their proxy reward has the expected golden reward d c. One means that
    all of the proxy's gain is real.

    References
    ----------
    Wen et al. 2024, eq. 20-22; Gao et al. 2023.
    """
    return np.sin(np.arctan(_checked_ratio(ratio))) ** 2


def degree_from_accuracy(accuracy: np.ndarray | Sequence[float] | float) -> np.ndarray:
    r"""Degree for raw rewards :math:`r = r^* + z`: :math:`d = \sin^2(\pi(\mathrm{acc}-\frac12))`.

    Below an accuracy of 1/2, which no amount of noise produces, the degree is 0.
    """
    return np.sin(np.maximum(_angle(accuracy), 0)) ** 2


def correlation_from_accuracy(accuracy: np.ndarray | Sequence[float] | float) -> np.ndarray:
    r"""Degree for standardised rewards, and the NDR of best-of-n: :math:`\varrho`.

    .. math:: \varrho = \sin\big(\pi(\mathrm{acc} - \tfrac12)\big)

    Let :math:`m_n` be the mean of the largest of n standard normal draws. Standardised, a proxy's
    best-of-n policy has proxy reward :math:`m_n` and golden reward :math:`\varrho\, m_n`, because
    the regression of one standardised variable on the other has slope :math:`\varrho`. The golden
    RM's own policy has golden reward :math:`m_n`. So :math:`\varrho` is both
    :math:`J_{r^*}(\pi_r) / J_r(\pi_r)` and the NDR, for every n. It needs bivariate normal
    rewards only, so it also holds below an accuracy of 1/2, where it is negative.

    Examples
    --------
    >>> correlation_from_accuracy([0.5, 0.75, 1.0]).round(4).tolist()
    [0.0, 0.7071, 1.0]
    """
    return np.sin(_angle(accuracy))


def accuracy_error(accuracy: np.ndarray, pairs: int) -> np.ndarray:
    r"""Standard error :math:`\sqrt{\mathrm{acc}(1 - \mathrm{acc}) / m}` over m test pairs."""
    accuracy = _checked_accuracy(accuracy)
    return np.sqrt(accuracy * (1 - accuracy) / count("pairs", pairs, high=DRAWN))


def correlation_error(accuracy: np.ndarray, pairs: int) -> np.ndarray:
    r"""Standard error of :func:`correlation_from_accuracy` that the accuracy's own error makes.

    .. math:: \pi \cos\big(\pi(\mathrm{acc} - \tfrac12)\big)\, \mathrm{se}(\mathrm{acc})
    """
    return np.pi * np.cos(_angle(accuracy)) * accuracy_error(accuracy, pairs)


def simulate_rewards(
    golden_sd: float, noise_sd: float, shape: Sequence[int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Golden and proxy rewards of the normal model, independent draws of the given shape.

    Raises ValueError if a deviation is negative or infinite, or the shape no row of whole numbers
    whose product is at most 10^8.
    """
    golden_sd = number("golden_sd", golden_sd, 0, LARGEST)
    noise_sd = number("noise_sd", noise_sd, 0, LARGEST)
    shape = tuple(counts("shape", shape, high=DRAWN).tolist())
    if prod(shape) > DRAWN:
        raise ValueError(f"shape must hold {DRAWN} numbers at most, got {shown(shape)}")
    generator(rng)
    golden = golden_sd * rng.standard_normal(shape)
    return golden, golden + noise_sd * rng.standard_normal(shape)


def simulated_accuracy(
    golden_sd: float, noise_sd: float, pairs: int, rng: np.random.Generator
) -> float:
    """Accuracy over so many simulated pairs of two independent responses each.

    Errors as of :func:`simulate_rewards`; a golden reward that does not vary has no accuracy.
    """
    count("pairs", pairs, high=DRAWN // 2)
    number("golden_sd", golden_sd, 0, LARGEST, ends=False)
    golden, proxy = simulate_rewards(golden_sd, noise_sd, (pairs, 2), rng)
    agreed = (golden[:, 0] > golden[:, 1]) == (proxy[:, 0] > proxy[:, 1])
    return float(agreed.mean())


def simulated_best_of_n(
    golden: np.ndarray, proxy: np.ndarray, ns: Sequence[int]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    r"""Degree and NDR of best-of-n on raw rewards with mean 0.

    Parameters
    ----------
    golden, proxy : ndarray, shape (prompts, samples)
        Rewards such as those of :func:`simulate_rewards`, prompts independent of one another.
    ns : sequence of int
        The n to evaluate, 2 or more: at n = 1 both gains are 0.

    Returns
    -------
    dict of (estimate, error), each ndarray of shape (ns,)
        `degree` :math:`J_{r^*}(\pi_r) / J_r(\pi_r)` and `ndr`
        :math:`J_{r^*}(\pi_r) / J_{r^*}(\pi_{r^*})`. The error of a ratio of means is that of the
        mean of numerator minus ratio times denominator, over the denominator's mean. NaN where
        the denominator is 0, infinite beyond double precision.

    Raises
    ------
    ValueError
        If there are fewer than two prompts, an n lies outside 2..samples, or as
        :func:`proxyreward.metrics.best_of_n.best_of_n` does.
    """
    golden, proxy = _planes(golden, proxy, ns)
    (golden, golden_scale), (proxy, proxy_scale) = (
        near_one(plane, axes=2) for plane in (golden, proxy)
    )
    kept = best_of_n(golden, proxy, ns)
    promised = {"degree": best_of_n(proxy, proxy, ns), "ndr": best_of_n(golden, golden, ns)}
    found = {}
    for name, gain in promised.items():
        share = quotient(kept.mean(axis=1), gain.mean(axis=1))
        rest = (kept - share[:, None] * gain).std(axis=1, ddof=1)
        error = quotient(rest / np.sqrt(kept.shape[1]), abs(gain.mean(axis=1)))
        unit = (golden_scale - proxy_scale).item() if name == "degree" else 0
        with np.errstate(over="ignore"):
            found[name] = np.ldexp(share, unit), np.ldexp(error, unit)
    return found


def matching_noise(margins: np.ndarray, accuracy: np.ndarray | Sequence[float]) -> np.ndarray:
    r"""Sd of independent normal noise that lowers a golden RM's accuracy on its own pairs.

    Solves :math:`\frac1m \sum_i \Phi(|\Delta_i| / (\sqrt2\,\sigma)) = \mathrm{acc}` for
    :math:`\sigma` by bisection; the left side is the accuracy expected of scores with noise.

    Parameters
    ----------
    margins : ndarray, shape (pairs,)
        Golden differences :math:`\Delta` of the test pairs.
    accuracy : ndarray, shape (proxies,)
        Wanted accuracies. One outside (1/2, 1) is out of reach: the search then ends at a
        thousandth or a thousand times the root mean square of the margins.

    Returns
    -------
    ndarray, shape (proxies,)
        In units of the margins.

    Raises
    ------
    ValueError
        If margins or accuracies are no rows of numbers, an accuracy lies outside 0..1, or all
        margins are 0.
    """
    margins, exponent = near_one(abs(numbers("margins", margins, "pairs")))
    if not margins.any():
        raise ValueError(
            "margins are all 0, so no noise changes an accuracy; score the pairs again"
        )
    wanted = numbers("accuracy", _checked_accuracy(accuracy), "proxies")
    low, high = np.full(wanted.shape, -3.0), np.full(wanted.shape, 3.0)
    unit = np.sqrt((margins**2).mean())
    for _ in range(40):
        middle = (low + high) / 2
        noise = unit * 10 ** middle[:, None]
        enough = ndtr(margins / (np.sqrt(2) * noise)).mean(axis=1) <= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.ldexp(unit * 10 ** ((low + high) / 2), exponent)


def prompt_draws(prompts: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Share of each prompt in each bootstrap resample of the prompts, (resamples, prompts).

    Raises ValueError if a count is no whole number above 0, or both make more than 10^8 shares.
    """
    count("prompts", prompts)
    count("resamples", resamples, high=DRAWN // prompts)
    generator(rng)
    return rng.multinomial(prompts, np.full(prompts, 1 / prompts), size=resamples) / prompts


def measured_degree(
    golden: np.ndarray, proxy: np.ndarray, ns: Sequence[int], draws: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Degree of overoptimisation of best-of-n, both rewards standardised on the pool.

    .. math:: \hat d(n) = \frac{J_{r^*}(\pi_r)}{J_r(\pi_r)}

    where each reward has mean 0 and sd 1 over all samples of the initial policy. Its standard
    error is the sd over resamples of the prompts, each of which is standardised anew.

    Parameters
    ----------
    golden, proxy : ndarray, shape (prompts, samples)
        Scores of the same responses of the initial policy.
    ns : sequence of int
        The n to evaluate, 2 or more: at n = 1 both gains are 0.
    draws : ndarray, shape (resamples, prompts)
        Shares of the prompts, as :func:`prompt_draws` makes them.

    Returns
    -------
    degree, error, gain : ndarray, each of shape (ns,)
        The gain is the denominator, in sd of the proxy reward. The error is NaN if a resample
        holds one score only.

    Raises
    ------
    ValueError
        If a plane holds one score only, an n lies outside 2..samples, or `draws` are no shares
        of the prompts that sum to 1.

    References
    ----------
    Wen et al. 2024, eq. 20 and the paragraph on Figure 8(b).
    """
    planes = [_standardised(plane) for plane in _planes(golden, proxy, ns)]
    draws = numbers("draws", draws, "2+ resamples, prompts")
    if (
        draws.shape[1] != len(planes[0])
        or (draws < 0).any()
        or (abs(draws.sum(axis=1) - 1) > 1e-9).any()
    ):
        raise ValueError(f"draws {draws.shape} must be shares of {len(planes[0])} prompts, sum 1")
    reached = np.stack([best_of_n(plane, planes[1], ns) for plane in planes])
    mean = np.stack([plane.mean(axis=1) for plane in planes])
    square = np.stack([(plane**2).mean(axis=1) for plane in planes])

    def gains(shares: np.ndarray) -> np.ndarray:
        """Standardised rewards, golden and proxy, shape (2, ns, draws)."""
        centre = mean @ shares.T
        variance = square @ shares.T - centre**2
        # Of prompts that all have one score only rounding is left.
        sd = np.sqrt(np.where(variance > 1e-12, variance, np.nan))
        return (reached @ shares.T - centre[:, None]) / sd[:, None]

    ours = gains(np.full((1, len(planes[0])), 1 / len(planes[0])))[..., 0]
    resampled = gains(draws)
    return ours[0] / ours[1], (resampled[0] / resampled[1]).std(axis=1, ddof=1), ours[1]


def _planes(
    golden: np.ndarray, proxy: np.ndarray, ns: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Both planes of a pool, checked, if best-of-n gains something on it."""
    golden = numbers("golden", golden, "2+ prompts, samples")
    proxy = numbers("proxy", proxy, "2+ prompts, samples")
    same_shape(golden=golden, proxy=proxy)
    counts("ns", ns, low=2, high=golden.shape[1])
    return golden, proxy


def _standardised(plane: np.ndarray) -> np.ndarray:
    plane, _ = near_one(plane, axes=2)
    if (plane == plane.flat[0]).all():
        raise ValueError("a reward model gives every sample of the pool one score; train it again")
    return (plane - plane.mean()) / plane.std()


def _angle(accuracy: np.ndarray | Sequence[float] | float) -> np.ndarray:
    return np.pi * (_checked_accuracy(accuracy) - 0.5)


def _checked_accuracy(accuracy: np.ndarray | Sequence[float] | float) -> np.ndarray:
    accuracy = numbers("accuracy", accuracy)
    if ((accuracy < 0) | (accuracy > 1)).any():
        raise ValueError(
            f"accuracy must lie in 0..1, got {shown(accuracy)}; percents are no shares"
        )
    return accuracy


def _checked_ratio(ratio: np.ndarray | Sequence[float] | float) -> np.ndarray:
    ratio = numbers("ratio", ratio, may_be="any")
    if not (ratio >= 0).all():
        raise ValueError(f"ratio must be 0 or more, got {shown(ratio)}")
    return ratio
