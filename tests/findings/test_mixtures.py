"""Margins by scheme and paired resamples, on planted mixtures."""

from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures

from proxyreward.findings.more.mixtures import (
    FORMS,
    PAPER_FORM,
    STANDARD,
    Draws,
    Mixtures,
    accuracy,
    ece,
    interval,
    size,
    temperature_scaled,
)
from proxyreward.metrics.calibration import log_loss, pair_ece
from proxyreward.vocabulary import HH, MORE, MULTITASK, SINGLE, TOP


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=40)


@pytest.fixture(scope="module")
def draws(planted):
    return Draws.of(planted, 50, np.random.default_rng(1))


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
    assert set(controls["base"]) == {planted.middle} == {planted.bases[1]}
    assert planted.sources[:2] == HH


def test_names_come_by_seed_on_the_middle_base_unless_told_otherwise(planted):
    assert planted.names(MORE) == [f"more-{planted.middle}-seed{i}" for i in range(planted.seeds)]
    assert all(planted.bases[-1] in name for name in planted.names(MORE, planted.bases[-1]))
    third = planted.names("more-added", k=3, order=1)
    rows = planted.rms.set_index("rm").loc[third]
    assert set(rows["k"]) == {3} and set(rows["order"]) == {1} and len(third) == planted.seeds


def test_an_unknown_scheme_is_told_which_exist(planted):
    with pytest.raises(KeyError, match="'mor'.*known schemes:.*multitask"):
        planted.names("mor")
    with pytest.raises(KeyError):
        planted.names("balanced", planted.bases[0])


def test_top_takes_each_pair_from_the_model_of_its_own_source(planted):
    top = planted.margin(TOP)
    for name in planted.sources:
        own = planted.source == name
        np.testing.assert_array_equal(top[:, own], planted.margin(f"{SINGLE}-{name}")[:, own])
    assert np.isfinite(top).all()


def test_adding_all_sources_is_more_itself_and_two_have_one_order(planted):
    np.testing.assert_array_equal(planted.added(5, order=2), planted.margin(MORE))
    np.testing.assert_array_equal(planted.added(2, order=1), planted.added(2, order=0))
    assert (planted.added(3, order=1) != planted.added(3, order=0)).any()


def test_the_first_row_is_the_plain_estimate(planted, draws):
    margin, own = planted.margin(MORE), planted.source == "oasst"
    right, large = (margin[:, own] > 0).mean(), abs(margin[:, own]).mean()
    assert draws.evaluate(accuracy, margin, "oasst")[0] == pytest.approx(right)
    assert draws.evaluate(size, margin, "oasst")[0] == pytest.approx(large)
    for form, options in FORMS.items():
        expected = np.mean([pair_ece(row[own], **options) for row in margin])
        assert draws.evaluate(ece(form), margin, "oasst")[0] == pytest.approx(expected), form


def test_a_row_is_the_metric_of_the_resampled_pairs_and_seeds(planted, draws):
    margin, own = planted.margin(MORE), planted.source == "webgpt"
    repeated = np.repeat(margin[:, own], draws.pairs[7, own].astype(int), axis=1)
    expected = draws.seeds[7] @ [log_loss(row) for row in repeated]
    assert draws.evaluate(log_loss, margin, "webgpt")[7] == pytest.approx(expected)


def test_every_resample_keeps_the_number_of_pairs_of_a_source(planted, draws):
    for name in planted.sources:
        assert set(draws.pairs[:, planted.source == name].sum(axis=1)) == {40}
    np.testing.assert_allclose(draws.seeds.sum(axis=1), 1)
    assert (draws.pairs[0] == 1).all() and (draws.pairs[1:] != 1).any()


def test_the_mean_weighs_sources_alike(planted, draws):
    margin = planted.margin(MULTITASK)
    each = [draws.evaluate(accuracy, margin, name) for name in HH]
    np.testing.assert_allclose(draws.mean(accuracy, margin, HH), np.mean(each, axis=0))


def test_equal_margins_differ_by_nothing_in_any_resample(planted, draws):
    margin = planted.margin(MORE)
    for metric in (accuracy, ece()):
        first, second = (draws.evaluate(metric, m, "helpful") for m in (margin, margin.copy()))
        assert not (first - second).any()


def test_intervals_of_paired_differences_cover_the_planted_one():
    """Two models that are right on 66 and 58 % of pairs, mostly the same ones."""
    rng, inside, gained = np.random.default_rng(3), [], []
    for _ in range(150):
        common = rng.random(200)
        right = np.stack([common < 0.7, common < 0.6]) ^ (rng.random((2, 200)) < 0.1)
        frame = pd.DataFrame({"group": np.arange(200), "source": "a"})
        one = SimpleNamespace(source=np.full(200, "a"), sources=("a",), seeds=1, margins=frame)
        drawn = Draws.of(one, 200, rng)
        margins = np.where(right, 1.0, -1.0)
        first, second = (drawn.evaluate(accuracy, m[None], "a") for m in margins)
        _, low, high = interval(first - second)
        inside.append(low <= 0.08 <= high)
        gained.append((first - second).std() / np.hypot(first.std(), second.std()))
    assert 0.89 <= np.mean(inside) <= 0.99
    assert np.mean(gained) < 0.9


def test_recentring_takes_away_what_resampling_adds_to_an_ece():
    found = mixtures(pairs=400, bases=1, seeds=1, orders=0)
    drawn = Draws.of(found, 200, np.random.default_rng(0))
    replicates = drawn.evaluate(ece(), found.margin(MORE), "helpful")
    added = replicates[1:].mean() - replicates[0]
    plain, shifted = interval(replicates), interval(replicates, recentre=True)
    assert added > 0.01
    assert shifted.estimate == plain.estimate == replicates[0]
    assert (shifted.low, shifted.high) == pytest.approx((plain.low - added, plain.high - added))


def test_the_paper_form_forgives_small_rewards_and_the_standard_one_does_not():
    effects = by_scheme({"more": Effect(0.7, 0.1)})
    found = mixtures(effects, pairs=2000, bases=1, seeds=1, orders=0)
    timid, once = found.margin(MORE), np.ones(found.source.size)
    assert ece(PAPER_FORM)(timid, once) < 0.01
    assert ece(STANDARD)(timid, once) > 0.1


@pytest.fixture(scope="module")
def exaggerated():
    """MORE's margins are three times as large as they should be."""
    effects = by_scheme({"more": Effect(0.7, 3 * calibrated(0.7))})
    return mixtures(effects, pairs=1000, bases=1, seeds=2, orders=0)


def test_temperature_scaling_recovers_the_planted_temperature(exaggerated):
    margin = exaggerated.margin(MORE)
    scaled = temperature_scaled(margin)
    np.testing.assert_allclose(scaled / margin, 1 / 3, rtol=0.15)
    once = np.ones(margin.shape[1])
    assert (ece()(scaled, once) < 0.05).all() and (ece()(margin, once) > 0.1).all()


def test_temperature_scaling_leaves_accuracy_alone(exaggerated):
    margin = exaggerated.margin(MORE)
    drawn = Draws.of(exaggerated, 20, np.random.default_rng(0))
    plain, scaled = (
        drawn.evaluate(accuracy, m, "webgpt") for m in (margin, temperature_scaled(margin))
    )
    np.testing.assert_array_equal(plain, scaled)


def test_no_pair_is_scaled_by_its_own_label(exaggerated):
    margin = exaggerated.margin(MORE)
    turned = margin.copy()
    turned[:, 1::2] *= -1
    before, after = (temperature_scaled(m) / m for m in (margin, turned))
    np.testing.assert_allclose(after[:, 1::2], before[:, 1::2])
    assert (after[:, ::2] < 0.5 * before[:, ::2]).all()
