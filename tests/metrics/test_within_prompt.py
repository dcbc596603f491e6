from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.within_prompt import METRICS, across

RANKS_ONLY = ["accuracy", "accuracy_pair", "kendall", "mrr", "ndcg", "spearman", "xi"]


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture(params=[9, 0], ids=["untied", "tied"])
def scores(request, rng):
    """Three reward models, six prompts, five responses; rounded to integers they tie often."""
    utility = rng.normal(size=(6, 5))
    return (utility + rng.normal(size=(3, 6, 5))).round(request.param)


@pytest.fixture
def untied(rng):
    return rng.normal(size=(2, 40, 6))


# What the definitions say, one prompt at a time, ties included.


def orders(values):
    """All ascending orders; equal values in every order among themselves."""
    found = permutations(range(len(values)))
    return [list(o) for o in found if all(values[a] <= values[b] for a, b in zip(o, o[1:]))]


def favourites(proxy):
    return [i for i, value in enumerate(proxy) if value == max(proxy)]


def loop_accuracy(golden, proxy):
    n = len(golden)
    right = [
        np.sign(golden[i] - golden[j]) == np.sign(proxy[i] - proxy[j])
        for i in range(n)
        for j in range(i)
    ]
    assert len(right) == n * (n - 1) / 2
    return np.mean(right)


def loop_bo_n(golden, proxy):
    picked = np.mean([golden[i] for i in favourites(proxy)])
    gain = max(golden) - np.mean(golden)
    return (picked - np.mean(golden)) / gain if gain > 1e-9 else np.nan


def loop_mrr(golden, proxy):
    rank = [1 + sum(golden > g) + (sum(golden == g) - 1) / 2 for g in golden]
    return np.mean([1 / rank[i] for i in favourites(proxy)])


def loop_ndcg(golden, proxy, exponential=False):
    gain = np.array([1 + sum(golden < g) + (sum(golden == g) - 1) / 2 for g in golden])
    gain = 2**gain - 1 if exponential else gain

    def dcg(descending):
        return sum(gain[i] / np.log2(place + 2) for place, i in enumerate(descending))

    ideal = dcg(sorted(range(len(golden)), key=lambda i: -gain[i]))
    return np.mean([dcg(order[::-1]) for order in orders(proxy)]) / ideal


def loop_xi(sorting, other):
    n = len(other)
    q = [sum(other <= value) for value in other]
    below = sum(sum(other >= value) * (n - sum(other >= value)) for value in other)
    if not below:
        return np.nan
    steps = [sum(abs(q[b] - q[a]) for a, b in zip(o, o[1:])) for o in orders(sorting)]
    return 1 - n * np.mean(steps) / (2 * below)


def scipy_or_nan(function):
    def statistic(golden, proxy):
        if np.ptp(golden) == 0 or np.ptp(proxy) == 0:
            return np.nan
        return function(golden, proxy).statistic

    return statistic


LOOPS = {
    "accuracy": loop_accuracy,
    "accuracy_pair": lambda golden, proxy: loop_accuracy(golden[:2], proxy[:2]),
    "pearson": scipy_or_nan(stats.pearsonr),
    "spearman": scipy_or_nan(stats.spearmanr),
    "kendall": scipy_or_nan(stats.kendalltau),
    "bo_n": loop_bo_n,
    "mrr": loop_mrr,
    "ndcg": loop_ndcg,
    "xi": lambda golden, proxy: loop_xi(proxy, golden),
}


def over_prompts(loop, golden, proxy):
    return np.nanmean([loop(g, p) for g, p in zip(golden, proxy, strict=True)])


def over_pairs(loop, labels, proxies):
    return np.array([[over_prompts(loop, g, p) for p in proxies] for g in labels])


@pytest.mark.parametrize("name", LOOPS)
def test_every_metric_equals_its_definition(scores, name):
    expected = over_pairs(LOOPS[name], scores, scores)
    np.testing.assert_allclose(across(METRICS[name], scores, scores[None]), expected, atol=1e-9)


def test_all_ten_metrics_are_there():
    assert set(METRICS) == {*LOOPS, "ece"}


def test_options_equal_their_definitions(scores):
    found = across(METRICS["xi"], scores, scores[None], sort_by="golden")
    np.testing.assert_allclose(found, over_pairs(loop_xi, scores, scores), atol=1e-9)
    found = across(METRICS["ndcg"], scores, scores[None], gain="exponential")
    expected = over_pairs(lambda g, p: loop_ndcg(g, p, exponential=True), scores, scores)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("sort_by", ["proxy", "golden"])
def test_xi_agrees_with_scipy_in_both_directions(untied, sort_by):
    golden, proxy = untied
    sides = (proxy, golden) if sort_by == "proxy" else (golden, proxy)
    expected = [stats.chatterjeexi(x, y).statistic for x, y in zip(*sides)]
    assert METRICS["xi"](golden, proxy, sort_by=sort_by) == pytest.approx(np.mean(expected), 1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_pairs_of_reward_models_do_not_influence_each_other(scores, name):
    alone = [[METRICS[name](golden, proxy) for proxy in scores] for golden in scores]
    np.testing.assert_allclose(across(METRICS[name], scores, scores[None]), alone, atol=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_every_golden_can_have_responses_of_its_own(rng, name):
    labels, proxies = rng.normal(size=(3, 7, 4)), rng.normal(size=(3, 2, 7, 4))
    alone = [METRICS[name](golden, own) for golden, own in zip(labels, proxies)]
    np.testing.assert_allclose(across(METRICS[name], labels, proxies), alone, atol=1e-12)


def test_accuracy_on_pairs_is_the_accuracy_matrix(rng):
    bench = rng.normal(size=(5, 300, 2)).round(1)
    np.testing.assert_array_equal(across(METRICS["accuracy"], bench, bench[None]),
                                  accuracy_matrix(bench))  # fmt: skip


def test_accuracy_is_exactly_symmetric(rng):
    scores = rng.normal(size=(4, 33, 7)).round(1)
    matrix = across(METRICS["accuracy"], scores, scores[None])
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)


def test_accuracy_without_ties_is_kendall_shifted(untied):
    tau = METRICS["kendall"](*untied)
    assert METRICS["accuracy"](*untied) == pytest.approx((1 + tau) / 2, abs=1e-12)


@pytest.mark.parametrize("responses", [2, 3, 5, 8])
def test_one_pair_in_the_wrong_order_costs_one_of_all_pairs(responses):
    golden = np.arange(float(responses))[None]
    proxy = golden.copy()
    proxy[0, :2] = 1, 0
    pairs = responses * (responses - 1) / 2
    assert METRICS["accuracy"](golden, proxy) == pytest.approx(1 - 1 / pairs, abs=1e-12)


def test_perfect_and_reversed_orders(untied):
    golden = untied[0]
    n = golden.shape[1]
    top = (n - 2) / (n + 1)
    mean = golden.mean(axis=1)
    worst_pick = np.mean((golden.min(axis=1) - mean) / (golden.max(axis=1) - mean))
    expected = {
        "accuracy": (1, 0),
        "accuracy_pair": (1, 0),
        "pearson": (1, -1),
        "spearman": (1, -1),
        "kendall": (1, -1),
        "bo_n": (1, worst_pick),
        "mrr": (1, 1 / n),
        "xi": (top, top),
    }
    for name, (perfect, reversed_) in expected.items():
        assert METRICS[name](golden, golden) == pytest.approx(perfect, abs=1e-12), name
        assert METRICS[name](golden, -golden) == pytest.approx(reversed_, abs=1e-12), name


def test_xi_tells_no_agreement_from_inversion(untied):
    golden, proxy = untied
    assert METRICS["xi"](golden, proxy) == pytest.approx(METRICS["xi"](golden, -proxy), abs=1e-12)


def test_ndcg_spans_from_0722_to_1_with_five_responses():
    golden = np.arange(5.0)[None]
    every = np.array(list(permutations(range(5))), dtype=float)[:, None]
    values = METRICS["ndcg"](golden, every)
    assert values.max() == pytest.approx(1)
    assert values.min() == pytest.approx(0.722, abs=5e-4)
    np.testing.assert_array_equal(every[values.argmin()], -golden + 4)


def test_random_proxies_have_closed_forms(rng):
    golden, proxy = rng.normal(size=(2, 40_000, 5))
    assert METRICS["accuracy"](golden, proxy) == pytest.approx(0.5, abs=0.01)
    assert METRICS["bo_n"](golden, proxy) == pytest.approx(0, abs=0.02)
    assert METRICS["mrr"](golden, proxy) == pytest.approx(137 / 300, abs=0.01)
    assert METRICS["xi"](golden, proxy) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("name", RANKS_ONLY)
def test_rank_metrics_ignore_monotone_transforms(scores, name):
    golden, proxy = scores[:2]
    expected = METRICS[name](golden, proxy)
    assert METRICS[name](np.exp(golden), proxy**3 + proxy) == pytest.approx(expected, abs=1e-12)


def test_score_metrics_ignore_what_they_should_and_no_more(untied):
    golden, proxy = untied
    for name in ("pearson", "bo_n"):
        assert METRICS[name](3 * golden - 7, 0.1 * proxy + 2) == pytest.approx(
            METRICS[name](golden, proxy), abs=1e-12
        )
        assert METRICS[name](np.exp(golden), proxy) != METRICS[name](golden, proxy)
    assert METRICS["bo_n"](golden, np.exp(proxy)) == METRICS["bo_n"](golden, proxy)
    assert METRICS["ece"](np.exp(golden), proxy + 5) == pytest.approx(METRICS["ece"](golden, proxy))
    assert METRICS["ece"](golden, 2 * proxy) != METRICS["ece"](golden, proxy)


@pytest.mark.parametrize("name", METRICS)
def test_order_of_prompts_and_responses_does_not_count(scores, rng, name):
    golden, proxy = scores[:2]
    expected = METRICS[name](golden, proxy)
    prompts = rng.permutation(len(golden))
    assert METRICS[name](golden[prompts], proxy[prompts]) == pytest.approx(expected, abs=1e-12)
    if name == "accuracy_pair":
        golden, proxy = golden[:, :2], proxy[:, :2]
    order = rng.random(golden.shape).argsort(axis=1)
    shuffled = (np.take_along_axis(side, order, axis=1) for side in (golden, proxy))
    assert METRICS[name](*shuffled) == pytest.approx(expected, abs=1e-12)


def test_accuracy_pair_looks_at_the_first_two_responses(untied):
    golden, proxy = untied
    expected = METRICS["accuracy"](golden[:, :2], proxy[:, :2])
    assert METRICS["accuracy_pair"](golden, proxy) == expected
    proxy[:, 2:] = 0
    assert METRICS["accuracy_pair"](golden, proxy) == expected


# Prompts on which a metric is undefined.


@pytest.mark.parametrize(
    ("name", "golden_too", "proxy_too"),
    [
        ("pearson", True, True),
        ("spearman", True, True),
        ("kendall", True, True),
        ("bo_n", True, False),
        ("xi", True, False),
    ],
)
def test_undefined_prompts_are_left_out(untied, name, golden_too, proxy_too):
    """A constant that is no short binary fraction, whose mean differs from it by rounding."""
    for side, undefined in enumerate((golden_too, proxy_too)):
        sides = untied.copy()
        sides[side, 3] = 0.1
        kept = np.delete(sides, 3, axis=1)
        same = METRICS[name](*sides) == pytest.approx(METRICS[name](*kept), abs=1e-12)
        assert same == undefined
        sides[side] = 0.1
        assert np.isnan(METRICS[name](*sides)) == undefined


def test_a_proxy_without_opinion_gets_what_a_random_pick_gets(untied):
    golden, proxy = untied[0], np.zeros_like(untied[0])
    n = golden.shape[1]
    assert METRICS["accuracy"](golden, proxy) == 0
    assert METRICS["bo_n"](golden, proxy) == pytest.approx(0, abs=1e-12)
    assert METRICS["mrr"](golden, proxy) == pytest.approx(np.mean(1 / np.arange(1, n + 1)))
    assert METRICS["xi"](golden, proxy) == pytest.approx(0, abs=1e-12)
    assert METRICS["ece"](golden, proxy) == 0


# Bad input.


@pytest.mark.parametrize("name", METRICS)
def test_bad_input_is_named(untied, name):
    golden, proxy = untied
    with pytest.raises(ValueError, match="same .prompts, responses."):
        METRICS[name](golden, proxy[:, 1:])
    for few in (np.s_[0], np.s_[:, :1], np.s_[:0]):
        with pytest.raises(ValueError, match=r"golden .* shape \(..., prompts, 2\+ responses\)"):
            METRICS[name](golden[few], proxy[few])
    proxy[4, 2] = np.nan
    with pytest.raises(ValueError, match=r"proxy: .* \(4, 2\) is not finite"):
        METRICS[name](golden, proxy)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("xi", {"sort_by": "neither"}),
        ("ndcg", {"gain": "log"}),
        ("ece", {"binning": "depth"}),
        ("ece", {"orientation": "rejected"}),
        ("ece", {"bins": 0}),
    ],
)
def test_unknown_options_are_refused(untied, name, options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must"):
        METRICS[name](*untied, **options)
