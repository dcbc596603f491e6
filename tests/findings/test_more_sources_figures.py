import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import mixtures
from tests.findings.test_more_sources_gradients import SIZES, statistics

from proxyreward.findings.more import more_sources
from proxyreward.findings.more.mixtures import FORMS, Draws
from proxyreward.findings.more.more_sources import MEASURES, Controls
from proxyreward.findings.more.more_sources.figures import smoothed
from proxyreward.findings.more.more_sources.gradients import step_weights


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=40, steps=15)


@pytest.fixture(scope="module")
def shown(planted, tmp_path_factory):
    """Tables as the notebook has them: written and read back."""
    folder = tmp_path_factory.mktemp("more_sources")
    draws = Draws.of(planted, 20, np.random.default_rng(0))
    controls = Controls.of(planted, draws, statistics(SIZES), np.random.default_rng(1))
    tables = more_sources.compute(controls)
    for name, table in tables.items():
        table.to_csv(folder / name, index=False, float_format="%.6g")
    return {name: pd.read_csv(folder / name) for name in tables}


def test_tables_hold_every_measure_form_and_scheme(planted, shown):
    assert shown["curves"]["measure"].unique().tolist() == list(MEASURES)
    assert set(shown["forms"]["form"]) == set(FORMS)
    assert (shown["forms"].query("measure == 'scaled'").groupby("form").size() == 4).all()
    weights = shown["weights"].groupby(["scheme", "base"])["estimate"].sum()
    assert len(weights) == len(planted.bases) + 1
    np.testing.assert_allclose(weights, 1, atol=1e-5)
    assert shown["sizes"]["compared_steps"].item() == 15


def test_differences_of_lengths_are_those_of_the_curves(shown):
    wide = shown["norms"].pivot(index=["weights", "k"], columns="kind", values="estimate")
    gap = wide["sources"] - wide["parts"]
    np.testing.assert_allclose(wide["sources - parts"], gap, atol=1e-5)


def test_change_of_the_gain_has_an_association_of_its_own(shown):
    names = ["multitask-as-is", "multitask", "more-as-is", "difference"]
    assert shown["association"]["scheme"].tolist() == names
    assert shown["shares"].drop_duplicates("source")["share"].sum() == pytest.approx(1)


def test_forms_as_text_cells(shown):
    cells = more_sources.forms_table(shown["forms"], "top")
    assert len(cells) == len(FORMS) + 2
    assert cells["Form"].iloc[-1] == "paper, after temperature scaling"
    row = (
        shown["forms"]
        .query(
            "form == 'standard' and measure == 'ece' and against == 'top' and source == 'harmless'"
        )
        .iloc[0]
    )
    expected = f"{row['estimate']:.3f} [{row['low']:.3f},\u00a0{row['high']:.3f}]"
    assert cells.loc[0, "harmless"] == expected


def test_curves_stand_beside_top_and_the_paper(shown, registry):
    curves = shown["curves"].query("measure == 'ece'")
    paper = more_sources.paper_top(registry, 1)
    figure = more_sources.plot_curves(curves, "ece", paper)
    for axis, source in zip(figure.axes[:2], ("helpful", "harmless"), strict=True):
        lines = {line.get_label(): line for line in axis.lines}
        top = curves.query("source == @source and curve == 'top'")["estimate"].item()
        assert set(lines["Top"].get_ydata()) == {top}
        own = curves.query("source == @source and curve == 'order 0'")
        np.testing.assert_allclose(lines["paper's order"].get_ydata(), own["estimate"])
        assert lines["paper: MORE"].get_ydata()[0] == paper[source][0]
        assert axis.get_xticks().tolist() == [2, 3, 4, 5]


def test_other_measures_have_no_values_of_the_paper(shown):
    figure = more_sources.plot_curves(shown["curves"].query("measure == 'size'"), "size")
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert "paper: MORE" not in labels
    assert "reward difference" in figure.axes[0].get_ylabel()


def test_a_row_for_each_form(shown):
    figure = more_sources.plot_forms(shown["forms"])
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[:2] == ["standard: 10, mass, one", "paper: 5, width, both"]
    assert len(labels) == len(set(labels)) == len(FORMS) + 2


def test_lengths_of_sources_and_parts_with_both_weights(shown):
    figure = more_sources.plot_norms(shown["norms"])
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    own = shown["norms"].query("kind == 'parts' and weights == 'equal'")["estimate"]
    np.testing.assert_allclose(lines["parts of one, equal weights"].get_ydata(), own)
    reference = lines["orthogonal gradients"].get_ydata()
    np.testing.assert_allclose(reference, [2**-0.5, 3**-0.5, 0.5, 5**-0.5])


def test_each_source_has_its_weights_raw_and_smoothed(planted, shown):
    figure = more_sources.plot_weights(planted, shown["weights"], "more", planted.middle, window=3)
    panels = figure.axes[:5]
    titles = [axis.get_title(loc="left") or axis.get_title() for axis in panels]
    assert titles == list(planted.sources)
    for i, axis in enumerate(panels):
        runs = step_weights(planted, "more", planted.middle, i)
        for line, run in zip(axis.lines, runs, strict=False):
            np.testing.assert_array_equal(line.get_ydata(), run)
        np.testing.assert_allclose(axis.lines[2].get_ydata(), smoothed(runs.mean(axis=0), 3))
    with pytest.raises(ValueError, match="no weights of multitask.*more on base"):
        more_sources.plot_weights(planted, shown["weights"], "multitask", planted.middle)


def test_smoothing_keeps_a_constant_and_averages_inside():
    np.testing.assert_allclose(smoothed(np.full(9, 0.2), 5), 0.2)
    np.testing.assert_allclose(smoothed(np.array([0.0, 3, 6, 9]), 3), [1.5, 3, 6, 7.5])
    assert len(smoothed(np.ones(2), 7)) == 2  # a window may be longer than the run


def test_sources_stand_in_the_order_of_their_shares(shown):
    figure = more_sources.plot_shares(shown["shares"])
    labels = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert labels[0] == "webgpt\n6%" and labels[-1] == "summarize\n50%"


def test_figures_run_at_the_smallest_scale(registry):
    planted = mixtures(pairs=8, bases=2, seeds=1, orders=1, steps=1)
    draws = Draws.of(planted, 5, np.random.default_rng(0))
    tables = more_sources.compute(
        Controls.of(planted, draws, statistics(SIZES), np.random.default_rng(1))
    )
    more_sources.plot_curves(tables["curves"].query("measure == 'scaled'"), "scaled")
    more_sources.plot_forms(tables["forms"])
    more_sources.plot_norms(tables["norms"])
    more_sources.plot_weights(planted, tables["weights"], "public-code", planted.middle)
    more_sources.plot_shares(tables["shares"])
