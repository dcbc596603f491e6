from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import by_scheme, mixtures

from proxyreward.findings.more.mixtures import Draws, accuracy
from proxyreward.findings.more.more_sources.gradients import (
    COMBINED,
    EQUAL,
    Norms,
    averaged,
    block_weights,
    mean_weights,
    step_weights,
)
from proxyreward.findings.more.more_sources.shares import Shares
from proxyreward.vocabulary import MULTITASK, MULTITASK_AS_IS, TOP

STEPS = 12
SIZES = {"helpful": 200, "harmless": 160, "oasst": 80, "webgpt": 60, "summarize": 500}


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=40, steps=STEPS)


@pytest.fixture(scope="module")
def draws(planted):
    return Draws.of(planted, 30, np.random.default_rng(0))


@pytest.fixture(scope="module")
def norms(planted, draws):
    return Norms.of(planted, draws, np.random.default_rng(1))


def statistics(sizes):
    training = pd.DataFrame({"source": sizes.keys(), "pairs": sizes.values(), "part": "training"})
    return pd.concat([training, training.assign(pairs=7, part="test")])


def test_resampled_steps_come_in_blocks():
    # Eight steps have blocks of two, in which alternating signs cancel; single steps would not.
    weights = block_weights(8, 50, np.random.default_rng(0))
    alternating = (-1.0) ** np.arange(8)
    np.testing.assert_allclose(weights @ alternating, 0, atol=1e-12)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights[0] == 1 / 8).all() and len(np.unique(weights[1:], axis=0)) > 10


def test_blocks_reach_all_steps_alike():
    weights = block_weights(27, 4000, np.random.default_rng(0))
    np.testing.assert_allclose(weights[1:].mean(axis=0), 1 / 27, rtol=0.1)


def test_mean_of_steps_and_seeds():
    values = np.array([[1.0, 2.0], [5.0, 8.0]])
    seeds, steps = np.array([[0.5, 0.5], [1, 0]]), np.array([[0.5, 0.5], [0, 1]])
    np.testing.assert_allclose(averaged(values, seeds, steps), [4.0, 2.0])


def test_relative_lengths_are_means_of_ratios(planted, norms):
    assert (norms.steps, norms.counts) == (STEPS, (2, 3, 4, 5))
    steps = planted.steps.set_index("rm")

    def expected(names, column):
        rows = steps.loc[names]
        return (rows[column] / rows["single"]).mean()

    parts = expected(planted.names("more-splits", k=3), EQUAL)
    assert norms.parts[EQUAL][0, 1] == pytest.approx(parts)
    three = [expected(planted.names("more-added", k=3, order=o), COMBINED) for o in range(3)]
    assert norms.sources[COMBINED][0, 1] == pytest.approx(np.mean(three))
    assert norms.paper_order[0, 1] == pytest.approx(three[0])
    assert norms.sources[COMBINED][0, 3] == pytest.approx(expected(planted.names("more"), COMBINED))


def test_min_norm_weights_are_no_longer_than_equal_ones(norms):
    for kind in (norms.sources, norms.parts):
        assert (kind[COMBINED] <= kind[EQUAL] + 1e-12).all()


def test_every_run_is_cut_to_the_shortest(planted, draws, norms):
    short = planted.names("more-splits", k=5)
    steps = planted.steps
    cut = replace(planted, steps=steps[~steps["rm"].isin(short) | (steps["step"] <= 4)])
    found = Norms.of(cut, draws, np.random.default_rng(1))
    same = Norms.of(planted, draws, np.random.default_rng(1), first=4)
    assert found.steps == same.steps == 4
    np.testing.assert_allclose(found.sources[COMBINED], same.sources[COMBINED])
    assert not np.allclose(found.sources[COMBINED][0], norms.sources[COMBINED][0])
    assert Norms.of(cut, draws, np.random.default_rng(1), first=9).steps == 4


def test_one_step_has_an_estimate_but_no_interval(planted, draws):
    found = Norms.of(planted, draws, np.random.default_rng(1), first=1)
    assert np.isfinite(found.parts[COMBINED][0]).all()
    assert np.isnan(found.parts[COMBINED][1:]).all()


def test_weights_of_a_step_and_their_means_sum_to_one(planted, draws):
    for scheme in ("more", "public-code"):
        means = mean_weights(planted, draws, np.random.default_rng(0), scheme, planted.middle)
        np.testing.assert_allclose(means.sum(axis=1), 1)
        runs = [step_weights(planted, scheme, planted.middle, i) for i in range(5)]
        assert runs[0].shape == (2, STEPS)
        np.testing.assert_allclose(np.sum(runs, axis=0), 1)
        np.testing.assert_allclose(means[0], [run.mean() for run in runs])


def test_relative_gain_is_one_for_the_own_model_and_zero_for_the_untrained(planted, draws):
    margins = planted.margins.copy()
    for seed, rm in enumerate(planted.names(MULTITASK_AS_IS)):
        margins[rm] = planted.margin(TOP)[seed]
    for seed, rm in enumerate(planted.names(MULTITASK)):
        margins[rm] = planted.margin("raw")[seed]
    shares = Shares.of(replace(planted, margins=margins), draws, statistics(SIZES))
    np.testing.assert_allclose(shares.gain[MULTITASK_AS_IS][0], 1)
    np.testing.assert_allclose(shares.gain[MULTITASK][0], 0)
    np.testing.assert_allclose(shares.share, np.array(list(SIZES.values())) / 1000)


def test_relative_gain_of_any_mixture(planted, draws):
    shares = Shares.of(planted, draws, statistics(SIZES))
    reached = [
        draws.evaluate(accuracy, margin, "oasst")
        for margin in (planted.margin(MULTITASK), planted.margin("raw"), planted.margin(TOP))
    ]
    expected = (reached[0] - reached[1]) / (reached[2] - reached[1])
    np.testing.assert_allclose(shares.gain[MULTITASK][:, 2], expected)


def test_association_with_the_share_is_spearmans(planted, draws):
    shares = Shares.of(planted, draws, statistics(SIZES))
    rising = np.tile(shares.share**3, (4, 1))
    np.testing.assert_allclose(shares.association(rising), 1)
    np.testing.assert_allclose(shares.association(-rising), -1)


def test_a_source_without_a_gain_of_its_own_is_undefined(draws):
    planted = mixtures(by_scheme({}), pairs=40)
    margins = planted.margins.copy()
    for own, raw in zip(planted.names("single-oasst"), planted.names("raw"), strict=True):
        margins[own] = margins[raw]
    shares = Shares.of(replace(planted, margins=margins), draws, statistics(SIZES))
    assert np.isnan(shares.gain[MULTITASK][:, 2]).all()
    assert np.isnan(shares.association(shares.gain[MULTITASK])).all()
