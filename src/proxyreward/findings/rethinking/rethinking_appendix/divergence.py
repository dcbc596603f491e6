"""The KL divergence of best-of-n from the initial policy, by integration.

In: n. Out: bits. Called by `claims` and `figures`, beside the closed form of `metrics.best_of_n`.
"""

import numpy as np


def kl_integral(n: int) -> float:
    r"""KL divergence of best-of-n in bits, from the density of the largest of n uniform scores.

    Best-of-n depends on the scores through their ranks alone, so they may be taken as uniform
    on (0, 1); the initial policy then has density 1 and best-of-n the density
    :math:`f(u) = n u^{n-1}`:

    .. math:: D(n) = \int_0^1 f(u) \log_2 f(u)\, du = \int_0^1 \log_2 f(v^{1/n})\, dv

    with :math:`v = u^n`, which spreads the peak of f evenly.

    Examples
    --------
    >>> round(kl_integral(2), 4)
    0.2787
    """
    from scipy.integrate import quad

    def log_density(v: float) -> float:
        return float(np.log2(n) + (n - 1) / n * np.log2(v))

    return quad(log_density, 0.0, 1.0, limit=200)[0]
