"""Strict conversion of plain mappings into frozen dataclasses.

In: mappings of texts read from YAML, or ``key=value`` words from a command line, and a dataclass
whose annotations say what each key must be.  Out: an instance, or a `ConfigError` that names the
place, the full dotted key, the nearest known key and the remedy.  A mistyped parameter reads the
same everywhere.
"""

import contextlib
import dataclasses
import difflib
import reprlib
import sys
import typing
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from proxyreward.pipeline import texts
from proxyreward.pipeline.fields import fields_of, inner_kind

# What a message shows of a value: enough to find it, never a screen full.
_short = reprlib.Repr()
_short.maxstring = _short.maxother = 200
_short.maxlevel, _short.maxlist, _short.maxdict = 3, 20, 20


class ConfigError(ValueError):
    """A parameter is unknown, missing, ill-typed or out of range; the message holds the remedy."""


class RuleBroken(ValueError):
    """Raised by a dataclass's `__post_init__`: a field, what it must satisfy, and the remedy."""

    def __init__(self, field: str, problem: str, remedy: str = "change it"):
        super().__init__(f"{field}: {problem}")
        self.field, self.problem, self.remedy = field, problem, remedy


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
            f"must be a mapping, not {_short.repr(values)}",
            f"write its keys: {', '.join(fields_of(cls))}",
        )
    known = fields_of(cls)
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
        raise _error(place, prefix + broken.field, broken.problem, broken.remedy) from None


def convert(annotation: Any, value: object, place: str, key: str) -> Any:
    """Return `value` as `annotation` says; an int may stand for a float, nothing else bends."""
    if (inner := inner_kind(annotation)) is not annotation:
        return None if value is None else convert(inner, value, place, key)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if dataclasses.is_dataclass(annotation):
        return build(annotation, value, place, key + ".")
    if origin is typing.Literal:
        if value not in arguments:
            raise _error(
                place,
                key,
                f"must be one of {', '.join(map(str, arguments))}, not {_short.repr(value)}",
                _nearest(str(value), arguments) or "choose one of them",
            )
        return value
    if origin in (tuple, list):
        if not isinstance(value, list | tuple):
            raise _error(
                place,
                key,
                f"must be a list, not {_short.repr(value)}",
                "write [first, second, …], an item that holds one of , [ ] { } # : in quotes",
            )
        return origin(
            convert(arguments[0], item, place, f"{key}[{position}]")
            for position, item in enumerate(value)
        )
    if annotation is float and type(value) in (int, float):
        if not abs(value) <= sys.float_info.max:
            raise _error(
                place, key, f"must be a finite number, not {_short.repr(value)}", "write a number"
            )
        return float(value)
    if type(value) is not annotation:
        raise _error(
            place,
            key,
            f"must be {_spoken(annotation)}, not {_short.repr(value)}",
            _remedy(annotation, value),
        )
    if annotation is str and any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value):
        raise _error(
            place,
            key,
            f"must be text without control signs and broken characters, not {_short.repr(value)}",
            "rename what it names",
        )
    return value


def read_pairs(words: Iterable[str]) -> dict[str, str]:
    """Split ``key=value`` words at their first ``=``; a key may be given once."""
    pairs: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise ConfigError(
                f"command line: {_short.repr(word)} is not of the form key=value. "
                "Remedy: write it as, say, scale=tiny"
            )
        if key in pairs:
            raise ConfigError(
                f"command line: {_short.repr(key)} is given twice. Remedy: keep one of them"
            )
        pairs[key] = value
    return pairs


def parse_text(annotation: Any, word: str) -> object:
    """Read one command-line word as `annotation` asks; `convert` judges the outcome.

    Text is taken as it stands, without the quotes that may stand around all of it. ``null`` is None
    where None is allowed, ``true``/``false`` are the only booleans, lists are written as in YAML,
    ``[1, 2]``, or ``1,2``.  A word that cannot be read is returned as it is.
    """
    if inner_kind(annotation) is not annotation:
        return None if word == "null" else parse_text(inner_kind(annotation), word)
    if typing.get_origin(annotation) in (tuple, list):
        try:
            return typed(annotation, texts.parse(word if word[:1] == "[" else f"[{word}]"))
        except yaml.YAMLError:
            return word
    if annotation is str and len(word) > 1 and word[0] == word[-1] in ("'", '"'):
        return word[1:-1]
    return typed(annotation, word)


def typed(annotation: Any, value: object) -> object:
    """Read the texts in a value from `texts.parse` as `annotation` asks; `convert` judges it."""
    annotation = inner_kind(annotation)
    if isinstance(value, dict) and dataclasses.is_dataclass(annotation):
        kinds = {name: kind for name, (_, kind) in fields_of(annotation).items()}
        return {key: typed(kinds.get(key, str), item) for key, item in value.items()}
    if isinstance(value, list) and typing.get_origin(annotation) in (tuple, list):
        return [typed(typing.get_args(annotation)[0], item) for item in value]
    if isinstance(value, str) and annotation is bool:
        return {"true": True, "false": False}.get(value, value)
    if isinstance(value, str) and annotation in (int, float) and "_" not in value:
        with contextlib.suppress(ValueError):
            return annotation(value)
    return value


def unknown(place: str, key: str, known: list[str]) -> ConfigError:
    """Return the error for an unknown `key`, naming the nearest of the `known` ones and its kin.

    Kin are the keys of the same part; of a key without a dot all those without one.
    """
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    hint = f"nearest known key: {near[0]!r}" if near else "no key is known here"
    part = near[0].rpartition(".")[0] if near else ""
    kin = [name for name in known if name.rpartition(".")[0] == part]
    return ConfigError(
        f"{place}: key {_short.repr(key)} is unknown; {hint}. "
        f"Remedy: rename or remove it. Known: {', '.join(kin)}"
    )


def _required(field: dataclasses.Field) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _check_rules(field: dataclasses.Field, value: object, place: str, key: str) -> None:
    for test, must in field.metadata.get("rules", ()):
        if value is not None and not test(value):
            shown = list(value) if isinstance(value, tuple) else value
            raise _error(place, key, f"{must}, not {_short.repr(shown)}", "change the value")


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
        return "put quotes round it where it is written" if value is not None else "write a text"
    number = typed(float, value) if isinstance(value, str) else value
    if annotation is int and isinstance(number, float) and number.is_integer():
        return f"write {int(number)}"
    return f"write {_spoken(annotation)}"
