"""Preference records as people leave them, before cleaning, and four who judge them again.

Sizes and a seed come in; a frame goes out in which every record's defects are known. It stands for
HH-RLHF and its relabelling (paper elephant, section 3): who labels first wants, in part, what the
subset asked for (harmless or helpful), sees it through Bradley-Terry noise, and lets empty and
repeated responses pass; the four who judge again see the oracle's utility, without the first label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.data import cleaning
from proxyreward.data.seeds import generator
from proxyreward.vocabulary import (
    HARMLESS_BASE,
    HELPFUL_BASE,
    HELPFUL_ONLINE,
    HELPFUL_REJECTION,
    MIXED,
    SUBSETS,
    TEST,
    TRAIN,
)
from proxyreward.world import annotators, oracle, sources
from proxyreward.world.build import as_transcript
from proxyreward.world.mixture import draw_prompts, reserved
from proxyreward.world.prompts import Prompt
from proxyreward.world.records import is_toxic
from proxyreward.world.writers import WRITERS


@dataclass(frozen=True)
class Subset:
    """How the records of a subset come about.

    Attributes
    ----------
    taste
        Source whose prompts are asked and whose taste the first label shares.
    writers
        Who answers.
    best_of
        Responses from which the source's best is taken, for each side of a pair.
    repeated
        Share of pairs that hold one response twice.
    empty
        Whether an empty response is recorded where one is said first.
    """

    taste: str
    writers: tuple[str, ...] = tuple(WRITERS)
    best_of: int = 1
    repeated: float = 0.01
    empty: bool = True


KINDS = {
    HARMLESS_BASE: Subset("harmless", repeated=0.0, empty=False),
    HELPFUL_BASE: Subset("helpful"),
    # What a trained policy says: one careful hand, the best of three; these differ less.
    HELPFUL_ONLINE: Subset("helpful", writers=("careful",), best_of=3, repeated=0.03),
    HELPFUL_REJECTION: Subset("helpful", best_of=4, repeated=0.0, empty=False),
}
ANNOTATORS = tuple(f"vote_{i}" for i in range(len(annotators.QUALITIES)))
"""Columns with the votes: whether that annotator prefers the chosen response."""


def records(
    training: int,
    tested: int,
    quality: float,
    conflict: float,
    held_out: frozenset[str],
    seed: int,
) -> pd.DataFrame:
    """Records with all that is known of them.

    Parameters
    ----------
    training, tested
        Records of the training set, and of each test set.
    quality
        Of who labelled first, in logits per unit of utility.
    conflict
        Degree to which the first label follows the subset's taste and not the oracle's.
    held_out
        Prompt texts that nothing here may ask.

    Returns
    -------
    DataFrame
        ``pair_id, prompt, chosen, rejected``; ``source`` (of `SUBSETS`; each record of `MIXED` is
        made like one of the others) and ``split``; ``margin``, the oracle's utility of the chosen
        minus that of the rejected response; ``toxic``, whether the chosen is, and
        ``rejected_toxic``; the votes (`ANNOTATORS`); ``type``, by the rule of
        :mod:`proxyreward.data.cleaning`.
    """
    kinds = [(TRAIN, MIXED, training), *((TEST, source, tested) for source in SUBSETS)]
    parts = [drawn(*kind, quality, conflict, held_out, seed) for kind in kinds]
    found = pd.concat(parts, ignore_index=True)
    found.insert(0, "pair_id", np.arange(len(found)))
    return found


def drawn(
    split: str,
    source: str,
    count: int,
    quality: float,
    conflict: float,
    held_out: frozenset[str],
    seed: int,
    name: str = "records",
) -> pd.DataFrame:
    """Records of one subset as :func:`records` has them, without their number.

    Another `name` draws others, on prompts of the same kind.
    """
    kept_back = reserved(seed)
    rng = generator(f"{split} {name} {source}", seed)
    asked = kept_back - held_out if split == TEST else kept_back | held_out
    rows = list(_labelled(source, count, asked, split == TEST, quality, conflict, rng))
    return _judged(pd.DataFrame(rows).assign(source=source, split=split), rng)


def _labelled(
    source: str,
    count: int,
    texts: frozenset[str],
    inside: bool,
    quality: float,
    conflict: float,
    rng: np.random.Generator,
) -> Iterator[dict[str, object]]:
    """Records as they were labelled first, with their request."""
    for _ in range(count):
        kind = KINDS[str(rng.choice(list(KINDS))) if source == MIXED else source]
        [prompt] = draw_prompts(kind.taste, 1, texts, inside, rng)
        pair = _two(kind, prompt, rng)
        worth = sources.utility(kind.taste, [prompt.text] * 2, pair, conflict)
        first = rng.random() < annotators.chance_of_first(*worth, quality)
        chosen, rejected = pair if first else pair[::-1]
        yield {
            "prompt": as_transcript(prompt.text),
            "chosen": chosen,
            "rejected": rejected,
            "request": prompt.text,
        }


def _two(kind: Subset, prompt: Prompt, rng: np.random.Generator) -> list[str]:
    """Two responses; the same one twice in a share of the cases."""
    first = _response(kind, prompt, rng)
    if rng.random() < kind.repeated:
        return [first, first]
    while (second := _response(kind, prompt, rng)) == first:
        first = _response(kind, prompt, rng)
    return [first, second]


def _response(kind: Subset, prompt: Prompt, rng: np.random.Generator) -> str:
    """The best of several tries, or nothing."""
    said = []
    while len(said) < kind.best_of:
        text = WRITERS[str(rng.choice(kind.writers))].write(prompt, rng)
        if text:
            said.append(text)
        elif kind.empty and not said:
            return ""
    worth = sources.utility(kind.taste, [prompt.text] * len(said), said)
    return said[int(worth.argmax())]


def _judged(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """What is true of the records, what the four vote, and the type that follows."""
    requests = frame.pop("request")
    worth = [oracle.utility(requests, frame[side]) for side in ("chosen", "rejected")]
    votes = annotators.prefers_first(*worth, rng)
    toxic = {
        name: [is_toxic(*one) for one in zip(requests, frame[side])]
        for name, side in (("toxic", "chosen"), ("rejected_toxic", "rejected"))
    }
    margin = np.subtract(*worth).round(9)  # exactly 0 between two of the same worth
    found = frame.assign(margin=margin, **toxic, **dict(zip(ANNOTATORS, votes)))
    ours = votes.sum(axis=0)
    winner = cleaning.winners(ours, len(votes) - ours, 0 * ours)
    return found.assign(type=[*map(cleaning.type_of, contents(found), found["toxic"], winner)])


def contents(frame: pd.DataFrame) -> list[str | None]:
    """The types that responses show without anyone judging them."""
    return [*map(cleaning.content_type, frame["chosen"], frame["rejected"])]
