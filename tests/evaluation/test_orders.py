import numpy as np
import pytest

from proxyreward.evaluation.orders import Orders
from proxyreward.metrics.ranking import Places

GOLDEN, MODELS = [0, 2], [1, 2, 3]


def signs(scores):
    """Of the differences of all pairs, (models, prompts, pairs)."""
    one, other = np.triu_indices(scores.shape[-1], k=1)
    return np.sign(scores[..., one] - scores[..., other])


# 8 x 8 bits are a word and 9 x 9 are more; 256 places no longer fit a byte.
@pytest.mark.parametrize("responses", [2, 3, 8, 9, 255, 256])
@pytest.mark.parametrize("levels", [1, 3, 10**9])
def test_pairs_are_counted_as_signs_are_multiplied(responses, levels):
    scores = np.random.default_rng(responses).integers(levels, size=(4, 3, responses)).astype(float)
    orders, sign = Orders(Places.of(scores)), signs(scores)
    np.testing.assert_array_equal(orders.pairs, abs(sign).sum(axis=-1))
    product = np.einsum("gpi,mpi->gmp", sign[GOLDEN], sign[MODELS])
    expected = (orders.pairs[GOLDEN, None] + product) / 2
    np.testing.assert_array_equal(orders.right(GOLDEN, MODELS), expected)


@pytest.mark.parametrize("levels", [1, 3, 10**9])
def test_clear_pairs_are_tied_by_golden_and_far_apart_by_the_model(levels):
    rng = np.random.default_rng(levels)
    scores = rng.integers(levels, size=(4, 5, 12)).astype(float)
    scores[1:] += rng.normal(size=(3, 5, 12)).round(1)
    least = np.array([0.5, 0.0, 2.0])
    one, other = np.triu_indices(12, k=1)
    far = abs(scores[..., one] - scores[..., other])[MODELS] > least[:, None, None]
    expected = ((signs(scores)[GOLDEN] == 0)[:, None] & far).sum(axis=-1)
    found = Orders(Places.of(scores)).clear(GOLDEN, scores[MODELS], least)
    np.testing.assert_array_equal(found, expected)
