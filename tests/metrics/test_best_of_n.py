from itertools import combinations
from math import comb

import numpy as np
import pytest

from proxyreward.metrics.best_of_n import best_of_n, best_of_n_curves, kl_bound, weights
from proxyreward.metrics.ranking import Ranking


def brute_force(golden, proxy, n):
    """Mean over every subset of size n of the golden reward of the proxy's pick."""
    picks = []
    for subset in combinations(range(len(proxy)), n):
        chosen = np.array(subset)
        best = chosen[proxy[chosen] == proxy[chosen].max()]
        picks.append(golden[best].mean())
    return np.mean(picks)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_weights_are_shares_of_subsets():
    expected = [[comb(i - 1, n - 1) / comb(9, n) for i in range(1, 10)] for n in range(1, 10)]
    np.testing.assert_allclose(weights(9, range(1, 10)), expected, rtol=1e-12)


def test_one_ranking_serves_every_golden_model(rng):
    goldens, proxy = rng.normal(size=(2, 5, 7)), rng.integers(3, size=(5, 7)).astype(float)
    ranking = Ranking.of(proxy)
    for golden in goldens:
        found = weights(7, [1, 3, 7]) @ ranking.sort(golden).T
        np.testing.assert_array_equal(found, best_of_n(golden, proxy, [1, 3, 7]))


def test_weights_of_a_large_pool_are_a_distribution():
    table = weights(1280, [1, 2, 640, 1279, 1280])
    assert (table >= 0).all()
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-9)


@pytest.mark.parametrize("n", [0, 6])
def test_weights_reject_n_outside_the_pool(n):
    with pytest.raises(ValueError, match=r"1\.\.5"):
        weights(5, [n])


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_equals_brute_force_over_all_subsets(rng, n):
    golden, proxy = rng.normal(size=(2, 3, 8))
    expected = [brute_force(g, p, n) for g, p in zip(golden, proxy, strict=True)]
    np.testing.assert_allclose(best_of_n(golden, proxy, [n])[0], expected, atol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 4, 8])
def test_ties_equal_brute_force_with_random_tie_breaking(rng, n):
    golden = rng.normal(size=(4, 8))
    proxy = rng.integers(3, size=(4, 8)).astype(float)
    expected = [brute_force(g, p, n) for g, p in zip(golden, proxy, strict=True)]
    np.testing.assert_allclose(best_of_n(golden, proxy, [n])[0], expected, atol=1e-9)


def test_a_proxy_that_ties_everything_is_the_initial_policy(rng):
    golden = rng.normal(size=(2, 6))
    rewards = best_of_n(golden, np.zeros((2, 6)), [1, 3, 6])
    np.testing.assert_allclose(rewards, np.tile(golden.mean(axis=1), (3, 1)), atol=1e-12)


def test_n_of_one_is_the_mean_and_n_of_all_the_pick(rng):
    golden, proxy = rng.normal(size=(2, 5, 7))
    first, last = best_of_n(golden, proxy, [1, 7])
    np.testing.assert_allclose(first, golden.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(last, golden[np.arange(5), proxy.argmax(axis=1)], atol=1e-12)


def test_golden_policy_never_falls_with_n(rng):
    golden = rng.normal(size=(3, 20))
    assert (np.diff(best_of_n(golden, golden, range(1, 21)), axis=0) >= -1e-12).all()


def test_only_the_order_of_the_proxy_counts(rng):
    golden, proxy = rng.normal(size=(2, 3, 12))
    np.testing.assert_array_equal(
        best_of_n(golden, np.exp(proxy) * 7 - 2, [4]), best_of_n(golden, proxy, [4])
    )


def test_order_of_samples_does_not_count(rng):
    golden, proxy = rng.normal(size=(2, 3, 12))
    proxy = proxy.round(0)
    shuffle = rng.permutation(12)
    np.testing.assert_allclose(
        best_of_n(golden[:, shuffle], proxy[:, shuffle], [2, 5]),
        best_of_n(golden, proxy, [2, 5]),
        atol=1e-12,
    )


def test_normal_maximum_matches_the_known_order_statistic(rng):
    rewards = rng.normal(size=(400, 200))
    assert best_of_n(rewards, rewards, [2]).mean() == pytest.approx(1 / np.sqrt(np.pi), abs=0.02)


def test_curves_equal_one_pair_at_a_time(rng):
    scores = rng.normal(size=(3, 4, 10)).round(1).astype(np.float32)
    curves = best_of_n_curves(scores, [1, 2, 10])
    for golden in range(3):
        for proxy in range(3):
            expected = best_of_n(scores[golden], scores[proxy], [1, 2, 10]).mean(axis=1)
            np.testing.assert_allclose(curves[golden, proxy], expected, atol=1e-12)


def test_a_score_that_is_not_finite_is_named(rng):
    scores = rng.normal(size=(2, 3, 4))
    scores[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match=r"scores: .* \(1, 2, 3\) is not finite"):
        best_of_n_curves(scores, [2])


def test_shapes_must_agree(rng):
    with pytest.raises(ValueError, match="equal shapes"):
        best_of_n(rng.normal(size=(2, 3)), rng.normal(size=(3, 2)), [1])


@pytest.mark.parametrize(("n", "bits"), [(1, 0.0), (2, 0.2787), (32, 3.6024), (1280, 8.8804)])
def test_kl_bound_of_known_n(n, bits):
    assert kl_bound(n) == pytest.approx(bits, abs=5e-5)


def test_kl_bound_is_the_divergence_of_a_maximum(rng):
    # The best of n uniform draws has density n u^(n-1) against the uniform's 1.
    best = rng.uniform(size=200_000) ** (1 / 8)
    assert kl_bound(8) == pytest.approx(np.log2(8 * best**7).mean(), abs=0.01)


def test_kl_bound_exceeds_the_divergence_of_a_discrete_policy():
    # A fair coin's best of 2 is heads with probability 3/4.
    true = 0.75 * np.log2(0.75 / 0.5) + 0.25 * np.log2(0.25 / 0.5)
    assert true < kl_bound(2)
