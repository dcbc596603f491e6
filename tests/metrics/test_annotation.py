from collections import Counter
from itertools import permutations
from math import ceil, log2

import numpy as np
import pytest

from proxyreward.metrics.annotation import merge_sort, noisy_order, noisy_preferences

WORST = {1: 0, 2: 1, 3: 3, 4: 5, 5: 8, 6: 11, 8: 17, 10: 25}


@pytest.fixture
def rng():
    return np.random.default_rng(9)


def plain_merge_sort(items, preferred, asked):
    """Best first; every comparison is written down in `asked`."""
    if len(items) == 1:
        return items
    half = len(items) // 2
    left = plain_merge_sort(items[:half], preferred, asked)
    right = plain_merge_sort(items[half:], preferred, asked)
    merged = []
    while left and right:
        asked.append(frozenset((left[0], right[0])))
        winner = left if preferred[left[0], right[0]] else right
        merged.append(winner[0])
        if winner is left:
            left = left[1:]
        else:
            right = right[1:]
    return merged + left + right


@pytest.mark.parametrize("responses", range(1, 12))
def test_order_and_cost_are_those_of_a_plain_merge_sort(rng, responses):
    preferred = noisy_preferences(rng.normal(size=(4, 25, responses)), 1.0, rng)
    order, comparisons = merge_sort(preferred)
    for place in np.ndindex(4, 25):
        asked = []
        expected = plain_merge_sort(list(range(responses)), preferred[place], asked)
        assert order[place].tolist() == expected
        assert comparisons[place] == len(asked) == len(set(asked))  # no pair twice


@pytest.mark.parametrize("responses", WORST)
def test_cost_stays_within_the_worst_case(rng, responses):
    _, comparisons = noisy_order(rng.normal(size=(2000, responses)), 0.0, rng)
    depth = ceil(log2(responses))
    assert WORST[responses] == responses * depth - 2**depth + 1
    assert comparisons.max() == WORST[responses]
    assert comparisons.min() >= responses - 1
    assert comparisons.dtype.kind == "i"


@pytest.mark.parametrize("responses", [2, 3, 4, 5])
def test_an_annotator_of_infinite_quality_finds_the_exact_order(rng, responses):
    rewards = np.array(list(permutations(range(responses))), dtype=float)
    ranks, comparisons = noisy_order(rewards, np.inf, rng)
    np.testing.assert_array_equal(ranks, rewards + 1)
    assert comparisons.max() == WORST[responses]


def test_a_pair_is_decided_by_a_bradley_terry_draw(rng):
    gap, quality = 0.7, 1.5
    rewards = np.tile([gap, 0.0], (40_000, 1))
    ranks, comparisons = noisy_order(rewards, quality, rng)
    chance = 1 / (1 + np.exp(-quality * gap))
    assert (ranks[:, 0] == 2).mean() == pytest.approx(chance, abs=0.01)
    assert (comparisons == 1).all()


@pytest.mark.parametrize("quality", [0.0, 1.0, np.inf])
def test_equal_rewards_are_a_coin_toss_at_any_quality(rng, quality):
    ranks, _ = noisy_order(np.full((20_000, 2), 0.3), quality, rng)
    assert (ranks[:, 0] == 2).mean() == pytest.approx(0.5, abs=0.015)


def test_without_quality_the_worst_response_is_as_often_first_as_the_best(rng):
    ranks, _ = noisy_order(np.tile([0.0, 5.0, 50.0, 500.0], (20_000, 1)), 0.0, rng)
    first = Counter(ranks.argmax(axis=1).tolist())
    assert max(first.values()) - min(first.values()) < 0.03 * 20_000


def test_ranks_are_a_permutation_and_better_quality_makes_fewer_errors(rng):
    rewards = rng.normal(size=(3000, 6))
    truth = rewards.argsort(axis=1).argsort(axis=1) + 1
    errors = []
    for quality in (0.3, 1.0, 3.0, 10.0):
        ranks, _ = noisy_order(rewards, quality, rng)
        np.testing.assert_array_equal(np.sort(ranks, axis=1), np.tile(range(1, 7), (3000, 1)))
        errors.append(abs(ranks - truth).mean())
    assert errors == sorted(errors, reverse=True)


def test_preferences_are_drawn_once_for_each_pair(rng):
    preferred = noisy_preferences(rng.normal(size=(7, 5)), 1.0, rng)
    either = preferred ^ preferred.swapaxes(-1, -2)
    np.testing.assert_array_equal(either, np.tile(~np.eye(5, dtype=bool), (7, 1, 1)))
    assert not preferred[:, range(5), range(5)].any()


def test_equal_seeds_give_equal_orders():
    rewards = np.random.default_rng(0).normal(size=(10, 6))
    first, second = (noisy_order(rewards, 1.0, np.random.default_rng(4))[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (noisy_order(rewards, 1.0, np.random.default_rng(5))[0] != first).any()


@pytest.mark.parametrize("quality", [-1.0, np.nan])
def test_a_quality_that_is_none_is_refused(rng, quality):
    with pytest.raises(ValueError, match="quality"):
        noisy_order(np.zeros((1, 2)), quality, rng)


def test_a_reward_that_is_not_finite_is_named(rng):
    with pytest.raises(ValueError, match=r"\(0, 1\)"):
        noisy_order([[0.0, np.inf]], 1.0, rng)
