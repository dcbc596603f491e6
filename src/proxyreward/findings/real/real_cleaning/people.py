"""Real pairs that three people judged: types, agreement, each person against the other two.

In: pairs as PandaLM's file shows them, with the people's labels. Out: small tables without any
text. Called by the stage `real_cleaning`.

Such a file has no label beside those of its people. So the rule is applied in two ways: to all
three votes, where a pair is decided or not; and to each person's label in turn, judged again by the
other two, which is what cleaning does to a label. Intervals are over prompts.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data.cleaning import content_type, type_of, winners
from proxyreward.data.folds import conversation_groups
from proxyreward.data.pandalm import FIRST, PEOPLE, SECOND
from proxyreward.findings.real.real_cleaning.measure import (
    agreement,
    contents,
    counts,
    over_blocks,
    rows_of,
    type_shares,
    types,
)
from proxyreward.people.aggregation import AGGREGATES
from proxyreward.people.votes import Votes, gathered
from proxyreward.vocabulary import EMPTY, REPETITIVE, SAME, TOXIC, VAGUE

DECIDED = "decided"
KNOWN = (EMPTY, REPETITIVE, TOXIC, DECIDED, VAGUE)
"""What becomes of a pair without a first label."""


def votes(pairs: pd.DataFrame) -> np.ndarray:
    """1 for the first response, -1 for the second, 0 for a tie: int (pairs, people)."""
    labels = np.array([meta["labels"] for meta in pairs["meta"]])
    return (labels == FIRST).astype(np.int8) - (labels == SECOND)


def tables(source: str, pairs: pd.DataFrame, toxic: np.ndarray) -> dict[str, pd.DataFrame]:
    """All tables of these pairs, by name.

    Parameters
    ----------
    pairs : as `data.pandalm.as_shown` gives them.
    toxic : bool (pairs, 2), the first response first.
    """
    cast, own = votes(pairs), {"source": source}
    groups = conversation_groups(pairs["prompt"])
    again = [one_again(pairs, cast, toxic, groups, who) for who in range(len(PEOPLE))]
    return {
        "people_types": type_shares(decided(pairs, cast, toxic), groups, KNOWN, **own),
        "people_labels": pd.concat(again, ignore_index=True).assign(**own),
        "people_winners": aggregated(cast, groups).assign(**own),
        "agreement": agreement(cast, groups, **own),
        "contents": contents(pairs, **own),
    }


def decided(pairs: pd.DataFrame, cast: np.ndarray, toxic: np.ndarray) -> np.ndarray:
    """What the votes of all make of each pair, one of `KNOWN`; toxic is judged of the winner."""
    won = winners(*counts(cast).T)
    preferred = np.where(won > 0, toxic[:, 0], toxic[:, 1]) & (won != 0)
    each = zip(pairs["chosen"], pairs["rejected"], preferred, abs(won), strict=True)
    kinds = [type_of(content_type(c, r), t, w) for c, r, t, w in each]
    return np.array([DECIDED if kind == SAME else kind for kind in kinds], dtype=object)


def one_again(pairs, cast: np.ndarray, toxic: np.ndarray, groups: np.ndarray, who: int):
    """One person's labels, judged again by the others: types with shares; ties are no label."""
    rows = np.flatnonzero(cast[:, who])
    label, turned = cast[rows, who], cast[rows, who] < 0
    others = np.delete(cast[rows], who, axis=1) * label[:, None]
    sides = pairs[["chosen", "rejected"]].to_numpy()[rows]
    sides[turned], told = sides[turned, ::-1], toxic[rows].copy()
    told[turned] = told[turned, ::-1]
    frame = pd.DataFrame(sides, columns=["chosen", "rejected"])
    return type_shares(types(frame, others, told), groups[rows], person=PEOPLE[who])


def aggregated(cast: np.ndarray, groups: np.ndarray) -> pd.DataFrame:
    """What Dawid and Skene's model says beside the majority: outcome, count, share, interval.

    Of all pairs: *neither* decides; the *majority alone* or the *model alone* does; both decide,
    for the *same* or for *different* responses.
    """
    given = _as_votes(cast)
    majority, model = (AGGREGATES[name](given) for name in ("majority", "dawid-skene"))
    both = (majority != 0) & (model != 0)
    outcomes = {
        "neither": (majority == 0) & (model == 0),
        "majority alone": (majority != 0) & (model == 0),
        "model alone": (majority == 0) & (model != 0),
        "same": both & (majority == model),
        "different": both & (majority != model),
    }
    own = np.stack(list(outcomes.values()), axis=1)
    ends = over_blocks(lambda rows: own[rows].mean(axis=0), groups).clip(0, 1)
    found = rows_of(list(outcomes), ends, "outcome")
    found.insert(1, "count", own.sum(axis=0))
    return found


def _as_votes(cast: np.ndarray) -> Votes:
    words = {1: "first", -1: "second", 0: "tie"}

    def each() -> Iterator[tuple[int, str, str, str]]:
        for row, own in enumerate(cast):
            for who, vote in zip(PEOPLE, own, strict=True):
                yield row + 1, str(row), who, words[int(vote)]

    return gathered(Path("pandalm"), each(), None)
