"""What a loader kept and what it rejected, and why.

In: counts and problems found by a loader. Out: a report that prints itself and turns into JSON.
Called by every loader; the data stage writes it beside the pairs.
"""

import dataclasses
from typing import Any

REMEDIES = {
    "bad_json": "write the record as one JSON object on one line",
    "blank_line": "delete the line",
    "contexts_differ": "make chosen and rejected share everything before the final Assistant turn",
    "empty_transcript": "fill in the whole conversation, or delete the record",
    "missing_field": "add the field with the whole transcript as its value",
    "no_final_assistant": "end the transcript with an Assistant turn holding the response",
    "no_opening_human": "begin the transcript with a Human turn (two line breaks, then 'Human:')",
    "not_a_string": "give the transcript as one JSON string",
    "not_an_object": "write the record as a JSON object with the fields of the format",
    "wrong_encoding": "save the file as UTF-8",
}
"""Every reason for which a record is rejected, with what its owner can do about it."""

FLAGS = ("empty_response", "identical_pair")
"""Properties of records that are kept and counted; cleaning rules decide about them later."""


class DataError(ValueError):
    """A file, folder, name or setting from which no pairs can be read; the text says what to do."""


class RecordError(ValueError):
    """One record that cannot become a pair: a reason of ``REMEDIES`` and the field at fault."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


@dataclasses.dataclass(frozen=True)
class Problem:
    """One rejected record: where it stands and why. Holds no text of the record."""

    file: str
    line: int
    field: str | None
    reason: str

    @property
    def remedy(self) -> str:
        """What the owner of the file can do about it."""
        return REMEDIES[self.reason]

    def __str__(self) -> str:
        field = f", field {self.field!r}" if self.field else ""
        return f"{self.file}, line {self.line}{field}: {self.reason}; {self.remedy}"

    def to_dict(self) -> dict[str, Any]:
        """Plain fields, the remedy included, ready for JSON."""
        return dataclasses.asdict(self) | {"remedy": self.remedy}


@dataclasses.dataclass(frozen=True)
class LoadReport:
    """Counts of a load; ``read == kept + sum(rejected.values())`` always holds.

    Attributes
    ----------
    format : name of the loader.
    file : where the records came from.
    max_records : the limit on records kept, or None for all of them.
    read, kept : numbers of records.
    flagged : numbers of kept records with a property of ``FLAGS``.
    problems : one entry per rejected record, in file order.
    """

    format: str
    file: str
    max_records: int | None
    read: int
    kept: int
    flagged: dict[str, int]
    problems: tuple[Problem, ...]

    @property
    def rejected(self) -> dict[str, int]:
        """Number of rejected records per reason; every known reason has an entry."""
        counts = dict.fromkeys(REMEDIES, 0)
        for problem in self.problems:
            counts[problem.reason] += 1
        return counts

    def to_dict(self) -> dict[str, Any]:
        """Counts and problems as plain types, ready for JSON."""
        return {
            "format": self.format,
            "file": self.file,
            "max_records": self.max_records,
            "read": self.read,
            "kept": self.kept,
            "rejected": self.rejected,
            "flagged": self.flagged,
            "problems": [problem.to_dict() for problem in self.problems],
        }

    def __str__(self) -> str:
        shown = [str(problem) for problem in self.problems[:5]]
        more = len(self.problems) - len(shown)
        counts = f"{self.read} records read, {self.kept} kept, {len(self.problems)} rejected"
        head = f"{self.file}: {counts}"
        return "\n".join([head, *shown, *([f"… and {more} more"] if more else [])])
