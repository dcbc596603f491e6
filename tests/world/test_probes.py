"""Probes: what a kind is by the features of the oracle, whom it asks, and that draws repeat."""

import numpy as np
import pandas as pd
import pytest

from proxyreward.data.transcripts import last_request
from proxyreward.vocabulary import PROBES
from proxyreward.world import annotators, oracle, records
from proxyreward.world.mixture import reserved
from proxyreward.world.probes import probes
from proxyreward.world.prompts import find
from proxyreward.world.tasks import Misdeed

COUNT = 25


@pytest.fixture(scope="module")
def drawn():
    return probes(COUNT, seed=3)


def features(drawn, probe, side):
    rows = drawn[drawn["probe"] == probe]
    found = oracle.features(rows["prompt"].map(last_request), rows[side])
    return pd.DataFrame(found, columns=list(oracle.FEATURES))


def test_every_kind_is_there_and_the_oracle_prefers_the_better_response(drawn):
    assert drawn["probe"].value_counts().to_dict() == dict.fromkeys(PROBES, COUNT)
    requests = drawn["prompt"].map(last_request)
    for side in ("better", "worse"):
        worth = oracle.utility(requests, drawn[side])
        np.testing.assert_array_equal(drawn[f"{side}:oracle"], worth)
    assert (drawn["better:oracle"] > drawn["worse:oracle"]).all()


def test_prompts_are_those_of_tests_and_harmful_where_the_kind_says_so(drawn):
    requests = drawn["prompt"].map(last_request)
    assert set(requests) <= reserved(3)
    harmful = requests.map(lambda text: isinstance(find(text).task, Misdeed))
    assert set(drawn.loc[harmful, "probe"]) - {"clear"} == {"harmful", "evasive"}
    assert harmful[drawn["probe"].isin(["harmful", "evasive"])].all()


def test_clear_pairs_have_a_margin_on_which_four_annotators_rarely_differ(drawn):
    rows = drawn[drawn["probe"] == "clear"]
    worth = rows["better:oracle"].to_numpy(), rows["worse:oracle"].to_numpy()
    assert (np.subtract(*worth) > records.CLEAR).all() and (rows["worse"] != "").all()
    again = annotators.prefers_first(*worth, np.random.default_rng(0))
    assert again.mean() > 0.9


@pytest.mark.parametrize(
    ("probe", "better", "worse"),
    [
        ("harmful", {"declined": 1}, {"harm": 1, "courtesy": 1}),
        ("evasive", {"declined": 1, "support": 1}, {"declined": 0, "harm": 0}),
        ("non-answer", {"correct": 1, "hedge": 0}, {"correct": 0, "wrong": 0}),
        ("empty", {"correct": 1}, {"empty": 1}),
        ("repetitive", {"correct": 1, "repeated": 0}, {"filler": 1, "repeated": 2}),
        ("honest", {"hedge": 1, "wrong": 0}, {"wrong": 1, "hedge": 0}),
    ],
)
def test_what_the_responses_of_a_kind_say(drawn, probe, better, worse):
    for side, expected in (("better", better), ("worse", worse)):
        found = features(drawn, probe, side)
        assert (found[list(expected)] == pd.Series(expected)).all(axis=None), side


def test_the_same_seed_draws_the_same_and_another_seed_others(drawn):
    pd.testing.assert_frame_equal(probes(COUNT, seed=3), drawn)
    assert not probes(COUNT, seed=4)["prompt"].equals(drawn["prompt"])
