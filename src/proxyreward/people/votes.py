"""Votes of people on pairs, whatever file they come in.

In: a CSV or JSON lines file with the columns ``pair_id, annotator, choice``, or what Label Studio
or Argilla exports. Out: votes, counted by pair.

``choice`` is one of

- ``A``, ``B``: the side as it was shown; which response that is, the key of the tasks tells;
- ``first``, ``second``: the response that the file of pairs calls chosen or rejected, where votes
  were collected by other means (blind, one hopes: nothing here can check that);
- ``tie``: neither is better; ``skip``: the annotator gave no answer.

``pair_id`` is the line of the record in the file of pairs, from 1 (its entry in a JSON array). The
second and further comparisons of one record are ``LINE-2``, ``LINE-3``, … So an id does not depend
on which other records can be read.
"""

import difflib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proxyreward.data import jsonl
from proxyreward.data.report import DataError
from proxyreward.people import argilla, label_studio
from proxyreward.people.sides import Key
from proxyreward.people.tables import SUFFIXES, fault, records, rows

COLUMNS = ("pair_id", "annotator", "choice")
CHOICES = CHOSEN, REJECTED, TIE, SKIP = range(4)
_WORDS = {"first": CHOSEN, "second": REJECTED, "tie": TIE, "skip": SKIP}
_SIDES = {"A": True, "B": False}
Cast = tuple[int, str, str, str]  # row, pair_id, annotator, choice


@dataclass(frozen=True)
class Votes:
    """Votes in the order of the file; arrays of shape ``(votes,)``.

    Attributes
    ----------
    file : where they come from.
    ids : number of each pair that is named, in the order of first appearance.
    annotators : names.
    pair, annotator : int, places in ``ids`` and ``annotators``.
    choice : int8, one of ``CHOICES``.
    row : int, the row of the file.
    """

    file: Path
    ids: dict[str, int]
    annotators: list[str]
    pair: np.ndarray
    annotator: np.ndarray
    choice: np.ndarray
    row: np.ndarray

    def counts(self) -> np.ndarray:
        """Votes for the chosen, for the rejected, ties and skips, int ``(pairs, 4)``."""
        places = self.pair.astype(np.int64) * len(CHOICES) + self.choice
        counted = np.bincount(places, minlength=len(self.ids) * len(CHOICES))
        return counted.reshape(len(self.ids), len(CHOICES))

    def first_row(self, pair: int) -> int:
        """Row of the first vote on a pair."""
        return int(self.row[np.argmax(self.pair == pair)])


def read(path: Path, key: Key | None) -> Votes:
    """Read a file of votes.

    Raises
    ------
    DataError
        Naming file, row, field and remedy, if the file cannot be read, a choice is unknown or
        needs a key, or an annotator votes twice on a pair.
    """
    if path.name.endswith(jsonl.ARRAY_SUFFIXES):
        return gathered(path, _exported(path), key)
    if not path.name.endswith(SUFFIXES):
        raise DataError(f"{path}: is none of {', '.join(SUFFIXES)} and .json; convert the votes")
    return gathered(path, ((row, *texts) for row, texts in rows(path, COLUMNS)), key)


def _exported(path: Path) -> Iterator[Cast]:
    for row, record in records(path):
        tool = next((tool for tool in (label_studio, argilla) if tool.is_export(record)), None)
        if tool is None:
            remedy = "export as JSON from Label Studio or Argilla, or give .csv or .jsonl"
            raise fault(path, row, None, "holds no annotations", remedy)
        for cast in tool.votes(path, row, record):
            yield row, *cast


def gathered(path: Path, cast: Iterable[Cast], key: Key | None) -> Votes:
    """Votes as arrays, checked one by one and against each other; errors as of :func:`read`."""
    ids: dict[str, int] = {}
    people: dict[str, int] = {}
    pairs, whose, choices, lines = array("i"), array("i"), array("b"), array("i")
    for row, pair_id, annotator, choice in cast:
        choices.append(_code(path, row, pair_id, choice, key))
        pairs.append(ids.setdefault(pair_id, len(ids)))
        whose.append(people.setdefault(annotator, len(people)))
        lines.append(row)
    if not lines:
        raise DataError(f"{path}: holds no vote; give the file that the annotators filled in")
    arrays = (np.array(column) for column in (pairs, whose, choices, lines))
    votes = Votes(path, ids, list(people), *arrays)
    _refuse_second_votes(votes)
    return votes


def _code(path: Path, row: int, pair_id: str, choice: str, key: Key | None) -> int:
    if choice in _WORDS:
        return _WORDS[choice]
    if choice not in _SIDES:
        known = [*_SIDES, *_WORDS]
        nearest = difflib.get_close_matches(choice, known, n=1, cutoff=0.0)[0]
        what = f"{choice[:40]!r} is unknown"
        raise fault(path, row, "choice", what, f"give one of {', '.join(known)} ({nearest}?)")
    if key is None:
        what = f"{choice!r} is a side, and nothing says which response that is"
        raise fault(path, row, "choice", what, "give the key of the tasks (--key), or write first")
    if pair_id not in key.pairs:
        what = f"{pair_id[:40]!r} stands not in {key.file}"
        raise fault(path, row, "pair_id", what, "give the key that was written with the tasks")
    return CHOSEN if key.pairs[pair_id][0] == _SIDES[choice] else REJECTED


def _refuse_second_votes(votes: Votes) -> None:
    order = np.lexsort((votes.row, votes.annotator, votes.pair))
    pair, annotator = votes.pair[order], votes.annotator[order]
    again = np.flatnonzero((pair[1:] == pair[:-1]) & (annotator[1:] == annotator[:-1]))
    if not again.size:
        return
    first, second = order[again[0]], order[again[0] + 1]
    name = votes.annotators[votes.annotator[second]][:40]
    same = votes.choice[first] == votes.choice[second]
    what = f"{name!r} has judged this pair in row {votes.row[first]} already"
    what += ", in the same way" if same else ", and otherwise"
    remedy = "delete one of the two" if same else "ask which holds and delete the other"
    raise fault(votes.file, int(votes.row[second]), "annotator", what, remedy)
