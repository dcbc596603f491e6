"""Training sets of the same records, each by its definition."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from proxyreward.data import pairs, variants
from proxyreward.data.cleaning import type_of, winners
from proxyreward.vocabulary import (
    CLEANED,
    EMPTY,
    FEWER,
    FOUR_JUDGES,
    INVERTED,
    ONE_JUDGE,
    OPPOSITE,
    REMOVED,
    REPETITIVE,
    SAME,
    TOXIC,
    TYPES,
    UNCLEANED,
    USELESS,
    VAGUE,
    WITH_TOXIC,
    WITH_USELESS,
)

VOTES = [f"vote_{i}" for i in range(4)]
PROMPT = "\n\nHuman: {}\n\nAssistant:"


def record(number, votes, content=None, toxic=False):
    """A record of four votes for the chosen response; its texts tell its number and side."""
    chosen, rejected = f"good {number}", f"bad {number}"
    if content == EMPTY:
        rejected = ""
    if content == REPETITIVE:
        rejected = chosen
    won = winners(*(np.array([n]) for n in (sum(votes), 4 - sum(votes), 0)))[0]
    texts = {"prompt": PROMPT.format(number), "chosen": chosen, "rejected": rejected}
    kind = type_of(content, toxic, won)
    return {"pair_id": number + 7, **texts, "source": "mixed", "type": kind} | dict(
        zip(VOTES, votes, strict=True)
    )


@pytest.fixture(scope="module")
def records():
    """Every outcome of four votes three times, and pairs on which nobody votes; mixed."""
    votes = list(product((False, True), repeat=4)) * 3
    content = [None] * len(votes) + [EMPTY, REPETITIVE, TOXIC] * 5
    votes += [(True, False, True, True)] * 15
    order = np.random.default_rng(0).permutation(len(votes))
    rows = [
        record(place, votes[i], content[i] if content[i] != TOXIC else None, content[i] == TOXIC)
        for place, i in enumerate(order)
    ]
    # Rows of a larger table keep their index.
    return pd.DataFrame(rows, index=np.arange(len(rows)) + 100)


@pytest.fixture(scope="module")
def sets(records):
    return variants.training_sets(records, VOTES, seed=0)


def labels(frame):
    """(prompt, whether the chosen response is the one that was labelled so first)."""
    return list(zip(frame["prompt"], frame["chosen"].str.startswith("good")))


def told(records, rows, turned=False):
    """The same of some records, as labelled first or turned."""
    return [(prompt, not turned) for prompt in records.loc[rows, "prompt"]]


def test_all_follow_the_schema_of_pairs(sets, records):
    assert set(records["type"]) == set(TYPES)
    for name, frame in sets.items():
        pairs.validate(frame, name)
        assert frame["source"].eq("mixed").all()


def test_clean_is_same_and_opposite_with_its_label_turned(sets, records):
    expected = {
        (row.prompt, row.type == SAME)
        for row in records.itertuples()
        if row.type in (SAME, OPPOSITE)
    }
    found = labels(sets[CLEANED])
    assert set(found) == expected and len(found) == len(expected)
    turned = sets[CLEANED].set_index("prompt")
    for row in records[records["type"] == OPPOSITE].itertuples():
        assert turned.at[row.prompt, "chosen"] == row.rejected
        assert turned.at[row.prompt, "rejected"] == row.chosen


def test_what_is_left_out_or_left_as_it_was(sets, records):
    kind = records["type"]
    assert labels(sets[UNCLEANED]) == told(records, kind.notna())
    assert labels(sets[REMOVED]) == told(records, kind == SAME)
    assert labels(sets[INVERTED]) == told(records, kind.isin([SAME, OPPOSITE]))
    useless = kind.isin([VAGUE, EMPTY, REPETITIVE])
    assert labels(sets[USELESS]) == told(records, useless)
    assert labels(sets[WITH_USELESS]) == labels(sets[CLEANED]) + told(records, useless)
    assert labels(sets[WITH_TOXIC]) == labels(sets[CLEANED]) + told(records, kind == TOXIC)


def test_counts_add_up(sets, records):
    size = {name: len(frame) for name, frame in sets.items()}
    count = records["type"].value_counts()
    assert size[CLEANED] == size[FEWER] == size[INVERTED] == count[SAME] + count[OPPOSITE]
    assert size[REMOVED] == count[SAME]
    assert size[UNCLEANED] == size[CLEANED] + size[USELESS] + count[TOXIC]
    assert size[WITH_USELESS] + count[TOXIC] == size[UNCLEANED] == len(records)


def test_fewer_are_drawn_from_the_original_by_seed(sets, records):
    found = labels(sets[FEWER])
    original = labels(sets[UNCLEANED])
    places = [original.index(one) for one in found]
    assert places == sorted(set(places))
    again, other = (variants.training_sets(records, VOTES, seed)[FEWER] for seed in (0, 1))
    assert again.equals(sets[FEWER]) and labels(other) != found


def test_one_judge_decides_by_the_first_vote(sets, records):
    judged = records[~records["type"].isin([EMPTY, REPETITIVE, TOXIC])]
    assert labels(sets[ONE_JUDGE]) == list(zip(judged["prompt"], judged[VOTES[0]]))


def test_four_judges_cost_as_many_votes_as_one(sets, records):
    """Four judges vote on the first records that one judges, a quarter of them."""
    judged = records[~records["type"].isin([EMPTY, REPETITIVE, TOXIC])]
    cost = len(sets[ONE_JUDGE])
    first = judged.head(cost // 4)
    assert 0 <= cost - 4 * len(first) < 4
    assert labels(sets[FOUR_JUDGES]) == labels(variants.cleaned(first))
    assert 0 < len(sets[FOUR_JUDGES]) < len(first)
