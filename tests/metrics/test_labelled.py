import numpy as np
import pytest

from proxyreward.metrics.labelled import by_row, checked_margins, mean, reached


def test_without_weights_every_pair_counts_once():
    margin, weights = checked_margins([[1, 2, 3]], None)
    assert margin.tolist() == [[1, 2, 3]]
    assert weights.tolist() == [[1, 1, 1]]


@pytest.mark.parametrize(
    "margin, weights",
    [
        (1.0, None),
        ([], None),
        ([1.0, 2.0], [1.0]),
        ([1.0, 2.0], 1.0),
        (np.ones((2, 3)), np.ones((4, 3))),
    ],
)
def test_shapes_that_do_not_match_are_refused(margin, weights):
    with pytest.raises(ValueError, match="pairs|broadcast"):
        checked_margins(margin, weights)


@pytest.mark.parametrize("weight", [-1, 0.5, np.nan, np.inf])
def test_weights_are_counts(weight):
    with pytest.raises(ValueError, match="weights"):
        checked_margins([1.0, 2.0], [1.0, weight])


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_the_place_of_a_margin_that_is_not_finite_is_told(value):
    with pytest.raises(ValueError, match=r"\(1, 0\) is not finite"):
        checked_margins([[1.0, 2.0], [value, 3.0]], None)


@pytest.mark.parametrize(
    "rows, counted",
    [((), ()), ((4,), ()), ((4, 1), (7,)), ((4, 1), (1, 7)), ((1, 4), (7, 1)), ((2, 1, 3), (5, 1))],
)
def test_a_statistic_of_rows_broadcasts(rows, counted):
    rng = np.random.default_rng(0)
    margin, weights = rng.normal(size=(*rows, 6)), rng.integers(0, 3, size=(*counted, 6))

    def ends(row, counts):
        return np.stack([(row[0] * counts).sum(axis=-1), (row[-1] * counts).sum(axis=-1)], axis=-1)

    found = by_row(ends, *checked_margins(margin, weights))
    total = weights.sum(axis=-1)
    expected = np.stack([margin[..., 0] * total, margin[..., -1] * total], axis=-1)
    assert found.shape == expected.shape
    assert found == pytest.approx(expected)


def test_a_row_is_handed_over_once_with_all_its_weights():
    seen = []

    def record(row, counts):
        seen.append((row.shape, counts.shape))
        return counts.sum(axis=-1)

    by_row(record, *checked_margins(np.ones((3, 1, 5)), np.ones((100, 5))))
    assert seen == [((5,), (100, 5))] * 3


def test_a_mean_weighs_and_is_undefined_without_weight():
    found = mean(np.array([1.0, 2.0, 6.0]), np.array([[1, 1, 0], [0, 1, 3], [0, 0, 0]]))
    assert found == pytest.approx([1.5, 5, np.nan], nan_ok=True)


def test_places_that_a_cumulative_weight_reaches():
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 4, size=(30, 20)).astype(float)
    counts[:, 7] = 1  # no row without weight
    targets = np.ceil(counts.sum(axis=1, keepdims=True) * np.array([0.01, 0.3, 0.5, 1]))
    found = reached(counts, targets)
    for row, wanted, places in zip(counts.astype(int), targets, found):
        repeated = np.repeat(np.arange(20), row)
        assert places.tolist() == [repeated[int(target) - 1] for target in wanted]


def test_a_row_without_weight_does_not_disturb_the_others():
    weights = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 3.0]])
    found = reached(weights, np.array([[2.0], [0.0], [3.0]]))
    assert found[[0, 2]].tolist() == [[1], [1]]
    assert found[1] in (0, 1)
