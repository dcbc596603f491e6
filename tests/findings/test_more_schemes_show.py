"""What the figures and tables of the training schemes show."""

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import mixtures

from proxyreward.findings.core import replicates
from proxyreward.findings.more.mixtures import DISTINCT
from proxyreward.findings.more.more_schemes import measure, show


@pytest.fixture(scope="module")
def shown(registry, tmp_path_factory):
    """Tables over two replicates, as the page has them."""
    runs = {}
    for seed in (0, 1):
        found = mixtures(pairs=30, bases=2, seeds=1, orders=0, seed=seed)
        cells = measure.cells(found, registry)
        runs[seed] = {
            "cells": cells[~cells["scaled"]].drop(columns="scaled"),
            "differences": measure.differences(cells),
            "steps": measure.steps(found),
        }
    folder = tmp_path_factory.mktemp("more_schemes")
    replicates.write(folder, 0, runs, "")
    return {name: replicates.read(folder, name) for name in runs[0]}


def test_a_panel_shows_ours_and_the_papers_values(shown):
    figure = show.plot_schemes(shown["cells"], "5 bins of equal width, one order")
    panels = np.array(figure.axes).reshape(-1, 3)
    assert len(panels) == 6 and panels[-1, 1].get_xlabel() == "ECE, 5 of width,\none order"
    accuracy, ece, in_papers_form = panels[0]
    assert accuracy.get_title(loc="left") + accuracy.get_title() == "helpful"
    cells = shown["cells"].query("source == 'helpful'").set_index(["metric", "scheme"])
    columns = ("accuracy", "5 bins of equal width, one order", "ece_paper")
    for axis, metric in zip(panels[0], columns, strict=True):
        dots = [collection.get_offsets()[:, 0] for collection in axis.collections[1::2]]
        for scheme, drawn in zip(measure.SCHEMES, dots, strict=True):
            np.testing.assert_allclose(drawn, cells.loc[(metric, scheme), "estimate"])
    diamonds = [line.get_xdata() for line in accuracy.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(diamonds[1], [0.6781, 0.7308])
    assert not [line for line in ece.lines if line.get_marker() == "D"]
    assert len([line for line in in_papers_form.lines if line.get_marker() == "D"]) == 4


def test_differences_show_both_states_and_the_papers_value(shown):
    figure = show.plot_differences(shown["differences"], "paper", "webgpt")
    accuracy, ece, in_papers_form = figure.axes[:3]
    labels = [label.get_text() for label in accuracy.get_yticklabels()]
    assert labels[0] == "MORE − MultiTask\n16x1x2" and len(labels) == 2 + 4
    assert len(accuracy.collections) == 2 and len(ece.collections) == 4
    rows = shown["differences"].query("source == 'webgpt' and first == 'more' and not scaled")
    rows = rows.query("second == 'multitask'").set_index("metric")
    points = accuracy.collections[1].get_offsets()[:2, 0]
    np.testing.assert_allclose(points, 100 * rows.loc["accuracy", "estimate"])
    for axis in (ece, in_papers_form):  # the same form
        points = axis.collections[1].get_offsets()[:2, 0]
        np.testing.assert_allclose(points, rows.loc["ece_paper", "estimate"])
    [diamonds] = [line.get_xdata() for line in accuracy.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(diamonds[:2].astype(float), 100 * rows.loc["accuracy", "paper"])
    assert np.isnan(diamonds[2:].astype(float)).all()
    with pytest.raises(ValueError, match="source must be one of .*'helpful'"):
        show.plot_differences(shown["differences"], source="reddit")


def test_every_form_has_a_row_and_every_base_a_panel(shown):
    figure = show.plot_forms(shown["differences"])
    assert [axis.get_title() for axis in figure.axes] == ["16x1x2", "32x1x2"]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[0].startswith("standard") and labels[1].startswith("paper")
    assert len(set(labels)) == len(DISTINCT) and len(show.forms(shown["differences"])) == 16


def test_the_papers_faulty_means_are_those_that_the_registry_notes(registry):
    slips = show.slips(registry)
    [note] = [text for text in registry.entry("more.table3").notes if "Arithmetic" in text]
    assert len(slips) == 3
    for row in slips.itertuples():
        assert f"{row.base} {row.scheme} {row.printed} (mean {row.mean:.3f})" in note


def test_table3_puts_the_paper_beside_ours_and_stars_the_faulty_means(shown, registry):
    table = show.table3(shown["cells"], registry).set_index(["Base", "Scheme"])
    assert list(table)[-2:] == ["mean", "ECE"] and len(table) == 8
    ours = shown["cells"].query("base == '16x1x2' and scheme == 'top' and source == 'helpful'")
    ours = ours.set_index("metric")["estimate"]["accuracy"]
    assert table.loc[("16x1x2 (Pythia-1.4B)", "Top"), "helpful"] == f"{100 * ours:.1f} (67.8)"
    assert table.loc[("16x1x2 (Pythia-1.4B)", "MultiTask"), "mean"].endswith("(62.4*)")
    starred = {key for key, cell in table["mean"].items() if "*" in cell}
    assert starred == {("16x1x2 (Pythia-1.4B)", "MultiTask"), ("32x1x2 (LLaMa-7B)", "Top")}


def test_the_share_of_one_resampled_source_stands_beside_the_papers(registry):
    paper = dict(registry.printed("more.table4"))
    one = paper.pop("resampled_train_per_source")
    training = [row["train"] for row in paper.values()]
    sizes = pd.DataFrame({"source": list(measure.PRINTED), "training": training, "test": 0})
    table = show.table4(sizes.assign(share=sizes["training"] / one), registry)
    np.testing.assert_allclose(table["% of resampled"], table["%, paper"])
    assert table["test, paper"].sum() == 2352 + 2312 + 957 + 901 + 2000


def test_steps_and_times_are_text_cells(shown):
    table = show.steps_table(shown["steps"])
    assert list(table) == ["Base", "Scheme", "gradient, mean", "gradient, largest", "loss"]
    assert len(table) == 3 and table["loss"].str.contains("[", regex=False).all()
    times = [("a", 30.0, 31.0, 1.03, 1.01, 1.05, 0.012, 0.004, 40)]
    row = show.times_table(pd.DataFrame(times, columns=measure.TIMES)).iloc[0]
    assert row["ratio"] == "1.030 [1.010,\u00a01.050]"
    assert (row["weighing, %"], row["of which solving, %"]) == pytest.approx((1.2, 0.4))
    assert show.times_table(pd.DataFrame(columns=measure.TIMES)).empty
