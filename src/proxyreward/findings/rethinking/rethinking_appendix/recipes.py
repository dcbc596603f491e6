"""Whether the members of a family were trained alike: settings compared item by item.

In: the `spec` of every item (`pipeline.family` writes it beside the item). Out: how many different
settings remain once what must differ is left out. Called by `tables`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

# What must differ between items; everything else has to be the same.
REWARD_MODELS = ("name", "spec.name", "spec.flip_rate", "spec.seed")
PPO_RUNS = ("name", "spec.name", "spec.rm", "spec.seed")


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots.

    >>> flatten({"a": 1, "b": {"c": 2}})
    {'a': 1, 'b.c': 2}
    """
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def differing(specs: Sequence[Mapping[str, Any]], allowed: Sequence[str]) -> tuple[int, list[str]]:
    """Number of different settings among items, and the keys in which they differ.

    Parameters
    ----------
    specs : sequence of mapping
        One for each item.
    allowed : sequence of str
        Dotted keys that do not count.
    """
    flat = [flatten(spec) for spec in specs]
    keys = sorted({key for each in flat for key in each} - set(allowed))
    recipes = {tuple(repr(each.get(key)) for key in keys) for each in flat}
    differ = [key for place, key in enumerate(keys) if len({r[place] for r in recipes}) > 1]
    return len(recipes), differ


def recipe_table(
    families: Mapping[str, tuple[Sequence[Mapping[str, Any]], Sequence[str]]],
) -> pd.DataFrame:
    """One row per family: family, items, settings (how many different ones), differ (their keys).

    Parameters
    ----------
    families : mapping
        Name to the specs of its items and the dotted keys that may differ.
    """
    rows = []
    for name, (specs, allowed) in families.items():
        count, keys = differing(specs, allowed)
        rows.append((name, len(specs), count, ", ".join(keys)))
    return pd.DataFrame(rows, columns=["family", "items", "settings", "differ"])
