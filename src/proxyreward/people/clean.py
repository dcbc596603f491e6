"""Cleaning a file of pairs by people's votes: what is kept, and an account of every record.

In: opened pairs, votes and a judge of toxicity. Out: a folder with three files.

- ``pairs.jsonl``: cleaned pairs, in the format of Anthropic/hh-rlhf (``chosen``, ``rejected``) with
  ``pair_id``, ``source`` and ``swapped`` beside; data format ``hh`` reads it.
- ``audit.csv``: a row for every record, those included that could not be read: its type, the votes,
  what was done, and why. ``records`` is how many a row stands for, so that their sum is all.
- ``summary.json``: counts and shares (paper *elephant*, Table 7, Figures 3 and 7), what the rule
  leaves open about toxic pairs, and how well the annotators agree.

Pairs are read, judged and written in batches, so that memory grows with the votes alone.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from proxyreward.data.cleaning import ACTION, DROP, SWAP, content_type, type_of
from proxyreward.data.collect import Opened
from proxyreward.data.pairs import Pair
from proxyreward.data.report import DataError, RecordError
from proxyreward.files import writing
from proxyreward.metrics import annotators
from proxyreward.people.sides import Key
from proxyreward.people.tables import dump, write_csv
from proxyreward.people.toxicity import Judge
from proxyreward.people.votes import CHOSEN, REJECTED, SKIP, TIE, Votes
from proxyreward.people.walk import Item, batches
from proxyreward.vocabulary import EMPTY, OPPOSITE, REPETITIVE, TOXIC, TYPES, VAGUE

FILES = ("pairs.jsonl", "audit.csv", "summary.json")
AUDIT = ("pair_id", "line", "records", "type", "chosen", "rejected", "tie", "skip", "action",
         "reason")  # fmt: skip
REFUSED, PASSED_OVER = "refused", "passed over"
"""What the audit writes in the place of a type for records that give no pair."""


@dataclass
class Cleaner:
    """Sorts pairs, and counts what it saw.

    ``winners`` says which response each pair of ``votes.ids`` has (1 the chosen, -1 the rejected,
    0 neither); a pair that stands there not, though people must decide on it, is an error.
    """

    votes: Votes
    winners: np.ndarray
    toxic: Judge
    key: Key | None = None
    types: Counter[str] = field(default_factory=Counter)
    without: Counter[tuple[str, str]] = field(default_factory=Counter)
    toxics: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._counts = self.votes.counts()
        self._named = np.zeros(len(self.votes.ids), bool)

    def rows(self, batch: Sequence[Item]) -> Iterator[tuple[tuple, str | None]]:
        """Yield, for each item, its row of the audit and the cleaned pair as JSON, if kept."""
        known = [(i, content_type(i.found.chosen, i.found.rejected)) for i in batch if _pair(i)]
        asked = [item for item, content in known if content is None]
        ids, pairs = [item.pair_id for item in asked], [item.found for item in asked]
        toxic = dict(zip(ids, self.toxic(ids, pairs).tolist())) if asked else {}
        content_of = {item.pair_id: content for item, content in known}
        for item in batch:
            if _pair(item):
                told = toxic.get(item.pair_id, (False, False))
                yield self._judged(item, content_of[item.pair_id], *told)
            else:
                yield self._unread(item), None

    def _unread(self, item: Item) -> tuple:
        """A record that gives no pair; votes on it, if any, have nothing to decide."""
        found, counts = item.found, self._votes_on(item.pair_id)[0]
        count = found.count if isinstance(found, RecordError) else 1
        kind, reason = (
            (REFUSED, found.reason) if isinstance(found, RecordError) else (PASSED_OVER, found.name)
        )
        self.without[kind, reason] += count
        told = f"{reason}, field {found.field}" if getattr(found, "field", None) else reason
        return (item.pair_id, item.line, count, kind, *counts, DROP, told)

    def _judged(self, item: Item, content: str | None, toxic: bool, other: bool):
        pair, (counts, winner) = item.found, self._votes_on(item.pair_id)
        kind = type_of(content, toxic, winner)
        if item.pair_id not in self.votes.ids and kind not in (EMPTY, REPETITIVE, TOXIC):
            raise DataError(
                f"{self.votes.file}: no row names pair {item.pair_id} ({pair.meta['file']}, line "
                f"{item.line}), field 'pair_id'; have it judged, or add a row with choice skip"
            )
        if self.key is not None:
            self.key.check(item.pair_id, pair)
        self.types[kind] += 1
        self._count_toxic(kind, winner, other)
        row = (item.pair_id, item.line, 1, kind, *counts, ACTION[kind], _reason(kind, pair, counts))
        return row, _cleaned(item.pair_id, pair, kind)

    def _votes_on(self, pair_id: str) -> tuple[tuple[int, ...], int]:
        """Counts and winner of a pair, which is noted as one that is there."""
        place = self.votes.ids.get(pair_id)
        if place is None:
            return (0, 0, 0, 0), 0
        self._named[place] = True
        return tuple(self._counts[place].tolist()), int(self.winners[place])

    def _count_toxic(self, kind: str, winner: int, other: bool) -> None:
        """What the paper's rule leaves open: toxic ones that the votes correct, and the reverse."""
        if kind == TOXIC and winner < 0:
            self.toxics["outvoted"] += 1
            self.toxics["correctable"] += not other
        self.toxics["swapped_to_toxic"] += kind == OPPOSITE and other

    def refuse_unknown(self) -> None:
        """Refuse votes on what is no record of the file."""
        for pair_id, place in self.votes.ids.items():
            if not self._named[place]:
                raise DataError(
                    f"{self.votes.file}, row {self.votes.first_row(place)}, field 'pair_id': "
                    f"{pair_id[:40]!r} is no record of the file; give the record's line, from 1"
                )


def _pair(item: Item) -> bool:
    return isinstance(item.found, Pair)


def _reason(kind: str, pair: Pair, counts: tuple[int, ...]) -> str:
    if kind == EMPTY:
        sides = (("chosen", pair.chosen), ("rejected", pair.rejected))
        return f"empty: {' and '.join(name for name, text in sides if not text.strip())}"
    if kind == REPETITIVE:
        return "both responses are the same"
    if kind == TOXIC:
        return "the chosen response is toxic"
    valid = sum(counts) - counts[SKIP]
    if kind == VAGUE:
        return f"neither wins in {valid} valid votes" if valid else "no valid vote"
    place, name = (REJECTED, "rejected") if kind == OPPOSITE else (CHOSEN, "chosen")
    return f"{counts[place]} of {valid} valid votes prefer the {name}"


def _cleaned(pair_id: str, pair: Pair, kind: str) -> str | None:
    if ACTION[kind] == DROP:
        return None
    swap = ACTION[kind] == SWAP
    best, worst = (pair.rejected, pair.chosen) if swap else (pair.chosen, pair.rejected)
    return dump(
        {
            "pair_id": pair_id,
            "chosen": f"{pair.prompt} {best}",
            "rejected": f"{pair.prompt} {worst}",
            "source": pair.source,
            "swapped": swap,
        }
    )


def clean(opened: Opened, cleaner: Cleaner, out: Path, told: dict[str, Any]) -> dict[str, Any]:
    """Write the three files and return the summary; nothing is written after an error.

    ``told`` is what the summary tells of the settings.
    """
    with writing(*(out / name for name in FILES)) as (pairs, audit, summary):
        write_csv(audit, [AUDIT])
        for batch in batches(opened):
            found = list(cleaner.rows(batch))
            write_csv(audit, [row for row, _ in found])
            pairs.writelines(f"{text}\n" for _, text in found if text is not None)
        cleaner.refuse_unknown()
        result = {"file": opened.file, "format": opened.data_format, **told, **summarise(cleaner)}
        summary.write(f"{dump(result)}\n")
    return result


def summarise(cleaner: Cleaner) -> dict[str, Any]:
    """Counts of a cleaner that has seen all pairs, as plain types.

    ``types`` gives count and share of each type among the pairs; ``records`` accounts for all.
    Under ``toxic``: ``outvoted`` are toxic pairs whose rejected response wins the vote,
    ``correctable`` those of them whose rejected is not toxic itself, so that a swap would have
    saved them; ``swapped_to_toxic`` are opposite pairs, kept, whose new chosen response is toxic,
    since the rule looks at the original one.
    """
    pairs = cleaner.types.total()
    without = {kind: {} for kind in (REFUSED, PASSED_OVER)}
    for (kind, reason), count in sorted(cleaner.without.items()):
        without[kind][reason] = count
    counts = cleaner.votes.counts()
    valid = counts[:, :SKIP]
    return {
        "records": {"pairs": pairs, **{k: sum(v.values()) for k, v in without.items()}},
        "types": {
            kind: {
                "count": cleaner.types[kind],
                "share": cleaner.types[kind] / pairs if pairs else None,
            }
            for kind in TYPES
        },
        "kept": sum(cleaner.types[kind] for kind in TYPES if ACTION[kind] != DROP),
        "toxic": {k: cleaner.toxics[k] for k in ("outvoted", "correctable", "swapped_to_toxic")},
        "without_pair": without,
        "votes": {
            "annotators": len(cleaner.votes.annotators),
            "chosen": int(counts[:, CHOSEN].sum()),
            "rejected": int(counts[:, REJECTED].sum()),
            "tie": int(counts[:, TIE].sum()),
            "skip": int(counts[:, SKIP].sum()),
            "pairs_by_valid_votes": _histogram(valid.sum(axis=1)),
        },
        "agreement": {
            name: _or_none(measure(valid))
            for name, measure in (
                ("raw", annotators.raw_agreement),
                ("fleiss_kappa", annotators.fleiss_kappa),
                ("krippendorff_alpha", annotators.krippendorff_alpha),
            )
        },
    }


def _histogram(sizes: np.ndarray) -> dict[str, int]:
    values, counts = np.unique(sizes, return_counts=True)
    return dict(zip(map(str, values.tolist()), counts.tolist()))


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
