import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking.repeats import (
    as_array,
    coefficients,
    draw_errors,
    summary,
)
from proxyreward.metrics.prediction import by_golden

NAMES = ["a", "b", "c", "d"]


class Flat:
    """A test set whose error is one random number, whatever the metric."""

    def __init__(self, rng):
        self.value = rng.normal()

    def error(self, metric):
        return np.full((4, 4), self.value if metric == "accuracy" else -self.value)


@pytest.fixture
def errors():
    return np.random.default_rng(0).normal(size=(3, 4, 4))


@pytest.fixture
def ndr():
    rng = np.random.default_rng(1)
    return {"best-of-n": rng.normal(size=(4, 4)), "ppo": rng.normal(size=(4, 4))}


def test_draws_go_on_with_one_generator_and_the_metric_asked_for():
    found = draw_errors(Flat, 3, np.random.default_rng(0))
    expected = np.random.default_rng(0).normal(size=3)
    assert found.shape == (3, 4, 4)
    np.testing.assert_array_equal(found[:, 0, 0], expected)
    other = draw_errors(Flat, 3, np.random.default_rng(0), metric="kendall")
    np.testing.assert_array_equal(other, -found)


def test_the_long_table_and_the_array_hold_the_coefficients(errors, ndr):
    table = pd.concat(
        coefficients(sign * errors, ndr, NAMES, ("spearman", "mrr"), source=source)
        for sign, source in ((1, "z"), (-1, "y"))
    )
    assert table.columns.tolist() == [
        "source", "optimiser", "statistic", "draw", "golden", "coefficient",
    ]  # fmt: skip
    array = as_array(table, "source", "optimiser", "statistic")
    assert array.shape == (2, 2, 2, 3, 4)
    np.testing.assert_array_equal(array[0, 1, 0], by_golden("spearman", errors, ndr["ppo"]))
    np.testing.assert_allclose(array[1, :, 0], -array[0, :, 0])


def test_what_the_table_does_not_hold_is_nan(errors, ndr):
    table = coefficients(errors, ndr, NAMES)
    table = table[(table["optimiser"] == "ppo") | (table["draw"] == 0)]
    array = as_array(table, "optimiser")
    assert np.isnan(array[0, 1:]).all() and np.isfinite(array[0, 0]).all()
    assert np.isfinite(array[1]).all()


def test_the_summary_is_over_draws_of_means_over_goldens(errors, ndr):
    table = coefficients(errors, ndr, NAMES)
    row = summary(table, "optimiser").set_index("optimiser").loc["ppo"]
    by_draw = by_golden("spearman", errors, ndr["ppo"]).mean(axis=1)
    assert row["mean"] == pytest.approx(by_draw.mean())
    assert row["sd"] == pytest.approx(by_draw.std(ddof=1))
    assert (row["low"], row["high"]) == pytest.approx((by_draw.min(), by_draw.max()))


def test_goldens_without_a_coefficient_are_left_out_of_the_summary(errors, ndr):
    broken = {"ppo": ndr["ppo"].copy()}
    broken["ppo"][2] = np.nan
    table = coefficients(errors, broken, NAMES)
    known = np.delete(by_golden("spearman", errors, ndr["ppo"]), 2, axis=1)
    assert summary(table, "optimiser")["mean"].item() == pytest.approx(known.mean())
