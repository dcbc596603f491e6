"""The loop that all loaders share: records in, pairs and a report out.

In: numbered records and a function that finds the comparisons in one. Out: what they hold one by
one; or all pairs, and a report in which every record is kept, rejected with a reason, or passed
over with one.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from proxyreward.data import fields
from proxyreward.data.comparison import Comparison, Passed
from proxyreward.data.pairs import Pair
from proxyreward.data.reasons import FLAGS
from proxyreward.data.records import Read, Records
from proxyreward.data.report import LoadReport, Problem, RecordError

LISTED = 1000
"""Problems that a report lists; further ones are counted alone."""

Found = Comparison | Passed | RecordError
Find = Callable[[Any], Iterable[Found]]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # all but tab and line breaks


class Opened(NamedTuple):
    """Records of a file or data set in one format, to be read once.

    Attributes
    ----------
    records : numbered functions that read one record each.
    find : the comparisons of a record. It raises a RecordError if the whole record is at fault
        and yields one in the place of comparisons that are; it yields Passed for a record that was
        not asked for. A record in which it finds nothing is passed over as ``no_comparison``.
    data_format, file : what reports call them.
    source : name of the preference source, the same for all pairs.
    """

    records: Records
    find: Find
    data_format: str
    file: str
    source: str


def each(opened: Opened) -> Iterator[tuple[int, Pair | Passed | RecordError]]:
    """Yield what the records hold, in order and one at a time, with the line that it stands on."""
    for line, found in _found(opened.records, opened.find):
        if isinstance(found, Comparison):
            prompt, chosen, rejected, meta = found
            meta = {"file": opened.file, "line": line, **meta}
            yield line, Pair(prompt, chosen, rejected, opened.source, meta)
        else:
            yield line, found


def collect(opened: Opened, max_records: int | None) -> tuple[list[Pair], LoadReport]:
    """Pairs of all comparisons, and a report; stops once ``max_records`` pairs are kept."""
    pairs: list[Pair] = []
    problems: list[Problem] = []
    flagged, unlisted, passed = dict.fromkeys(FLAGS, 0), Counter(), Counter()
    for line, found in each(opened):
        if isinstance(found, Passed):
            passed[found.name] += 1
        elif isinstance(found, RecordError) and len(problems) == LISTED:
            unlisted[found.reason] += found.count
        elif isinstance(found, RecordError):
            problems.append(Problem(opened.file, line, found.field, found.reason, found.count))
        else:
            for flag in _flags(found.prompt, found.chosen, found.rejected):
                flagged[flag] += 1
            pairs.append(found)
            if len(pairs) == max_records:
                break
    rejected_records = sum(problem.count for problem in problems) + unlisted.total()
    read = len(pairs) + rejected_records + passed.total()
    return pairs, LoadReport(
        opened.data_format,
        opened.file,
        max_records,
        read,
        len(pairs),
        flagged,
        tuple(problems),
        unlisted,
        passed,
    )


def _found(records: Records, find: Find) -> Iterator[tuple[int, Found]]:
    for line, read in records:
        nothing = True
        for found in _attempt(read, find):
            nothing = False
            yield line, found
        if nothing:
            yield line, Passed("no_comparison")


def _attempt(read: Read, find: Find) -> Iterator[Found]:
    try:
        for found in find(read()):
            yield _checked(found) if isinstance(found, Comparison) else found
    except RecordError as error:
        yield error


def _checked(found: Comparison) -> Comparison | RecordError:
    """The comparison itself if its ``meta`` can be stored: names and finite numbers, or lists."""
    try:
        for key, value in found.meta.items():
            for item in value if isinstance(value, list) else [value]:
                fields.plain({"meta": {key: item}}, "meta", key)
    except RecordError as error:
        return error
    return found


def _flags(prompt: str, chosen: str, rejected: str) -> Iterator[str]:
    if any(map(_CONTROL.search, (prompt, chosen, rejected))):
        yield "control_characters"
    if not (chosen and rejected):
        yield "empty_response"
    if chosen == rejected:
        yield "identical_pair"
