"""Quantities of data that cannot be drawn again: their interval, and the file that holds them."""

import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import spearmanr, ttest_1samp

from proxyreward.findings.core import left_out, verdict
from proxyreward.findings.core.quantity import LeftOut
from proxyreward.findings.core.registry import load_registry
from proxyreward.pipeline.stages import scorecard


def left(statistic, *samples):
    return np.array([statistic(*np.delete(samples, i, axis=1)) for i in range(len(samples[0]))])


def test_of_a_mean_the_interval_is_students():
    values = np.array([0.1, 0.4, 0.2, 0.9, 0.5])
    found = LeftOut(left(np.mean, values), whole=values.mean())
    for level in (0.9, 0.95):
        estimate, *ends = found.interval(level)
        expected = ttest_1samp(values, 0).confidence_interval(level)
        assert estimate == values.mean() and ends == pytest.approx(tuple(expected))
    assert found.own == values.mean() and found.n == 5


def test_of_a_correlation_it_covers_and_stays_inside():
    rng, rho = np.random.default_rng(0), 0.5
    truth, held = 6 / np.pi * np.arcsin(rho / 2), []
    for _ in range(400):
        x = rng.normal(size=13)
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=13)

        def rank(*samples):
            return spearmanr(*samples)[0]

        found = LeftOut(left(rank, x, y), whole=rank(x, y), is_correlation=True).interval()
        held.append(found.low <= truth <= found.high)
        assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert 0.93 <= np.mean(held) <= 0.99


def test_a_perfect_correlation_and_a_single_part_are_no_error():
    assert LeftOut(np.ones(4), whole=1.0, is_correlation=True).interval().high == pytest.approx(1)
    assert np.isnan(LeftOut(np.ones(1), whole=1.0).interval()[1:]).all()
    with_a_gap = LeftOut(np.array([1.0, np.nan, 3.0]), whole=2.0)
    assert with_a_gap.n == 2 and np.isfinite(with_a_gap.interval()).all()


def test_a_file_gives_back_what_was_written(tmp_path):
    quantities = {
        "Spearman > all": LeftOut(np.array([0.1, np.nan]), whole=0.2, is_correlation=True),
        "share": LeftOut(np.array([0.5, 0.75]), whole=0.6),
    }
    table = left_out.as_table(quantities, ["a,b", "c"])
    table.to_csv(tmp_path / "left_out.csv", index=False)
    found = left_out.quantities(tmp_path)
    assert list(found) == list(quantities)
    for name, known in quantities.items():
        np.testing.assert_array_equal(found[name].values, known.values)
        assert (found[name].whole, found[name].is_correlation) == (
            known.whole,
            known.is_correlation,
        )


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: t.drop(columns="value"),
        lambda t: t.rename(columns={"without a": "a"}),
        lambda t: t.drop(columns="without a"),
        lambda t: pd.concat([t, t]),
        lambda t: t.assign(quantity=None),
        lambda t: t.assign(value="x"),
        lambda t: t.assign(correlation="perhaps"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, damage):
    whole = left_out.as_table({"q": LeftOut(np.array([1.0]), whole=1.0)}, ["a"])
    damage(whole).to_csv(tmp_path / "left_out.csv", index=False)
    with pytest.raises(ValueError, match=r"left_out\.csv: .*git checkout"):
        left_out.quantities(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"left_out\.csv.*git checkout"):
        left_out.quantities(tmp_path)


def test_what_is_decided_on_published_data_is_tracked_and_watched(root):
    """So that every clone has it, and the scorecard is made again when it changes."""
    stages = yaml.safe_load((root / "dvc.yaml").read_text())["stages"]
    measured = {claim.finding for claim in load_registry().claims()}
    for finding, source in left_out.PUBLISHED.items():
        assert finding in measured
        assert f"results/{source.scale}/{finding}" in stages["scorecard"]["deps"]
        assert left_out.published(root / "results", finding)


def test_the_scorecard_reads_published_data_at_every_scale(root, tmp_path):
    """In place of a folder of the scale, which need not have the finding."""
    folder = tmp_path / "results" / "smoke"
    shutil.copytree(root / "results" / "real-scores", folder.parent / "real-scores")
    found = scorecard._measured(folder, "real_regret")
    assert all(isinstance(quantity, LeftOut) for quantity in found.values())
    own, compared = verdict.decide("real_regret", found, load_registry())
    models = len(next(iter(found.values())).values)
    assert [decision.n for decision in own] == [models] * len(own) and len(compared) > len(own)
