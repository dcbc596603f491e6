"""Single fields of a record, checked: the value, or which field is at fault and why.

In: a parsed record and the path of a field, such as ``"summaries", 0, "text"``. Out: its value.
"""

import math
import sys
from collections.abc import Mapping
from typing import Any

from proxyreward.data.report import RecordError
from proxyreward.data.transcripts import ASSISTANT, HUMAN, unix

Step = str | int


def optional(record: Any, *path: Step) -> Any:
    """Whatever the field holds; None if it or a level above it is absent or null.

    Null and absent are one, since `datasets` fills a field that a record lacks with None. A
    RecordError that stands in an object's place (see :func:`proxyreward.data.jsonl.decode`) is
    raised.
    """
    found = record
    for step in path:
        if isinstance(found, Mapping):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return None
        if isinstance(found, RecordError):
            raise found
    return found


def value(record: Any, *path: Step) -> Any:
    """Whatever the field holds, which must be there.

    Raises
    ------
    RecordError
        ``missing_field``. The functions below raise it too, and one reason of their own.
    """
    found = optional(record, *path)
    if found is None:
        raise RecordError("missing_field", _name(path))
    return found


def mapping(record: Any, *path: Step) -> Mapping[str, Any]:
    """A JSON object."""
    found = value(record, *path)
    if not isinstance(found, Mapping):
        raise RecordError("not_an_object", _name(path))
    return found


def text(record: Any, *path: Step) -> str:
    """A string that a UTF-8 file can hold: JSON can spell lone surrogates, which none can."""
    found = value(record, *path)
    if not isinstance(found, str):
        raise RecordError("not_a_string", _name(path))
    if not encodable(found):
        raise RecordError("wrong_encoding", _name(path))
    return found


def encodable(text: str) -> bool:
    """Whether UTF-8 can hold a text, which it cannot with lone surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def turn(record: Any, *path: Step) -> str:
    """The text of one turn, stripped; one with a marker in it would be read as several turns."""
    found = text(record, *path).strip()
    if HUMAN in unix(found) or ASSISTANT in unix(found):
        raise RecordError("turn_marker", _name(path))
    return found


def request(record: Any, *path: Step) -> str:
    """A turn to be answered, which must not be empty."""
    found = turn(record, *path)
    if not found:
        raise RecordError("empty_request", _name(path))
    return found


def number(record: Any, *path: Step, low: float = -math.inf, high: float = math.inf) -> int | float:
    """A number that a float can hold, from ``low`` to ``high``; JSON's true and false are none."""
    found = value(record, *path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise RecordError("not_a_number", _name(path))
    if not abs(found) <= sys.float_info.max:  # infinite, no number, or a huge integer
        raise RecordError("not_a_number", _name(path))
    if not low <= found <= high:
        raise RecordError("out_of_range", _name(path))
    return found


def plain(record: Any, *path: Step) -> str | int | float | None:
    """A name or number that is stored as it stands; None if the field is absent."""
    found = optional(record, *path)
    if found is None:
        return None
    if isinstance(found, str):
        return text(record, *path)
    if isinstance(found, int | float):
        return number(record, *path)
    raise RecordError("not_plain", _name(path))


def entries(record: Any, *path: Step) -> list[Any]:
    """A list."""
    found = value(record, *path)
    if not isinstance(found, list):
        raise RecordError("not_a_list", _name(path))
    return found


def two(record: Any, *path: Step) -> list[Any]:
    """A list of two entries."""
    found = entries(record, *path)
    if len(found) != 2:
        raise RecordError("not_two", _name(path))
    return found


def _name(path: tuple[Step, ...]) -> str:
    return ".".join(str(step) for step in path)
