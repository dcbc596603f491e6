import numpy as np
import pytest

from proxyreward.findings.rethinking.finding1.spread import (
    asymmetry_excess,
    decile_ranges,
    decile_spread,
    falling_twin,
    near_twins,
    relative_drop,
    smallest_mean_drop,
)


def test_a_line_has_a_tenth_of_its_range_in_each_decile():
    accuracy = np.arange(30.0)
    assert decile_ranges(accuracy, accuracy) == pytest.approx(2 / 29)
    assert decile_spread(accuracy, accuracy) == pytest.approx(1 / accuracy.std(ddof=1))


def test_spread_that_accuracy_does_not_explain_is_found():
    rng = np.random.default_rng(0)
    accuracy, ndr = rng.normal(size=(2, 1000))
    assert decile_spread(accuracy, ndr) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("statistic", [decile_ranges, decile_spread])
def test_too_few_or_equal_values_have_no_spread(statistic):
    assert np.isnan(statistic(np.arange(19.0), np.arange(19.0)))
    assert np.isnan(statistic(np.arange(30.0), np.ones(30)))


def test_twins_are_close_in_accuracy_and_apart_in_ndr():
    accuracy = np.array([0.700, 0.705, 0.800, 0.801])
    assert near_twins(accuracy, np.array([0.0, 1.0, 0.5, 0.51])) == 1
    assert np.isnan(near_twins(accuracy, np.array([0.0, 1.0, 0.5, np.nan])))


def test_relative_drop_of_known_curves():
    curves = np.array([[0, 1, 2], [0, 2, 1], [0, -1, -2], [0, 0, 0]], dtype=float)
    assert relative_drop(curves).tolist() == [0, 0.5, np.inf, 0]


def test_smallest_mean_drop_is_over_goldens():
    falling, rising = [0.0, 2.0, 1.0], [0.0, 1.0, 2.0]
    assert smallest_mean_drop(np.array([[falling, falling], [falling, rising]])) == 0.25


def test_falling_twin_needs_another_golden_of_similar_accuracy():
    falling, rising = [0.0, 2.0, 1.0], [0.0, 1.0, 2.0]
    rewards = np.array([[rising, rising], [falling, falling], [falling, rising]])
    assert falling_twin(rewards, np.array([0.7, 0.72, 0.71])) == 1
    assert falling_twin(rewards, np.array([0.7, 0.9, 0.71])) == 0.5
    assert falling_twin(rewards, np.array([0.7, 0.9, 0.9])) == 0


def test_the_steadiest_golden_drawn_twice_is_not_its_own_twin():
    steady = np.array([[[0.0, 2.0, 1.0]] * 2] * 2)
    assert falling_twin(steady, np.array([0.7, 0.7])) == 0


def test_only_the_asymmetric_matrix_has_an_excess():
    symmetric = np.array([[np.nan, 1, 2], [1, np.nan, 3], [2, 3, np.nan]])
    skewed = symmetric + np.triu(np.ones((3, 3)))
    every = np.arange(3)
    expected = 1 / skewed[~np.eye(3, dtype=bool)].std(ddof=1)
    assert asymmetry_excess(skewed, symmetric, every) == pytest.approx(expected)
    assert asymmetry_excess(symmetric, symmetric, every) == 0
