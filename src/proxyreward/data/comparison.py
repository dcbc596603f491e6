"""What a loader finds in a record: comparisons of two responses, or why there is none.

In: the responses to one prompt. Out: a comparison for each two of them, or what is wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from math import comb
from typing import Any, NamedTuple, TypeVar

from proxyreward.data.report import RecordError, short_name

MOST_RESPONSES = 100
"""To one prompt; their comparisons grow with the square, and a small file can hold very many."""

Given = TypeVar("Given")
Judged = TypeVar("Judged")


class Comparison(NamedTuple):
    """Two responses to one prompt, the preferred one first, and what else the source tells."""

    prompt: str
    chosen: str
    rejected: str
    meta: Mapping[str, Any]


class Passed(NamedTuple):
    """A sound record that was not asked for: a reason of ``PASSED``, and what the record is."""

    reason: str
    kind: str = ""

    @property
    def name(self) -> str:
        """What reports count it as."""
        return ": ".join(short_name(word) for word in self if word)


def preferred(first: float, second: float, field: str) -> int:
    """Index of the higher score: 0 or 1.

    Raises
    ------
    RecordError
        ``tie`` if the scores are equal.
    """
    if first == second:
        raise RecordError("tie", field)
    return int(second > first)


def each_two(
    responses: Sequence[Given],
    judge: Callable[[Given], Judged],
    compare: Callable[[Judged, Judged], Comparison],
) -> Iterator[Comparison | RecordError]:
    """Comparisons of each two responses to a prompt, in the order given.

    ``judge`` reads one response, ``compare`` two of them; both raise RecordErrors. A response that
    cannot be read is one error, which counts every comparison that it takes part in and no earlier
    error has counted. So the work grows with the responses, not with their square.
    """
    sound: list[Judged] = []
    for position, response in enumerate(responses):
        try:
            sound.append(judge(response))
        except RecordError as error:
            count = len(sound) + len(responses) - position - 1
            if count:
                yield RecordError(error.reason, error.field, count)
    if len(sound) > MOST_RESPONSES:
        yield RecordError("too_many_responses", count=comb(len(sound), 2))
        return
    for first, second in combinations(sound, 2):
        try:
            yield compare(first, second)
        except RecordError as error:
            yield error
