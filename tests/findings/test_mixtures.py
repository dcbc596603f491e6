"""Margins by scheme and their metrics, on planted mixtures; the paper's numbers by our names."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures, with_margins

from proxyreward.findings.more.confidence import over_confidence
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
    floor,
    in_words,
    size,
    temperature_scaled,
)
from proxyreward.metrics.calibration import ece_floor, pair_ece
from proxyreward.vocabulary import ADDED, HH, MORE, MULTITASK, SINGLE, TOP


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=40, orders=2)


def test_tables_survive_writing_and_reading(planted, tmp_path):
    for name in ("rms", "steps", "ladder"):
        getattr(planted, name).to_csv(tmp_path / f"{name}.csv", index=False)
    for name in ("margins", "tuned", "rewards", "labels", "ladder_margins"):
        getattr(planted, name).to_parquet(tmp_path / f"{name}.parquet", index=False)
    again = Mixtures.read(tmp_path)
    for field in fields(Mixtures):
        pd.testing.assert_frame_equal(getattr(again, field.name), getattr(planted, field.name))


def test_bases_come_smallest_first_and_controls_have_the_largest(planted):
    widths = [int(base.partition("x")[0]) for base in planted.bases]
    assert widths == sorted(widths) and len(widths) == 2
    controls = planted.rms[planted.rms["scheme"].isin(["balanced", "public-code", "more-splits"])]
    assert set(controls["base"]) == {planted.main} == {planted.bases[-1]}
    assert set(controls["seed"]) == {0}
    assert planted.sources[:2] == HH
    assert planted.counts == (2, 3, 4, 5) and planted.orders == (0, 1, 2)
    assert planted.sizes["steps"] == 10 and planted.sizes["tests"] == 5 * planted.sizes["pairs"]


def test_names_come_by_seed_on_the_largest_base_unless_told_otherwise(planted):
    assert planted.names(MORE) == [f"more-{planted.main}-seed{i}" for i in range(planted.seeds)]
    assert planted.names(MORE, planted.bases[0]) == [f"more-{planted.bases[0]}-seed0"]
    third = planted.names(ADDED, k=3, order=1)
    rows = planted.rms.set_index("rm").loc[third]
    assert set(rows["k"]) == {3} and set(rows["order"]) == {1} and len(third) == 1
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


def test_metrics_take_the_chances_of_the_labels_where_they_are_known():
    known = mixtures(pairs=40, expected=True)
    margin, own = known.margin(MORE), known.source == "oasst"
    chance = known.chance[own]
    right = np.where(margin[:, own] > 0, chance, 1 - chance).mean()
    assert known.evaluate(accuracy, margin, "oasst") == pytest.approx(right)
    for metric, function in ((ece(), pair_ece), (floor(), ece_floor)):
        expected = function(margin[:, own], chance=chance).mean()
        assert known.evaluate(metric, margin, "oasst") == pytest.approx(expected)
    turned = with_margins(known, {rm: -known.margins[rm] for rm in known.names(MORE)})
    turned = replace(turned, labels=known.labels.assign(chance=1 - known.chance))
    np.testing.assert_allclose(turned.scaled(MORE), -known.scaled(MORE))
    for metric in METRICS.values():
        value = known.evaluate(metric, margin)
        assert turned.evaluate(metric, turned.margin(MORE)) == pytest.approx(value)


def test_a_rung_has_its_own_labels_and_the_full_one_those_of_the_mixture(planted):
    for conflict in (0.0, 0.5, 1.0):
        chance, margins = planted.at(conflict)
        assert list(margins) == [MORE, MULTITASK] and chance.shape == planted.source.shape
        assert all(margin.shape == (1, len(chance)) for margin in margins.values())
    own = planted.margin(MORE, planted.bases[0])
    np.testing.assert_array_equal(planted.at(1.0)[1][MORE], own)
    assert not np.array_equal(planted.at(0.5)[1][MORE], own)


def test_over_confidence_is_the_mean_factor_of_multitask():
    """One of two models has margins five times too large, the other twice."""
    found = mixtures(pairs=2000, bases=1, orders=0)
    one, two = found.names(MULTITASK)
    changed = {one: 5 * found.margins[one], two: 2 * found.margins[two]}
    changed = with_margins(found, changed)
    [factor] = over_confidence(changed.rms, changed.margins, changed.labels).values()
    assert factor == pytest.approx((1 / 5 + 1 / 2) / 2, rel=0.1)


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
    assert counterparts(("a",)) == {"a": papers[-1]}
