from itertools import combinations

import numpy as np
import pytest
from scipy.stats import t, ttest_1samp
from tests.evaluation.dense import scored

from proxyreward.evaluation import curves
from proxyreward.evaluation.sample import Sample, ratio, ratio_influence
from proxyreward.metrics.best_of_n import kl_bound


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def brute_force(golden, proxy, n):
    """Mean over every subset of size n of the golden reward of the proxy's pick."""
    picks = []
    for subset in combinations(range(len(proxy)), n):
        chosen = np.array(subset)
        picks.append(golden[chosen[proxy[chosen] == proxy[chosen].max()]].mean())
    return np.mean(picks)


def both(golden, proxy):
    """Curve and regret of b, with a golden."""
    scores = scored([golden, proxy])
    sample = Sample(scores)
    return (found(scores, "a", "b", sample) for found in (curves.curve, curves.regret))


def ragged(rng, counts):
    """Scores of a and b of which so many of each prompt are known to both."""
    values = rng.normal(size=(2, len(counts), max(counts)))
    values[0, np.arange(max(counts)) >= np.array(counts)[:, None]] = np.nan
    return scored(values)


def test_every_n_is_the_mean_over_all_subsets(rng):
    values = rng.integers(5, size=(2, 4, 6)).astype(float)
    found = curves.per_prompt(scored(values), "a", "b")
    for n in range(1, 7):
        for name, (rewards, proxy) in {"golden": (0, 1), "own": (1, 1), "best": (0, 0)}.items():
            expected = [brute_force(values[rewards, p], values[proxy, p], n) for p in range(4)]
            np.testing.assert_allclose(getattr(found, name)[:, n - 1], expected, atol=1e-9)


@pytest.mark.parametrize(
    "counts, longest, prompts",
    [
        ([4] * 9 + [2], 4, 9),
        ([4] * 8 + [2] * 2, 2, 10),
        ([4] * 9 + [1] * 9, 4, 9),
        ([2, 9], 2, 2),
        ([1, 0], 0, 0),
    ],
)
def test_nine_tenths_of_the_prompts_reach_the_longest_n(rng, counts, longest, prompts):
    found = curves.per_prompt(ragged(rng, counts), "a", "b")
    assert found.golden.shape == (prompts, longest)
    assert (np.array(counts)[found.prompts] >= longest).all()


def test_longer_prompts_use_all_their_responses(rng):
    scores = ragged(rng, [3, 6])
    golden, proxy = scores.values[:, 6:]
    found = curves.per_prompt(scores, "a", "b")
    np.testing.assert_allclose(found.golden[1, 2], brute_force(golden, proxy, 3), atol=1e-9)


def test_models_together_are_as_if_alone(rng):
    values = rng.normal(size=(4, 20, 5))
    values[2:][rng.random((2, 20, 5)) < 0.2] = np.nan
    scores = scored(values)
    for golden, model, found in curves.every(scores, scores.models, scores.models):
        for part, expected in zip(found, curves.per_prompt(scores, golden, model)):
            np.testing.assert_array_equal(part, expected)


def test_curve_holds_means_over_prompts(rng):
    golden, proxy = rng.normal(size=(2, 30, 5))
    line, _ = both(golden, proxy)
    found = curves.per_prompt(scored([golden, proxy]), "a", "b")
    assert (line.n, line.prompts) == ((1, 2, 3, 4, 5), 30)
    np.testing.assert_allclose(line.kl, np.log(line.n) - (1 - 1 / np.array(line.n)), atol=1e-12)
    for name in ("golden", "own", "best"):
        expected = getattr(found, name).mean(axis=0)
        np.testing.assert_allclose(
            [point.estimate for point in getattr(line, name)], expected, atol=1e-12
        )


def test_golden_itself_loses_nothing(rng):
    golden = rng.normal(size=(30, 5))
    _, found = both(golden, 3 * golden + 1)
    assert found["ndr"].estimate == pytest.approx(1) and found["peak"].estimate == 5
    assert found["gamma"].estimate == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("prompts", [3, 30, 1000])
def test_prompts_that_are_all_right_leave_doubt_as_a_share_of_one_does(rng, prompts):
    """Of as many draws that all succeed, Wilson's interval begins at n / (n + t^2)."""
    golden = rng.normal(size=(prompts, 4))
    _, found = both(golden, golden)
    low = prompts / (prompts + t.ppf(0.975, prompts - 1) ** 2)
    np.testing.assert_allclose(found["ndr"], (1, low, 1), atol=1e-12)
    np.testing.assert_allclose(found["gamma"], (0, 0, 1 - low), atol=1e-12)


def test_a_constant_scorer_gains_nothing(rng):
    line, found = both(rng.normal(size=(30, 5)), np.zeros((30, 5)))
    np.testing.assert_allclose(found["ndr"], 0, atol=1e-12)
    np.testing.assert_allclose(found["gamma"], 1, atol=1e-12)
    assert found["peak"] == (1, 1, 5)
    assert len({round(point.estimate, 12) for point in line.golden}) == 1


def test_a_shuffled_scorer_is_flat(rng):
    _, found = both(*rng.normal(size=(2, 2000, 8)))
    assert found["ndr"].low < 0 < found["ndr"].high
    assert found["gamma"].low < 1 < found["gamma"].high


def test_the_negative_of_golden_harms(rng):
    golden = rng.normal(size=(100, 5))
    _, found = both(golden, -golden)
    assert found["ndr"].high < 0
    assert found["gamma"].low > 1
    assert found["peak"] == (1, 1, 1)


def test_gamma_is_the_area_between_the_mean_curves(rng):
    golden = rng.normal(size=(30, 7))
    line, found = both(golden, golden + rng.normal(size=(30, 7)))
    kl = kl_bound(line.n)  # the unit does not matter
    reached, best = ([point.estimate for point in part] for part in (line.golden, line.best))
    lost = np.trapezoid(np.subtract(best, reached), kl)
    np.testing.assert_allclose(
        found["gamma"].estimate, lost / np.trapezoid(np.subtract(best, best[0]), kl)
    )


def test_units_of_golden_and_model_do_not_matter(rng):
    golden = rng.normal(size=(30, 5))
    proxy = golden + rng.normal(size=(30, 5))
    _, found = both(golden, proxy)
    _, other = both(100 * golden + 7, np.exp(proxy))
    for name in found:
        np.testing.assert_allclose(other[name], found[name], atol=1e-9)


def test_without_golden_gain_regret_is_unknown(rng):
    line, found = both(np.ones((30, 5)), rng.normal(size=(30, 5)))
    assert np.isnan([*found["ndr"], *found["gamma"]]).all()
    assert found["peak"] == (1, 1, 5)
    np.testing.assert_allclose(line.golden[4], 1)


def test_without_two_responses_there_is_no_curve(rng):
    scores = ragged(rng, [1, 1])
    sample = Sample(scores)
    assert curves.curve(scores, "a", "b", sample) is None
    assert np.isnan([*curves.regret(scores, "a", "b", sample).values()]).all()


def overoptimised(rng, prompts, samples=8, turn=1.0):
    """A proxy that golden follows up to a point and then drops."""
    proxy = rng.normal(size=(prompts, samples))
    return -((proxy - turn) ** 2) + rng.normal(size=proxy.shape), proxy


def test_the_peak_of_an_overoptimised_proxy_is_inside(rng):
    _, found = both(*overoptimised(rng, 2000))
    assert 1 < found["peak"].low <= found["peak"].estimate <= found["peak"].high < 8


def test_influence_of_ndr_foretells_what_leaving_a_prompt_out_does(rng):
    golden = rng.normal(size=(200, 4))
    scores = scored([golden, golden + rng.normal(size=golden.shape)])
    found = curves.per_prompt(scores, "a", "b")
    above, below = curves.ndr_parts(found, 200)
    without = [ratio(np.delete(above, p), np.delete(below, p)) for p in range(200)]
    expected = ratio(above, below) - np.array(without)
    np.testing.assert_allclose(ratio_influence(above, below), expected, rtol=0.1, atol=1e-5)


def test_what_adds_to_ndr_leaves_out_what_does_not_count(rng):
    found = curves.per_prompt(ragged(rng, [4] * 9 + [2]), "a", "b")
    for part in curves.ndr_parts(found, 10):
        assert np.isnan(part).tolist() == [False] * 9 + [True]


def test_the_peak_may_be_anywhere_where_one_cluster_outweighs_the_others(rng):
    golden = rng.normal(size=(29, 4)) + [0, 9, 0, 0]
    few = np.repeat(np.arange(10), [20] + 9 * [1])
    samples = [Sample(scored(np.zeros((1, 29, 2)), cluster=c)) for c in (None, few.astype(str))]
    assert [curves.peak(golden, sample) for sample in samples] == [(2, 2, 2), (2, 1, 4)]


def test_the_peak_by_unequal_clusters_is_that_of_t_tests(rng):
    cluster = np.repeat(np.arange(8), [1, 2, 2, 4, 5, 5, 8, 13])
    sample = Sample(scored(np.zeros((1, 40, 2)), cluster=cluster.astype(str)))
    for _ in range(50):
        golden = rng.normal(size=(40, 3)) + rng.normal(size=(8, 3))[cluster]
        found = curves.peak(golden, sample)
        best = int(golden.mean(axis=0).argmax())
        rejected = [
            any(
                golden[:, m].mean() > golden[:, n].mean()
                and ttest_1samp(np.bincount(cluster, golden[:, m] - golden[:, n]), 0).pvalue < 0.05
                for m in range(3)
            )
            for n in range(3)
        ]
        held = 1 + np.flatnonzero(~np.array(rejected))
        assert found == (best + 1, held[0], held[-1])
