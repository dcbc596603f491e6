import numpy as np

from proxyreward.metrics.scaling import near_one

VALUES = np.array([[3.0, -5.0, 0.1], [7e180, 1.0, -2e160], [3e-300, 0.0, -1e-310], [0.0, 0.0, 0.0]])


def test_the_largest_magnitude_of_each_row_comes_near_one():
    scaled, exponent = near_one(VALUES)
    largest = abs(scaled).max(axis=1)
    assert ((largest >= 0.5) & (largest < 4)).tolist() == [True, True, True, False]
    np.testing.assert_array_equal(np.ldexp(scaled, exponent), VALUES)
    assert exponent.shape == (4, 1) and (exponent % 2 == 0).all()


def test_axes_can_share_a_power():
    scaled, exponent = near_one(VALUES, axes=2)
    assert exponent.shape == (1, 1) and abs(scaled).max() < 4
    np.testing.assert_array_equal(scaled[0], np.ldexp(VALUES[0], -exponent[0]))


def test_what_is_no_number_stays_what_it_is():
    scaled, _ = near_one(np.array([[np.nan, 8.0], [np.inf, 1.0]]))
    assert np.isnan(scaled[0, 0]) and scaled[1, 0] == np.inf


def test_roots_of_squares_are_the_same_bit_for_bit():
    values = np.random.default_rng(0).normal(size=(100, 7)) * 2.0 ** np.arange(-50, 50)[:, None]
    scaled, exponent = near_one(values)
    np.testing.assert_array_equal(
        np.ldexp(np.linalg.norm(scaled, axis=1), exponent[:, 0]), np.linalg.norm(values, axis=1)
    )
