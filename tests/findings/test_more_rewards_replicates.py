from dataclasses import replace

import numpy as np
import pytest
from tests.findings.mixtures import mixtures

from proxyreward.findings.more.mixtures import Draws
from proxyreward.findings.more.more_rewards.replicates import (
    AS_TRAINED,
    SCALED,
    SCHEMES,
    all_extremes,
    controls,
    extremes,
    factor,
    measures,
)
from proxyreward.metrics.calibration import inverse_temperature
from proxyreward.metrics.outliers import outliers
from proxyreward.vocabulary import HH, MORE, MULTITASK


@pytest.fixture(scope="module")
def two_bases():
    return mixtures(bases=2, orders=0, steps=2)


@pytest.fixture(scope="module")
def draws(two_bases):
    return Draws.of(two_bases, 20, np.random.default_rng(0))


def enlarged(mixes, scheme, by):
    """The same reward models with larger rewards."""
    names = mixes.rms.loc[mixes.rms["scheme"] == scheme, "rm"]
    changed = mixes.margins.copy()
    changed[list(names)] *= by
    return replace(mixes, margins=changed)


def test_one_temperature_leaves_every_accuracy_as_it_is(two_bases, draws):
    found = measures(two_bases, draws).xs("accuracy", level="metric")
    trained, scaled = (found.xs(kind, level="rewards") for kind in (AS_TRAINED, SCALED))
    np.testing.assert_array_equal(trained.loc[scaled.index], scaled)


def test_one_temperature_undoes_a_change_of_scale(two_bases, draws):
    before = measures(two_bases, draws)
    after = measures(enlarged(two_bases, MORE, 4.0), draws)
    base, source = two_bases.middle, HH[0]
    for metric in ("size", "ece", "ece_paper", "log_loss"):
        scaled = (base, source, MORE, SCALED, metric)
        np.testing.assert_allclose(before.loc[scaled], after.loc[scaled], rtol=1e-5)
        trained = (base, source, MORE, AS_TRAINED, metric)
        assert after.loc[trained][0] != pytest.approx(before.loc[trained][0], rel=0.1)


def test_each_model_of_top_has_its_own_temperature(two_bases):
    other = enlarged(two_bases, f"single-{HH[0]}", 3.0)
    first, second = (
        [of("top", mixes.middle) for of in (mixes.margin, mixes.scaled)]
        for mixes in (two_bases, other)
    )
    assert not np.allclose(first[0], second[0])
    np.testing.assert_allclose(first[1], second[1], rtol=1e-5)


def test_controls_are_those_of_their_base(two_bases):
    small, middle = two_bases.bases
    assert controls(two_bases, small) == []
    assert controls(two_bases, middle) == [
        "balanced", "public-code", "multitask-as-is", "more-as-is",
    ]  # fmt: skip


@pytest.mark.parametrize("reading", ["by sign", "one box"])
def test_outliers_of_a_resample_are_those_of_the_repeated_pairs(two_bases, draws, reading):
    margin = two_bases.margin(MORE)[:1]
    alone = replace(draws, seeds=np.ones((21, 1)))
    found = extremes(alone, margin, HH[1], reading)
    own = two_bases.source == HH[1]
    for place in (0, 7):
        repeated = np.repeat(margin[0, own], draws.pairs[place, own].astype(int))
        raw, free = (outliers(repeated, reading, scale_free) for scale_free in (False, True))
        for side in ("positive", "negative"):
            assert found[f"{side}_count"][place] == getattr(raw, f"{side}_count")
            for name, expected in ((f"{side}_mean", raw), (f"{side}_mean_sd", free)):
                mean = getattr(expected, f"{side}_mean")
                np.testing.assert_allclose(found[name][place], mean, rtol=1e-9)
        number = raw.positive_count + raw.negative_count
        assert found["share"][place] == pytest.approx(100 * number / len(repeated))


def test_outliers_of_several_seeds_are_pooled():
    source = np.full(9, HH[0])
    calm = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8]
    wild = [*calm[:7], 10.0, 30.0]
    even = Draws(source, np.ones((1, 9)), np.array([[0.5, 0.5]]))
    found = extremes(even, np.array([calm, wild]), HH[0], "by sign")
    # Half an outlier is no outlier: the model that has none does not pull the mean to 0.
    assert found["positive_count"] == [1.0]
    assert found["positive_mean"] == [20.0]
    none = extremes(even, np.array([calm, calm]), HH[0], "by sign")
    assert none["positive_count"] == [0.0]
    assert np.isnan(none["positive_mean"]).all() and np.isnan(none["positive_mean_sd"]).all()


def test_scale_changes_the_means_of_outliers_but_not_their_number(two_bases, draws):
    rows = (two_bases.middle, HH[0], MULTITASK, "by sign")
    before, after = (
        all_extremes(mixes, draws).sort_index().loc[rows]
        for mixes in (two_bases, enlarged(two_bases, MULTITASK, 4.0))
    )
    same = ["positive_count", "negative_count", "share", "positive_mean_sd", "negative_mean_sd"]
    np.testing.assert_allclose(after.loc[same], before.loc[same], rtol=1e-5)
    means = ["positive_mean", "negative_mean"]
    np.testing.assert_allclose(after.loc[means], 4 * before.loc[means], rtol=1e-5)


def test_the_factor_of_a_resample_is_that_of_a_fit_to_it(two_bases, draws):
    for scheme in SCHEMES:
        margin = two_bases.margin(scheme, two_bases.middle)[0]
        found = factor(margin[None], draws.pairs)
        fitted = inverse_temperature(margin[None], draws.pairs)
        assert found[0] == pytest.approx(fitted[0])
        assert abs(found - fitted).mean() < 0.1 * fitted[1:].std()


def test_a_model_that_knows_nothing_gets_the_factor_0():
    margin = np.array([[1.0, -1.5, 0.5, -0.7]])
    assert factor(margin, np.ones((1, 4))) == [0.0]
