"""Numbers and lists as people read them.

In: numbers, intervals, names. Out: short texts.
"""

import math
from collections.abc import Iterable, Sequence

from proxyreward.messages import visible
from proxyreward.metrics.estimates import Interval

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
TINY, HUGE = 1e-3, 1e5  # beyond these, powers of ten
NOISE = 1e-12  # of rounding, in measures that are of the order of 1
NAME = 60  # signs of a name in a text that is not a table


def number(value: float, digits: int = 3) -> str:
    """A number with so many significant digits; whole ones below 100,000 as they are."""
    if math.isnan(value):
        return DASH
    return _signs(f"{value:{_form(_decimals([value], digits))}}")


def interval(value: Interval) -> str:
    """``0.81 [0.78, 0.84]``: the last digit stands for a quarter of the width at most.

    No more than three significant digits. The ends are left out where they are not known; an
    estimate that is not known is a dash.
    """
    estimate, low, high = shown = [0.0 if abs(part) < NOISE else part for part in value]
    if math.isnan(estimate):
        return DASH
    if math.isnan(low) or math.isnan(high):
        return number(estimate)
    known = [part for part in shown if math.isfinite(part)] or [0.0]
    decimals = _decimals(known, 3)
    width = max(known) - min(known)
    if decimals and width > 0:
        decimals = min(max(math.ceil(-math.log10(width / 4)), 0), decimals)
    form = _form(decimals)
    return _signs(f"{estimate:{form}} [{low:{form}}, {high:{form}}]")


def _decimals(values: Sequence[float], digits: int) -> int | None:
    """Decimals for the largest to have so many digits; 0 for whole numbers, None for powers."""
    largest = max(map(abs, values))
    if largest and not TINY <= largest < HUGE:
        return None
    if all(map(float.is_integer, map(float, values))):
        return 0
    return max(digits - 1 - math.floor(math.log10(largest)), 0)


def _form(decimals: int | None) -> str:
    return "z.2e" if decimals is None else f"z.{decimals}f"


def _signs(shown: str) -> str:
    return shown.replace("-", MINUS).replace("inf", "∞")


def chance(p: float) -> str:
    """A p-value."""
    return "< 0.001" if p < 0.001 else number(p, 2)


def name(of: str) -> str:
    """A name that a sentence can hold: nothing that cannot be seen, and not too long.

    Of a long one the middle is left out: checkpoints differ at their ends.
    """
    shown, half = visible(of), NAME // 2
    return shown if len(shown) <= NAME else f"{shown[: half - 1]}…{shown[-half:]}"


def listed(names: Iterable[str], most: int = 5, last: str = "and") -> str:
    """``a, b and c``; of many names the first ones, and how many more there are."""
    shown = [name(one) for one in names]
    if len(shown) > most:
        shown = [*shown[:most], f"{len(shown) - most} more"]
    return f" {last} ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)
