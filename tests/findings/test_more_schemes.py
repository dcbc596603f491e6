"""Training schemes: plain computations and printed values, planted stories, and what is drawn."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import diamonds, names, title
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures
from tests.findings.tables import agrees, replicated, told

from proxyreward.findings.more.confidence import over_confidence
from proxyreward.findings.more.mixture_drawing import SCHEMES
from proxyreward.findings.more.mixtures import COLUMNS, DISTINCT
from proxyreward.findings.more.more_schemes import claims, identities, measure, show
from proxyreward.metrics.calibration import pair_ece
from proxyreward.reward import more

KEYS = ["base", "scheme", "scaled", "source", "metric"]


def sure(times, knowledge=0.7):
    """Margins are so many times as large as they should be."""
    return Effect(knowledge, times * calibrated(knowledge))


EFFECTS = {"multitask": sure(4), "balanced": sure(4), "public-code": sure(1, 0.4)}
EFFECTS["upgrad"] = sure(4)


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
    value, base = cells.set_index(KEYS)["value"].sort_index(), planted.bases[-1]
    top = planted.margin("single-oasst", base)[:, planted.source == "oasst"]
    found = value[base, "top", False, "oasst"]
    assert found["accuracy"] == pytest.approx((top > 0).mean())
    assert found["size"] == pytest.approx(abs(top).mean())
    assert found["ece"] == pytest.approx(np.mean([pair_ece(m) for m in top]))
    form = found["5 bins of equal width, one order"]
    assert form == pytest.approx(np.mean([pair_ece(m, 5, "width") for m in top]))
    every = value.loc[base, "top", False, :, "accuracy"]
    assert every["mean"] == pytest.approx(every.drop("mean").mean())


def test_temperature_scaling_and_controls_take_size_batches_and_weights_apart(differences, planted):
    """MultiTask and balanced know as much as MORE, but are four times too sure."""
    keys = ["base", "first", "second", "metric", "scaled"]
    value = differences[differences["source"] == "mean"].set_index(keys)["value"].sort_index()
    assert not value.index.duplicated().any()
    for base in planted.bases:
        plain, scaled = (value[base, "more", "multitask", "ece", s] for s in (False, True))
        assert plain < -0.05 and abs(scaled) < 0.03
        assert abs(value[base, "more", "multitask", "accuracy", False]) < 0.03
    of = value[planted.main]
    assert abs(of["balanced", "multitask", "ece", False]) < 0.03
    assert of["more", "balanced", "ece", False] < -0.05
    assert of["public-code", "multitask", "accuracy", False] < -0.03


def test_the_papers_values_stand_beside_ours(cells, registry):
    paper = cells.set_index(KEYS)["paper"].sort_index()
    row = registry.printed("more.table3", "Pythia-1.4B", "MultiTask")
    own = paper["16x1x2", "multitask", False]
    assert own["helpful", "accuracy"] == row["Helpful"] / 100
    mean = np.mean([row[column] for column in COLUMNS.values()]) / 100
    assert own["mean", "accuracy"] == pytest.approx(mean)
    assert own["mean", "ece"] == own["mean", "ece_paper"] == row["ece"]
    single = registry.printed("more.table5", "Harmless", "Single")["ece"]
    assert paper["16x1x2", "top", False, "harmless", "ece"] == single
    for nothing in (own["oasst", "ece"], own["mean", "log_loss"], own["mean", "size"]):
        assert np.isnan(nothing)
    assert np.isnan(paper["16x1x2", "raw", False, "helpful", "ece"])
    assert paper.loc["32x1x2", "balanced"].isna().all() and paper.loc[:, :, True].isna().all()


def test_an_unknown_form_is_told_which_exist():
    assert measure.metric_of("paper") == "ece_paper" and measure.metric_of("standard") == "ece"
    with pytest.raises(ValueError, match="form must be one of .*'standard', 'paper'"):
        measure.metric_of("strict")


def test_sizes_keep_the_order_of_sources_and_count_missing_tests_as_none():
    statistics = pd.DataFrame(
        {"source": ["b", "a", "b"], "part": ["training", "training", "test"], "pairs": [50, 10, 7]}
    )
    table = measure.sizes(statistics, resampled=20)
    assert table["source"].tolist() == ["b", "a"] and table["test"].tolist() == [7, 0]
    assert table["share"].tolist() == [2.5, 0.5]


def deviations(seed=0):
    return identities.compare(np.random.default_rng(seed)).set_index("quantity")["deviation"]


def test_equal_weights_change_nothing():
    """Whole trainings: `tests/reward/test_more.py`."""
    found = deviations()
    assert found[identities.STEP] == 0
    assert found[identities.GRADIENT] < 1e-7 and 0 < found[identities.HEAD] < 1e-7
    pd.testing.assert_series_equal(deviations(4), deviations(4))


def test_what_is_off_by_a_little_is_seen(monkeypatch):
    weights, gradients = more.pair_weights, more.head_gradients
    monkeypatch.setattr(identities, "pair_weights", lambda *args: 1.001 * weights(*args))
    monkeypatch.setattr(
        identities, "head_gradients", lambda *args: (1.01 * gradients(*args)[0], None)
    )
    assert deviations()[identities.STEP] > 1e-7 and deviations()[identities.HEAD] > 1e-5


EXACT = [identities.STEP, identities.GRADIENT, identities.HEAD]
DEVIATIONS = pd.DataFrame({"quantity": EXACT, "deviation": [0.0, 2e-8, 3e-8]})
TIMES = [["16x1x2", 30.0, 30.6, 1.02, 1.01, 1.13, 0.012, 0.004, 40]]
TIMES = pd.DataFrame([*TIMES, ["32x1x2", 30.0, 30.3, 1.01, 1.0, 1.02, 0.01, 0.003, 40]])
TIMES.columns = measure.TIMES


def quantities(found, registry, times=TIMES):
    cells = measure.cells(found, registry)
    factors = over_confidence(found.rms, found.margins, found.labels)
    return claims.quantities(cells, measure.steps(found), times, DEVIATIONS, factors)


# The paper's story: mixing costs accuracy and calibration, MORE restores the latter.
STORY = {
    "raw": Effect(0.0, 6.0),
    "own": sure(1.4, 0.95),
    "multitask": sure(4),
    "multitask-as-is": sure(4),
    "more": sure(1),
    "more-as-is": sure(1),
}


@pytest.fixture(scope="module")
def story(registry):
    return quantities(mixtures(by_scheme(STORY), pairs=400, seeds=1, orders=0), registry)


def test_the_story_of_the_paper_shows_in_its_quantities(story):
    assert (told(story, "smallest base, *: accuracy of Top minus MultiTask") > 0.02).all()
    assert (told(story, "largest base, *: accuracy of MultiTask minus Top") < -0.02).all()
    for better in ("*: ECE of Raw minus *", "*: ECE of MultiTask minus Top"):
        assert (told(story, better) > 0.02).all()
    assert (told(story, "*: ECE of MultiTask minus MORE") > 0.02).all()
    assert (told(story, "*: ECE in the paper's form of MultiTask minus MORE") > 0.02).all()
    assert told(story, "*: mean accuracy at * minus at *").abs().max() < 0.03
    assert told(story, "*, mean: accuracy of MultiTask minus MORE").abs().max() < 0.03
    assert told(story, "* smallest base, less that at the largest").abs().max() < 0.1
    assert (told(story, "* resampling: mean ECE of MORE minus MultiTask") < -0.02).all()
    assert (told(story, "*: mean accuracy at the largest base minus at the *").abs() < 0.03).all()
    changes = ("mean * of *, without resampling less that with", "*: mean accuracy without *")
    assert told(story, *changes).abs().max() < 0.03


def test_the_reversed_story_turns_the_signs(registry):
    effects = STORY | {"more": Effect(0.2, 4.0), "multitask": sure(1), "multitask-as-is": sure(4)}
    found = mixtures(by_scheme(effects), pairs=400, bases=2, seeds=1, orders=0)
    found = quantities(found, registry)
    assert (told(found, "*: ECE of MultiTask minus MORE", "*: ECE of Top minus MORE") < 0).all()
    assert (told(found, "*, mean: accuracy of MultiTask minus MORE") > 0.05).all()
    assert (told(found, "*, mean of the others: ECE of MORE minus Top") > 0.02).all()
    # MORE is better calibrated on sources as they are, worse on equal sizes.
    assert told(found, "mean ECE of *, without resampling less that with").item() < -0.05
    assert told(found, "mean accuracy of *, without resampling less that with").item() > 0.05


def test_each_claim_reads_quantities_that_are_measured(story, registry):
    for claim in registry.measured_by("more_schemes"):
        agrees(claim, story)


def test_the_mean_of_the_others_leaves_helpful_and_harmless_out(cells, planted, registry):
    gap = "mean of the others: ECE of MORE minus Top"
    factors = over_confidence(planted.rms, planted.margins, planted.labels)
    found = claims.quantities(cells, measure.steps(planted), TIMES, DEVIATIONS, factors)
    for base, name in zip(planted.bases, ("smallest", "largest"), strict=True):
        told_by = found[f"{name} base: inverse temperature of MultiTask"].own
        assert told_by == factors[base]
    factors = {planted.bases[0]: 0.5, planted.bases[1]: 0.6}
    found = claims.quantities(cells, measure.steps(planted), TIMES, DEVIATIONS, factors)
    value = cells.set_index(KEYS)["value"].sort_index()
    each = [
        value["16x1x2", "more", False, name, "ece"] - value["16x1x2", "top", False, name, "ece"]
        for name in planted.sources[2:]
    ]
    assert found[f"smallest base, {gap}"].own == pytest.approx(np.mean(each))
    assert found[f"most confident base, {gap}"].own == pytest.approx(np.mean(each))
    every = [found[f"{base} base, {gap}"].own for base in ("smallest", "largest")]
    assert found[f"every base, {gap}"].own == pytest.approx(np.mean(every))
    small, large = (value[base, "more", False, "mean", "accuracy"] for base in planted.bases)
    grown = told(found, "MORE: mean accuracy at 32x1x2 minus at 16x1x2").item()
    assert grown == pytest.approx(large - small)


def test_one_bad_source_shows_in_its_own_quantities_and_the_means_alone(registry):
    def effect(rm, source):
        spoiled = rm["scheme"] == "multitask" and source == "webgpt"
        return Effect(-0.9, 12.0) if spoiled else by_scheme(STORY)(rm, source)

    sound = quantities(mixtures(by_scheme(STORY), pairs=400, bases=2, seeds=1, orders=0), registry)
    found = quantities(mixtures(effect, pairs=400, bases=2, seeds=1, orders=0), registry)
    changed = {name for name in found if abs(found[name].own - sound[name].own) > 0.02}
    lost = {name for name in changed if "accuracy of Top minus MultiTask" in name}
    assert lost == {
        f"smallest base, {one}: accuracy of Top minus MultiTask" for one in ("webgpt", "mean")
    }
    assert "largest base, webgpt: accuracy of MultiTask minus Top" in changed
    assert "most confident base, mean: ECE of MultiTask minus MORE" in changed
    assert not any(part in name for name in changed for part in ("helpful", "harmless", "oasst"))


def test_the_papers_differences_stand_beside_ours(story, registry):
    rows = registry.printed("more.table3", "Pythia-1.4B")
    single = [registry.printed("more.table5", source) for source in ("Helpful", "Harmless")]
    top, plain, more = (rows[name] for name in ("Top", "MultiTask", "MORE"))
    for name, value in {
        "helpful: accuracy of Top minus MultiTask": (top["Helpful"] - plain["Helpful"]) / 100,
        "mean: ECE of MultiTask minus MORE": plain["ece"] - more["ece"],
        "mean of helpful and harmless: ECE of Top minus MORE": np.mean(
            [cell["Single"]["ece"] - cell["MORE"]["ece"] for cell in single]
        ),
    }.items():
        assert story[f"smallest base, {name}"].paper == pytest.approx(value), name


def test_a_longer_gradient_and_a_larger_loss_are_seen(registry):
    found = mixtures(pairs=30, seeds=1, orders=0)
    worse = found.steps.copy()
    of_more = worse["rm"] == found.names("more")[0]
    worse.loc[of_more & (worse["step"] == 3), "combined"] = 1.01 * worse["equal"]
    worse.loc[of_more, "loss"] = worse["plain_loss"] * np.where(worse["step"] == 3, 4, 1)
    after = quantities(replace(found, steps=worse), registry)
    assert told(after, "largest ratio over steps of the head*").item() == pytest.approx(1.01)
    ratio = told(after, f"{found.main}: mean ratio of weighted to plain loss").item()
    assert ratio == pytest.approx(1.3)
    each = [worse[worse["rm"].isin(found.names("more", base))] for base in found.bases]
    mean = np.mean([(own["combined"] / own["equal"]).mean() for own in each])
    assert told(after, "mean ratio over steps of the head*").item() == pytest.approx(mean)


def test_what_is_exact_is_counted_and_times_may_be_missing(story, registry, tmp_path):
    assert {name for name, quantity in story.items() if quantity.is_counted} == {
        *EXACT,
        f"largest ratio over steps {claims.LENGTHS}",
        *(f"{base}: time of a step of MORE over one of MultiTask" for base in TIMES["base"]),
        "lower end of the largest time of a step of MORE over one of MultiTask",
        "upper end of the largest time of a step of MORE over one of MultiTask",
    }
    # The bound is held against the ends of the benchmark's own interval.
    assert told(story, "upper end of the largest time of a step *").item() == 1.13
    row = dict.fromkeys(measure.TIMES[:-1], 1.0) | {"base": "16x1x2", "more": "left out"}
    (tmp_path / "some.json").write_text(json.dumps({"repeats": 40, "bases": [row]}))
    times = measure.step_times(tmp_path / "some.json")
    assert times.columns.tolist() == measure.TIMES and times["repeats"].tolist() == [40]
    none, smoke = measure.step_times(tmp_path / "none.json"), mixtures(pairs=30, bases=2, seeds=1)
    assert not [name for name in quantities(smoke, registry, none) if "time of" in name]
    assert show.times_table(none).empty


@pytest.fixture(scope="module")
def shown(planted, cells, differences):
    trained, steps = cells[~cells["scaled"]].drop(columns="scaled"), measure.steps(planted)
    return replicated({"cells": trained, "differences": differences, "steps": steps})


def test_a_panel_shows_ours_and_the_papers_values(shown):
    figure = show.plot_schemes(shown["cells"], "5 bins of equal width, one order")
    panels = np.array(figure.axes).reshape(-1, 3)
    assert len(panels) == 6 and "5 of equal\nwidth, one order" in panels[-1, 1].get_xlabel()
    accuracy, ece, in_papers_form = panels[0]
    assert title(accuracy) == "helpful"
    cells = shown["cells"].query("source == 'helpful'").set_index(["metric", "scheme"])
    columns = ("accuracy", "5 bins of equal width, one order", "ece_paper")
    for axis, metric in zip(panels[0], columns, strict=True):
        dots = [collection.get_offsets()[:, 0] for collection in axis.collections[1::2]]
        for scheme, drawn in zip(SCHEMES, dots, strict=True):
            np.testing.assert_allclose(drawn, cells.loc[(metric, scheme), "estimate"])
    np.testing.assert_allclose(diamonds(accuracy)[1], [0.6781, 0.7308])
    floor = cells.loc["ece_paper_floor", "estimate"].max()
    [band] = [patch.get_bbox() for patch in in_papers_form.patches]
    assert (band.x0, band.x1) == pytest.approx((0, floor))
    assert not diamonds(ece) and len(diamonds(in_papers_form)) == 4


def test_differences_show_both_states_and_the_papers_value(shown):
    figure = show.plot_differences(shown["differences"], "paper", "webgpt")
    accuracy, ece, in_papers_form = figure.axes[:3]
    assert names(accuracy)[0] == "MORE − MultiTask\n16x1x2" and len(names(accuracy)) == 2 + 5
    assert len(accuracy.collections) == 2 and len(ece.collections) == 4
    floors = shown["differences"].query("source == 'webgpt' and metric == 'ece_paper_floor'")
    for axis in (ece, in_papers_form):
        [band] = [patch.get_bbox() for patch in axis.patches]
        assert (-band.x0, band.x1) == pytest.approx([floors["estimate"].max()] * 2)
    rows = shown["differences"].query("source == 'webgpt' and first == 'more' and not scaled")
    rows = rows.query("second == 'multitask'").set_index("metric")
    points = accuracy.collections[1].get_offsets()[:2, 0]
    np.testing.assert_allclose(points, 100 * rows.loc["accuracy", "estimate"])
    for axis in (ece, in_papers_form):  # the same form
        points = axis.collections[1].get_offsets()[:2, 0]
        np.testing.assert_allclose(points, rows.loc["ece_paper", "estimate"])
    [papers] = np.array(diamonds(accuracy), dtype=float)
    np.testing.assert_allclose(papers[:2], 100 * rows.loc["accuracy", "paper"])
    assert np.isnan(papers[2:]).all()
    with pytest.raises(ValueError, match="source must be one of .*'helpful'"):
        show.plot_differences(shown["differences"], source="reddit")


def test_every_form_has_a_row_and_every_base_a_panel(shown):
    figure = show.plot_forms(shown["differences"])
    assert [title(axis) for axis in figure.axes] == ["16x1x2", "32x1x2"]
    labels = names(figure.axes[0])
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
    sizes = pd.DataFrame({"source": list(COLUMNS), "training": training, "test": 0})
    table = show.table4(sizes.assign(share=sizes["training"] / one), registry)
    np.testing.assert_allclose(table["% of resampled"], table["%, paper"])
    assert table["test, paper"].sum() == 2352 + 2312 + 957 + 901 + 2000


def test_steps_and_times_are_text_cells(shown):
    table = show.steps_table(shown["steps"])
    assert len(table) == 3 and table["loss"].str.contains("[", regex=False).all()
    row = show.times_table(TIMES).iloc[0]
    assert row["ratio"] == "1.020 [1.010,\u00a01.130]"
    assert (row["weighing, %"], row["of which solving, %"]) == pytest.approx((1.2, 0.4))
