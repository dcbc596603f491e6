import numpy as np
import pytest
from scipy import stats

from proxyreward.metrics.prediction import (
    CORRELATIONS,
    associate,
    by_golden,
    kendall,
    mrr_chance,
    off_diagonal,
    pearson,
    reciprocal_rank,
    slope,
    spearman,
)

REFERENCE = {"kendall": stats.kendalltau, "pearson": stats.pearsonr, "spearman": stats.spearmanr}


@pytest.fixture
def rng():
    return np.random.default_rng(6)


@pytest.fixture
def matrices(rng):
    metric = rng.uniform(size=(6, 6))
    return metric, metric + 0.5 * rng.normal(size=(6, 6))


@pytest.mark.parametrize("name", REFERENCE)
@pytest.mark.parametrize("decimals", [9, 0])
def test_agrees_with_scipy_with_and_without_ties(rng, name, decimals):
    x, y = rng.normal(scale=2, size=(2, 5, 30)).round(decimals)
    expected = [REFERENCE[name](a, b).statistic for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(CORRELATIONS[name](x, y), expected, atol=1e-9)


@pytest.mark.parametrize("coefficient", [kendall, pearson, spearman])
def test_a_constant_side_has_no_coefficient(rng, coefficient):
    assert np.isnan(coefficient(np.full(7, 0.1), rng.normal(size=7)))


@pytest.mark.parametrize("coefficient", [kendall, spearman])
def test_ranks_ignore_monotone_transforms(rng, coefficient):
    x, y = rng.normal(size=(2, 20))
    assert coefficient(np.exp(x), y**3) == pytest.approx(coefficient(x, y), abs=1e-12)


def test_reciprocal_rank_is_that_of_the_metrics_favourite():
    assert reciprocal_rank([0.9, 0.5, 0.1], [0.2, 0.9, 0.5]) == pytest.approx(1 / 3)
    assert reciprocal_rank([0.9, 0.9, 0.1], [0.2, 0.9, 0.5]) == pytest.approx((1 / 3 + 1) / 2)
    assert reciprocal_rank([0.9, 0.5, 0.1], [0.7, 0.7, 0.5]) == pytest.approx(1 / 1.5)


def test_mrr_of_random_orders_is_the_chance_level(rng):
    metric, ndr = rng.normal(size=(2, 20_000, 9))
    assert reciprocal_rank(metric, ndr).mean() == pytest.approx(mrr_chance(9), abs=0.01)
    assert mrr_chance(9) == pytest.approx(0.314, abs=5e-4)


def test_off_diagonal_drops_each_golden_from_its_own_proxies():
    assert off_diagonal(np.arange(9).reshape(3, 3)).tolist() == [[1, 2], [3, 5], [6, 7]]
    with pytest.raises(ValueError, match="3 reward models"):
        off_diagonal(np.zeros((2, 2)))


def test_protocols_equal_scipy_golden_by_golden_and_pooled(matrices):
    x, y = (off_diagonal(m) for m in matrices)
    found = {(a.statistic, a.protocol): a.value for a in associate(*matrices)}
    for name, reference in REFERENCE.items():
        each = [reference(a, b).statistic for a, b in zip(x, y, strict=True)]
        assert found[name, "mean_g"] == pytest.approx(np.mean(each), abs=1e-9)
        pooled = reference(x.ravel(), y.ravel()).statistic
        assert found[name, "pooled"] == pytest.approx(pooled, abs=1e-9)
    mrr = np.mean([1 / (1 + (b > b[a.argmax()]).sum()) for a, b in zip(x, y, strict=True)])
    assert found["mrr", "mean_g"] == pytest.approx(mrr)
    assert ("mrr", "pooled") not in found


def test_order_of_reward_models_does_not_count(matrices, rng):
    order = rng.permutation(6)
    mixed = associate(*(m[order][:, order] for m in matrices))
    for a, b in zip(associate(*matrices), mixed, strict=True):
        assert a.value == pytest.approx(b.value, abs=1e-12)


def test_a_golden_without_gain_is_left_out(matrices):
    x, y = (off_diagonal(m) for m in matrices)
    matrices[1][2] = np.nan
    found = {(a.statistic, a.protocol): a for a in associate(*matrices)}
    assert {a.n_goldens for a in found.values()} == {5}
    rows = [stats.pearsonr(x[i], y[i]).statistic for i in range(6) if i != 2]
    assert found["pearson", "mean_g"].value == pytest.approx(np.mean(rows))


def test_nothing_defined_gives_nan_not_an_error():
    found = associate(np.eye(3), np.full((3, 3), np.nan))
    assert all(np.isnan(a.value) and a.n_goldens == 0 for a in found)


def test_by_golden_is_the_coefficient_over_each_goldens_proxies(matrices):
    metric, ndr = matrices
    found = by_golden("spearman", metric, ndr)
    for golden in range(len(metric)):
        others = np.arange(len(metric)) != golden
        expected = stats.spearmanr(metric[golden, others], ndr[golden, others]).statistic
        assert found[golden] == pytest.approx(expected, abs=1e-12)


def test_by_golden_takes_a_stack_of_draws_and_leaves_out_unknown_goldens(matrices, rng):
    metric, ndr = matrices
    ndr[2, 3] = np.nan
    stack = np.stack([metric, rng.uniform(size=metric.shape)])
    found = by_golden("mrr", stack, ndr)
    np.testing.assert_array_equal(found[0], by_golden("mrr", metric, ndr))
    assert np.isnan(found[:, 2]).all() and np.isfinite(np.delete(found, 2, axis=1)).all()


def test_slope_is_that_of_the_least_squares_line(rng):
    x, y = rng.normal(size=(2, 9))
    assert slope(x, y) == pytest.approx(stats.linregress(x, y).slope)
    assert np.isnan(slope(np.full(9, 0.1), y))
