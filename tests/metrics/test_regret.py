import numpy as np
import pytest

from proxyreward.metrics.best_of_n import best_of_n_curves
from proxyreward.metrics.regret import golden_gain, ndr_matrix, normalised_drop_ratio


@pytest.fixture
def scores():
    return np.random.default_rng(2).normal(size=(3, 5, 16))


def test_golden_itself_has_one_and_the_initial_policy_zero():
    assert normalised_drop_ratio(j_proxy=4.0, j_golden=4.0, j_initial=1.0) == 1
    assert normalised_drop_ratio(j_proxy=1.0, j_golden=4.0, j_initial=1.0) == 0


def test_it_can_exceed_one_and_be_negative():
    np.testing.assert_allclose(normalised_drop_ratio([5.0, -1.0], 3.0, 1.0), [2.0, -1.0])


def test_no_golden_gain_has_no_ratio():
    assert np.isnan(normalised_drop_ratio(2.0, 1.0, 1.0))


def test_scale_and_offset_of_the_golden_reward_do_not_count():
    plain = normalised_drop_ratio(1.7, 2.4, 0.9)
    assert normalised_drop_ratio(170 - 30, 240 - 30, 90 - 30) == pytest.approx(plain)


def test_matrix_equals_the_ratio_of_each_pair(scores):
    curves = best_of_n_curves(scores, [2, 16])
    initial = scores.mean(axis=(1, 2))
    ndr = ndr_matrix(curves, initial)
    for golden in range(3):
        expected = normalised_drop_ratio(curves[golden, 1], curves[golden, golden], initial[golden])
        np.testing.assert_allclose(ndr[golden, 1], expected, atol=1e-12)


def test_matrix_has_ones_on_its_diagonal(scores):
    ndr = ndr_matrix(best_of_n_curves(scores, [4]), scores.mean(axis=(1, 2)))
    np.testing.assert_allclose(np.diagonal(ndr[..., 0]), 1)


def test_best_of_one_gains_nothing(scores):
    initial = scores.mean(axis=(1, 2))
    first, top = np.moveaxis(best_of_n_curves(scores, [1, 16]), -1, 0)
    own = np.diag(top)[:, None]
    np.testing.assert_allclose(normalised_drop_ratio(first, own, initial[:, None]), 0, atol=1e-12)


def test_gain_is_the_denominator(scores):
    curves, initial = best_of_n_curves(scores, [16]), scores.mean(axis=(1, 2))
    expected = scores.max(axis=2).mean(axis=1) - initial
    np.testing.assert_allclose(golden_gain(curves, initial)[:, 0], expected, atol=1e-12)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="rms, rms"):
        ndr_matrix(np.zeros((2, 3)), np.zeros(2))
    with pytest.raises(ValueError, match="one value per golden"):
        ndr_matrix(np.zeros((2, 2)), np.zeros(3))
