"""The tree of an evaluation as JSON, in the order of its fields.

In: an `Evaluation`. Out: text that any JSON reader takes.
"""

import dataclasses
import json
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from proxyreward.metrics.estimates import Interval

_INTERVAL = "{" + ", ".join(f'"{name}": %s' for name in Interval._fields) + "}"
_encode = json.JSONEncoder(ensure_ascii=False).encode


def dump(value: object) -> str:
    """One line, the JSON text of a tree of dataclasses, dictionaries, lists, numbers and texts.

    A number that is not known, and an end of an interval without bound, is null; a lone surrogate,
    which UTF-8 cannot hold, is escaped.
    """
    pieces: list[str] = []
    _put(value, pieces.append)
    pieces.append("\n")
    return "".join(pieces)


def _put(value: object, add: Callable[[str], None]) -> None:
    """Add the text of a value, piece by piece: as a whole it would be copied once a level."""
    if isinstance(value, float):
        add(_filled("%s", [value]))
    elif isinstance(value, str | Path):
        add(_text(str(value)))
    elif isinstance(value, Interval):
        add(_filled(_INTERVAL, array("d", value)))
    elif isinstance(value, tuple | list | np.ndarray):
        _put_list(value, add)
    elif dataclasses.is_dataclass(value):
        _put_dict(vars(value), add)
    elif isinstance(value, dict):
        _put_dict(value, add)
    elif isinstance(value, np.generic):
        _put(value.item(), add)
    else:
        add(_encode(value))


def _put_dict(values: dict[object, object], add: Callable[[str], None]) -> None:
    comma = "{"
    for key, part in values.items():
        add(f"{comma}{_text(str(key))}: ")
        _put(part, add)
        comma = ", "
    add("}" if values else "{}")


def _put_list(values: Sequence[object], add: Callable[[str], None]) -> None:
    if whole := _line(values):
        return add(whole)
    comma = "["
    for part in values:
        add(comma)
        _put(part, add)
        comma = ", "
    add("]" if len(values) else "[]")


def _line(values: Sequence[Any]) -> str:
    """The text of a list of numbers or intervals alone; "" of others."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return _encode(list(values))
    if kinds == {float}:
        return _repeated("%s", array("d", values).tobytes())
    if kinds == {Interval}:
        return _repeated(_INTERVAL, array("d", chain.from_iterable(values)).tobytes())
    return ""


@lru_cache(1024)
def _text(value: str) -> str:
    return _encode(value).encode("utf-8", "backslashreplace").decode("utf-8")


@lru_cache(256)  # curves of a model, and of a golden model, are the same many times
def _repeated(form: str, numbers: bytes) -> str:
    """A list of as many copies of a form as these numbers, float64, fill."""
    values = array("d", numbers)
    forms = [form] * (len(values) // form.count("%s"))
    return _filled(f"[{', '.join(forms)}]", values)


def _filled(form: str, numbers: Iterable[float]) -> str:
    return form % tuple([float.__repr__(one) if isfinite(one) else "null" for one in numbers])
