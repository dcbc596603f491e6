"""A number with its interval, and means of what is known.

In: values of reward models or of replicates. Out: their mean, and the form in which intervals are
passed on. Called by `prediction`, `judge` and `findings`.
"""

from typing import NamedTuple

import numpy as np

from proxyreward.metrics.checks import numbers


class Interval(NamedTuple):
    """An estimate with the ends of its interval.

    Attributes
    ----------
    estimate, low, high
        NaN where not known, which is null in JSON, as is an end without bound.
    """

    estimate: float
    low: float
    high: float


def mean_known(values: np.ndarray) -> float:
    """Mean of the values that are not NaN, shape (values,); NaN if there is none."""
    values = numbers("values", values, "0+ values", "nan")
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan
