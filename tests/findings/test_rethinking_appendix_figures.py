import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking import rethinking_appendix as appendix
from proxyreward.findings.rethinking.rethinking_appendix.penalties import run_ends


@pytest.fixture(autouse=True)
def no_screen(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")


@pytest.fixture(scope="module")
def penalties(evidence, registry):
    return appendix.penalty_associations(evidence, 20, np.random.default_rng(0), registry)


def title(axis):
    return axis.get_title() + axis.get_title(loc="left")


def test_a_panel_per_family_with_its_points_and_coefficient(evidence):
    found = appendix.family_associations(evidence, 4, 20, np.random.default_rng(0))
    figure = appendix.plot_families(appendix.family_pairs(evidence, 4), found, 4)
    panels = figure.axes
    assert [len(axis.collections[0].get_offsets()) for axis in panels] == [30, 6, 6]
    assert [title(axis).splitlines()[0] for axis in panels] == list(appendix.TITLES.values())
    assert "%" in panels[1].get_xlabel() and "best-of-4" in panels[0].get_ylabel()


def test_mutual_accuracy_of_one_family(evidence):
    pairs = appendix.family_pairs(evidence, 4)
    axis = appendix.plot_mutual_accuracy(pairs, "parts").axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()][:2] == ["part-1", "part-2"]
    assert np.ma.getmaskarray(axis.collections[0].get_array()).sum() == 3
    with pytest.raises(ValueError, match="choose one of main, architectures, parts"):
        appendix.plot_mutual_accuracy(pairs, "halves")


@pytest.mark.parametrize("statistic", ["spearman", "mrr"])
def test_penalty_figure_marks_ours_and_the_papers(penalties, statistic):
    axis = appendix.plot_penalty(penalties, statistic).axes[0]
    rows = penalties.query("statistic == @statistic and protocol == 'mean_g'")
    drawn = {line.get_label(): line.get_ydata() for line in axis.lines}
    np.testing.assert_allclose(drawn["ours, 95 % interval"], rows["estimate"])
    np.testing.assert_allclose(drawn["paper"], rows["paper"])
    assert [t.get_text() for t in axis.get_xticklabels()] == ["0", "0.01", "0.05", "0.1"]


def test_an_unknown_statistic_and_too_few_models_are_errors(penalties):
    with pytest.raises(ValueError, match="there is kendall, pearson, spearman, mrr"):
        appendix.plot_penalty(penalties, "tau")
    with pytest.raises(ValueError, match="fewer than 3"):
        appendix.plot_penalty(penalties.iloc[:0], "spearman")


def test_runs_that_stopped_have_an_open_marker(evidence):
    runs = run_ends(evidence)
    runs.loc[0, "status"] = "diverged"
    panels = appendix.plot_runs(runs).axes
    assert [title(axis) for axis in panels] == [
        "KL divergence (nats)",
        "proxy reward (sd)",
        "golden reward (sd)",
    ]
    open_markers = [
        len(line.get_xdata()) for line in panels[0].lines if line.get_markerfacecolor() == "white"
    ]
    assert sum(open_markers) == 1


def test_steps_start_with_all_pairs():
    steps = pd.DataFrame(
        [("single turn", 9, 7), ("validation", 7, 6)],
        columns=["step", "pairs_before", "pairs_after"],
    )
    axis = appendix.plot_steps(steps).axes[0]
    assert [bar.get_width() for bar in axis.patches] == [9, 7, 6]
    assert [text.get_text() for text in axis.get_yticklabels()] == [
        "all pairs",
        "single turn",
        "validation",
    ]


def test_divergence_shows_formula_integral_and_both_n():
    axis = appendix.plot_divergence(256, 1280).axes[0]
    drawn = {line.get_label(): line for line in axis.lines}
    assert list(drawn) == ["formula", "integral", "this scale, n = 256", "paper, n = 1280"]
    some = drawn["integral"].get_xdata()
    expected = np.interp(some, *drawn["formula"].get_data())
    np.testing.assert_allclose(drawn["integral"].get_ydata(), expected, atol=0.02)
