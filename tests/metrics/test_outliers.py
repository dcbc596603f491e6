import numpy as np
import pytest

from proxyreward.metrics.outliers import outliers

READINGS = pytest.mark.parametrize("reading", ["one box", "by sign"])


@pytest.fixture
def margin():
    """Three reward models on 300 labelled pairs, with heavy tails."""
    return 0.5 + np.random.default_rng(3).standard_t(2, size=(3, 300))


def whiskers(values):
    first, third = np.percentile(values, [25, 75])
    return first - 1.5 * (third - first), third + 1.5 * (third - first)


def by_hand(row, reading):
    if reading == "one box":
        lower, upper = whiskers(row)
    else:
        lower, upper = whiskers(row[row < 0])[0], whiskers(row[row > 0])[1]
    high, low = row[row > upper], row[row < lower]
    return len(high), high.mean(), len(low), low.mean()


@READINGS
def test_outliers_equal_their_definition(margin, reading):
    found = outliers(margin, reading)
    for model, row in enumerate(margin):
        expected = by_hand(row, reading)
        assert min(expected[0], expected[2]) > 3
        assert [part[model] for part in found] == pytest.approx(expected)


@READINGS
def test_a_box_plot_draws_the_same_outliers(margin, reading):
    from matplotlib.cbook import boxplot_stats

    for row in margin:
        boxes = [row] if reading == "one box" else [row[row > 0], row[row < 0]]
        fliers = [boxplot_stats(box)[0]["fliers"] for box in boxes]
        found = outliers(row, reading)
        assert found.positive_count == (fliers[0] > 0).sum()
        assert found.negative_count == (fliers[-1] < 0).sum()


@READINGS
def test_counts_do_not_depend_on_the_scale_but_means_do(margin, reading):
    base, scaled = outliers(margin, reading), outliers(4 * margin, reading)
    assert scaled.positive_count.tolist() == base.positive_count.tolist()
    assert scaled.negative_count.tolist() == base.negative_count.tolist()
    assert scaled.positive_mean == pytest.approx(4 * base.positive_mean)
    assert scaled.negative_mean == pytest.approx(4 * base.negative_mean)


@READINGS
def test_the_mirror_image_swaps_the_sides(margin, reading):
    found, mirrored = outliers(margin, reading), outliers(-margin, reading)
    assert mirrored.positive_count.tolist() == found.negative_count.tolist()
    assert mirrored.negative_mean == pytest.approx(-found.positive_mean)


def test_the_two_readings_differ_where_most_pairs_are_right():
    margin = np.concatenate([np.linspace(1, 2, 100), [-0.1, -0.11, -0.12, -0.13, -0.14, -9]])
    assert outliers(margin, "one box").negative_count == 6  # all wrong pairs stand out
    assert outliers(margin, "by sign").negative_count == 1  # one of the wrong pairs does


@READINGS
@pytest.mark.parametrize("row", [[1.0, 2.0, 3.0], [-1.0, -2.0], [0.0, 0.0], [5.0]])
def test_without_outliers_the_counts_are_zero_and_the_means_undefined(reading, row):
    found = outliers(row, reading)
    assert (found.positive_count, found.negative_count) == (0, 0)
    assert np.isnan(found.positive_mean) and np.isnan(found.negative_mean)


def test_an_unknown_reading_is_refused():
    with pytest.raises(ValueError, match="reading"):
        outliers([1.0, 2.0], "two boxes")
