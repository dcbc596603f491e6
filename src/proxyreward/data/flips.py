"""Nested label flips: training sets that differ from each other by a known share of labels.

In: flip rates, a number of pairs and the seed of the family. Out: which pairs are flipped. Called
by the stage that trains the family of reward models.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np
import pandas as pd

from proxyreward.data.report import DataError
from proxyreward.data.seeds import generator


def flip_count(flip_rate: float, m: int) -> int:
    """Number of flipped pairs, ``floor(flip_rate * m)``, free of binary rounding.

    The rate is read as the decimal number it stands for (to 12 digits): 0.15 of 6,000 is 900,
    also where 0.15 came out of a sum of floats.

    Raises
    ------
    DataError
        If the rate is outside [0, 1].
    """
    if not 0 <= flip_rate <= 1:
        raise DataError(f"flip_rate {flip_rate} is outside [0, 1]; give a share of the pairs")
    return int(Fraction(str(round(float(flip_rate), 12))) * m)


def flipped(m: int, flip_rate: float, seed: int) -> np.ndarray:
    """Which of ``m`` pairs have their label flipped: bool array ``(m,)``.

    One permutation per ``seed`` serves a whole family; a rate flips its first
    ``floor(flip_rate * m)`` pairs. So the flips are nested, and sets with shares a and b differ in
    the labels of a share |a − b| (paper *rethinking*, footnote 1).
    """
    mask = np.zeros(m, dtype=bool)
    mask[generator("flips", seed).permutation(m)[: flip_count(flip_rate, m)]] = True
    return mask


def disagreement(rates: Sequence[float], m: int, seed: int) -> pd.DataFrame:
    """Share of differing labels for each two rates: columns ``flip_a, flip_b, disagreement``."""
    masks = {rate: flipped(m, rate, seed) for rate in rates}
    rows = [(a, b, float(np.mean(masks[a] ^ masks[b]))) for a, b in combinations(rates, 2)]
    return pd.DataFrame(rows, columns=["flip_a", "flip_b", "disagreement"])
