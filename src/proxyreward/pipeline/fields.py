"""Nested dataclasses from outside: their keys and kinds, their values, their plain form.

In: dataclasses or their instances.  Out: mappings by dotted key, and plain values.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Iterator
from typing import Any


def fields_of(cls: type) -> dict[str, tuple[dataclasses.Field, Any]]:
    """Return the fields of a dataclass, each with its type, by name."""
    hints = typing.get_type_hints(cls)
    return {field.name: (field, hints[field.name]) for field in dataclasses.fields(cls)}


def inner_kind(annotation: Any) -> Any:
    """Return a type without its "or None"."""
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return annotation
    return next(kind for kind in typing.get_args(annotation) if kind is not type(None))


def keys(cls: type, prefix: str = "") -> dict[str, Any]:
    """Return the dotted keys of a nested dataclass with their types, in field order."""
    found: dict[str, Any] = {}
    for name, (_, kind) in fields_of(cls).items():
        nested = dataclasses.is_dataclass(kind)
        found |= keys(kind, f"{prefix}{name}.") if nested else {prefix + name: kind}
    return found


def leaves(instance: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``(dotted key, value)`` of a nested dataclass, in field order."""
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        if dataclasses.is_dataclass(value):
            yield from leaves(value, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, value


def plain(values: Any) -> Any:
    """Return dataclasses as mappings and tuples as lists, however deep they lie."""
    return json.loads(json.dumps(values, default=dataclasses.asdict))
