"""Checks at the door of every metric: arrays of numbers, counts, shares, options, generators.

In: an argument and its name. Out: the argument in the form that the metrics work with, or a
ValueError whose one line names it, says what is wrong with it and what would be right.
"""

from collections.abc import Callable
from numbers import Real
from typing import Any, Literal

import numpy as np

EXACT = 2.0**53 - 1  # double precision has gaps between larger whole numbers
LARGEST = 1e200  # a score beyond it is refused: sums of the others stay finite
MOST = 10**6  # of anything that is counted
DRAWN = 10**8  # numbers drawn at a time: 800 MB


def array(name: str, values: object, shape: str = "...", kinds: str = "biuf") -> np.ndarray:
    """Array of the right kind and shape.

    Parameters
    ----------
    shape : str
        As docstrings write it: ``prompts, samples`` are two axes of any size but 0; a number alone
        is a size, as in ``pairs, 2``; ``2+ responses`` is a size of at least two, ``0+ values``
        may be empty; ``...`` in front allows more axes, and alone allows any shape.
    kinds : str
        Allowed ``dtype.kind``; default are real numbers and booleans.
    """
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries; fill them or leave them out")
    try:
        found = np.asarray(values)
    except Exception as error:  # whatever the conversion of a foreign object raises
        raise ValueError(
            f"{name} is no array ({shown(error)}); give equal rows of numbers"
        ) from None
    if found.dtype.kind not in kinds or found.dtype == np.longdouble:
        known = {"biuf": "real numbers", "biu": "whole numbers", "b": "truth values"}
        what = known.get(kinds, "texts")
        raise ValueError(f"{name} must hold {what}, got {found.dtype}; convert it first")
    if not _fits(found, shape):
        raise ValueError(f"{name} must have the shape ({shape}), got {found.shape}")
    return found


def numbers(
    name: str,
    values: object,
    shape: str = "...",
    may_be: Literal["finite", "nan", "any"] = "finite",
) -> np.ndarray:
    """Array of double precision; shapes as in :func:`array`.

    Finite numbers up to ``LARGEST``, or those and NaN, or any.
    """
    found = array(name, values, shape)
    if may_be != "any":
        finite(name, found, nan=may_be == "nan")
    return found.astype(float, copy=False)


def finite(name: str, values: np.ndarray, nan: bool = False) -> None:
    """Refuse infinities, numbers beyond ``LARGEST``, and NaN unless it is allowed.

    Of whole numbers those beyond 2^53, which double precision does not tell apart.
    """
    largest = EXACT if values.dtype.kind in "iu" else LARGEST
    # Two reductions without a temporary array; a NaN fails both comparisons.
    if not values.size or -largest <= float(values.min()) and float(values.max()) <= largest:
        return
    known = values.astype(float)
    bad = ~(abs(known) <= largest) & ~(nan & np.isnan(known))
    if bad.any():
        where = tuple(np.argwhere(bad)[0].tolist())
        value = known[where]
        problem = f"too large ({value:g})" if np.isfinite(value) else f"not finite ({value})"
        remedy = "divide all by one constant" if np.isfinite(value) else "compute it again"
        raise ValueError(
            f"{name}: the number at index {where} is {problem}, {bad.sum()} such in all; "
            f"{remedy}, or leave it out"
        )


def same_shape(**arrays: np.ndarray) -> None:
    """Refuse arrays whose shapes differ."""
    (first, one), (second, other) = arrays.items()
    if one.shape != other.shape:
        raise ValueError(f"{first} {one.shape} and {second} {other.shape} must have equal shapes")


def broadcast(**arrays: np.ndarray) -> tuple[int, ...]:
    """Common shape of arrays; refuses those that do not broadcast."""
    try:
        return np.broadcast_shapes(*(values.shape for values in arrays.values()))
    except ValueError:
        shapes = " and ".join(f"{name} {values.shape}" for name, values in arrays.items())
        raise ValueError(f"{shapes} do not broadcast; axes must be equal or 1") from None


def count(name: str, value: object, low: int = 1, high: int = MOST) -> int:
    """Whole number in low..high."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} must be a whole number in {low}..{high}, got {shown(value)}")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in {low}..{high}, got {shown(value)}")
    return int(value)


def counts(name: str, values: object, low: int = 1, high: int = MOST) -> np.ndarray:
    """Row of whole numbers in low..high, one at least."""
    found = array(name, values, "values")
    if found.dtype.kind not in "iu" or found.min() < low or found.max() > high:
        raise ValueError(f"{name} must be whole numbers in {low}..{high}, got {shown(values)}")
    return found.astype(int)


def number(name: str, value: object, low: float, high: float, ends: bool = True) -> float:
    """Real number in low..high, or strictly between the two."""
    try:
        found = float(value) if isinstance(value, Real) and not isinstance(value, bool) else np.nan
    except OverflowError:
        found = np.inf
    if not (low <= found <= high if ends else low < found < high):
        where = f"in {low:g}..{high:g}" if ends else f"between {low:g} and {high:g}"
        raise ValueError(f"{name} must be a number and lie {where}, got {shown(value)}")
    return found


def one_of(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Refuse an option that is none of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {choices}, got {shown(value)}")


def generator(rng: object) -> None:
    """Refuse what is no generator, such as a seed."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"rng must be a numpy.random.Generator, got {shown(rng)}; "
            "numpy.random.default_rng(seed) makes one"
        )


def function(name: str, value: object) -> Callable[..., Any]:
    """Refuse what cannot be called."""
    if not callable(value):
        raise ValueError(f"{name} must be a function, got {shown(value)}")
    return value


def shown(value: object) -> str:
    """A value in one short line, for messages."""
    text = " ".join((str(value) if isinstance(value, Exception) else repr(value)).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _fits(values: np.ndarray, shape: str) -> bool:
    """Whether an array has a shape as :func:`array` writes it."""
    if shape == "...":
        return True
    axes = shape.removeprefix("..., ").split(", ")
    more = shape.startswith("...")
    if values.ndim < len(axes) or values.ndim > len(axes) and not more:
        return False
    if not values.size and "0+ " not in shape:
        return False
    sizes = values.shape[values.ndim - len(axes) :]
    return all(_allowed(axis, size) for axis, size in zip(axes, sizes))


def _allowed(axis: str, size: int) -> bool:
    """Whether an axis written as ``pairs``, ``2`` or ``2+ responses`` may have a size."""
    least, more, _ = axis.partition("+ ")
    return size >= int(least) if more else not axis.isdigit() or size == int(axis)
