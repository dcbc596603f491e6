"""What the page on five real sources shows, on planted margins, steps and reports."""

import re
from dataclasses import replace

import matplotlib
import nbformat
import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import names
from tests.findings.mixtures import Effect, by_scheme, mixtures, with_margins

from proxyreward.findings.more.mixtures import FORMS, METRICS, STANDARD, ece
from proxyreward.findings.real.real_more import measure, show
from proxyreward.pipeline.params import compose
from proxyreward.vocabulary import MORE, MULTITASK

matplotlib.use("Agg")
INTERVAL = ["estimate", "low", "high"]


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=120, bases=1)


@pytest.fixture(scope="module")
def stretched(planted):
    """MORE has the margins of MultiTask, four times as long."""
    longer = zip(planted.names(MORE), 4 * planted.margin(MULTITASK), strict=True)
    return with_margins(planted, dict(longer))


@pytest.fixture(scope="module")
def differences(stretched):
    return measure.differences(stretched)


@pytest.fixture(scope="module")
def statistics():
    counts = {"source": ["helpful", "squality"], "pairs": [10, 12], "prompts": [10, 4]}
    words = {name: [9.0, 200.0] for name in ("prompt_words", "chosen_words", "rejected_words")}
    return pd.DataFrame(
        {**counts, "ties": 0, **words, "longer_chosen": [0.4, 0.8], "part": "training"}
    )


def test_only_found_reasons_are_told_and_counted():
    rejected, passed = {"bad_json": 0, "tie": 2, "no_reviews": 1}, {"other_language: de": 4}
    counts = {"read": 13, "kept": 6, "rejected": rejected, "passed": passed}
    [row] = measure.kept({"a": {"file": "a.json", **counts}}).to_dict("records")
    assert row == {
        "source": "a", "file": "a.json", "read": 13, "kept": 6, "left out": 7,
        "why left out": "2 × tie; 1 × no reviews; 4 × other language: de",
    }  # fmt: skip


def test_conversations_are_counted_within_a_source(planted, statistics):
    group = np.r_[np.repeat(np.arange(40), 3), np.arange(480)]
    found = with_margins(planted, {"group": group})
    table = measure.held(statistics.replace("squality", "harmless"), found)
    assert table["conversations"].tolist() == [40, 120]
    block = pd.Series(measure.blocks(found))
    for name in found.sources:
        own = found.source == name
        assert block[own].nunique() == measure.BLOCKS
        assert block[own].groupby(group[own]).nunique().max() == 1
        assert block[own].is_monotonic_increasing
    few = with_margins(found, {"group": group // 10})
    assert measure.blocks(few).max() + 1 == 4


def test_rules_without_a_model(statistics):
    rule = measure.longer_wins(statistics)
    assert rule == pytest.approx({"helpful": 0.4, "squality": 0.8, "mean": 0.6})
    # Of the three pairs of a prompt two are right and the third is tossed for.
    assert measure.person_wins(statistics) == pytest.approx(5 / 6)
    assert np.isnan(measure.person_wins(statistics, "summarize"))


def test_intervals_over_pairs_are_as_wide_as_a_normal_mean_has_them(planted):
    """Widths of accuracies in the mean over many draws, against sqrt(p (1 - p) / n)."""
    rng, ratios = np.random.default_rng(0), []
    for _ in range(60):
        margin = np.where(rng.random((1, len(planted.source))) < 0.7, 1.0, -1.0)
        judged = measure.judge(planted, METRICS["accuracy"], margin).mean(axis=-1)
        estimate, low, high = measure.jackknife(judged)[:, -1]
        ratios.append((high - low) / 2 / 2.093 / np.sqrt(0.7 * 0.3 / margin.size))
        assert estimate == pytest.approx((margin > 0).mean())
    assert np.mean(ratios) == pytest.approx(1, rel=0.06)


def test_longer_margins_change_calibration_and_no_order(stretched, differences):
    accuracy = differences[differences["measure"] == "accuracy"]
    assert len(accuracy) == 6 and (accuracy[INTERVAL] == 0).all(axis=None)
    mean = differences[(differences["source"] == "mean") & ~differences["scaled"]]
    mean = mean[mean["measure"] != "accuracy"]
    assert (mean["low"] > 0).all() and (mean["lowest"] > 0).all()
    once = np.mean(abs(stretched.margin(MULTITASK)))
    assert mean.set_index("measure").loc["size", "estimate"] == pytest.approx(3 * once)


def test_one_temperature_takes_out_the_size_of_rewards(differences):
    np.testing.assert_allclose(differences.loc[differences["scaled"], INTERVAL], 0, atol=1e-6)


def test_every_form_of_the_ece_is_there_and_means_agree(stretched, differences):
    found = measure.differences(stretched, {name: ece(name) for name in FORMS})
    rows = [rows.set_index(["source", "measure", "scaled"]) for rows in (found, differences)]
    own, expected = (table.loc[("mean", STANDARD, False), "estimate"] for table in rows)
    assert own == pytest.approx(expected)
    table = show.form_table(found)
    assert table.iloc[0, 0] == "10 bins of equal mass, one order (standard)"
    assert len(table) == len(FORMS) and list(table)[1:] == ["as trained", "one temperature"]


def test_top_is_judged_on_each_source_by_the_model_of_that_source(planted):
    found = measure.values(planted)
    top = found[(found["scheme"] == "top") & (found["measure"] == "accuracy")].set_index("source")
    right = {
        name: (planted.margin(f"single-{name}")[:, planted.source == name] > 0).mean(axis=1)
        for name in planted.sources
    }
    right["mean"] = np.mean(list(right.values()), axis=0)
    for name, seeds in right.items():
        row = top.loc[name]
        assert row["estimate"] == pytest.approx(seeds.mean())
        assert (row["lowest"], row["highest"]) == pytest.approx((seeds.min(), seeds.max()))
        assert row["low"] < row["estimate"] < row["high"]


def test_a_source_that_is_ordered_the_other_way_round_lies_below_chance():
    def effect(rm, source):
        reverse = rm["scheme"] == "single-helpful" and source == "harmless"
        return Effect(-0.9, 1.0) if reverse else by_scheme({})(rm, source)

    foreign = measure.foreign(measure.transfer(mixtures(effect, pairs=80, bases=1)))
    assert len(foreign) == 20
    below = foreign[foreign["high"] < 0.5]
    assert below[["trained", "tested"]].values.tolist() == [["helpful", "harmless"]]
    assert (below["loss_high"] < 0).all() and (below["loss"] < below["loss_high"]).all()


def test_weights_by_training_and_by_step(planted):
    """Two seeds with two folds of two steps each."""
    even, first = [0.2] * 5, [1.0, 0, 0, 0, 0]
    steps = pd.DataFrame(
        [even] * 7 + [first], columns=[f"weight_{name}" for name in planted.sources]
    )
    steps["rm"] = np.repeat(planted.names(MORE), 4)
    found = replace(planted, steps=steps.assign(step=[1, 2] * 4))
    table, course, trainings = measure.weights(found)
    assert trainings == 4
    one, other, *_ = table.set_index("source").to_numpy().tolist()
    assert one == pytest.approx([0.3, 0.2, 0.6, 0])
    assert other == pytest.approx([0.175, 0.1, 0.2, 1 / 8])
    assert course.index.tolist() == [1, 2] and course.columns.tolist() == list(found.sources)
    np.testing.assert_allclose(course["helpful"], [0.2, 0.4])


def test_the_summary_says_what_pairs_and_seeds_allow(differences):
    def said(table):
        return show.summary(table, "webgpt").set_index("measure")["together they say"]

    found = said(differences)
    assert found["Accuracy, points"] == "cannot tell"
    assert found["Log loss, nats"] == "MORE worse"
    assert found["Mean |reward difference|"] == "MORE larger"
    assert show.meaning("accuracy", 0.1, 0.2) == "MORE better"
    assert show.meaning("brier", -0.2, -0.1) == "MORE better"
    # One seed says otherwise.
    assert said(differences.assign(lowest=-1.0))["Log loss, nats"] == "cannot tell"


def test_figures_and_tables_show_every_source_with_its_intervals(planted, differences):
    values, transfer = measure.values(planted), measure.transfer(planted)
    longer = dict.fromkeys([*planted.sources, "mean"], 0.6)
    accuracy, ece_axis = show.plot_values(values, longer).axes
    assert names(accuracy) == [*planted.sources, "mean"]
    dots = [points.get_offsets()[:, 0] for points in ece_axis.collections[1::2]]
    expected = values[values["measure"] == "ece"].groupby("scheme", sort=False)["estimate"]
    np.testing.assert_allclose(np.ma.getdata(dots), [own for _, own in expected])
    [floor] = ece_axis.patches
    assert floor.get_width() == values.loc[values["measure"] == "floor", "estimate"].max() > 0
    panels = show.plot_differences(differences).axes
    # An interval and a dot each; accuracy knows no temperature.
    assert [len(panel.collections) for panel in panels] == [2, 4, 4, 4, 4, 4]
    heat = show.plot_transfer(transfer).axes[0]
    assert [text.get_text() for text in heat.texts] == [f"{100 * x:.0f}" for x in transfer.estimate]
    assert len(heat.patches) == 5
    lines = show.plot_weights(measure.weights(planted)[1]).axes[0].lines
    assert len(lines) == 6 and lines[-1].get_ydata()[0] == pytest.approx(1 / 5)
    assert show.value_table(values, "ece")["source"].tolist() == names(accuracy)
    assert show.transfer_table(transfer)["trained on"].tolist() == ["Raw", *planted.sources]


def test_the_scale_of_the_hub_on_the_page_composes(root, tmp_path):
    page = nbformat.read(root / "notebooks/real_more.ipynb", as_version=4)
    told = "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    [text] = re.findall(r"```yaml\n(.*?)```", told, re.DOTALL)
    (tmp_path / "scale").mkdir()
    defaults = (root / "params/config.yaml").read_text(encoding="utf-8")
    (tmp_path / "config.yaml").write_text(defaults, encoding="utf-8")
    for name in ("tiny", "hub-more"):
        (tmp_path / f"scale/{name}.yaml").write_text(text, encoding="utf-8")
    mixes = compose(["scale=hub-more"], tmp_path)["mixes"]
    assert {origin["place"] for origin in mixes["origins"]} == {"hub"}
    assert len(mixes["origins"]) == 5 and mixes["folds"]
