"""The tree of an evaluation as JSON, in the order of its fields.

In: an `Evaluation`. Out: plain values, and text that any JSON reader takes.
"""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from proxyreward.metrics.estimates import Interval


def plain(value: object) -> Any:
    """A tree of dataclasses as dictionaries, lists, texts and numbers.

    A number that is not known, and an end of an interval without bound, is None.
    """
    if isinstance(value, Interval):
        return {name: _finite(part) for name, part in zip(Interval._fields, value)}
    if dataclasses.is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list | np.ndarray):
        return [plain(part) for part in value]
    return _leaf(value)


def _leaf(value: object) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return _finite(value)
    return str(value) if isinstance(value, Path) else value


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def dump(value: object) -> str:
    """The JSON text of a tree, one line; a lone surrogate, which UTF-8 cannot hold, is escaped."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
