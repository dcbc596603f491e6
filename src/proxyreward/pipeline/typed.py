"""Strict conversion of plain mappings into frozen dataclasses.

In: mappings read from YAML, or ``key=value`` words from a command line, and a dataclass whose
annotations say what each key must be.  Out: an instance, or a `ConfigError` that names the place,
the full dotted key, the nearest known key and the remedy.  Called by `params` and by the notebook
runner, so that a mistyped parameter reads the same everywhere.
"""

import dataclasses
import difflib
import json
import math
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any


class ConfigError(ValueError):
    """A parameter is unknown, missing, ill-typed or out of range; the message holds the remedy."""


class RuleBroken(ValueError):
    """Raised by a dataclass's `__post_init__`: a field, and what it must satisfy."""

    def __init__(self, field: str, problem: str):
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


def knob(help: str, *rules: tuple[Callable[[Any], bool], str]) -> Any:
    """Return a dataclass field with a help text and range rules ``(test, 'must …')``."""
    return dataclasses.field(metadata={"help": help, "rules": rules})


def build(cls: type, values: object, place: str, prefix: str = "") -> Any:
    """Convert a mapping into the dataclass `cls`.

    Parameters
    ----------
    cls : frozen dataclass; a field without a default must be given.
    values : mapping of field names to values (nested mappings for nested dataclasses).
    place : where the values come from, for messages (a file or a command).
    prefix : dotted path of `values` inside `place`.

    Raises
    ------
    ConfigError
        For an unknown, missing, ill-typed or out-of-range key.
    """
    if not isinstance(values, Mapping):
        raise _error(
            place,
            prefix or "(top level)",
            f"must be a mapping, not {values!r}",
            f"write its keys: {', '.join(_fields(cls))}",
        )
    known = _fields(cls)
    for key in values:
        if key not in known:
            raise unknown(place, prefix + str(key), [prefix + name for name in known])
    converted = {}
    for name, (field, annotation) in known.items():
        key = prefix + name
        if name in values:
            converted[name] = convert(annotation, values[name], place, key)
            _check_rules(field, converted[name], place, key)
        elif _required(field):
            raise _error(place, key, "is missing", f"add it ({field.metadata.get('help', '')})")
    try:
        return cls(**converted)
    except RuleBroken as broken:
        raise _error(place, prefix + broken.field, broken.problem, "change it") from None


def convert(annotation: Any, value: object, place: str, key: str) -> Any:
    """Return `value` as `annotation` says; an int may stand for a float, nothing else bends."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if dataclasses.is_dataclass(annotation):
        return build(annotation, value, place, key + ".")
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        (inner,) = [argument for argument in arguments if argument is not type(None)]
        return convert(inner, value, place, key)
    if origin is typing.Literal:
        if value not in arguments:
            raise _error(
                place,
                key,
                f"must be one of {', '.join(map(str, arguments))}, not {value!r}",
                _nearest(str(value), arguments) or "choose one of them",
            )
        return value
    if origin in (tuple, list):
        if not isinstance(value, list | tuple):
            raise _error(place, key, f"must be a list, not {value!r}", f"write [{value}]")
        return origin(
            convert(arguments[0], item, place, f"{key}[{position}]")
            for position, item in enumerate(value)
        )
    if annotation is float and type(value) in (int, float):
        if not math.isfinite(value):
            raise _error(place, key, f"must be a finite number, not {value!r}", "write a number")
        return float(value)
    if type(value) is not annotation:
        raise _error(
            place, key, f"must be {_spoken(annotation)}, not {value!r}", _remedy(annotation, value)
        )
    return value


def parse_text(annotation: Any, text: str) -> object:
    """Read one command-line word as `annotation` asks; `convert` judges the outcome.

    ``true``/``false`` are the only booleans, ``null`` is None where None is allowed, lists are
    written ``[1, 2]`` or ``1,2``.  A word that cannot be read is returned as it is.
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        inner = next(argument for argument in arguments if argument is not type(None))
        return None if text == "null" else parse_text(inner, text)
    if origin in (tuple, list):
        items = text.strip().removeprefix("[").removesuffix("]").split(",")
        return [parse_text(arguments[0], item.strip().strip("'\"")) for item in items if item]
    if annotation is bool:
        return {"true": True, "false": False}.get(text, text)
    if annotation in (int, float):
        try:
            return annotation(text)
        except ValueError:
            return text
    return text


def unknown(place: str, key: str, known: list[str]) -> ConfigError:
    """Return the error for an unknown `key`, naming the nearest of the `known` ones."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    hint = f"nearest known key: {near[0]!r}" if near else "no key is known here"
    return ConfigError(
        f"{place}: key {key!r} is unknown; {hint}. "
        f"Remedy: rename or remove it. Known: {', '.join(known)}"
    )


def leaves(instance: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``(dotted key, value)`` of a nested dataclass, in field order."""
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        if dataclasses.is_dataclass(value):
            yield from leaves(value, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, value


def _fields(cls: type) -> dict[str, tuple[dataclasses.Field, Any]]:
    hints = typing.get_type_hints(cls)
    return {field.name: (field, hints[field.name]) for field in dataclasses.fields(cls)}


def _required(field: dataclasses.Field) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _check_rules(field: dataclasses.Field, value: object, place: str, key: str) -> None:
    for test, must in field.metadata.get("rules", ()):
        if value is not None and not test(value):
            raise _error(place, key, f"{must}, not {json.dumps(value)}", "change the value")


def _error(place: str, key: str, problem: str, remedy: str) -> ConfigError:
    return ConfigError(f"{place}: key {key!r} {problem}. Remedy: {remedy}")


def _spoken(annotation: Any) -> str:
    return {bool: "true or false", int: "a whole number", float: "a number", str: "text"}.get(
        annotation, str(annotation)
    )


def _nearest(value: str, options: tuple) -> str:
    near = difflib.get_close_matches(value, [str(option) for option in options], n=1)
    return f"did you mean {near[0]}?" if near else ""


def _remedy(annotation: Any, value: object) -> str:
    if annotation is bool:
        return "write true or false"
    if annotation is str:
        return f"put it in quotes: '{value}'"
    try:
        number = float(value) if isinstance(value, str | float) else math.nan
    except ValueError:
        number = math.nan
    if annotation is int and number.is_integer():
        return f"write {int(number)}"
    if annotation is float and math.isfinite(number):
        return f"write {_yaml_float(str(value))}"
    return f"write {_spoken(annotation)}"


def _yaml_float(text: str) -> str:
    """Spell a float so that YAML reads a number: it wants a point and a signed exponent."""
    mantissa, _, exponent = text.lower().partition("e")
    mantissa = mantissa if "." in mantissa else mantissa + ".0"
    sign = "" if exponent[:1] in ("-", "+") else "+"
    return f"{mantissa}e{sign}{exponent}" if exponent else mantissa
