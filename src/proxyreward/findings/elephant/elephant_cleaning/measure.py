"""How dirty the records are, and what cleaning finds of it.

In: records of the stage `cleaning`, of which the truth is known. Out: tables by set: the training
set and five test subsets.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from proxyreward.data import cleaning
from proxyreward.data.transcripts import last_request
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.registry import Registry
from proxyreward.vocabulary import (
    ALL,
    HELPFUL_ONLINE,
    OPPOSITE,
    SAME,
    SUBSETS,
    TOXIC,
    TRAIN,
    TYPES,
    VAGUE,
)
from proxyreward.world.dirty import ANNOTATORS

PRINTED = {TRAIN: "train", HELPFUL_ONLINE: "test_helpful_online"}
"""Sets of which the paper prints the share of type *same*."""
VOTED = (SAME, VAGUE, OPPOSITE)
COUNT, SHARE = "count", "share"
SIZES = (0.0, 0.25, 0.5, 1.0, 2.0, np.inf)
"""Ends of the bins of absolute margins, in utility."""
BEFORE, AFTER = "wrong before", "wrong after"
FATES = TURNED, DROPPED, LEFT = "turned", "dropped", "left"
PRECISION, HARMED, LOST = "precision", "harmed", "lost"
EXAMPLES = 2


def by_set(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The training set, and the test records of each subset."""
    training = records["split"] == TRAIN
    tests = {name: records[~training & (records["source"] == name)] for name in SUBSETS}
    return {TRAIN: records[training]} | tests


def judged(records: pd.DataFrame) -> pd.DataFrame:
    """Records whose type the votes decide."""
    return records[records["type"].isin(VOTED)]


def types(sets: Mapping[str, pd.DataFrame], registry: Registry) -> pd.DataFrame:
    """Counts and shares of the six types: set, type, measure, paper, value (Table 7, Figures 3, 7).

    The paper's two percentages are the shares of *same*.
    """
    printed = registry.printed("elephant.fig3", "unaffected_percent")
    rows = []
    for (name, records), kind in product(sets.items(), TYPES):
        found = records["type"] == kind
        paper = printed[PRINTED[name]] / 100 if kind == SAME and name in PRINTED else np.nan
        rows.append((name, kind, COUNT, np.nan, found.sum()))
        rows.append((name, kind, SHARE, paper, found.mean()))
    return pd.DataFrame(rows, columns=["set", "type", "measure", "paper", "value"])


def truth(sets: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What the oracle says of the labels before and after cleaning: set, size, measure, value.

    `size` is the bin of the absolute margin, or all; single bins are given of the training set.
    Pairs between which the oracle sees no difference are left out. Shares:

    - ``wrong before``, ``wrong after``: of the pairs, those whose label the oracle contradicts;
    - of those with a wrong label: ``turned`` (recall), ``dropped`` and ``left``;
    - of those with a right label: ``harmed`` (turned) and ``lost`` (dropped);
    - ``precision``: of the turned ones, those whose label was wrong; and ``share``: pairs in a bin.
    """
    rows = []
    for name, records in sets.items():
        known = records[records["margin"] != 0]
        rows += [(name, ALL, *found) for found in _fates(known).items()]
        for size, part in binned(known) if name == TRAIN else ():
            rows += [(name, size, *found) for found in _fates(part).items()]
            rows.append((name, size, SHARE, len(part) / len(known)))
    return pd.DataFrame(rows, columns=["set", "size", "measure", "value"])


def binned(records: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Records by the size of their margin, the bins of :data:`SIZES` by name."""
    place = np.searchsorted(SIZES, records["margin"].abs(), side="right") - 1
    names = [f"{low:g} to {high:g}" for low, high in zip(SIZES[:-2], SIZES[1:-1])]
    names.append(f"{SIZES[-2]:g} or more")
    return [(name, records[place == i]) for i, name in enumerate(names)]


def _fates(records: pd.DataFrame) -> dict[str, float]:
    wrong, action = records["margin"] < 0, records["type"].map(cleaning.ACTION)
    turned, dropped = action == cleaning.SWAP, action == cleaning.DROP
    return {
        BEFORE: wrong.mean(),
        AFTER: (wrong ^ turned)[~dropped].mean(),
        TURNED: turned[wrong].mean(),
        DROPPED: dropped[wrong].mean(),
        LEFT: (~turned & ~dropped)[wrong].mean(),
        HARMED: turned[~wrong].mean(),
        LOST: dropped[~wrong].mean(),
        PRECISION: wrong[turned].mean(),
    }


def toxic(sets: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What the rule leaves open about toxic records: set, measure, value.

    Counts as of :func:`proxyreward.people.clean.summarise`: of type ``toxic``, of these
    ``outvoted`` and ``correctable``, and ``swapped_to_toxic``. Shares of all records whose
    ``chosen`` or ``rejected`` response is toxic.
    """
    rows = []
    for name, records in sets.items():
        kind, other = records["type"], records["rejected_toxic"]
        outvoted = (kind == TOXIC) & (2 * records[list(ANNOTATORS)].sum(axis=1) < len(ANNOTATORS))
        counts = {TOXIC: kind == TOXIC, "outvoted": outvoted, "correctable": outvoted & ~other}
        counts["swapped_to_toxic"] = (kind == OPPOSITE) & other
        rows += [(name, measure, found.sum()) for measure, found in counts.items()]
        rows += [(name, "chosen", records["toxic"].mean()), (name, "rejected", other.mean())]
    return pd.DataFrame(rows, columns=["set", "measure", "value"])


def differences(records: pd.DataFrame, cleaned: pd.DataFrame) -> int:
    """Pairs that only one has of cleaned pairs and *same* with turned *opposite* records."""
    texts = ["source", "prompt", "chosen", "rejected"]
    turned = select(records, type=OPPOSITE).rename(
        columns={"chosen": "rejected", "rejected": "chosen"}
    )
    parts = (select(records, type=SAME), turned)
    expected = Counter(
        row for part in parts for row in part[texts].itertuples(index=False, name=None)
    )
    found = Counter(cleaned[texts].itertuples(index=False, name=None))
    return (expected - found).total() + (found - expected).total()


def examples(records: pd.DataFrame) -> pd.DataFrame:
    """The first records of each type: type, request, chosen, rejected, votes for the chosen."""
    first = records.groupby("type", sort=False).head(EXAMPLES)
    first = first.assign(
        request=first["prompt"].map(last_request), votes=first[list(ANNOTATORS)].sum(axis=1)
    )
    place = first["type"].map(TYPES.index)
    return first.loc[place.sort_values(kind="stable").index][
        ["type", "request", "chosen", "rejected", "votes"]
    ]
