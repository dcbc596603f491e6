import numpy as np
import pytest

from proxyreward.metrics.resampling import (
    bootstrap,
    bootstrap_draws,
    draw_goldens,
    mean_known,
    percentile_interval,
    resample,
)


def test_equal_generators_give_equal_draws():
    first, second = (draw_goldens(5, 8, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape == (8, 5) and first.min() >= 0 and first.max() < 5


def test_interval_leaves_out_the_stated_tails():
    low, high = percentile_interval(np.arange(1000.0), level=0.9)
    assert (low, high) == pytest.approx((50, 950), abs=1)


def test_undefined_resamples_are_left_out():
    assert percentile_interval(np.array([np.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert np.isnan(percentile_interval(np.array([np.nan]))).all()


def test_infinite_resamples_are_kept():
    assert percentile_interval(np.array([1.0] * 9 + [np.inf] * 9))[1] == np.inf


def test_a_mean_has_the_width_of_its_standard_error():
    values = np.random.default_rng(4).normal(size=200)
    mean = bootstrap(lambda i: values[i].mean(), 200, 2000, np.random.default_rng(5))
    assert mean.estimate == pytest.approx(values.mean())
    assert mean.high - mean.low == pytest.approx(2 * 1.96 * values.std() / 200**0.5, rel=0.1)


def test_recentring_moves_a_range_back_to_its_estimate():
    values = np.random.default_rng(8).normal(size=10)
    plain, moved = (
        bootstrap(lambda i: np.ptp(values[i]), 10, 500, np.random.default_rng(9), recentre=r)
        for r in (False, True)
    )
    assert plain.high <= plain.estimate < moved.high
    assert moved.high - moved.low == pytest.approx(plain.high - plain.low)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_outside_0_to_1_is_refused(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile_interval(np.zeros(3), level)


def test_draws_and_goldens_both_widen_the_interval():
    rng = np.random.default_rng(10)
    goldens, draws = rng.normal(size=30), rng.normal(size=(30, 1))
    both = bootstrap_draws(float, goldens + draws, 2000, rng)
    assert both.estimate == pytest.approx((goldens + draws).mean())
    expected = 2 * 1.96 * np.sqrt(goldens.var() / 30 + draws.var() / 30)
    assert both.high - both.low == pytest.approx(expected, rel=0.1)


def test_missing_values_are_left_out_of_the_means():
    values = np.array([[[1.0, np.nan], [1.0, 1.0]]])
    assert bootstrap_draws(lambda m: m[0], values, 50, np.random.default_rng(1)) == (1, 1, 1)


def test_the_mean_is_over_known_values():
    assert mean_known(np.array([1.0, np.nan, 3.0])) == 2
    assert np.isnan(mean_known(np.array([np.nan])))


def test_an_interval_is_that_of_the_resampled_values():
    values = np.random.default_rng(3).normal(size=7)
    drawn = resample(lambda g: values[g].mean(), 7, 200, np.random.default_rng(4))
    found = bootstrap(lambda g: values[g].mean(), 7, 200, np.random.default_rng(4))
    assert drawn.shape == (201,) and drawn[0] == pytest.approx(values.mean())
    assert found == (drawn[0], *percentile_interval(drawn[1:]))
