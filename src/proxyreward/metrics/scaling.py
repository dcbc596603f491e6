"""Numbers brought near 1, so that their squares neither overflow nor vanish.

In: arrays of any scale. Out: the same numbers over a power of two, and its exponent.
"""

import numpy as np

from proxyreward.metrics.checks import count, numbers


def near_one(values: np.ndarray, axes: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Values divided by a power of four near their largest magnitude, and the exponent of two.

    Nothing is rounded by it, so sums, products, quotients and square roots of the scaled values
    are those of the plain ones, bit for bit, wherever those neither overflow nor vanish.

    Parameters
    ----------
    values : ndarray
        NaNs and infinities stay what they are.
    axes : int
        So many of the last axes share a power.

    Returns
    -------
    scaled : ndarray, shape of `values`
    exponent : ndarray of int
        Shape of `values` with 1 for those axes; ``np.ldexp(scaled, exponent)`` are the values.
    """
    values = numbers("values", values, may_be="any")
    last = tuple(range(-count("axes", axes, 1, max(values.ndim, 1)), 0))
    largest = abs(values).max(axis=last, keepdims=True)
    # An even exponent passes a square root; 1000 keeps the factor of the smallest numbers finite.
    exponent = (np.frexp(largest)[1] // 2 * 2).clip(-1000, 1000)
    return values * np.ldexp(1.0, -exponent), exponent
