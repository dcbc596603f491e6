"""Margins by scheme and their metrics, on planted mixtures; the paper's numbers by our names."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures

from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS, SCHEME_NAMES
from proxyreward.findings.more.mixtures import (
    DISTINCT,
    FORMS,
    METRICS,
    PAPER_FORM,
    STANDARD,
    Mixtures,
    accuracy,
    counterparts,
    ece,
    in_words,
    size,
    temperature_scaled,
)
from proxyreward.metrics.calibration import pair_ece
from proxyreward.vocabulary import ADDED, HH, MORE, MULTITASK, SINGLE, TOP


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=40)


def test_tables_survive_writing_and_reading(planted, tmp_path):
    for name in ("rms", "steps"):
        getattr(planted, name).to_csv(tmp_path / f"{name}.csv", index=False)
    for name in ("margins", "tuned", "rewards"):
        getattr(planted, name).to_parquet(tmp_path / f"{name}.parquet", index=False)
    again = Mixtures.read(tmp_path)
    for field in fields(Mixtures):
        pd.testing.assert_frame_equal(getattr(again, field.name), getattr(planted, field.name))


def test_bases_come_smallest_first_and_controls_have_the_middle_one(planted):
    widths = [int(base.partition("x")[0]) for base in planted.bases]
    assert widths == sorted(widths) and len(widths) == 3
    controls = planted.rms[planted.rms["scheme"].isin(["balanced", "public-code", "more-splits"])]
    assert set(controls["base"]) == {planted.main} == {planted.bases[1]}
    assert planted.sources[:2] == HH
    assert planted.counts == (2, 3, 4, 5) and planted.orders == (0, 1, 2)
    assert planted.sizes["steps"] == 10 and planted.sizes["tests"] == 5 * planted.sizes["pairs"]


def test_names_come_by_seed_on_the_middle_base_unless_told_otherwise(planted):
    assert planted.names(MORE) == [f"more-{planted.main}-seed{i}" for i in range(planted.seeds)]
    assert all(planted.bases[-1] in name for name in planted.names(MORE, planted.bases[-1]))
    third = planted.names(ADDED, k=3, order=1)
    rows = planted.rms.set_index("rm").loc[third]
    assert set(rows["k"]) == {3} and set(rows["order"]) == {1} and len(third) == planted.seeds
    # All orders begin with the same two sources and end with all.
    assert planted.names(ADDED, k=5, order=2) == planted.names(MORE)
    assert planted.names(ADDED, k=2, order=1) == planted.names(ADDED, k=2)


def test_unknown_schemes_and_bases_are_told_which_exist(planted):
    with pytest.raises(KeyError, match="'mor'.*known schemes:.*multitask"):
        planted.names("mor")
    with pytest.raises(KeyError):
        planted.names("balanced", planted.bases[0])
    assert (planted.chosen(""), planted.chosen("16x1x2")) == (planted.main, "16x1x2")
    with pytest.raises(ValueError, match="base must be one of"):
        planted.chosen("8x1x1")


def test_top_takes_each_pair_from_the_model_of_its_own_source(planted):
    top, scaled = planted.margin(TOP), planted.scaled(TOP)
    for name in planted.sources:
        own, margin = planted.source == name, planted.margin(f"{SINGLE}-{name}")
        np.testing.assert_array_equal(top[:, own], margin[:, own])
        np.testing.assert_array_equal(scaled[:, own], temperature_scaled(margin[:, own]))


def test_a_metric_is_the_mean_over_seeds_and_then_over_sources(planted):
    margin, own = planted.margin(MORE), planted.source == "oasst"
    right, large = (margin[:, own] > 0).mean(), abs(margin[:, own]).mean()
    assert planted.evaluate(accuracy, margin, "oasst") == pytest.approx(right)
    assert planted.evaluate(size, margin, "oasst") == pytest.approx(large)
    for form, options in FORMS.items():
        expected = np.mean([pair_ece(row[own], **options) for row in margin])
        assert planted.evaluate(ece(form), margin, "oasst") == pytest.approx(expected), form
    margin = planted.margin(MULTITASK)
    for metric in METRICS.values():
        each = [planted.evaluate(metric, margin, name) for name in planted.sources]
        assert planted.evaluate(metric, margin) == pytest.approx(np.mean(each))
    assert accuracy(np.array([[1.0, 0.0, -2.0, 3.0]])) == 0.625  # a tie counts half


def test_forms_left_out_equal_one_order_in_half_as_many_bins(planted):
    margin = planted.margin(MORE)
    for form in set(FORMS) - set(DISTINCT):
        options = FORMS[form]
        half = options | {"bins": options["bins"] // 2, "orientation": "proxy"}
        assert options["orientation"] == "both" and half in FORMS.values()
        np.testing.assert_allclose(pair_ece(margin, **options), pair_ece(margin, **half))
    assert DISTINCT[:2] == (STANDARD, PAPER_FORM) and len(DISTINCT) == 8
    assert len({in_words(options) for options in FORMS.values()}) == len(FORMS) == 12


def test_temperature_scaling_recovers_the_temperature_without_a_pairs_own_label():
    """MORE's margins are three times as large as they should be."""
    effects = by_scheme({"more": Effect(0.7, 3 * calibrated(0.7))})
    large = mixtures(effects, pairs=1000, bases=1, seeds=2, orders=0).margin(MORE)
    scaled = temperature_scaled(large)
    np.testing.assert_allclose(scaled / large, 1 / 3, rtol=0.15)
    assert (ece()(scaled) < 0.05).all() and (ece()(large) > 0.1).all()
    np.testing.assert_array_equal(accuracy(scaled), accuracy(large))
    turned = large.copy()
    turned[:, 1::2] *= -1
    before, after = (temperature_scaled(margin) / margin for margin in (large, turned))
    np.testing.assert_allclose(after[:, 1::2], before[:, 1::2])
    assert (after[:, ::2] < 0.5 * before[:, ::2]).all()


def test_names_and_colours_tell_schemes_apart():
    assert len(set(SCHEME_NAMES.values())) == len(SCHEME_NAMES)
    # A one-source model and Top are the same model on different test sets.
    assert len(set(SCHEME_COLOURS.values())) == len(SCHEME_COLOURS) - 1


def test_bases_of_the_paper_go_by_size(registry):
    papers = list(registry.printed("more.table3"))
    assert list(counterparts(("a", "b", "c")).values()) == papers
    assert counterparts(("a",)) == {"a": papers[0]}
