"""Numbers over replicates: intervals that cover, and what single and equal replicates tell."""

import numpy as np
import pytest
from scipy import stats

from proxyreward.findings.core.quantity import Quantity, counted, over_replicates


@pytest.mark.parametrize("level", [0.9, 0.95, 1 - 0.05 / 8])
@pytest.mark.parametrize("values", [[0.1, 0.4, 0.2, 0.5], np.cos(np.arange(20))])
def test_the_interval_is_that_of_students_t(values, level):
    expected = stats.ttest_1samp(values, 0).confidence_interval(level)
    found = over_replicates(values, level)
    assert found.estimate == pytest.approx(np.mean(values))
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_rows_of_a_table_are_as_each_by_itself_and_what_is_undefined_is_left_out():
    table = np.array([[1.0, 2.0, 4.0], [3.0, np.nan, 5.0], [np.nan] * 3])
    found = np.stack(over_replicates(table), axis=-1)
    for row, values in zip(found[:2], ([1, 2, 4], [3, 5]), strict=True):
        assert row == pytest.approx(over_replicates(np.array(values)))
    assert np.isnan(found[2]).all()


def test_an_infinite_number_is_not_left_out():
    found = Quantity(np.array([1.0, 2.0, np.inf, np.nan]))
    estimate, *ends = found.interval()
    assert estimate == np.inf and np.isnan(ends).all() and found.n == 3
    assert Quantity(found.values, is_counted=True).interval() == (np.inf, 1.0, np.inf)


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_replicates_that_agree_to_the_last_digit_are_sure_once_they_are_enough(level):
    """If half of all runs gave another value, n of n would agree with probability 2^(1-n)."""
    for n in range(1, 12):
        _, low, high = over_replicates(np.full(n, 0.1), level)
        assert np.isfinite([low, high]).all() == (2.0 ** (1 - n) <= 1 - level), n
    assert low == pytest.approx(0.1) == high
    assert np.isfinite(over_replicates(np.zeros(6))).all()


@pytest.mark.parametrize("runs", [4, 20])
@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 8])
def test_intervals_cover_as_often_as_they_say(runs, level):
    """A value in a replicate: the truth, what its world shares, and the noise of its own runs."""
    rng = np.random.default_rng(0)
    worlds = rng.normal(scale=0.5, size=(20_000, runs, 1))
    values = (0.3 + worlds + rng.normal(size=(20_000, runs, 10))).mean(axis=-1)
    _, low, high = over_replicates(values, level)
    assert np.mean((low <= 0.3) & (0.3 <= high)) == pytest.approx(level, abs=0.01)


def test_exact_quantities_have_to_agree_in_all_replicates():
    found = Quantity(np.array([0.0, 3.0, np.nan]), is_counted=True)
    assert found.interval(0.95) == found.interval(0.99) == (1.5, 0.0, 3.0) and found.n == 2
    assert counted(2).interval() == (2, 2, 2)
