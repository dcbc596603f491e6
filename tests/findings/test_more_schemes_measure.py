"""Tables of the training schemes against plain computations and the paper's printed values."""

import json

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures

from proxyreward.findings.more.more_schemes import measure
from proxyreward.metrics.calibration import pair_ece

EFFECTS = {
    "multitask": Effect(0.7, 4 * calibrated(0.7)),
    "balanced": Effect(0.7, 4 * calibrated(0.7)),
    "public-code": Effect(0.4, calibrated(0.4)),
}


@pytest.fixture(scope="module")
def planted():
    return mixtures(by_scheme(EFFECTS), pairs=300, bases=2, seeds=2, orders=0)


@pytest.fixture(scope="module")
def cells(planted, registry):
    return measure.cells(planted, registry)


@pytest.fixture(scope="module")
def differences(cells):
    return measure.differences(cells)


def test_cells_are_plain_means_over_seeds(cells, planted):
    keys = ["base", "scheme", "scaled", "source", "metric"]
    value, base = cells.set_index(keys)["value"].sort_index(), planted.bases[0]
    top = planted.margin("single-oasst", base)[:, planted.source == "oasst"]
    found = value[base, "top", False, "oasst"]
    assert found["accuracy"] == pytest.approx((top > 0).mean())
    assert found["size"] == pytest.approx(abs(top).mean())
    assert found["ece"] == pytest.approx(np.mean([pair_ece(m) for m in top]))
    form = found["5 bins of equal width, one order"]
    assert form == pytest.approx(np.mean([pair_ece(m, 5, "width") for m in top]))
    every = value.loc[base, "top", False, :, "accuracy"]
    assert every["mean"] == pytest.approx(every.drop("mean").mean())


def test_controls_have_the_middle_base_and_rows_have_names(cells, planted):
    bases = cells.groupby("scheme")["base"].unique()
    assert all(list(bases[scheme]) == [planted.middle] for scheme in measure.CONTROLS)
    assert all(list(bases[scheme]) == list(planted.bases) for scheme in measure.SCHEMES)
    keys = ["base", "scheme", "scaled", "source", "metric"]
    assert not cells.duplicated(keys).any() and cells["value"].notna().all()


def test_differences_are_those_of_the_cells(cells, differences):
    assert not (differences["scaled"] & (differences["metric"] == "accuracy")).any()
    one, other = (cells[cells["scheme"] == name] for name in ("more", "multitask"))
    keys = ["base", "source", "metric", "scaled"]
    expected = (one.set_index(keys) - other.set_index(keys)[["paper", "value"]])["value"]
    rows = differences.query("first == 'more' and second == 'multitask'").set_index(keys)
    np.testing.assert_allclose(rows["value"], expected.loc[rows.index])
    pairs = differences[["first", "second"]].drop_duplicates().itertuples(index=False, name=None)
    assert list(pairs) == list(measure.COMPARISONS)


def test_temperature_scaling_and_controls_take_size_batches_and_weights_apart(differences, planted):
    """MultiTask and balanced know as much as MORE, but are four times too sure."""
    keys = ["base", "first", "second", "metric", "scaled"]
    value = differences[differences["source"] == "mean"].set_index(keys)["value"].sort_index()
    for base in planted.bases:
        plain, scaled = (value[base, "more", "multitask", "ece", s] for s in (False, True))
        assert plain < -0.05 and abs(scaled) < 0.03
        assert abs(value[base, "more", "multitask", "accuracy", False]) < 0.03
    of = value[planted.middle]
    assert abs(of["balanced", "multitask", "ece", False]) < 0.03
    assert of["more", "balanced", "ece", False] < -0.05
    assert of["public-code", "multitask", "accuracy", False] < -0.03


def test_the_papers_values_stand_beside_ours(cells, registry):
    paper = cells.set_index(["base", "scheme", "scaled", "source", "metric"])["paper"].sort_index()
    row = registry.printed("more.table3", "Pythia-1.4B", "MultiTask")
    own = paper["16x1x2", "multitask", False]
    assert own["helpful", "accuracy"] == row["Helpful"] / 100
    columns = ("Helpful", "Harmless", "Oasst1", "Webgpt", "Summ")
    assert own["mean", "accuracy"] == pytest.approx(np.mean([row[c] for c in columns]) / 100)
    assert own["mean", "ece"] == own["mean", "ece_paper"] == row["ece"]
    single = registry.printed("more.table5", "Harmless", "Single")["ece"]
    assert paper["16x1x2", "top", False, "harmless", "ece"] == single
    for nothing in (own["oasst", "ece"], own["mean", "log_loss"], own["mean", "size"]):
        assert np.isnan(nothing)
    assert paper.loc["32x1x2", "balanced"].isna().all() and paper.loc[:, :, True].isna().all()


def test_bases_of_the_paper_go_by_size(registry):
    bases = ("a", "b", "c")
    assert [measure.paper_base(bases, b) for b in bases] == list(registry.printed("more.table3"))
    assert measure.paper_base(("a",), "a") == "Pythia-1.4B"


def test_an_unknown_form_is_told_which_exist():
    assert measure.metric_of("paper") == "ece_paper" and measure.metric_of("standard") == "ece"
    with pytest.raises(ValueError, match="form must be one of .*'standard', 'paper'"):
        measure.metric_of("strict")


def test_steps_tell_the_ratio_of_lengths_and_losses(planted):
    table = measure.steps(planted).set_index(["base", "scheme", "measure"])["value"]
    own = planted.steps[planted.steps["rm"].isin(planted.names("more"))]
    found, length = table[planted.middle, "more"], own["combined"] / own["equal"]
    assert found["gradient, largest"] == pytest.approx(length.max())
    assert found["gradient, mean"] == pytest.approx(length.mean())
    assert found["loss"] == pytest.approx((own["loss"] / own["plain_loss"]).mean())
    assert (planted.middle, "public-code", "loss") in table.index
    assert measure.setup(planted, 80)["steps"].item() == 10


def test_sizes_keep_the_order_of_sources_and_count_missing_tests_as_none():
    statistics = pd.DataFrame(
        {"source": ["b", "a", "b"], "part": ["training", "training", "test"], "pairs": [50, 10, 7]}
    )
    table = measure.sizes(statistics, resampled=20)
    assert table["source"].tolist() == ["b", "a"] and table["test"].tolist() == [7, 0]
    assert table["share"].tolist() == [2.5, 0.5]


def test_times_of_a_step_are_read_and_may_be_missing(tmp_path):
    assert measure.step_times(tmp_path / "none.json").empty
    row = dict.fromkeys(measure.TIMES[:-1], 1.0) | {"base": "16x1x2", "more": "left out"}
    (tmp_path / "some.json").write_text(json.dumps({"repeats": 40, "bases": [row]}))
    times = measure.step_times(tmp_path / "some.json")
    assert times.columns.tolist() == measure.TIMES and times["repeats"].tolist() == [40]
