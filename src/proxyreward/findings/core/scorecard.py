"""The scorecard file: one entry for each decided claim, checked whenever it is read or written.

In: decisions, which become `scorecard.json`. Out: its entries as plain JSON values, or an error of
one line that names the file, the entry, the field and the remedy.
"""

import dataclasses
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

from proxyreward.files import write_whole
from proxyreward.findings.core.registry import Registry

Verdict = Literal[
    "reproduced",
    "not reproduced",
    "no difference",
    "inconclusive",
    "by construction",
    "definition",
    "not testable here",
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
TEXTS = ("claim_id", "verdict", "reason")
NUMBERS = ("estimate", "low", "high", "paper_value")  # null where there is none
FIELDS = (*TEXTS, *NUMBERS, "n")
WHY = "why"  # only where the registry gives a reason for this verdict


@dataclasses.dataclass(frozen=True)
class Decision:
    """An entry. `n` counts the replicates that carry the estimate; what does not exist is NaN.

    `why` says why a claim came out as it did, if the registry does.
    """

    claim_id: str
    verdict: Verdict
    estimate: float
    low: float
    high: float
    n: int
    paper_value: float
    reason: str
    why: str = ""


def write(path: Path, decisions: Iterable[Decision], registry: Registry) -> None:
    """Write decisions as JSON, sorted by claim, same decisions giving the same bytes.

    Raises
    ------
    ValueError
        If an entry is not as :func:`check` wants it.
    """
    rows = sorted(map(dataclasses.asdict, decisions), key=lambda row: row["claim_id"])
    for row in rows:
        row |= {name: _digits(row[name]) for name in NUMBERS}
        if not row[WHY]:
            del row[WHY]
    check(rows, registry)
    write_whole(path, json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read(path: Path, registry: Registry | None = None) -> list[dict[str, Any]]:
    """Entries of a scorecard file; with a registry their claims must be in it.

    Raises
    ------
    ValueError
        If the file is missing, cannot be read, or an entry is not as :func:`check` wants it.
    """
    try:
        rows = json.loads(
            Path(path).read_text(encoding="utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_number,
        )
        check(rows, registry)
    except (OSError, ValueError, RecursionError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        raise ValueError(
            f"{path}: {problem}; `dvc repro` writes the file again, `git checkout` restores it"
        ) from None
    return rows


def check(rows: Any, registry: Registry | None = None) -> None:
    """Refuse entries that no finding writes.

    Raises
    ------
    ValueError
        If a field is missing, unknown or of another type, a text is empty or has control
        characters, a verdict is unknown, an interval has one end or its ends are exchanged, a
        claim is decided twice or is not in the registry.
    """
    if not isinstance(rows, list):
        raise ValueError("the file holds no list of entries")
    seen: set[str] = set()
    for place, row in enumerate(rows):
        name = row.get("claim_id") if isinstance(row, Mapping) else None
        try:
            _check(row)
            if name in seen:
                raise ValueError("the claim is decided more than once")
            if registry is not None:
                registry.claim(name)
        except (ValueError, KeyError) as error:
            raise ValueError(f"entry {place} (claim {ascii(name)}): {error.args[0]}") from None
        seen.add(name)


def _check(row: Any) -> None:
    if not isinstance(row, Mapping):
        raise ValueError("it is no object")
    for name in (*FIELDS, *row):
        if name not in row or name not in (*FIELDS, WHY):
            raise ValueError(
                f"field {ascii(name)} is {'missing' if name not in row else 'unknown'}"
            )
    for name in (*TEXTS, WHY) if WHY in row else TEXTS:
        if not isinstance(row[name], str) or not row[name].strip() or _unprintable(row[name]):
            raise ValueError(f"field {name!r} must be a text of one line, got {ascii(row[name])}")
    for name in NUMBERS:
        if row[name] is not None and not _number(row[name]):
            raise ValueError(f"field {name!r} must be a number or null, got {ascii(row[name])}")
    if type(row["n"]) is not int or row["n"] < 0:
        raise ValueError(f"field 'n' must be a whole number of 0 or more, got {ascii(row['n'])}")
    if row["verdict"] not in VERDICTS:
        raise ValueError(f"field 'verdict' must be one of {VERDICTS}, got {ascii(row['verdict'])}")
    if row["verdict"] == "reproduced" and row["estimate"] is None:
        raise ValueError("field 'estimate' is null, but the claim is reproduced")
    low, high = row["low"], row["high"]
    if (low is None) != (high is None) or low is not None and low > high:
        raise ValueError(f"fields 'low' and 'high' are no interval: {low} and {high}")


def _digits(value: float) -> float | None:
    """Six significant digits, which keep bytes stable; null for a number that does not exist."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _number(value: Any) -> bool:
    return type(value) is float and math.isfinite(value) or type(value) is int


def _unprintable(text: str) -> bool:
    """Whether a text has control characters or halves of surrogate pairs."""
    return any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text)


def _object(items: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) < len(items):
        raise ValueError("an object has one key twice")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")
