"""The JSON schema of ``evaluation.json``, made of the dataclasses of `result` and their docstrings.

In: nothing. Out: a schema of draft 2020-12, in which every field has its description.
"""

import dataclasses
import inspect
import re
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from proxyreward.evaluation.result import SCHEMA, Evaluation
from proxyreward.metrics.estimates import Interval

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_LEAVES: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"]},
    NoneType: {"type": "null"},
    object: {},
}


def schema() -> dict[str, Any]:
    """Schema of the JSON of an `Evaluation`; numbers that may be unknown may be null."""
    definitions: dict[str, dict[str, Any]] = {}
    top = _of(Evaluation, definitions)
    definitions["Evaluation"]["properties"]["schema"]["const"] = SCHEMA
    return {"$schema": DRAFT, "title": SCHEMA, **top, "$defs": definitions}


def _of(hint: Any, definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if hint in _LEAVES:
        return dict(_LEAVES[hint])
    if dataclasses.is_dataclass(hint) or hint is Interval:
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # known before its fields, which may refer to it
            definitions[hint.__name__] = _fields(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    return _compound(get_origin(hint), get_args(hint), definitions)


def _compound(
    origin: Any, parts: tuple[Any, ...], definitions: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    if origin is UnionType:
        return {"anyOf": [_of(part, definitions) for part in parts]}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(parts[1], definitions)}
    if origin is tuple and parts[-1] is Ellipsis:
        return {"type": "array", "items": _of(parts[0], definitions)}
    if origin is tuple:
        each = [_of(part, definitions) for part in parts]
        return {"type": "array", "prefixItems": each, "items": False, "minItems": len(each)}
    raise TypeError(f"no schema for {origin}{list(parts)}; add it here")


def _fields(of: Any, definitions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    summary, told = described(of)
    properties = {name: _of(hint, definitions) for name, hint in get_type_hints(of).items()}
    for name, text in told.items():
        properties[name]["description"] = text
    return {
        "type": "object",
        "description": summary,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def described(of: type) -> tuple[str, dict[str, str]]:
    """What the docstring of a class says of it, and of its attributes by name.

    Attributes that share an entry, as ``low, high``, share its text.
    """
    head, _, attributes = (inspect.getdoc(of) or "").partition("\nAttributes\n----------\n")
    told = {}
    for entry in re.split(r"\n(?=\S)", attributes.strip("\n")) if attributes else []:
        names, _, text = entry.partition("\n")
        told |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return " ".join(head.split()), told
