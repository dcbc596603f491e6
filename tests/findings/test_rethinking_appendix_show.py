import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import lines, names, title
from tests.findings.tables import as_read

from proxyreward.findings.rethinking.rethinking_appendix import measure, show


@pytest.fixture
def penalties(evidence, registry):
    return as_read(measure.penalty_associations(evidence, registry))


def test_a_panel_per_family_with_its_points_and_coefficient(evidence):
    found = as_read(measure.family_associations(evidence)).query("n == 4")
    panels = show.plot_families(measure.family_pairs(evidence, 4), found).axes
    assert [len(axis.collections[0].get_offsets()) for axis in panels] == [30, 6, 6]
    titles = [title(axis).splitlines() for axis in panels]
    assert [first for first, *_ in titles] == list(measure.TITLES.values())
    row = found.query("family == 'main' and statistic == 'spearman'").iloc[0]
    assert titles[0][1:] == [f"Spearman {row.estimate:.2f}", f"[{row.low:.2f},\xa0{row.high:.2f}]"]
    assert "best-of-4" in panels[0].get_ylabel()
    cells = show.association_table(found, "family", "Family")
    assert cells["Family"].tolist() == list(measure.TITLES.values())
    assert list(cells) == ["Family", "Kendall", "Pearson", "Spearman", "MRR"]
    assert cells["Spearman"][0] == " ".join(titles[0][1:]).removeprefix("Spearman ")


def test_mutual_accuracy_of_one_family(evidence):
    pairs = measure.family_pairs(evidence, 4)
    axis = show.plot_mutual_accuracy(pairs, "parts").axes[0]
    assert names(axis)[:2] == ["part-1", "part-2"]
    shown = np.ma.masked_invalid(axis.collections[0].get_array()).reshape(3, 3)
    accuracy = pairs.loc[pairs["family"] == "parts", "accuracy"]
    np.testing.assert_allclose(shown.compressed(), 100 * accuracy)
    with pytest.raises(ValueError, match="choose one of main, architectures, parts"):
        show.plot_mutual_accuracy(pairs, "halves")


def test_each_penalty_has_the_papers_row_below(penalties):
    cells = show.association_table(penalties, "kl_coef", "Penalty").set_index("Penalty")
    assert cells.index[:4].tolist() == ["0", "0, paper", "0.01", "0.01, paper"]
    assert cells.loc["0, paper", "Spearman"] == "0.48" and "[" in cells.loc["0", "Spearman"]


@pytest.mark.parametrize("statistic", ["spearman", "mrr"])
def test_penalty_figure_marks_ours_and_the_papers(penalties, statistic):
    axis = show.plot_penalty(penalties, statistic, 6).axes[0]
    rows = penalties.query("statistic == @statistic")
    ours = [dots.get_offsets()[:, 1] for dots in axis.collections if dots.get_label()[0] == "o"]
    np.testing.assert_allclose(ours, [rows["estimate"]])
    drawn = lines(axis)
    np.testing.assert_allclose(drawn["paper"].get_ydata(), rows["paper"])
    chance = np.mean(1 / np.arange(1, 6)) if statistic == "mrr" else 0
    assert drawn["no relation (ours)"].get_ydata()[0] == pytest.approx(chance)
    assert names(axis, "x") == ["0", "0.01", "0.05", "0.1"]
    with pytest.raises(ValueError, match="there is kendall, pearson, spearman, mrr"):
        show.plot_penalty(penalties, "tau", 6)


def test_runs_that_stopped_have_an_open_marker(evidence):
    runs = measure.run_ends(evidence)
    ends = as_read(measure.mean_ends(runs))
    runs.loc[0, "status"] = "diverged"
    panels = show.plot_runs(runs, ends).axes
    for axis, column in zip(panels, measure.ENDS, strict=True):
        circles = [line for line in axis.lines if line.get_marker() == "o"]
        stopped = np.concatenate([line.get_xydata() for line in circles])
        np.testing.assert_allclose(stopped, [(0, runs[column][0])])
        mean = ends.query("quantity == @column")["estimate"]
        np.testing.assert_allclose(axis.collections[-1].get_offsets()[:, 1], mean)


def test_steps_start_with_all_pairs():
    steps = [("single turn", 9, 7), ("validation", 7, 6)]
    frame = pd.DataFrame(steps, columns=["step", "pairs_before", "pairs_after"])
    axis = show.plot_steps(frame).axes[0]
    assert [bar.get_width() for bar in axis.patches] == [9, 7, 6]
    assert names(axis) == ["all pairs", "single turn", "validation"]


def test_divergence_shows_formula_integral_and_both_n():
    axis = show.plot_divergence(256, 1280).axes[0]
    drawn = lines(axis)
    assert list(drawn) == ["formula", "integral", "this scale, n = 256", "paper, n = 1280"]
    some = drawn["integral"].get_xdata()
    expected = np.interp(some, *drawn["formula"].get_data())
    np.testing.assert_allclose(drawn["integral"].get_ydata(), expected, atol=0.02)
