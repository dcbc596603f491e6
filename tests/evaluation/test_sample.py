import numpy as np
import pytest
from scipy import stats
from tests.evaluation.dense import scored

from proxyreward.evaluation.sample import UNKNOWN, Sample, ratio, ratio_influence

PROMPTS = 40


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def over(prompts=PROMPTS, cluster=None, **options) -> Sample:
    return Sample(scored(np.zeros((1, prompts, 2)), cluster=cluster), **options)


def paired(sample, difference, influence):
    """Interval and p of one difference."""
    (found,), (p,) = sample.paired(np.array([difference]), influence[:, None])
    return found, p


def symmetric(rng, count):
    half = rng.normal(size=count // 2)
    return 1 + np.concatenate([half, -half])


def test_interval_of_a_symmetric_mean_is_students(rng):
    values = symmetric(rng, PROMPTS)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    np.testing.assert_allclose(over().mean(values), [values.mean(), *expected], atol=1e-12)


def test_clusters_of_one_size_count_as_their_means(rng):
    values = np.tile(symmetric(rng, 8), 5) + np.repeat(rng.normal(size=5), 8)
    cluster = np.arange(PROMPTS) % 8
    expected = stats.ttest_1samp(values.reshape(-1, 8).mean(axis=0), 0).confidence_interval()
    found = over(cluster=cluster.astype(str)).mean(values)
    np.testing.assert_allclose(found[1:], expected, atol=1e-12)


def test_unknown_values_are_as_if_left_out(rng):
    values = rng.normal(size=PROMPTS)
    holes = np.where(np.arange(PROMPTS) % 4 == 0, np.nan, values)
    np.testing.assert_allclose(over().mean(holes), over(30).mean(values[~np.isnan(holes)]))


def test_interval_reaches_further_to_the_side_of_the_tail(rng):
    estimate, low, high = over().mean(rng.exponential(size=PROMPTS))
    assert high - estimate > 1.2 * (estimate - low) > 0


def test_columns_have_the_intervals_of_each(rng):
    values = rng.normal(size=(PROMPTS, 3))
    values[5] = np.nan
    np.testing.assert_allclose(
        over().means(values), [over().mean(column) for column in values.T], atol=1e-12
    )


def test_influence_values_foretell_what_leaving_a_prompt_out_does(rng):
    below = rng.uniform(1, 2, size=400)
    above = below * rng.normal(1, 0.1, size=400)
    without = [ratio(np.delete(above, p), np.delete(below, p)) for p in range(400)]
    expected = ratio(above, below) - np.array(without)
    np.testing.assert_allclose(ratio_influence(above, below), expected, rtol=0.01, atol=1e-7)


def test_ratio_of_what_is_proportional_is_certain(rng):
    below = rng.uniform(1, 2, size=PROMPTS)
    np.testing.assert_allclose(over().ratio(0.3 * below, below), [0.3] * 3)


def test_ratio_to_nothing_is_unknown():
    assert over().ratio(np.ones(PROMPTS), np.zeros(PROMPTS)) == pytest.approx(UNKNOWN, nan_ok=True)


def test_share_of_yes_and_no_has_wilsons_interval(rng):
    values = (rng.random(20_000) < 0.97).astype(float)
    expected = stats.binomtest(int(values.sum()), len(values)).proportion_ci(method="wilson")
    found = over(len(values)).mean(values, (0, 1))
    np.testing.assert_allclose(found[1:], expected, atol=1e-6)


def test_a_share_of_all_is_not_certain():
    found = over(30).mean(np.ones(30), (0, 1))
    square = stats.t(29).ppf(0.975) ** 2
    np.testing.assert_allclose(found, [1, 30 / (30 + square), 1])


def test_ends_may_be_any(rng):
    values = rng.uniform(size=PROMPTS)
    found = over().mean(4 * values - 1, (-1, 3))
    np.testing.assert_allclose(found, 4 * np.array(over().mean(values, (0, 1))) - 1)


def test_bounded_numbers_that_never_vary_are_certain():
    assert over().mean(np.full(PROMPTS, 0.5), (0, 1)) == (0.5, 0.5, 0.5)


UNEQUAL = np.repeat(np.arange(8), [1, 2, 2, 4, 5, 5, 8, 13])


def test_the_ends_are_what_a_t_test_of_unequal_clusters_just_rejects(rng):
    values = rng.normal(size=PROMPTS) + rng.normal(size=8)[UNEQUAL]
    sample = over(cluster=UNEQUAL.astype(str))
    found, p = paired(sample, values.mean(), (values - values.mean()) / PROMPTS)
    for end in found[1:]:
        sums = np.bincount(UNEQUAL, values - end)
        assert stats.ttest_1samp(sums, 0).pvalue == pytest.approx(0.05)
    assert p == pytest.approx(stats.ttest_1samp(np.bincount(UNEQUAL, values), 0).pvalue)


@pytest.mark.parametrize("cluster", [None, UNEQUAL.astype(str)])
def test_the_ends_of_a_ratio_are_fiellers(rng, cluster):
    below = rng.exponential(size=PROMPTS)
    above, sample = below * rng.normal(size=PROMPTS), over(cluster=cluster)
    estimate, influence = ratio(above, below), ratio_influence(above, below)
    (found,), (p,) = sample.paired(np.array([estimate]), influence[:, None], below)
    for end, expected in ((found.low, 0.05), (found.high, 0.05), (0.0, p)):
        sums = np.bincount(sample.group, above - end * below)
        assert stats.ttest_1samp(sums, 0).pvalue == pytest.approx(expected)


def test_what_varies_by_rounding_alone_is_a_point():
    sample = over(cluster=np.repeat(["a", "b", "c"], [1, 5, 34]))
    values = 0.5 + 1e-16 * np.arange(PROMPTS)
    assert sample.mean(values)[1:] == pytest.approx((0.5, 0.5))
    assert sample.means(values[:, None])[0][1:] == pytest.approx((0.5, 0.5))
    assert sample.ratio(3 * values, values)[1:] == pytest.approx((3.0, 3.0))


def test_means_of_unequal_clusters_without_skewness_have_the_same_interval(rng):
    cluster = np.repeat(np.arange(8), [1, 1, 3, 3, 6, 6, 10, 10])
    values = rng.normal(size=8)[cluster // 2] * (-1.0) ** cluster
    sample, influence = over(cluster=cluster.astype(str)), values / PROMPTS
    expected, _ = paired(sample, 0.0, influence)
    np.testing.assert_allclose(sample.mean(values), expected, atol=1e-12)
    np.testing.assert_allclose(sample.means(values[:, None])[0], expected, atol=1e-12)


def test_shares_of_unequal_clusters_have_wilsons_interval_by_the_same_error(rng):
    values = rng.uniform(size=PROMPTS)
    mean, sample = values.mean(), over(cluster=UNEQUAL.astype(str))
    (_, low, high), _ = paired(sample, mean, (values - mean) / PROMPTS)
    square = (mean - low) * (high - mean)
    found = sample.mean(values, (0, 1))
    for end in found[1:]:  # where the score test just rejects
        assert (mean - end) ** 2 == pytest.approx(square * end * (1 - end) / (mean * (1 - mean)))


@pytest.mark.parametrize("ends", [None, (0, 1)])
def test_all_is_possible_where_one_of_three_clusters_has_most_prompts(rng, ends):
    sample, values = over(cluster=np.repeat(["a", "b", "c"], [1, 5, 34])), rng.uniform(size=PROMPTS)
    assert sample.mean(values, ends)[1:] == (ends or (-np.inf, np.inf))
    assert sample.mean(np.full(PROMPTS, 0.5), ends) == (0.5, 0.5, 0.5)
    found, p = paired(sample, values.mean(), (values - values.mean()) / PROMPTS)
    assert found[1:] == (-np.inf, np.inf) and p == 1


@pytest.mark.parametrize("ends", [None, (0, 1)])
def test_one_cluster_has_an_estimate_without_ends(ends):
    found = over(cluster=np.full(PROMPTS, "a")).mean(np.linspace(0, 1, PROMPTS), ends)
    assert found == pytest.approx((0.5, np.nan, np.nan), nan_ok=True)


def test_columns_of_any_scale_have_intervals_as_if_alone(rng):
    sample, scales = over(cluster=UNEQUAL.astype(str)), np.array([1e-160, 1.0, 1e180])
    values = rng.normal(size=(PROMPTS, 1))
    (expected,) = sample.means(values)
    for found, scale in zip(sample.means(values * scales), scales):
        np.testing.assert_allclose(found, np.array(expected) * scale, rtol=1e-9)


def test_huge_numbers_have_finite_intervals(rng):
    values = rng.normal(size=PROMPTS)
    scale = 2.0**660
    np.testing.assert_allclose(over().mean(values * scale), np.array(over().mean(values)) * scale)


def test_folds_are_halves_that_keep_clusters_whole():
    folds = over(cluster=np.repeat(["a", "b", "c", "d"], 10), seed=3).folds.reshape(4, 10)
    assert (folds == folds[:, :1]).all()
    assert folds[:, 0].sum() == 2


def test_a_paired_difference_is_tested_as_student_does(rng):
    values = rng.exponential(size=(PROMPTS, 3)) - [0.8, 1.0, 1.2]
    means = values.mean(axis=0)
    found, p = over().paired(means, (values - means) / PROMPTS)
    expected = stats.ttest_1samp(values, 0)
    np.testing.assert_allclose(p, expected.pvalue, atol=1e-12)
    ends = np.transpose([each[1:] for each in found])
    np.testing.assert_allclose(ends, expected.confidence_interval(), atol=1e-12)


def test_a_single_prompt_and_no_difference_prove_nothing():
    assert over(1).paired(np.ones(1), np.zeros((1, 1)))[1] == 1
    assert over().paired(np.zeros(1), np.ones((PROMPTS, 1)))[1] == 1
