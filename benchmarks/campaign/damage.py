"""Ways in which JSON files are damaged: in their values, their text, their bytes, their container.

In: a random generator and records, lines or bytes. Out: the damaged ones. `LOUD` names the damages
that a reader may not pass over in silence.
"""

import codecs
import copy
import gzip
import io
import json
import re
import zipfile
from random import Random
from typing import Any

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4f2c\nsize 12345\n"
LOUD = {
    "blank line", "duplicate key", "one byte flipped in gzip", "gzip cut", "line cut",
    "LFS pointer", "not compressed", "raw control", "UTF-16", "zip",
}  # fmt: skip


def _nested(depth: int) -> Any:
    return json.loads('[{"key": ' * depth + '"plums"' + "}]" * depth)


VALUES = {
    "huge integer": [10**400, -(10**309), 2**63, 2**64, 10**18],
    "not finite": [float("nan"), float("inf"), float("-inf")],
    "tiny or large number": [5e-324, 1.7e308, -0.0, 1e16],
    "lone surrogate": ["\ud800", "plums \udc80", "\udfff\ud800"],
    "control characters": ["\x1b[31mred\x1b[0m", "a\x00b", "\x07\x7f\x9b"],
    "line ends": ["a\r\n\r\nHuman: b", "\u2028", "a\rb", "\n"],
    "markers": ["\n\nHuman:", "\n\nAssistant: x", "## Human:\nx"],
    "empty": ["", " ", "\u200b", "\xa0", [], {}, [[]], [{}], {"": ""}],
    "null or boolean": [None, True, False],
    "number as text": ["1", "1e5", "nan", "٣", "0x1"],
    "other number": [-1, 2, 7, 1000, 0.3],
    "other language or split": ["de", "valid1", "test", "train"],
    "deep nesting": [_nested(3), _nested(25), _nested(150)],
    "long text": ["plums " * 20000],
}


def spoil_value(random: Random, records: list[Any]) -> str:
    """Change one place of the records; returns what was done."""
    found = _places(records)
    if not found:
        return "nothing to change"
    holder, key = random.choice(found)
    act = random.choice(["drop", "rename", "repeat", "repeat", *VALUES])
    if act in VALUES:
        holder[key] = copy.deepcopy(random.choice(VALUES[act]))
    elif act == "repeat" and isinstance(holder, list):
        holder.extend([holder[key]] * random.choice([1, 1, 1, 20, 150, 1500]))
    elif act == "repeat":
        holder[key] = [holder[key]] * random.choice([0, 1, 2, 3, 100])
    elif act == "rename" and isinstance(holder, dict):
        name = random.choice([key.upper(), f"{key} ", "\x1b[2J", "Text", f"{key}\ud800"])
        holder[name] = holder.pop(key)
    else:
        del holder[key]
    return f"{act} at {key!r}"


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in nested lists and objects, as ``(list or object, index or key)``."""
    if not isinstance(value, list | dict):
        return []
    keys = list(value) if isinstance(value, dict) else range(len(value))
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


def spoil_lines(random: Random, lines: list[str]) -> str:
    """Change the text of one line, or of all; returns what was done."""
    at = random.randrange(len(lines))
    act = random.choice(list(_LINES))
    lines[at] = _LINES[act](random, lines[at])
    return f"{act} in line {at + 1}"


def _duplicate(random: Random, line: str) -> str:
    """One key of an object written twice, with another value."""
    keys = list(re.finditer(r'(?<=\{)"[^"\\]*": ', line))
    if not keys:
        return '{"a": 1, "a": 2}'
    at = random.choice(keys)
    other = at.group() + random.choice(["null, ", '"pears", ', "3, "])
    return line[: at.start()] + other + line[at.start() :]


def _literal(random: Random, line: str) -> str:
    """A number written as JSON does not write it."""
    odd = ["NaN", "-Infinity", "1e999", "-0", "9" * 5000, "01", "1.", "'x'", "True"]
    literal = random.choice([*odd, "[" * 3000 + "]" * 3000])
    return re.sub(r"-?\d+(\.\d+)?(?=[,}\]])", literal, line, count=1)


_LINES = {
    "duplicate key": _duplicate,
    "odd literal": _literal,
    "line cut": lambda random, line: line[: random.randrange(1, max(len(line) - 1, 2))],
    "blank line": lambda random, line: line + "\n" + random.choice(["", " ", "\t"]),
    "CRLF": lambda random, line: line + "\r",
    "BOM": lambda random, line: "\ufeff" + line,
    "raw control": lambda random, line: line + random.choice("\x00\x1b\x07"),
    "two on a line": lambda random, line: line + line,
    "in a list": lambda random, line: f"[{line}]",
    "as text": lambda random, line: json.dumps(line),
    "other value": lambda random, line: random.choice(["null", "[]", "{}", "3", '""', "[" * 3000]),
}


def spoil_bytes(random: Random, data: bytes) -> tuple[str, bytes]:
    """Change the bytes of a file that is not compressed."""
    act = random.choice(list(_BYTES))
    return act, _BYTES[act](random, data)


def _zipped(random: Random, data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("pairs.jsonl", data)
    return held.getvalue()


def flip(random: Random, data: bytes) -> bytes:
    """One bit changed."""
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def cut(random: Random, data: bytes) -> bytes:
    """Only a part from the beginning, not all of it."""
    return data[: random.randrange(len(data))]


_BYTES = {
    "UTF-16": lambda random, data: data.decode("utf-8", "replace").encode("utf-16"),
    "Latin-1": lambda random, data: data.decode("utf-8", "replace").encode("latin-1", "replace"),
    "BOM": lambda random, data: codecs.BOM_UTF8 + data,
    "one byte flipped": flip,
    "cut": cut,
    "LFS pointer": lambda random, data: POINTER,
    "zip": _zipped,
    "noise": lambda random, data: random.randbytes(200),
    "empty": lambda random, data: random.choice([b"", b"\n", b"\x00" * 100]),
    "no last line end": lambda random, data: data.rstrip(b"\n"),
}


def packed(random: Random, data: bytes) -> tuple[str, bytes]:
    """A gzip file, sound or damaged, and what was done."""
    whole = gzip.compress(data, mtime=0)
    kinds = {
        "gzip": whole,
        "one byte flipped in gzip": whole[:10] + flip(random, whole[10:]),
        "gzip cut": whole[: random.randrange(1, len(whole))],
        "gzip twice": gzip.compress(whole),
        "two gzip parts": whole + whole,
        "gzip and noise": whole + b"noise",
        "not compressed": data,
        "LFS pointer": POINTER,
    }
    return random.choice([*kinds.items(), ("gzip", whole)])
