"""Pairs with their ids, a batch at a time.

In: opened records. Out: batches of what they hold, refused and passed-over records included.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from proxyreward.data.collect import Opened, each
from proxyreward.data.comparison import Passed
from proxyreward.data.pairs import Pair
from proxyreward.data.report import RecordError

BATCH = 2000


class Item(NamedTuple):
    """What stands in the place of one comparison: a pair, or why there is none."""

    pair_id: str
    line: int
    found: Pair | Passed | RecordError


def items(opened: Opened) -> Iterator[Item]:
    """Number the comparisons: ``LINE``, and ``LINE-2``, … for further ones of the same record."""
    last, count = 0, 0
    for line, found in each(opened):
        count = count + 1 if line == last else 1
        last = line
        yield Item(str(line) if count == 1 else f"{line}-{count}", line, found)


def batches(opened: Opened) -> Iterator[list[Item]]:
    """Lists of up to ``BATCH`` items."""
    walked = items(opened)
    while batch := list(islice(walked, BATCH)):
        yield batch


def pairs_of(batch: list[Item]) -> list[tuple[str, Pair]]:
    """Ids and pairs alone."""
    return [(item.pair_id, item.found) for item in batch if isinstance(item.found, Pair)]
