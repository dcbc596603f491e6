import numpy as np
import pytest

from proxyreward.metrics import goodhart
from proxyreward.metrics.best_of_n import best_of_n

ACCURACIES = np.linspace(0.5, 1, 26)
NS = [2, 8, 32]


def planes(ratio, seed=0, shape=(200, 64)):
    return goodhart.simulate_rewards(ratio, 1.0, shape, np.random.default_rng(seed))


def test_integral_is_the_closed_form():
    ratio = np.array([0, 0.01, 0.3, 1, 3, 100, 1e4, np.inf])
    np.testing.assert_allclose(
        goodhart.accuracy_integral(ratio), goodhart.accuracy_from_ratio(ratio), atol=1e-9
    )


def test_equal_deviations_give_three_quarters_and_a_half():
    assert goodhart.accuracy_from_ratio(1.0) == pytest.approx(0.75)
    assert goodhart.degree_from_ratio(1.0) == pytest.approx(0.5)
    assert goodhart.correlation_from_accuracy(0.75) == pytest.approx(np.sqrt(0.5))


def test_degree_is_the_share_of_golden_variance_and_the_squared_correlation():
    ratio = np.array([0.2, 1.0, 5.0])
    degree = goodhart.degree_from_ratio(ratio)
    np.testing.assert_allclose(degree, ratio**2 / (ratio**2 + 1))
    accuracy = goodhart.accuracy_from_ratio(ratio)
    np.testing.assert_allclose(goodhart.degree_from_accuracy(accuracy), degree)
    np.testing.assert_allclose(goodhart.correlation_from_accuracy(accuracy) ** 2, degree)


def test_the_ratio_of_an_accuracy_leads_back_to_it():
    ratio = goodhart.ratio_from_accuracy(ACCURACIES)
    np.testing.assert_allclose(goodhart.accuracy_from_ratio(ratio), ACCURACIES, atol=1e-7)


def test_an_accuracy_below_chance_has_no_raw_degree_but_a_negative_slope():
    assert goodhart.degree_from_accuracy(0.4) == 0
    assert goodhart.correlation_from_accuracy(0.4) == -goodhart.correlation_from_accuracy(0.6)


def test_simulated_accuracy_knows_the_ratio_alone():
    rng = np.random.default_rng(0)
    found = [goodhart.simulated_accuracy(scale * 2, scale, 50_000, rng) for scale in (0.01, 100)]
    expected = goodhart.accuracy_from_ratio(2.0)
    np.testing.assert_allclose(found, expected, atol=4 * goodhart.accuracy_error(expected, 50_000))


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_simulated_best_of_n_keeps_the_degree_and_the_correlation_at_every_n(ratio):
    found = goodhart.simulated_best_of_n(*planes(ratio), NS)
    degree = goodhart.degree_from_ratio(ratio)
    for name, expected in (("degree", degree), ("ndr", np.sqrt(degree))):
        value, error = found[name]
        assert (error < 0.05).all()
        assert (abs(value - expected) < 4 * error).all()


def test_error_of_the_expected_degree_is_the_spread_over_test_sets():
    rng = np.random.default_rng(0)
    accuracies = rng.binomial(500, 0.8, size=4000) / 500
    spread = goodhart.correlation_from_accuracy(accuracies).std()
    assert goodhart.correlation_error(0.8, 500) == pytest.approx(spread, rel=0.05)


def test_matching_noise_reaches_the_wanted_accuracies():
    rng = np.random.default_rng(1)
    pairs = rng.normal(size=(20_000, 2))
    wanted = np.array([0.55, 0.75, 0.95])
    noise = goodhart.matching_noise(pairs[:, 0] - pairs[:, 1], wanted)
    np.testing.assert_allclose(1 / noise, goodhart.ratio_from_accuracy(wanted), rtol=0.05)
    noisy = pairs + noise[:, None, None] * rng.normal(size=(3, *pairs.shape))
    agreed = np.sign(np.diff(noisy)) == np.sign(np.diff(pairs))
    np.testing.assert_allclose(agreed.mean(axis=(1, 2)), wanted, atol=0.015)


def test_matching_noise_stays_finite_where_no_noise_fits():
    noise = goodhart.matching_noise(np.array([1.0, -1.0]), [0.3, 1.0])
    assert noise[0] == pytest.approx(1000, rel=1e-6)
    assert 0 < noise[1] < 0.5


def test_measured_degree_is_one_for_the_golden_rm_itself():
    golden, _ = planes(1.0, shape=(10, 16))
    draws = goodhart.prompt_draws(10, 20, np.random.default_rng(0))
    degree, error, gain = goodhart.measured_degree(golden, 3 * golden + 7, [2, 16], draws)
    np.testing.assert_allclose(degree, 1)
    np.testing.assert_allclose(error, 0, atol=1e-12)
    standard = (golden - golden.mean()) / golden.std()
    np.testing.assert_allclose(gain, best_of_n(standard, standard, [2, 16]).mean(axis=1))


def test_measured_degree_knows_neither_scale_nor_offset():
    golden, proxy = planes(1.0, shape=(12, 16))
    draws = goodhart.prompt_draws(12, 50, np.random.default_rng(0))
    plain = goodhart.measured_degree(golden, proxy, NS[:2], draws)
    moved = goodhart.measured_degree(5 * golden - 3, 0.1 * proxy + 9, NS[:2], draws)
    np.testing.assert_allclose(plain, moved)


def test_error_of_the_measured_degree_is_the_spread_over_pools():
    rng = np.random.default_rng(4)
    draws = goodhart.prompt_draws(60, 200, rng)
    found = [
        goodhart.measured_degree(*goodhart.simulate_rewards(1, 1, (60, 16), rng), [4], draws)
        for _ in range(150)
    ]
    degrees, errors = (np.array([f[i][0] for f in found]) for i in (0, 1))
    assert degrees.mean() == pytest.approx(np.sqrt(0.5), abs=0.01)
    assert errors.mean() == pytest.approx(degrees.std(), rel=0.2)


def test_prompts_that_differ_in_level_do_not_widen_the_error():
    golden, proxy = planes(1.0, shape=(40, 16))
    draws = goodhart.prompt_draws(40, 100, np.random.default_rng(0))
    level = np.random.default_rng(1).normal(size=(40, 1))
    flat = goodhart.measured_degree(golden, proxy, [8], draws)[1]
    uneven = goodhart.measured_degree(golden + level, proxy + level, [8], draws)[1]
    assert uneven < 1.5 * flat


def test_one_score_for_all_is_an_error():
    golden, _ = planes(1.0, shape=(3, 4))
    with pytest.raises(ValueError, match="one score; train it again"):
        goodhart.measured_degree(golden, np.ones((3, 4)), [2], np.ones((1, 3)) / 3)


def test_a_resample_of_equal_scores_has_no_degree():
    golden, proxy = planes(1.0, shape=(3, 8))
    golden[1:] = 0.1
    draws = np.array([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.4, 0.3, 0.3]])
    degree, error, _ = goodhart.measured_degree(golden, proxy, [4], draws)
    assert np.isfinite(degree) and np.isnan(error)


@pytest.mark.parametrize("accuracy", [0.4999, 1.0001, 75])
def test_an_accuracy_that_no_noise_makes_has_no_ratio(accuracy):
    with pytest.raises(ValueError, match="accuracy must lie in"):
        goodhart.ratio_from_accuracy([0.7, accuracy])
