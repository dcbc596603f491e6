"""What the figures and tables on the number of sources show."""

import numpy as np
import pytest
from tests.findings.mixtures import mixtures
from tests.findings.test_more_sources_measure import statistics

from proxyreward.findings.core import replicates
from proxyreward.findings.more.more_sources import measure, show


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=40, steps=15)


def tables(planted):
    curves = measure.curves(planted)
    return {
        "curves": curves,
        "forms": measure.forms(curves),
        "norms": measure.norms(planted),
        "weights": measure.mean_weights(planted),
        "gains": measure.gains(planted),
    }


@pytest.fixture(scope="module")
def shown(planted, tmp_path_factory):
    """Tables over two replicates, as the page has them."""
    folder, runs = tmp_path_factory.mktemp("more_sources"), {0: tables(planted)}
    runs[1] = tables(mixtures(pairs=40, steps=15, seed=1))
    replicates.write(folder, 0, runs, "")
    return {name: replicates.read(folder, name) for name in runs[0]}


def test_curves_stand_beside_top_and_the_paper(shown, registry):
    curves, paper = show.chosen(shown["curves"], "ece"), measure.paper_top(registry, 1)
    figure = show.plot_curves(curves, paper)
    for axis, source in zip(figure.axes[:2], ("helpful", "harmless"), strict=True):
        own = curves[curves["source"] == source].set_index("curve")["estimate"]
        lines = {line.get_label(): line for line in axis.lines}
        assert set(lines["Top"].get_ydata()) == {own["top"]}
        assert lines["paper: MORE"].get_ydata()[0] == paper[source][0]
        dots = {c.get_label(): c.get_offsets()[:, 1] for c in axis.collections}
        np.testing.assert_allclose(dots["paper's order"], own["order 0"])
        np.testing.assert_allclose(dots["fixed total of pairs"], own["fixed total"])
        assert axis.get_xticks().tolist() == [2, 3, 4, 5]


def test_a_measure_and_a_form_are_chosen_and_unknown_ones_told(shown):
    assert set(show.chosen(shown["curves"], "scaled", "paper")["form"]) == {"paper"}
    size = show.chosen(shown["curves"], "size", "paper")
    assert set(size["form"]) == {"any"} and len(size) == 42
    figure = show.plot_curves(size)
    assert "paper: MORE" not in [line.get_label() for line in figure.axes[0].lines]
    assert "reward difference" in figure.axes[0].get_ylabel()
    for wrong in (("loss", "paper"), ("ece", "7 bins")):
        with pytest.raises(ValueError, match="must be one of"):
            show.chosen(shown["curves"], *wrong)


def test_a_row_for_each_form_in_figure_and_table(shown):
    labels = [text.get_text() for text in show.plot_forms(shown["forms"]).axes[0].get_yticklabels()]
    assert labels[:2] == ["standard: 10, mass, one", "paper: 5, width, both"]
    assert labels[-1] == "paper, scaled" and len(labels) == len(set(labels)) == 10
    cells = show.forms_table(shown["forms"], "top")
    assert cells["Form"].iloc[-1] == "paper, after temperature scaling" and len(cells) == 10
    row = shown["forms"].query("form == 'standard' and measure == 'ece' and against == 'top'")
    row = row.set_index("source").loc["harmless"]
    expected = f"{row['estimate']:.3f} [{row['low']:.3f},\u00a0{row['high']:.3f}]"
    assert cells.loc[0, "harmless"] == expected


def test_lengths_of_sources_and_parts_with_both_weights(shown):
    [axis] = show.plot_norms(shown["norms"]).axes
    dots = {c.get_label(): c.get_offsets()[:, 1] for c in axis.collections}
    own = shown["norms"].query("kind == 'parts' and weights == 'equal'")["estimate"]
    np.testing.assert_allclose(dots["parts of one, equal weights"], own)
    [reference] = [line for line in axis.lines if line.get_label() == "orthogonal gradients"]
    np.testing.assert_allclose(reference.get_ydata(), [2**-0.5, 3**-0.5, 0.5, 5**-0.5])


def test_each_source_has_its_weights_raw_and_smoothed(planted, shown):
    figure = show.plot_weights(planted, shown["weights"], "more", planted.middle, window=3)
    panels = figure.axes[:5]
    titles = [axis.get_title(loc="left") or axis.get_title() for axis in panels]
    assert titles == list(planted.sources)
    for source, axis in zip(titles, panels, strict=True):
        runs = measure.step_weights(planted, "more", planted.middle, source)
        for line, run in zip(axis.lines, runs, strict=False):
            np.testing.assert_array_equal(line.get_ydata(), run)
        smoothed = show.smoothed(runs.mean(axis=0), 3)
        np.testing.assert_allclose(axis.lines[2].get_ydata(), smoothed)
    with pytest.raises(ValueError, match=r"no weights of multitask.*more on base"):
        show.plot_weights(planted, shown["weights"], "multitask", planted.middle)


def test_smoothing_keeps_a_constant_and_averages_inside():
    np.testing.assert_allclose(show.smoothed(np.full(9, 0.2), 5), 0.2)
    np.testing.assert_allclose(show.smoothed(np.array([0.0, 3, 6, 9]), 3), [1.5, 3, 6, 7.5])
    assert len(show.smoothed(np.ones(2), 7)) == 2  # a window may be longer than the run


def test_sources_stand_in_the_order_of_their_shares(planted, shown):
    shares = measure.shares(planted, statistics())
    [axis] = show.plot_gains(shown["gains"], shares).axes
    labels = [text.get_text() for text in axis.get_xticklabels()]
    assert labels[0] == "webgpt\n6%" and labels[-1] == "summarize\n50%"
    dots = {c.get_label(): c.get_offsets()[:, 1] for c in axis.collections}
    own = shown["gains"].query("scheme == 'multitask'").set_index("source")["estimate"]
    order = shares.sort_values("share")["source"]
    np.testing.assert_allclose(dots["MultiTask, equal sizes"], own[order])
