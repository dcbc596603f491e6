import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core import replicates
from proxyreward.findings.rethinking import repeats
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
    expected = np.random.default_rng(0).normal(size=3)
    for metric, sign in (("accuracy", 1), ("kendall", -1)):
        found = repeats.draw_errors(Flat, 3, np.random.default_rng(0), metric)
        assert found.shape == (3, 4, 4)
        np.testing.assert_array_equal(found[:, 0, 0], sign * expected)


def test_the_long_table_and_the_array_hold_the_coefficients(errors, ndr):
    table = pd.concat(
        repeats.coefficients(sign * errors, ndr, NAMES, ("spearman", "mrr"), source=source)
        for sign, source in ((1, "z"), (-1, "y"))
    )
    assert list(table)[:5] == ["source", "optimiser", "statistic", "draw", "golden"]
    array = repeats.as_array(table, "source", "optimiser", "statistic")
    assert array.shape == (2, 2, 2, 3, 4)
    np.testing.assert_array_equal(array[0, 1, 0], by_golden("spearman", errors, ndr["ppo"]))
    np.testing.assert_allclose(array[1, :, 0], -array[0, :, 0])
    # What the table does not hold is NaN.
    part = table[(table["optimiser"] == "ppo") | (table["draw"] == 0)]
    array = repeats.as_array(part, "optimiser", "source", "statistic")
    assert np.isnan(array[0, ..., 1:, :]).all() and np.isfinite(array[1]).all()


def test_means_over_goldens_and_draws_leave_out_what_is_undefined(errors, ndr):
    ndr["ppo"][2] = np.nan  # a golden RM without a coefficient
    table = repeats.coefficients(errors, ndr, NAMES)
    known = np.delete(by_golden("spearman", errors, ndr["ppo"]), 2, axis=1)
    row = repeats.summary(table, "optimiser").set_index("optimiser").loc["ppo"]
    assert row.to_dict() == pytest.approx(
        {"mean": known.mean(), "sd": known.mean(axis=1).std(ddof=1)}
    )
    whole = repeats.overall(table, "optimiser").set_index("optimiser")["value"]
    assert whole["ppo"] == pytest.approx(known.mean())
    one = repeats.summary(table[table["draw"] == 0], "optimiser")
    assert one["sd"].isna().all()


def test_a_summary_over_replicates_has_a_row_for_each_mean_with_its_sd(errors, ndr, tmp_path):
    runs = {
        seed: repeats.long(repeats.summary(repeats.coefficients(part, ndr, NAMES), "optimiser"))
        for seed, part in enumerate((errors, errors[:, ::-1]))
    }
    replicates.write(tmp_path, 0, {seed: {"x": run} for seed, run in runs.items()}, "x")
    found = repeats.with_sd(replicates.read(tmp_path, "x"))
    assert found["optimiser"].tolist() == ["best-of-n", "ppo"]
    values = np.stack([run["value"] for run in runs.values()]).mean(axis=0)
    np.testing.assert_allclose(found[["estimate", "sd"]].to_numpy().T.ravel(), values, rtol=1e-6)
    row = next(repeats.with_sd(repeats.alone(runs[0])).itertuples())
    assert repeats.sd_cell(row) == f"{row.estimate:.2f} ±\u00a0{row.sd:.2f}"
    assert "±" not in repeats.sd_cell(row._replace(sd=0.0))
