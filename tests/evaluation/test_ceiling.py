import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.dense import scored

from proxyreward.evaluation.ceiling import ceiling, highest_accuracy
from proxyreward.evaluation.scores import RATERS
from proxyreward.metrics.within_prompt import accuracy


def rated(ratings, **more):
    """Scores of raters alone, from (raters, prompts, responses), NaN where one gave nothing."""
    ratings = np.asarray(ratings, dtype=float)
    known = ~np.isnan(ratings)
    total = np.where(known, ratings, 0.0).sum(axis=0)
    mean = np.where(known.any(axis=0), total / known.sum(axis=0).clip(min=1), np.nan)
    more = {"models": (RATERS,), "goldens": (RATERS,)} | more
    return scored(mean[None], raters=ratings.reshape(len(ratings), -1), **more)


def ratings(rng, raters=4, prompts=200, responses=4, noise=1.0):
    truth = rng.normal(size=(prompts, responses))
    return truth, truth + noise * rng.normal(size=(raters, prompts, responses))


def alpha(parts):
    """Cronbach's alpha of (raters, prompts, responses), from the covariances of the raters."""
    centred = (parts - parts.mean(axis=2, keepdims=True)).reshape(len(parts), -1)
    moments = centred @ centred.T
    k = len(parts)
    return k / (k - 1) * (1 - np.trace(moments) / moments.sum())


@pytest.mark.parametrize("raters", [2, 3, 4, 7])
def test_reliability_is_alpha_where_all_rate_all(raters):
    _, given = ratings(np.random.default_rng(0), raters)
    found = ceiling(rated(given), RATERS).reliability.estimate
    # Of two raters there is one split; of more the mean over random splits comes near.
    assert found == pytest.approx(alpha(given), abs=1e-12 if raters < 3 else 0.01)


def test_two_raters_step_up_as_spearman_and_brown_do():
    _, given = ratings(np.random.default_rng(1), 2)
    one, other = given - given.mean(axis=2, keepdims=True)
    other = other * np.sqrt((one**2).sum() / (other**2).sum())
    r = (one * other).sum() / (one**2).sum()
    found = ceiling(rated([one, other]), RATERS).reliability.estimate
    assert found == pytest.approx(2 * r / (1 + r), abs=1e-12)


def test_leniency_of_raters_and_differences_between_prompts_change_nothing():
    rng = np.random.default_rng(2)
    _, given = ratings(rng)
    shifted = given + rng.normal(size=(4, 1, 1)) + 5 * rng.normal(size=(4, 200, 1))
    same = ceiling(rated(given), RATERS).reliability
    np.testing.assert_allclose(ceiling(rated(shifted), RATERS).reliability, same, atol=1e-9)
    scaled = ceiling(rated(given * 1e190), RATERS)
    np.testing.assert_allclose(scaled.reliability, same, atol=1e-9)


def test_raters_who_rate_a_part_each():
    truth, given = ratings(np.random.default_rng(3), 12, prompts=3000)
    order = np.random.default_rng(4).random(given.shape).argsort(axis=0)
    given[order >= 3] = np.nan
    found = ceiling(rated(given), RATERS)
    assert found.reliability.estimate == pytest.approx(1 / (1 + 1 / 3), abs=0.02)
    assert "3 raters a response" in found.message


def test_a_perfect_model_reaches_the_highest_accuracy():
    truth, given = ratings(np.random.default_rng(5), 3, prompts=5000)
    found = ceiling(rated(given), RATERS)
    assert found.signal and found.kind == "raters"
    assert found.accuracy == pytest.approx(accuracy(given.mean(axis=0), truth), abs=0.01)


@pytest.mark.parametrize("levels, raters", [(5, 2), (5, 5), (10, 3)])
def test_so_it_does_against_coarse_ratings_that_tie(levels, raters):
    truth, given = ratings(np.random.default_rng(6), raters, prompts=5000)
    given = np.digitize(given, np.linspace(-2, 2, levels - 1))
    mean = given.sum(axis=0)
    one, other = np.triu_indices(4, 1)
    margin = mean[:, one] - mean[:, other]
    right = (np.sign(margin) == np.sign(truth[:, one] - truth[:, other]))[margin != 0].mean()
    assert ceiling(rated(given), RATERS).accuracy == pytest.approx(right, abs=0.015)


def test_accuracy_is_one_half_without_reliability_and_one_with():
    assert highest_accuracy(-0.2, 0.1) == 0.5
    assert highest_accuracy(1.0, 0.0) == highest_accuracy(0.9, 0.6) == 1.0


def test_raters_who_roll_dice_carry_no_signal():
    dice = np.random.default_rng(7).normal(size=(3, 100, 4))
    found = ceiling(rated(dice), RATERS)
    assert not found.signal and found.reliability.low < 0 < found.reliability.high
    assert np.isnan(found.accuracy) and "nothing is ranked" in found.message


def test_one_golden_score_a_response_tells_nothing_of_its_error():
    found = ceiling(scored(np.random.default_rng(0).normal(size=(1, 9, 3))), "a")
    assert found.kind == "none" and found.signal and np.isnan(found.accuracy)
    single = np.full((2, 9, 3), np.nan)
    single[0] = np.arange(3)
    assert ceiling(rated(single), RATERS).kind == "none"


@pytest.mark.parametrize("prompts", [0, 1, 2])
def test_golden_scores_that_tie_in_nearly_all_prompts_carry_no_signal(prompts):
    values = np.zeros((1, 50, 3))
    values[0, :prompts, 0] = 1
    assert ceiling(scored(values), "a").signal == (prompts == 2)


def test_prompts_of_one_cluster_count_once():
    _, given = ratings(np.random.default_rng(8), prompts=40)
    twice = np.concatenate([given, given], axis=1)
    plain, doubled = ceiling(rated(given), RATERS), ceiling(rated(twice), RATERS)
    cluster = np.tile(np.arange(40), 2).astype(str)
    clustered = ceiling(rated(twice, cluster=cluster), RATERS)
    np.testing.assert_allclose(clustered.reliability, plain.reliability, atol=1e-12)
    assert doubled.reliability.low > plain.reliability.low


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 4), st.integers(1, 4))
def test_any_ratings_have_a_plain_answer(seed, raters, prompts, responses):
    rng = np.random.default_rng(seed)
    given = rng.choice([np.nan, 1.0, 2.0, 5.0], (raters, prompts, responses))
    found = ceiling(rated(given), RATERS)
    assert "nan" not in found.message
    assert np.isnan(found.accuracy) or 0.5 <= found.accuracy <= 1
    assert found.signal or np.isnan(found.accuracy)


def covered(prompts, noise, responses=4, raters=3, tables=1000):
    true = 1 / (1 + noise**2 / raters)
    low_high = []
    for seed in range(tables):
        _, given = ratings(np.random.default_rng(seed), raters, prompts, responses, noise)
        low_high.append(ceiling(rated(given), RATERS).reliability[1:])
    low, high = np.transpose(low_high)
    return ((low <= true) & (true <= high)).mean(), (low > 0).mean()


@pytest.mark.slow
@pytest.mark.parametrize("prompts, noise", [(50, 0.5), (50, 2.0), (200, 1.0)])
def test_nominal_coverage_of_reliability(prompts, noise):
    assert 0.93 <= covered(prompts, noise)[0] <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("prompts", [5, 20, 100])
def test_dice_rarely_look_like_signal(prompts):
    signal = 0
    for seed in range(1000):
        dice = np.random.default_rng(seed).normal(size=(3, prompts, 4))
        signal += ceiling(rated(dice), RATERS).signal
    assert signal <= 60  # 4 % of tables; the interval's lower end alone errs in 2.5 % at best
