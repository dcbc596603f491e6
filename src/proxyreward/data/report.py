"""What a loader kept, rejected and passed over, and why.

In: counts and problems found by a loader. Out: a report that prints itself and turns into JSON.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import Any

from proxyreward.data.reasons import COMMON, FLAGS, PASSED, REMEDIES
from proxyreward.messages import visible

NAME_LENGTH = 100
"""Longest name of a field that a report repeats; a file may hold any number of long ones."""
KINDS_SHOWN = 10


def short_name(text: str) -> str:
    """A name out of a file, safe to print and cut to a length that a report can repeat."""
    return visible(text[:NAME_LENGTH])


class DataError(ValueError):
    """A file, folder, name or setting from which no pairs can be read; the text says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(visible(message))


class RecordError(ValueError):
    """Records that cannot become a pair: a reason of ``REMEDIES`` and the field at fault.

    ``count`` is how many; more than one where a response of many comparisons is at fault.
    """

    def __init__(self, reason: str, field: str | None = None, count: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field and short_name(field)
        self.count = count


@dataclasses.dataclass(frozen=True)
class Problem:
    """A reason to reject records: where they stand and why. Holds no text of the record.

    ``line`` is the line of the file, the entry of a JSON array or the row on the hub, from 1;
    ``count`` the number of records rejected for it, see :class:`LoadReport`.
    """

    file: str
    line: int
    field: str | None
    reason: str
    count: int = 1

    @property
    def remedy(self) -> str:
        """What the owner of the file can do about it."""
        return REMEDIES[self.reason]

    def __str__(self) -> str:
        field = f", field '{self.field}'" if self.field else ""
        times = f" ({self.count} records)" if self.count > 1 else ""
        return f"{self.file}, line {self.line}{field}: {self.reason}{times}; {self.remedy}"

    def to_dict(self) -> dict[str, Any]:
        """Plain fields, the remedy included, ready for JSON."""
        return dataclasses.asdict(self) | {"remedy": self.remedy}


@dataclasses.dataclass(frozen=True)
class LoadReport:
    """Counts of a load; every record read is kept, rejected or passed over.

    A record that holds several comparisons counts once for each of them; one that is rejected or
    passed over as a whole counts once.

    Attributes
    ----------
    format : name of the loader.
    file : where the records came from.
    max_records : the limit on records kept, or None for all of them.
    read, kept : numbers of records.
    flagged : numbers of kept records with a property of ``FLAGS``; 0 where not given.
    problems : why records were rejected, in file order: the first ones, if there are many.
    unlisted : number of rejected records that no problem lists, per reason.
    passed : number of sound records that were not asked for, by a reason of ``PASSED`` and what
        they are: ``{"other_language: de": 12}``.

    Raises
    ------
    ValueError
        Unless ``read == kept + sum(rejected.values()) + sum(passed.values())``.
    """

    format: str
    file: str
    max_records: int | None
    read: int
    kept: int
    flagged: Mapping[str, int] = dataclasses.field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    unlisted: Mapping[str, int] = dataclasses.field(default_factory=dict)
    passed: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        told = self.kept + sum(self._reasons().values()) + sum(self.passed.values())
        if self.read != told:
            raise ValueError(f"{self.read} records read, but {told} accounted for; count each once")

    @property
    def rejected(self) -> dict[str, int]:
        """Number of rejected records per reason: all of ``COMMON``, others if there are any."""
        return dict(sorted((dict.fromkeys(COMMON, 0) | self._reasons()).items()))

    def _reasons(self) -> dict[str, int]:
        found = Counter(self.unlisted)
        for problem in self.problems:
            found[problem.reason] += problem.count
        return found

    def to_dict(self) -> dict[str, Any]:
        """Counts and problems as plain types, ready for JSON; `unlisted` is the sum."""
        return {
            "format": self.format,
            "file": self.file,
            "max_records": self.max_records,
            "read": self.read,
            "kept": self.kept,
            "rejected": self.rejected,
            "passed": dict(sorted(self.passed.items())),
            "flagged": dict.fromkeys(FLAGS, 0) | dict(self.flagged),
            "problems": [problem.to_dict() for problem in self.problems],
            "unlisted": sum(self.unlisted.values()),
        }

    def lines(self, most: int) -> list[str]:
        """Counts, what was passed over, and ``most`` of the problems, a line each."""
        reasons, passed = self._reasons(), sum(self.passed.values())
        counts = f"{self.read} records read, {self.kept} kept, {sum(reasons.values())} rejected"
        each = ", ".join(f"{n} {reason}" for reason, n in sorted(reasons.items()))
        listed = self.problems[:most]
        more = sum(reasons.values()) - sum(problem.count for problem in listed)
        return [
            f"{self.file}: {counts}"
            + (f" ({each})" if each else "")
            + (f", {passed} passed over" if passed else ""),
            *self._passed_over(),
            *map(str, listed),
            *([f"… and {more} more"] if more else []),
        ]

    def _passed_over(self) -> list[str]:
        kinds: dict[str, Counter[str]] = {}
        for key, n in self.passed.items():
            reason, _, kind = key.partition(": ")
            kinds.setdefault(reason, Counter())[kind] = n
        told = []
        for reason, found in sorted(kinds.items()):
            n, (what, remedy) = found.total(), PASSED[reason]
            some = f"all {n}" if n == self.read else f"{n} of {self.read}"
            each = [f"{kind} ({m})" for kind, m in found.most_common(KINDS_SHOWN) if kind]
            each += ["…"] * (len(found) > KINDS_SHOWN)
            names = f": {', '.join(each)}" if each else ""
            told.append(f"{some} records {what}{names}; {remedy.format(*found)}")
        return told

    def __str__(self) -> str:
        return "\n".join(self.lines(5))
