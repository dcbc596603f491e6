"""Round numbers along an axis, and their labels.

In: the ends of an axis. Out: a few numbers between them, and short texts that tell these apart.
"""

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from proxyreward.evaluation.report import text

PARTS = 4  # of an axis, at most
STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15)
TINY = 1e20 * 2.0**-1022  # what is smaller is taken for 0
MOST_DIGITS = 12  # after the point, of a label


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`: those of ``MaxNLocator(4)`` of matplotlib.

    Its rule is written out here because its import takes longer than a page to be written.
    """
    start, end = _apart(low, high)
    middle, offset = (start + end) / 2, 0.0
    if abs(middle) / (end - start) >= 100:  # steps are counted from a round number nearby
        offset = math.copysign(10 ** (math.log10(abs(middle)) // 1), middle)
    unit = 10 ** (math.log10((end - start) / PARTS) // 1)
    start, end = start - offset, end - offset
    step = next(one * unit for one in STEPS if one * unit >= (end - start) / PARTS)
    first = start // step * step
    found = (count * step + first + offset for count in range(PARTS + 2))
    return [one for one in found if low <= one <= high]


def _apart(low: float, high: float) -> tuple[float, float]:
    """Ends between which there are numbers enough."""
    largest = max(abs(low), abs(high))
    if largest < TINY:
        return -1e-13, 1e-13
    if high - low <= 1e-14 * largest:
        return low - 1e-13 * abs(low), high + 1e-13 * abs(high)
    return low, high


def labels(values: Sequence[float]) -> list[str]:
    """Texts of ticks, as decimals or as powers of ten: what is shorter, and decimals if equal."""
    both = (_shown(values, kind) for kind in "fe")
    return min(both, key=lambda shown: max(map(len, shown), default=0))


def _shown(values: Sequence[float], kind: str) -> list[str]:
    """With the fewest digits after the point that tell them apart."""
    near = 0.01 * min((after - before for before, after in pairwise(values)), default=1.0)
    for digits in range(MOST_DIGITS + 1):
        found = [f"{value:.{digits}{kind}}" if value else "0" for value in values]
        if all(abs(float(one) - value) <= near for one, value in zip(found, values)):
            break
    short = [re.sub(r"e([-+])0*", r"e\1", one).replace("e+", "e") for one in found]
    return [one.replace("-", text.MINUS) for one in short]
