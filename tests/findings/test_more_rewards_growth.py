from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import mixtures

from proxyreward.findings.more.mixtures import Draws
from proxyreward.findings.more.more_rewards.growth import growth, sizes, trend, trends


@pytest.fixture(scope="module")
def mixes():
    return mixtures(pairs=4, bases=2, orders=0)


def with_sizes(mixes, size):
    """Steps with a size that is a function of their rows."""
    return replace(mixes, steps=mixes.steps.assign(size=size(mixes.steps)))


def test_a_size_that_only_rises_has_trend_1_and_one_that_falls_minus_1():
    rising = np.tile(np.arange(12.0) ** 2, (1, 2, 1))
    even = np.full((30, 2), 0.5)
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(trend(rising, even, rng), 1)
    np.testing.assert_allclose(trend(-rising, even, rng), -1)


def test_seeds_count_by_their_weight():
    up = np.arange(10.0)
    size = np.array([[up, -up]])
    weights = np.array([[0.5, 0.5], [1.0, 0.0], [0.0, 1.0], [0.75, 0.25]])
    np.testing.assert_allclose(
        trend(size, weights, np.random.default_rng(0)), [0, 1, -1, 0.5], atol=1e-12
    )


def test_steps_are_resampled_as_well_as_seeds():
    noisy = np.random.default_rng(1).normal(size=(1, 1, 40))
    found = trend(noisy, np.ones((200, 1)), np.random.default_rng(0))
    # The standard error of a rank correlation over 40 unrelated steps is near 1 / sqrt(39).
    assert found[1:].std() == pytest.approx(1 / np.sqrt(39), rel=0.3)


def test_single_has_a_model_for_each_source(mixes):
    base = mixes.middle
    assert sizes(mixes, "multitask", base).shape == (1, 2, 10)
    assert sizes(mixes, "single", base).shape == (5, 2, 10)
    by_source = {f"single-{name}": 1.0 + place for place, name in enumerate(mixes.sources)}
    scheme = mixes.steps["rm"].map(mixes.rms.set_index("rm")["scheme"])
    planted = with_sizes(mixes, lambda steps: scheme.map(by_source).fillna(9.0))
    table = growth(planted).set_index(["base", "scheme"])["size"]
    np.testing.assert_allclose(table[base, "single"], 3.0)
    np.testing.assert_allclose(table[base, "more"], 9.0)


def test_a_step_is_the_mean_over_folds(mixes):
    other = mixes.steps.assign(size=mixes.steps["size"] + 2)
    folds = replace(mixes, steps=pd.concat([mixes.steps, other], ignore_index=True))
    one, both = (sizes(part, "multitask", mixes.middle) for part in (mixes, folds))
    np.testing.assert_allclose(both, one + 1)


def test_the_second_half_stands_apart(mixes):
    dip = with_sizes(mixes, lambda steps: abs(steps["step"] - 6.0))
    draws = Draws.of(dip, 10, np.random.default_rng(0))
    found = trends(dip, draws, np.random.default_rng(1))
    key = (mixes.middle, "multitask")
    assert abs(found[*key, "all"][0]) < 0.5
    assert found[*key, "second half"][0] == pytest.approx(1.0)
