"""Cumulative parts: training sets each of which holds the one before.

In: a number of pairs, of parts, and a seed. Out: which pairs are in. Called by the training of the
family of reward models that differ in their data (paper *rethinking*, Figure 12b).
"""

import numpy as np

from proxyreward.data.report import DataError
from proxyreward.data.seeds import generator


def first_parts(m: int, parts: int, of: int, seed: int) -> np.ndarray:
    """Which of ``m`` pairs lie in the first ``parts`` of ``of`` random parts: bool ``(m,)``.

    One permutation per ``seed`` is cut into parts whose sizes differ by one pair at most.

    Raises
    ------
    DataError
        If ``parts`` does not lie between 1 and ``of``.
    """
    if not 1 <= parts <= of:
        raise DataError(f"parts is {parts}; choose 1 to {of}")
    inside = np.zeros(m, dtype=bool)
    inside[generator("parts", seed).permutation(m)[: m * parts // of]] = True
    return inside
