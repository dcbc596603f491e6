"""What the page on five real sources shows, on planted margins, steps and reports."""

import re
from dataclasses import replace

import matplotlib
import nbformat
import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import Effect, by_scheme, mixtures

from proxyreward.findings.more.mixtures import FORMS, STANDARD, Draws
from proxyreward.findings.more.more_schemes.schemes import Schemes
from proxyreward.findings.real import real_more
from proxyreward.pipeline.params import compose
from proxyreward.vocabulary import MORE, MULTITASK

matplotlib.use("Agg")
RESAMPLES = 40


def resampled(found):
    return Schemes(found, Draws.of(found, RESAMPLES, np.random.default_rng(0)))


def with_margins(found, scheme, change):
    """The same mixtures with other margins of one scheme."""
    names = found.names(scheme)
    return replace(found, margins=found.margins.assign(**{n: change(n) for n in names}))


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=120, bases=1)


@pytest.fixture(scope="module")
def stretched(planted):
    """MORE has the margins of MultiTask, four times as long."""
    margins = planted.margins
    return resampled(
        with_margins(planted, MORE, lambda name: 4 * margins[name.replace(MORE, MULTITASK)])
    )


@pytest.fixture(scope="module")
def statistics():
    return pd.DataFrame(
        {
            "source": ["helpful", "squality"],
            "pairs": [10, 12],
            "prompts": [10, 4],
            "ties": [0, 0],
            "prompt_words": [5.0, 12.0],
            "chosen_words": [9.0, 200.0],
            "rejected_words": [8.0, 100.0],
            "longer_chosen": [0.4, 0.8],
            "part": "training",
        }
    )


def test_only_found_reasons_are_told_and_counted():
    rejected, passed = {"bad_json": 0, "tie": 2, "no_reviews": 1}, {"other_language: de": 4}
    counts = {"read": 13, "kept": 6, "rejected": rejected, "passed": passed}
    reports = {"a": {"file": "a.json", **counts}}
    [row] = real_more.kept(reports).to_dict("records")
    assert row == {
        "source": "a", "file": "a.json", "read": 13, "kept": 6, "left out": 7,
        "why": "2 × tie; 1 × no reviews; 4 × other language: de",
    }  # fmt: skip


def test_conversations_are_counted_within_a_source(planted, statistics):
    group = np.r_[np.repeat(np.arange(40), 3), np.arange(480)]
    found = replace(planted, margins=planted.margins.assign(group=group))
    table = real_more.held(statistics.replace("squality", "harmless"), found)
    assert table["conversations"].tolist() == [40, 120]


def test_the_length_rule_has_a_mean_over_sources(statistics):
    rule = real_more.longer_wins(statistics)
    assert rule == pytest.approx({"helpful": 0.4, "squality": 0.8, "mean": 0.6})


def test_who_only_knows_people_from_models_is_right_on_five_of_six(statistics):
    # Of the three pairs of a prompt two are right and the third is tossed for.
    assert real_more.person_wins(statistics) == pytest.approx(5 / 6)
    assert np.isnan(real_more.person_wins(statistics, "summarize"))


def test_longer_margins_change_calibration_and_no_order(stretched):
    rows = real_more.differences(stretched)
    accuracy = rows[rows["measure"] == "accuracy"]
    assert len(accuracy) == 12 and (accuracy[["estimate", "low", "high"]] == 0).all(axis=None)
    mean = rows[(rows["source"] == "mean") & ~rows["scaled"] & (rows["measure"] != "accuracy")]
    assert (mean["low"] > 0).all()
    once = np.mean(abs(stretched.mixtures.margin(MULTITASK)))
    assert mean.set_index("measure").loc["size", "estimate"] == pytest.approx(3 * once)


def test_one_temperature_takes_out_the_size_of_rewards(stretched):
    rows = real_more.differences(stretched)
    scaled = rows.loc[rows["scaled"], ["estimate", "low", "high"]]
    np.testing.assert_allclose(scaled, 0, atol=1e-6)


def test_every_form_of_the_ece_is_there_and_means_agree(stretched):
    found = real_more.forms(stretched)
    assert found["form"].unique().tolist() == list(FORMS)
    standard = found[(found["form"] == STANDARD) & ~found["scaled"]]
    rows = real_more.differences(stretched).set_index(["source", "measure", "scaled"])
    expected = rows.loc[("mean", STANDARD, False), "estimate"]
    assert standard["estimate"].item() == pytest.approx(expected)
    table = real_more.form_table(found)
    assert table["bins"][0] == "10 of equal mass (standard)" and len(table) == len(FORMS)


def test_top_is_judged_on_each_source_by_the_model_of_that_source(planted):
    found = real_more.values(resampled(planted))
    top = found[(found["scheme"] == "top") & (found["measure"] == "accuracy")].set_index("source")
    expected = {
        name: (planted.margin(f"single-{name}")[:, planted.source == name] > 0).mean()
        for name in planted.sources
    }
    expected["mean"] = np.mean(list(expected.values()))
    assert top["estimate"].to_dict() == pytest.approx(expected)
    assert ((top["low"] < top["estimate"]) & (top["estimate"] < top["high"])).all()


def test_a_source_that_is_ordered_the_other_way_round_lies_below_chance():
    against = Effect(-0.9, 1.0)

    def effect(rm, source):
        reverse = rm["scheme"] == "single-helpful" and source == "harmless"
        return against if reverse else by_scheme({})(rm, source)

    found = mixtures(effect, pairs=80, bases=1)
    foreign = real_more.foreign(real_more.transfer(found, resampled(found).draws))
    assert len(foreign) == 20
    below = foreign[foreign["high"] < 0.5]
    assert below[["trained", "tested"]].values.tolist() == [["helpful", "harmless"]]
    assert (below["loss_high"] < 0).all()


def steps_of(weights):
    """Steps of two seeds with two folds each, of which every one has the given weights."""
    columns = [f"weight_{i}" for i in range(len(weights[0][0]))]
    parts = [
        pd.DataFrame(fold, columns=columns).assign(rm=f"more-16x1x2-seed{i // 2}", step=[1, 2])
        for i, fold in enumerate(weights)
    ]
    return pd.concat(parts, ignore_index=True)


def test_weights_by_training_and_by_step(planted):
    even, first = [0.2] * 5, [1.0, 0, 0, 0, 0]
    found = replace(
        planted, steps=steps_of([[even, even], [even, even], [even, even], [even, first]])
    )
    assert real_more.trainings(found) == 4
    table = real_more.weights(found).set_index("source")
    one, other = table.loc["helpful"], table.loc["harmless"]
    assert one.tolist() == pytest.approx([0.3, 0.2, 0.6, 0])
    assert other.tolist() == pytest.approx([0.175, 0.1, 0.2, 1 / 8])
    course = real_more.weight_course(found)
    assert course.index.tolist() == [1, 2] and course.columns.tolist() == list(found.sources)
    np.testing.assert_allclose(course["helpful"], [0.2, 0.4])


def test_the_summary_says_what_an_interval_allows(stretched):
    table = real_more.summary(real_more.differences(stretched), "webgpt")
    said = dict(zip(table["measure"], table["these pairs say"]))
    assert said["Accuracy, points"] == "cannot tell"
    assert said["Log loss, nats"] == "MORE worse"
    assert said["Mean |reward difference|"] == "MORE larger"
    assert real_more.meaning("accuracy", 0.1, 0.2) == "MORE better"
    assert real_more.meaning("brier", -0.2, -0.1) == "MORE better"


def test_figures_show_every_source_with_its_intervals(stretched, planted):
    values = real_more.values(stretched)
    longer = dict.fromkeys([*planted.sources, "mean"], 0.6)
    accuracy, ece = real_more.plot_values(values, longer).axes
    names = [label.get_text() for label in accuracy.get_yticklabels()]
    assert names == [*planted.sources, "mean"]
    assert len(ece.collections) == len(real_more.SCHEMES)
    panels = real_more.plot_differences(real_more.differences(stretched)).axes
    # Accuracy knows no temperature.
    assert [len(panel.collections) for panel in panels] == [1, 2, 2, 2, 2, 2]
    heat = real_more.plot_transfer(real_more.transfer(planted, stretched.draws)).axes[0]
    assert len(heat.texts) == 30 and len(heat.patches) == 5
    lines = real_more.plot_weights(real_more.weight_course(planted)).axes[0].lines
    assert len(lines) == 6 and lines[-1].get_ydata()[0] == pytest.approx(1 / 5)


def test_the_scale_of_the_hub_on_the_page_composes(root, tmp_path):
    page = nbformat.read(root / "notebooks/real_more.ipynb", as_version=4)
    [text] = [
        found
        for cell in page.cells
        if cell.cell_type == "markdown"
        for found in re.findall(r"```yaml\n(.*?)```", cell.source, re.DOTALL)
    ]
    (tmp_path / "scale").mkdir()
    defaults = (root / "params/config.yaml").read_text(encoding="utf-8")
    (tmp_path / "config.yaml").write_text(defaults, encoding="utf-8")
    for name in ("tiny", "hub-more"):
        (tmp_path / f"scale/{name}.yaml").write_text(text, encoding="utf-8")
    mixes = compose(["scale=hub-more"], tmp_path)["mixes"]
    assert {origin["place"] for origin in mixes["origins"]} == {"hub"}
    assert len(mixes["origins"]) == 5 and mixes["folds"]
