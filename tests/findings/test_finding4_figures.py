import numpy as np
import pytest

from proxyreward.findings.rethinking import finding4
from proxyreward.metrics.prediction import mrr_chance


@pytest.fixture(autouse=True)
def no_screen(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")


@pytest.fixture(scope="module")
def tables(evidence, registry):
    long = finding4.compute(
        evidence, responses=5, draws=3, quality=2.0, rng=np.random.default_rng(0)
    )
    return finding4.summarise(long, resamples=20, rng=np.random.default_rng(1), registry=registry)


def test_table_4_marks_ours_and_the_papers_for_both_optimisers(tables):
    figure = finding4.plot_table4(tables["table4"], 6)
    spearman, mrr = figure.axes
    assert len(spearman.containers) == 4
    labels = [container.get_label() for container in spearman.containers]
    assert labels == ["Best-of-n, ours", "Best-of-n, paper", "PPO, ours", "PPO, paper"]
    drawn = spearman.containers[3].lines[0].get_xdata()
    assert list(drawn[[0, 5]]) == [0.685, 0.063]
    chance = next(line for line in mrr.lines if line.get_label() == "no relation")
    assert chance.get_xdata()[0] == mrr_chance(5)
    assert len(spearman.get_yticklabels()) == 10


def test_a_panel_per_optimiser_and_a_line_with_a_band_per_size(tables):
    samples = finding4.small_sizes(tables["samples"])
    figure = finding4.plot_responses(samples, "n_sample", "samples")
    assert [axis.get_title() for axis in figure.axes] == [
        "Best-of-n", "PPO", "Best-of-n, second policy"
    ]  # fmt: skip
    for axis in figure.axes:
        assert [line.get_label() for line in axis.lines] == [
            "25 samples", "50 samples", "100 samples"
        ]  # fmt: skip
        assert len(axis.collections) == 3
    assert figure.axes[0].get_ylabel() == "Spearman of accuracy with NDR"


def test_lines_show_the_means_by_responses(tables):
    budgets = tables["budgets"]
    figure = finding4.plot_responses(budgets, "budget", "comparisons", metric="xi")
    rows = budgets[(budgets["optimiser"] == "ppo") & (budgets["budget"] == 50)]
    line = figure.axes[1].lines[-1]
    np.testing.assert_array_equal(line.get_xdata(), [2, 3, 4, 5])
    np.testing.assert_array_equal(line.get_ydata(), rows["mean"])
    assert "xi" in figure.axes[0].get_ylabel()
