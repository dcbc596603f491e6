"""Odd inputs: every public metric on arrays, lists and numbers that are spoilt at random.

A metric must give a finite result (or the NaN that its docstring speaks of), or raise a ValueError
of one line. A warning is a fault: whoever reads the result would not see it.

Run: python -m benchmarks.campaign.metrics --count 5000 --seed 1
"""

import dataclasses
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from benchmarks.campaign.common import Attempt, Fault, Notes, check_message, main
from tests.metrics.calls import CALLS

ODD = [np.nan, np.inf, -np.inf, 1e160, -1e308, 5e-324, 2.0**53, -1.0, 0.0, 0.5, 2.0]
SCALARS = [0, -1, 1, 2, 3, 10**30, 0.5, -0.5, 1.5, np.nan, np.inf, True, None, "2", 2.0]


def prepare(folder: Path) -> Attempt:
    """Cases that need no folder."""
    return attempt


def attempt(random: Random, notes: Notes) -> str:
    """One call, of none to two spoilt arguments."""
    name = random.choice(sorted(CALLS))
    function, args, kwargs = CALLS[name](np.random.default_rng(random.randrange(2**32)))
    given: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
    notes.append(name)
    for _ in range(random.choice([0, 1, 1, 1, 2]) if given else 0):
        key = random.choice(list(given))
        with warnings.catch_warnings(action="ignore"):
            given[key], done = _spoilt(random, given[key])
        notes.append(f"{key}: {done}")
    try:
        positional = [given.pop(place) for place in range(len(args))]
        result = function(*positional, **given)
    except ValueError as error:
        check_message(str(error))
        return "refused"
    _check_documented(name, function, result)
    return "finite, or as documented"


def _check_documented(name: str, function: Any, result: Any) -> None:
    """Whether the texts on a function, its result and its module speak of what is not finite."""
    texts = (function.__doc__, type(result).__doc__, sys.modules[function.__module__].__doc__)
    told = " ".join(filter(None, texts)).lower()
    for number in _numbers(result):
        if np.isnan(number) and not ("nan" in told or "undefined" in told):
            raise Fault(f"{name} gives NaN: its documentation knows nothing of it")
        if np.isinf(number) and "infin" not in told:
            raise Fault(f"{name} gives {number}: its documentation knows nothing of it")


def _spoilt(random: Random, value: Any) -> tuple[Any, str]:
    """The value changed, and what was done."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        act = random.choice(list(_ARRAYS))
        return _ARRAYS[act](random, value), act
    if isinstance(value, list | tuple) and value and random.random() < 0.7:
        at = random.randrange(len(value))
        inner, done = _spoilt(random, value[at])
        changed = [*value[:at], inner, *value[at + 1 :]]
        named = hasattr(value, "_fields")  # a named tuple takes its parts one by one
        return type(value)(*changed) if named else type(value)(changed), f"[{at}] {done}"
    if isinstance(value, list | tuple):
        changed = random.choice([[], value[:1], [*value, *value], value[::-1], None])
        return changed, f"{changed!r}"
    if callable(value):
        return value, "as it was"
    odd = random.choice(SCALARS)
    return odd, repr(odd)


def _some(random: Random, array: np.ndarray) -> np.ndarray:
    """One entry, or all, set to an odd number."""
    changed = array.astype(float)
    if changed.size:
        where = random.choice([slice(None), random.randrange(changed.size)])
        changed.reshape(-1)[where] = random.choice(ODD)
    return changed


def _part(random: Random, array: np.ndarray, length: int) -> np.ndarray:
    """The beginning of an axis."""
    array = np.atleast_1d(array)
    axis = random.randrange(array.ndim)
    return array.take(range(min(length, array.shape[axis])), axis)


def _mixed(random: Random, array: np.ndarray) -> np.ndarray:
    """One entry is no number, or too large for one."""
    changed = array.astype(object)
    if changed.size:
        other = random.choice([None, "2", [1], 10**400])
        changed.reshape(-1)[random.randrange(changed.size)] = other
    return changed


_ARRAYS = {
    "odd entries": _some,
    "odd entries twice": lambda random, array: _some(random, _some(random, array)),
    "scaled": lambda random, array: array * random.choice([1e160, 1e-200, -1.0, 0.0, 1e305]),
    "shifted": lambda random, array: array + random.choice([1e16, -1e300, 0.5]),
    "one of an axis": lambda random, array: _part(random, array, 1),
    "none of an axis": lambda random, array: _part(random, array, 0),
    "shorter": lambda random, array: np.atleast_1d(array)[:-1],
    "another axis": lambda random, array: array[..., None],
    "an axis less": lambda random, array: array.reshape(-1),
    "turned": lambda random, array: array.T,
    "as list": lambda random, array: array.tolist(),
    "as text": lambda random, array: array.astype(str),
    "whole numbers": lambda random, array: (
        np.nan_to_num(array.astype(float), posinf=0, neginf=0).clip(-9, 9).astype(int)
    ),
    "half precision": lambda random, array: array.astype(np.float32).astype(np.float16),
    "yes or no": lambda random, array: array.astype(float) > 0,
    "complex": lambda random, array: array + 1j,
    "mixed": _mixed,
    "None": lambda random, array: None,
}


def _numbers(result: Any) -> list[float]:
    """All real numbers inside a result, whatever it is made of."""
    if dataclasses.is_dataclass(result):
        return _numbers([getattr(result, field.name) for field in dataclasses.fields(result)])
    if isinstance(result, Mapping):
        return _numbers(list(result.values()))
    if isinstance(result, np.ndarray) and result.dtype != object:
        return list(result.reshape(-1)) if result.dtype.kind in "fc" else []
    if isinstance(result, list | tuple | set | np.ndarray):
        return [number for part in result for number in _numbers(part)]
    return [float(result)] if isinstance(result, float | np.floating) else []


if __name__ == "__main__":
    sys.exit(main(prepare, __doc__, 5000))
