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
    found = {
        (a.statistic, a.protocol): a for a in associate(*matrices, 10, np.random.default_rng(0))
    }
    for name, reference in REFERENCE.items():
        each = [reference(a, b).statistic for a, b in zip(x, y, strict=True)]
        assert found[name, "mean_g"].estimate == pytest.approx(np.mean(each), abs=1e-9)
        pooled = reference(x.ravel(), y.ravel()).statistic
        assert found[name, "pooled"].estimate == pytest.approx(pooled, abs=1e-9)
    assert ("mrr", "pooled") not in found


def test_intervals_resample_whole_goldens(matrices):
    x, y = (off_diagonal(m) for m in matrices)
    draws = np.random.default_rng(7).integers(6, size=(50, 6))
    pooled = [stats.kendalltau(x[d].ravel(), y[d].ravel()).statistic for d in draws]
    found = associate(*matrices, 50, np.random.default_rng(7))[1]
    assert (found.statistic, found.protocol) == ("kendall", "pooled")
    assert min(np.abs(np.array(pooled) - found.low)) < 1e-9
    assert np.mean(np.array(pooled) < found.low - 1e-9) <= 0.025


def test_order_of_reward_models_does_not_count(matrices, rng):
    order = rng.permutation(6)
    plain = associate(*matrices, 5, np.random.default_rng(0))
    mixed = associate(*(m[order][:, order] for m in matrices), 5, np.random.default_rng(0))
    for a, b in zip(plain, mixed, strict=True):
        assert a.estimate == pytest.approx(b.estimate, abs=1e-12)


def test_a_golden_without_gain_is_left_out(matrices):
    metric, ndr = (m.copy() for m in matrices)
    ndr[2] = np.nan
    found = associate(metric, ndr, 5, np.random.default_rng(0))
    assert {a.n_goldens for a in found} == {5}
    rows = [
        stats.pearsonr(a, b).statistic for a, b in zip(*map(off_diagonal, matrices), strict=True)
    ]
    expected = np.mean(np.delete(rows, 2))
    assert [a.estimate for a in found if (a.statistic, a.protocol) == ("pearson", "mean_g")] == [
        pytest.approx(expected)
    ]


def test_nothing_defined_gives_nan_not_an_error():
    found = associate(np.eye(3), np.full((3, 3), np.nan), 5, np.random.default_rng(0))
    assert all(np.isnan(a.estimate) and a.n_goldens == 0 for a in found)


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
