import numpy as np
import pytest

from proxyreward.metrics.agreement import accuracy_matrix, pool_accuracy


@pytest.fixture
def bench():
    return np.random.default_rng(1).normal(size=(4, 50, 2)).round(1)


def test_matrix_equals_a_loop_over_pairs(bench):
    expected = np.zeros((4, 4))
    for golden in range(4):
        for proxy in range(4):
            for g, p in zip(bench[golden], bench[proxy], strict=True):
                expected[golden, proxy] += np.sign(g[0] - g[1]) == np.sign(p[0] - p[1])
    np.testing.assert_array_equal(accuracy_matrix(bench), expected / 50)


def test_matrix_is_exactly_symmetric_with_ones_on_the_diagonal(bench):
    matrix = accuracy_matrix(bench)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)


def test_a_reversed_rm_is_wrong_wherever_nothing_ties(bench):
    untied = bench[:1, bench[0, :, 0] != bench[0, :, 1]]
    assert accuracy_matrix(np.concatenate([untied, -untied]))[0, 1] == 0


def test_monotone_transforms_and_response_order_do_not_count(bench):
    expected = accuracy_matrix(bench)
    np.testing.assert_array_equal(accuracy_matrix(np.exp(bench)), expected)
    np.testing.assert_array_equal(accuracy_matrix(bench[:, ::-1, ::-1]), expected)


def test_tie_rules():
    tied, ordered = [[1.0, 1.0]], [[1.0, 0.0]]
    assert accuracy_matrix(np.array([tied, tied, ordered])).tolist() == [
        [1, 1, 0],
        [1, 1, 0],
        [0, 0, 1],
    ]


@pytest.mark.parametrize("shape", [(3, 0, 2), (3, 5, 3), (2,)])
def test_wrong_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="pairs, 2"):
        accuracy_matrix(np.zeros(shape))


def test_a_score_that_is_not_finite_is_named(bench):
    bench[2, 7, 1] = np.inf
    with pytest.raises(ValueError, match=r"\(2, 7, 1\)"):
        accuracy_matrix(bench)


def test_pool_accuracy_equals_a_loop_over_the_pairs_that_the_golden_judge_tells_apart():
    pool = np.random.default_rng(2).normal(size=(3, 6, 5)).round()
    found = pool_accuracy(pool)
    for golden in range(3):
        for proxy in range(3):
            right = [
                (p[i] - p[j]) * (g[i] - g[j]) > 0
                for g, p in zip(pool[golden], pool[proxy], strict=True)
                for i in range(5)
                for j in range(i)
                if g[i] != g[j]
            ]
            assert found[golden, proxy] == pytest.approx(np.mean(right))


def test_equal_responses_do_not_count_and_a_tie_of_the_proxy_is_an_error():
    golden, proxy = [[2.0, 2.0, 1.0, 0.0]], [[3.0, 3.0, 1.0, 1.0]]
    found = pool_accuracy(np.array([golden, proxy, [[1.0] * 4]]))
    assert found[0].tolist() == [1, 4 / 5, 0]
    assert found[1].tolist() == [1, 1, 0]
    assert np.isnan(found[2]).all()
