from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ks_2samp, zscore
from tests.findings.mixtures import mixtures

from proxyreward.findings.more.mixtures import Draws, accuracy
from proxyreward.findings.more.more_conflict.distributions import (
    Distributions,
    Standardised,
    rank_tests,
    rewards_of,
)
from proxyreward.findings.more.more_conflict.transfer import Transfer, margin_of, models

RESAMPLES = 20


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=60)


@pytest.fixture(scope="module")
def draws(planted):
    return Draws.of(planted, RESAMPLES, np.random.default_rng(1))


@pytest.fixture(scope="module")
def transfer(planted, draws):
    return Transfer.of(planted, draws, planted.middle)


def test_accuracy_of_each_model_on_each_source_in_each_resample(planted, draws, transfer):
    assert models(planted) == ("raw", *planted.sources)
    for m, model in enumerate(models(planted)):
        for d, tested in enumerate(planted.sources):
            expected = draws.evaluate(accuracy, margin_of(planted, model), tested)
            np.testing.assert_allclose(transfer.accuracy[:, m, d], expected)


def test_mean_margin_is_that_of_the_repeated_pairs(planted, draws, transfer):
    own = planted.source == planted.sources[3]
    margin = margin_of(planted, "webgpt")[:, own]
    repeated = np.repeat(margin, draws.pairs[5, own].astype(int), axis=1)
    expected = draws.seeds[5] @ repeated.mean(axis=1)
    assert transfer.mean[5, 1 + 3, 3] == pytest.approx(expected)


def test_top_loses_nothing_and_losses_are_against_the_column(transfer):
    count = len(transfer.sources)
    for k in range(count):
        assert (transfer.loss[:, 1 + k, k] == 0).all()
    expected = transfer.accuracy[:, 2, 0] - transfer.accuracy[:, 1, 0]
    np.testing.assert_allclose(transfer.loss[:, 2, 0], expected)
    second = transfer.accuracy[:, 2] - transfer.accuracy[:, 0]
    np.testing.assert_allclose(transfer.gain[:, 1], second)
    assert len(transfer.elsewhere) == count * (count - 1)


def with_margins(planted, change):
    """The same mixtures with the margins of one-source models replaced: column name -> values."""
    margins = planted.margins.copy()
    for name in planted.sources:
        for rm in planted.names(f"single-{name}"):
            margins[rm] = change(name, margins[rm].to_numpy())
    return replace(planted, margins=margins)


def test_models_that_always_or_never_choose_the_same(planted, draws):
    reference = planted.margins[planted.names("single-helpful")[0]].to_numpy()
    opposed = with_margins(planted, lambda name, _: (-2 if name == "oasst" else 1) * reference)
    agreement = Transfer.of(opposed, draws, planted.middle).agreement
    oasst = planted.sources.index("oasst")
    expected = np.ones((5, 5))
    expected[oasst] = expected[:, oasst] = 0
    expected[oasst, oasst] = 1
    np.testing.assert_allclose(agreement, np.broadcast_to(expected, agreement.shape))


def test_agreement_compares_models_of_different_seeds(planted, draws, transfer):
    first, second = (margin_of(planted, name) for name in planted.sources[:2])
    same = [(np.sign(first[s]) == np.sign(second[1 - s])).mean() for s in range(2)]
    assert transfer.agreement[0, 0, 1] == pytest.approx(np.mean(same))
    np.testing.assert_allclose(transfer.agreement, transfer.agreement.swapaxes(1, 2))


def test_one_seed_cannot_tell_its_agreement_with_itself():
    planted = mixtures(pairs=30, bases=2, seeds=1, orders=1)
    draws = Draws.of(planted, 3, np.random.default_rng(0))
    agreement = Transfer.of(planted, draws, planted.middle).agreement
    off = ~np.eye(5, dtype=bool)
    assert np.isnan(agreement[:, ~off]).all() and np.isfinite(agreement[:, off]).all()


def test_mean_over_bases(planted, draws, transfer):
    other = Transfer.of(planted, draws, planted.bases[0])
    mean = Transfer.mean_of([transfer, other])
    np.testing.assert_allclose(mean.gain, (transfer.gain + other.gain) / 2, atol=1e-12)
    np.testing.assert_allclose(mean.agreement, (transfer.agreement + other.agreement) / 2)


def test_distance_is_scipys_on_standardised_and_repeated_values():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=90), rng.exponential(size=90)
    counts = rng.multinomial(90, np.full(90, 1 / 90), size=5).astype(float)
    counts[0] = 1
    found = Standardised.of(first, counts).distance(Standardised.of(second, counts))
    for count, value in zip(counts.astype(int), found, strict=True):
        each = [zscore(np.repeat(values, count)) for values in (first, second)]
        assert value == pytest.approx(ks_2samp(*each).statistic)


def test_distance_ignores_shift_and_scale_but_not_a_mirror():
    values, counts = np.random.default_rng(1).exponential(size=200), np.ones((1, 200))
    sample = Standardised.of(values, counts)
    step = 1.5 / 200  # rounding may shift a value across another
    assert sample.distance(Standardised.of(3 * values - 7, counts)).item() <= step
    assert sample.distance(Standardised.of(-values, counts)).item() > 0.15


def test_rewards_belong_to_the_pairs_of_the_margins(planted):
    both = rewards_of(planted, "oasst")
    np.testing.assert_allclose(both[:, 0] - both[:, 1], margin_of(planted, "oasst")[0], atol=1e-5)


def test_spread_of_rewards_counts_both_responses_of_repeated_pairs(planted, draws):
    found = Distributions.of(planted, draws, "harmless")
    own = planted.source == "harmless"
    count = draws.pairs[7, own].astype(int)
    repeated = np.repeat(rewards_of(planted, "summarize")[own], count, axis=0)
    assert found.sd[7, 5] == pytest.approx(repeated.std())
    assert found.mean[7, 5] == pytest.approx(repeated.mean())


def test_distances_are_means_over_seeds(planted, draws):
    found = Distributions.of(planted, draws, "harmless").distance
    assert len(found) == 10
    own = planted.source == "harmless"
    first, second = (zscore(margin_of(planted, n)[:, own], axis=1) for n in ("helpful", "webgpt"))
    each = [ks_2samp(*pair).statistic for pair in zip(first, second, strict=True)]
    assert found["helpful", "webgpt"][0] == pytest.approx(np.mean(each))


def test_rank_tests_find_a_shift_and_no_difference(planted):
    noise = np.random.default_rng(0).normal(size=len(planted.source))
    rng = np.random.default_rng(1)
    equal = with_margins(planted, lambda *_: noise + 1e-6 * rng.normal(size=len(noise)))
    assert (rank_tests(equal)["kruskal_p"] > 0.999).all()
    shifted = with_margins(planted, lambda name, _: noise + (name == "oasst"))
    tests = rank_tests(shifted)
    assert len(tests) == 5 * 2
    # The models' margins are the same but for the shift, which the paired test sees best.
    assert (tests["kruskal_p"] < 1e-3).all()
    assert (tests["friedman_p"] < tests["kruskal_p"]).all()
