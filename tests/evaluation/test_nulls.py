import dataclasses

import numpy as np
import pytest
from tests.evaluation.dense import scored

from proxyreward.data.report import DataError
from proxyreward.evaluation.nulls import with_nulls


@pytest.fixture
def scores():
    return scored(np.zeros((1, 2, 3)), length=np.array([5, 2, np.nan, 1, 4, 9]))


def test_they_prefer_what_their_names_say(scores):
    both, names = with_nulls(scores)
    assert both.models == ("a", *names)
    np.testing.assert_array_equal(both.of("null:longer"), scores.length)
    np.testing.assert_array_equal(both.of("null:shorter"), -scores.length)
    np.testing.assert_array_equal(both.of("null:first"), [0, -1, -2, 0, -1, -2])
    assert len(set(both.of("null:constant"))) == 1
    assert len(set(both.of("null:random"))) == 6


@pytest.mark.parametrize("length", [None, np.full(6, np.nan)])
def test_without_lengths_none_prefers_by_length(scores, length):
    _, names = with_nulls(dataclasses.replace(scores, length=length))
    assert names == ("null:constant", "null:random", "null:first")


def test_without_an_order_none_prefers_what_stands_first(scores):
    _, names = with_nulls(dataclasses.replace(scores, position=None))
    assert names == ("null:longer", "null:shorter", "null:constant", "null:random")


def test_random_scores_follow_the_seed_alone(scores):
    drawn = [with_nulls(scores, seed)[0].of("null:random").tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_random_scores_are_not_those_of_data_with_the_same_seed(scores):
    drawn = with_nulls(scores, 0)[0].of("null:random")
    assert not np.isin(drawn, np.random.default_rng(0).normal(size=1000)).any()


def test_a_model_may_not_have_such_a_name(scores):
    with pytest.raises(DataError, match="'null:first'.*rename"):
        with_nulls(dataclasses.replace(scores, models=("null:first",)))
