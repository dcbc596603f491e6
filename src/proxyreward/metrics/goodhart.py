r"""Regressional Goodhart: what accuracy says about overoptimisation if noise is all that is wrong.

In: the ratio of two standard deviations, an accuracy, or scores of a pool of responses. Out: the
expected accuracy, the degree of overoptimisation, simulations of both, and the degree measured on
a pool. Called by `findings.finding5`.

The model is a proxy reward :math:`r = r^* + z` with golden reward
:math:`r^* \sim \mathcal N(0, \sigma_r^2)` and independent noise
:math:`z \sim \mathcal N(0, \sigma^2)`. Everything below depends on :math:`\sigma_r / \sigma`, here
called the `ratio`, alone. With :math:`\varrho` the correlation of golden and proxy reward,

.. math:: \mathrm{acc} = \tfrac12 + \tfrac1\pi \arctan\frac{\sigma_r}{\sigma}
                       = \tfrac12 + \tfrac1\pi \arcsin\varrho, \qquad
          d = \frac{\sigma_r^2}{\sigma_r^2 + \sigma^2} = \varrho^2 .

References: Wen et al. 2024, eq. 6-7 and 17-22; Gao et al. 2023, appendix on regressional Goodhart
(the regression factor); Sheppard 1899 (sign agreement of two correlated normal variables).
"""

from collections.abc import Sequence

import numpy as np
from scipy.integrate import quad_vec
from scipy.special import ndtr

from proxyreward.metrics.best_of_n import best_of_n


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
    ratio = np.asarray(ratio, dtype=float)
    density = np.sqrt(2 / np.pi)
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
    return 0.5 + np.arctan(np.asarray(ratio, dtype=float)) / np.pi


def ratio_from_accuracy(accuracy: np.ndarray | Sequence[float] | float) -> np.ndarray:
    r"""Inverse of :func:`accuracy_from_ratio`, :math:`\tan(\pi(\mathrm{acc} - \frac12))`.

    Accuracies lie between 1/2 and 1; at 1 the ratio is as large as floating point makes it.
    """
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
    return np.sin(np.arctan(np.asarray(ratio, dtype=float))) ** 2


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
    accuracy = np.asarray(accuracy, dtype=float)
    return np.sqrt(accuracy * (1 - accuracy) / pairs)


def correlation_error(accuracy: np.ndarray, pairs: int) -> np.ndarray:
    r"""Standard error of :func:`correlation_from_accuracy` that the accuracy's own error makes.

    .. math:: \pi \cos\big(\pi(\mathrm{acc} - \tfrac12)\big)\, \mathrm{se}(\mathrm{acc})
    """
    return np.pi * np.cos(_angle(accuracy)) * accuracy_error(accuracy, pairs)


def simulate_rewards(
    golden_sd: float, noise_sd: float, shape: Sequence[int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Golden and proxy rewards of the normal model, independent draws of the given shape."""
    golden = golden_sd * rng.standard_normal(shape)
    return golden, golden + noise_sd * rng.standard_normal(shape)


def simulated_accuracy(
    golden_sd: float, noise_sd: float, pairs: int, rng: np.random.Generator
) -> float:
    """Accuracy over so many simulated pairs of two independent responses each."""
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
        mean of numerator minus ratio times denominator, over the denominator's mean.
    """
    kept = best_of_n(golden, proxy, ns)
    promised = {"degree": best_of_n(proxy, proxy, ns), "ndr": best_of_n(golden, golden, ns)}
    found = {}
    for name, gain in promised.items():
        ratio = kept.mean(axis=1) / gain.mean(axis=1)
        rest = (kept - ratio[:, None] * gain).std(axis=1, ddof=1)
        found[name] = ratio, rest / np.sqrt(kept.shape[1]) / abs(gain.mean(axis=1))
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
    """
    margins, wanted = abs(np.asarray(margins, dtype=float)), np.asarray(accuracy, dtype=float)
    low, high = np.full(wanted.shape, -3.0), np.full(wanted.shape, 3.0)
    unit = np.sqrt((margins**2).mean())
    for _ in range(40):
        middle = (low + high) / 2
        noise = unit * 10 ** middle[:, None]
        enough = ndtr(margins / (np.sqrt(2) * noise)).mean(axis=1) <= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return unit * 10 ** ((low + high) / 2)


def prompt_draws(prompts: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Share of each prompt in each bootstrap resample of the prompts, (resamples, prompts)."""
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
        The gain is the denominator, in sd of the proxy reward.

    Raises
    ------
    ValueError
        If a plane holds one score only, or an n lies outside 1..samples.

    References
    ----------
    Wen et al. 2024, eq. 20 and the paragraph on Figure 8(b).
    """
    planes = [_standardised(golden), _standardised(proxy)]
    reached = np.stack([best_of_n(plane, planes[1], ns) for plane in planes])
    mean = np.stack([plane.mean(axis=1) for plane in planes])
    square = np.stack([(plane**2).mean(axis=1) for plane in planes])

    def gains(shares: np.ndarray) -> np.ndarray:
        """Standardised rewards, golden and proxy, shape (2, ns, draws)."""
        centre = mean @ shares.T
        sd = np.sqrt(square @ shares.T - centre**2)
        return (reached @ shares.T - centre[:, None]) / sd[:, None]

    ours = gains(np.full((1, len(planes[0])), 1 / len(planes[0])))[..., 0]
    resampled = gains(draws)
    return ours[0] / ours[1], (resampled[0] / resampled[1]).std(axis=1, ddof=1), ours[1]


def _standardised(plane: np.ndarray) -> np.ndarray:
    plane = np.asarray(plane, dtype=float)
    if (plane == plane.flat[0]).all():
        raise ValueError("a reward model gives every sample of the pool one score; train it again")
    return (plane - plane.mean()) / plane.std()


def _angle(accuracy: np.ndarray | Sequence[float] | float) -> np.ndarray:
    return np.pi * (np.asarray(accuracy, dtype=float) - 0.5)
