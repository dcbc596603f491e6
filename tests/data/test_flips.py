import numpy as np
import pytest

from proxyreward.data.flips import disagreement, flip_count, flipped
from proxyreward.data.report import DataError

RATES = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45]


@pytest.mark.parametrize("percent", range(0, 101, 5))
@pytest.mark.parametrize("m", [20, 6000, 83_400])
def test_a_share_of_whole_pairs_is_exact(percent, m):
    exact = percent * m // 100
    assert flip_count(percent / 100, m) == exact
    assert flip_count(percent * 0.01, m) == exact
    assert flip_count(1 - (100 - percent) / 100, m) == exact


def test_a_share_between_two_pairs_is_rounded_down():
    assert [flip_count(0.5, 7), flip_count(0.999, 7), flip_count(1, 7)] == [3, 6, 7]


def test_flips_are_nested():
    masks = [flipped(200, rate, seed=3) for rate in RATES]
    assert [mask.sum() for mask in masks] == [10 * i for i in range(10)]
    assert all((small <= large).all() for small, large in zip(masks, masks[1:], strict=False))


def test_disagreement_is_the_difference_of_the_rates():
    table = disagreement(RATES, 200, seed=1)
    assert len(table) == 45
    expected = 200 * (table["flip_b"] - table["flip_a"])
    assert (table["disagreement"] * 200).round(9).tolist() == expected.round(9).tolist()


def test_disagreement_is_exact_in_pairs_where_shares_are_not_whole():
    table = disagreement(RATES, 37, seed=1)
    counts = [flip_count(b, 37) - flip_count(a, 37) for a, b in table[["flip_a", "flip_b"]].values]
    assert (table["disagreement"] * 37).round(9).tolist() == counts


def test_the_seed_is_the_family():
    assert np.array_equal(flipped(50, 0.3, seed=1), flipped(50, 0.3, seed=1))
    assert not np.array_equal(flipped(50, 0.3, seed=1), flipped(50, 0.3, seed=2))


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_outside_zero_and_one_is_an_error(rate):
    with pytest.raises(DataError, match="outside"):
        flip_count(rate, 10)
