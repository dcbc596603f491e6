"""Replicates as the unit of evidence: intervals that cover, and a table that loses nothing."""

import numpy as np
import pytest
from scipy import stats

from proxyreward.findings.core import replicates
from proxyreward.findings.core.replicates import Replicated
from proxyreward.findings.core.verdict import Quantity, counted


def of(**values):
    """Quantities of one replicate."""
    return {name: Quantity(np.array([value]), n=1, paper=0.5) for name, value in values.items()}


def test_the_interval_is_that_of_students_t():
    values = np.array([0.1, 0.4, 0.2, 0.5])
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    found = Replicated(values).interval(0.9)
    assert found.estimate == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("runs", [4, 20])
@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 8])
def test_intervals_cover_as_often_as_they_say(runs, level):
    """A value in a replicate: the truth, what its world shares, and the noise of its own runs."""
    rng = np.random.default_rng(0)
    worlds = rng.normal(scale=0.5, size=(20_000, runs, 1))
    values = (0.3 + worlds + rng.normal(size=(20_000, runs, 10))).mean(axis=-1)
    found = [Replicated(row).interval(level) for row in values[:4000]]
    covered = np.mean([low <= 0.3 <= high for _, low, high in found])
    assert covered == pytest.approx(level, abs=0.02)


def test_students_t_agrees_with_a_bootstrap_of_many_replicates():
    values = np.random.default_rng(1).exponential(size=200)
    resampled = stats.bootstrap((values,), np.mean, rng=np.random.default_rng(2), method="BCa")
    low, high = resampled.confidence_interval
    found = Replicated(values).interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.03)


def test_one_replicate_says_nothing_of_its_spread():
    estimate, low, high = Replicated(np.array([2.0])).interval(0.95)
    assert estimate == 2.0 and np.isnan([low, high]).all()
    assert np.isnan(Replicated(np.array([])).interval(0.95)).all()


def test_replicates_that_agree_to_the_last_digit_say_nothing_of_their_spread():
    estimate, low, high = Replicated(np.array([0.1, 0.1, 0.1])).interval(0.95)
    assert estimate == pytest.approx(0.1) and np.isnan([low, high]).all()


def test_exact_quantities_have_to_agree_in_all_replicates():
    found = Replicated(np.array([0.0, 3.0]), is_counted=True)
    assert found.interval(0.95) == found.interval(0.99) == (1.5, 0.0, 3.0)


def write(folder, found, default=0, experiment="e"):
    return replicates.write(folder, default, found, experiment)


def test_what_is_written_is_read_again(tmp_path):
    write(tmp_path, {0: of(b=1.0, a=2.0) | {"c": counted(3, 1)}, 1: of(b=2.0, a=np.nan)})
    found = replicates.read(tmp_path)
    assert list(found) == ["b", "a", "c"]  # as the default run names them
    assert found["b"].values.tolist() == [1, 2] and found["a"].values.tolist() == [2]
    assert found["b"].own == 1 and found["a"].own == 2
    assert found["b"].paper == 0.5 and np.isnan(found["c"].paper)
    assert found["c"].is_counted and not found["b"].is_counted and found["a"].n == 1


def test_replicates_that_were_not_run_here_stay(tmp_path):
    write(tmp_path, {0: of(a=1.0), 1: of(a=2.0), 2: of(a=3.0)})
    assert write(tmp_path, {0: of(a=9.0), 2: of(a=8.0)}) == []
    assert replicates.read(tmp_path)["a"].values.tolist() == [9, 2, 8]


def test_another_seed_of_the_default_run_takes_the_place_of_the_replicate_that_had_it(tmp_path):
    write(tmp_path, {0: of(a=1.0), 1: of(a=2.0), 2: of(a=3.0)})
    write(tmp_path, {2: of(a=4.0)}, default=2)
    found = replicates.read(tmp_path)["a"]
    assert found.values.tolist() == [4, 1, 2] and found.own == 4


def test_runs_with_other_parameters_are_no_replicates(tmp_path):
    write(tmp_path, {0: of(a=1.0), 1: of(a=2.0), 2: of(a=3.0)})
    told = write(tmp_path, {0: of(a=5.0)}, experiment="another")
    assert told == ["2 replicates with other parameters"]
    assert replicates.read(tmp_path)["a"].values.tolist() == [5]


def test_quantities_that_are_not_measured_any_more_go(tmp_path):
    write(tmp_path, {0: of(old=1.0, a=1.0), 1: of(old=2.0, a=2.0)})
    assert write(tmp_path, {0: of(a=3.0, new=1.0)}) == ["1 quantities of an earlier code"]
    found = replicates.read(tmp_path)
    assert list(found) == ["a", "new"] and found["a"].n == 2 and found["new"].n == 1


@pytest.mark.parametrize("experiment", ["123456789012", "1234567e8901", "00012"])
def test_an_experiment_may_look_like_a_number(tmp_path, experiment):
    write(tmp_path, {0: of(a=1.0), 1: of(a=2.0)}, experiment=experiment)
    assert write(tmp_path, {0: of(a=1.0)}, experiment=experiment) == []
    assert replicates.read(tmp_path)["a"].n == 2


HEAD = ",".join(replicates.COLUMNS)
ROW = "0,True,e,a,1,,False"


def test_a_damaged_table_is_written_anew_and_that_is_said(tmp_path):
    (tmp_path / replicates.TABLE).write_text("<<<<<<< HEAD\n")
    [told] = write(tmp_path, {0: of(a=1.0)})
    assert told.startswith("a damaged table (columns ")
    assert replicates.read(tmp_path)["a"].n == 1


def test_same_replicates_same_bytes_in_whatever_order_they_came(tmp_path):
    found = {0: of(a=1.0, b=0.1), 1: of(a=2.0, b=0.2), 2: of(a=3.0, b=0.3)}
    write(tmp_path, found)
    whole = (tmp_path / replicates.TABLE).read_bytes()
    (tmp_path / replicates.TABLE).unlink()
    for seed in (2, 1):
        write(tmp_path, {seed: found[seed], 0: found[0]})
    assert (tmp_path / replicates.TABLE).read_bytes() == whole


DAMAGES = {
    "missing": None,
    "empty": "",
    "other columns": "a,b\n1,2\n",
    "a text for a number": f"{HEAD}\n0,True,e,a,much,,False\n",
    "a word for a truth": f"{HEAD}\n0,True,e,a,1,,no\n",
    "cut off": f"{HEAD}\n{ROW}\n1,False,e\n",
    "a replicate twice": f"{HEAD}\n{ROW}\n{ROW}\n",
    "two experiments": f"{HEAD}\n{ROW}\n1,False,f,a,1,,False\n",
    "two default runs": f"{HEAD}\n{ROW}\n1,True,e,a,1,,False\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_table_is_named_with_the_remedy(tmp_path, damage):
    if DAMAGES[damage] is not None:
        (tmp_path / replicates.TABLE).write_text(DAMAGES[damage])
    with pytest.raises(ValueError, match=r"quantities\.csv: .*writes the table again"):
        replicates.read(tmp_path)
