"""Records of one subset: parts of all records, other draws of a kind, and a taste of their own."""

import numpy as np
import pandas as pd
import pytest

from proxyreward.data.transcripts import last_request
from proxyreward.vocabulary import HARMLESS_BASE, MIXED, TEST, TRAIN
from proxyreward.world import dirty, sources
from proxyreward.world.mixture import reserved

NONE: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def everything():
    return dirty.records(40, 10, 1.5, 0.5, NONE, seed=2)


def test_all_records_are_those_of_each_subset(everything):
    for split, source, count in ((TRAIN, MIXED, 40), (TEST, HARMLESS_BASE, 10)):
        own = everything[(everything["split"] == split) & (everything["source"] == source)]
        found = dirty.drawn(split, source, count, 1.5, 0.5, NONE, 2)
        pd.testing.assert_frame_equal(found, own.drop(columns="pair_id").reset_index(drop=True))


def test_further_records_are_others_on_prompts_that_no_test_asks(everything):
    found = dirty.drawn(TRAIN, MIXED, 40, 1.5, 0.5, NONE, 2, "further records")
    assert not {*found["prompt"] + found["chosen"]} & {*everything["prompt"] + everything["chosen"]}
    assert not {*found["prompt"].map(last_request)} & reserved(2)


def test_at_full_conflict_a_sure_judge_follows_the_taste_of_the_subset_alone():
    found = dirty.drawn(TRAIN, HARMLESS_BASE, 60, 1e6, 1.0, NONE, 2)
    requests = found["prompt"].map(last_request)
    worth = [sources.utility("harmless", requests, found[side]) for side in ("chosen", "rejected")]
    assert (np.subtract(*worth) >= 0).all() and (found["margin"] < 0).any()
