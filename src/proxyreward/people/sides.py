"""Which response people see on which side, and the key that tells it afterwards.

In: pairs and a seed, or a key file. Out: sides A and B of each pair, and what an answer in terms of
sides says about the chosen and the rejected response. The key is a file of its own, since a task
that held it would show the labels.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from proxyreward.data.pairs import Pair
from proxyreward.data.report import DataError
from proxyreward.data.seeds import generator
from proxyreward.people.tables import fault, rows

COLUMNS = ("pair_id", "a", "digest")
CHOSEN, REJECTED = "chosen", "rejected"


@dataclass(frozen=True)
class Shown:
    """One pair as people see it."""

    pair_id: str
    prompt: str
    a: str
    b: str
    a_is_chosen: bool

    @property
    def digest(self) -> str:
        """A short hash of the texts, by which a changed file of pairs is noticed."""
        return _digest(self.prompt, self.a, self.b)

    def key(self) -> tuple[str, str, str]:
        """The row of the key file."""
        return self.pair_id, CHOSEN if self.a_is_chosen else REJECTED, self.digest


class Sides:
    """Draws the sides of pairs, one after another, by fair coins; the same seed, the same sides."""

    def __init__(self, seed: int) -> None:
        self._rng = generator("sides that people see", seed)

    def show(self, pairs: Sequence[tuple[str, Pair]]) -> Iterable[Shown]:
        """Show the next pairs."""
        for (pair_id, pair), first in zip(pairs, self._rng.random(len(pairs)) < 0.5):
            a, b = (pair.chosen, pair.rejected) if first else (pair.rejected, pair.chosen)
            yield Shown(pair_id, pair.prompt, a, b, bool(first))


@dataclass(frozen=True)
class Key:
    """What a key file tells of each pair: whether side A is the chosen response, and the digest."""

    file: Path
    pairs: dict[str, tuple[bool, str]]

    @classmethod
    def read(cls, path: Path) -> "Key":
        """Read a key file; raises a DataError that names the row at fault."""
        pairs: dict[str, tuple[bool, str]] = {}
        for row, (pair_id, a, digest) in rows(path, COLUMNS):
            if a not in (CHOSEN, REJECTED):
                raise fault(path, row, "a", "is unknown", f"give {CHOSEN} or {REJECTED}")
            if pair_id in pairs:
                raise fault(path, row, "pair_id", "stands here twice", "take the key as written")
            pairs[pair_id] = (a == CHOSEN, digest)
        return cls(path, pairs)

    def check(self, pair_id: str, pair: Pair) -> None:
        """Refuse a pair that is not the one that people saw under its id."""
        if pair_id not in self.pairs:
            return
        first, digest = self.pairs[pair_id]
        a, b = (pair.chosen, pair.rejected) if first else (pair.rejected, pair.chosen)
        if _digest(pair.prompt, a, b) != digest:
            raise DataError(
                f"{self.file}, pair {pair_id}: people saw other texts than those of line "
                f"{pair.meta['line']}; give the file of pairs of which the tasks were made"
            )


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
