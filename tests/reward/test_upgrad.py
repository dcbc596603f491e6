"""Weights of UPGrad: closed forms, the cone, a general solver, and the authors' own library.

The library is asked where it is installed: ``pip install "torchjd[quadprog-projector]==0.18.0"``.
"""

import numpy as np
import pytest
from scipy.optimize import minimize

from proxyreward.reward.upgrad import upgrad


@pytest.fixture
def gradients():
    """Five gradients that conflict, in twenty problems, eight dimensions."""
    return np.random.default_rng(3).normal(size=(20, 5, 8))


def gram(gradients):
    return gradients @ np.swapaxes(gradients, -1, -2)


def test_gradients_without_conflict_share_evenly():
    for rows in (np.eye(4), [[1, 2], [1, 2], [2, 4]], [[0, 0], [1, 3]], [[5.0]]):
        rows = np.asarray(rows, dtype=float)
        assert upgrad(gram(rows)) == pytest.approx(np.full(len(rows), 1 / len(rows)))


def test_of_two_gradients_each_loses_what_points_against_the_other():
    """The projection of a is a - (a.b) b / b.b where a.b is negative."""
    a, b = np.array([2.0, 1.0]), np.array([-1.0, 0.5])
    expected = (a - a @ b / (b @ b) * b + b - a @ b / (a @ a) * a) / 2
    assert upgrad(gram(np.stack([a, b]))) @ np.stack([a, b]) == pytest.approx(expected)


def test_opposite_gradients_cancel():
    rows = np.array([[1.0, 2.0], [-1.0, -2.0], [-0.5, -1.0]])
    weights = upgrad(gram(rows))
    assert weights @ rows == pytest.approx(0, abs=1e-9) and (weights >= 1 / 3).all()


def test_the_sum_raises_no_loss_and_no_weight_is_below_its_share(gradients):
    weights = upgrad(gram(gradients))
    products = np.matvec(gram(gradients), weights)
    assert (products > -1e-9).all() and (weights >= 1 / 5).all()
    assert (np.matvec(gram(gradients), np.full(5, 1 / 5)) < 0).any(axis=-1).sum() > 3


def test_a_general_solver_finds_the_same(gradients):
    def projected(problem, k):
        def square(v):
            return v @ problem @ v, 2 * problem @ v

        start = np.eye(5)[k]
        bounds = [(low, None) for low in start]
        found = minimize(square, start, jac=True, bounds=bounds, options={"ftol": 1e-15})
        return found.x

    for problem, weights in zip(gram(gradients), upgrad(gram(gradients))):
        expected = np.mean([projected(problem, k) for k in range(5)], axis=0)
        assert weights == pytest.approx(expected, abs=2e-4)


def test_neither_scale_nor_order_matters(gradients):
    weights = upgrad(gram(gradients))
    assert upgrad(gram(1e-6 * gradients)) == pytest.approx(weights)
    assert upgrad(gram(gradients[:, ::-1])) == pytest.approx(weights[:, ::-1])


def test_torchjd_finds_the_same(gradients):
    aggregation = pytest.importorskip("torchjd.aggregation")
    linalg = pytest.importorskip("torchjd.linalg")
    torch = pytest.importorskip("torch")
    projector = linalg.QuadprogProjector(norm_eps=1e-12, reg_eps=1e-10)
    theirs = aggregation.UPGradWeighting(projector=projector)
    for problem, weights in zip(gram(gradients), upgrad(gram(gradients))):
        assert weights == pytest.approx(theirs(torch.from_numpy(problem)).numpy(), abs=1e-6)
