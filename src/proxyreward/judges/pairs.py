"""Pairs to judge, as a file gives them, and what judges said of them, as a file and as counts.

In: a CSV or JSON lines file with ``id, prompt, response_a, response_b``; answers in both orders.
Out: pairs; a row for each, and a summary.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from proxyreward.metrics.judge import agreed, flips, tally, win_rate
from proxyreward.people.tables import cells, fault

COLUMNS = ("id", "prompt", "response_a", "response_b")
HEAD = ("id", "first_order", "swapped_order", "verdict")
WORDS = {1: "a", -1: "b", 0: "tie"}
INVALID = "invalid"


class Compared(NamedTuple):
    """A prompt with two responses."""

    id: str
    prompt: str
    a: str
    b: str


def read(path: Path) -> list[Compared]:
    """Pairs of a file, in its order. A response may be empty.

    Raises
    ------
    DataError
        If the file cannot be used; names file, row, field and what to do.
    """
    found: dict[str, tuple[int, Compared]] = {}
    for row, (name, prompt, *responses) in cells(path, COLUMNS):
        for field, value in (("id", name), ("prompt", prompt)):
            if not value.strip():
                raise fault(path, row, field, "is empty", "fill it in, or delete the row")
        if name.strip() in found:
            what = f"is that of row {found[name.strip()][0]}"
            raise fault(path, row, "id", what, "give each pair an id of its own")
        found[name.strip()] = row, Compared(name.strip(), prompt, *responses)
    if not found:
        raise fault(path, 1, None, "no pair follows", f"give rows with {', '.join(COLUMNS)}")
    return [pair for _, pair in found.values()]


def rows(pairs: list[Compared], calls: np.ndarray) -> Iterator[tuple[str, ...]]:
    """A row of :data:`HEAD` for each pair: which response each order and both together choose.

    `calls`, shape (2, pairs), as of :func:`proxyreward.judges.judge.both_orders`.
    """
    for pair, *found in zip(pairs, *calls, agreed(calls), strict=True):
        yield (pair.id, *(INVALID if np.isnan(one) else WORDS[int(one)] for one in found))


def summary(calls: np.ndarray) -> dict[str, Any]:
    """Wins, ties and losses of response a, as plain types.

    ``with_swap``: an answer that changes with the order is a tie. ``without_swap``: a is shown
    first. ``swapped``: b is shown first. ``rate`` is the share of wins among pairs that are no
    ties, with its exact interval of 95 %; ``invalid`` pairs, for which an answer lacks, are left
    out. ``flips``: the share of pairs whose answer changes with the order.
    """
    orders = {"with_swap": agreed(calls), "without_swap": calls[0], "swapped": calls[1]}
    share = flips(calls)
    return {
        "pairs": calls.shape[1],
        **{name: _counts(outcomes) for name, outcomes in orders.items()},
        "flips": None if np.isnan(share) else share,
    }


def _counts(outcomes: np.ndarray) -> dict[str, Any]:
    known = outcomes[~np.isnan(outcomes)]
    counts = tally(known)
    rate = win_rate(counts)
    return {
        **counts._asdict(),
        INVALID: int(len(outcomes) - len(known)),
        "rate": None if np.isnan(rate.estimate) else rate.estimate,
        "low": rate.low,
        "high": rate.high,
    }
