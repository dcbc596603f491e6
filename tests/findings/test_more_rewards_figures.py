import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from tests.findings.mixtures import mixtures

from proxyreward.findings.more import more_rewards
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS
from proxyreward.findings.more.mixtures import PAPER_FORM, STANDARD, Draws
from proxyreward.metrics.outliers import outliers
from proxyreward.vocabulary import HH


@pytest.fixture(scope="module")
def mixes():
    return mixtures(pairs=40, orders=0)


@pytest.fixture(scope="module")
def shown(mixes, tmp_path_factory):
    """Tables as the notebook has them: written and read back."""
    return read_back(mixes, tmp_path_factory.mktemp("more_rewards"))


@pytest.fixture(scope="module")
def paper(registry):
    return more_rewards.paper_values(registry)


def read_back(mixes, folder):
    draws = Draws.of(mixes, 10, np.random.default_rng(0))
    tables = more_rewards.summarise(more_rewards.compute(mixes, draws, np.random.default_rng(1)))
    for name, table in tables.items():
        table.to_csv(folder / name, index=False, float_format="%.6g")
    return {name: pd.read_csv(folder / name) for name in tables}


def of_scheme(axis, scheme, marker):
    """Points of a scheme, in the order of the lines."""
    colour = to_rgba(SCHEME_COLOURS[scheme])
    found = [
        line
        for line in axis.lines
        if to_rgba(line.get_color()) == colour and line.get_marker() == marker
    ]
    return [(line.get_xdata(), line.get_ydata()) for line in found]


def test_each_base_and_test_set_has_its_line(mixes, shown):
    [axis] = more_rewards.plot_sizes(shown["measures"]).axes
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels == [f"{source.title()}\n{base}" for base in mixes.bases for source in HH]
    rows = shown["measures"].query(
        "metric == 'size' and scheme == 'more' and rewards == 'as trained'"
    )
    [(x, y)] = of_scheme(axis, "more", "^")
    np.testing.assert_allclose(x, rows["estimate"])
    np.testing.assert_array_equal(np.round(y + 0.2), -np.arange(6.0))


def test_the_papers_values_stand_beside_the_base_of_their_table(shown, paper, registry):
    shares, means = more_rewards.plot_outliers(shown["outliers"], paper, "by sign", False).axes
    [(_, printed)] = [
        (line, line.get_xdata()) for line in means.lines
        if line.get_marker() == "D" and to_rgba(line.get_color()) == to_rgba(SCHEME_COLOURS["top"])
        and min(line.get_xdata()) > 0
    ]  # fmt: skip
    expected = [
        registry.printed(table, source, name)["pos_mean"]
        for table, name in (
            ("more.table5", "Single"),
            ("more.table6", "Single"),
            ("more.table1", "Top"),
        )
        for source in ("Helpful", "Harmless")
    ]
    np.testing.assert_allclose(printed, expected)
    _, free = more_rewards.plot_outliers(shown["outliers"], paper, "by sign", True).axes
    assert not of_scheme(free, "top", "D")


def test_only_the_second_form_has_the_papers_values(shown, paper):
    first, second = more_rewards.plot_calibration(shown["measures"], paper).axes
    assert not of_scheme(first, "more", "D")
    [(printed, _)] = of_scheme(second, "more", "D")
    assert len(printed) == 6


def test_points_of_a_box_plot_are_the_outliers_that_are_counted(mixes):
    figure = more_rewards.plot_boxes(mixes, "one box", 1)
    axis = figure.axes[3]  # second base, second test set
    margin = mixes.margin("more")[1, mixes.source == HH[1]]
    counted = outliers(margin, "one box")
    drawn = np.concatenate([
        line.get_ydata() for line in axis.lines
        if line.get_marker() == "." and (line.get_xdata() == 2).all()
    ])  # fmt: skip
    assert (drawn > 0).sum() == counted.positive_count
    assert (drawn < 0).sum() == counted.negative_count


def test_boxes_by_sign_meet_at_0(mixes):
    axis = more_rewards.plot_boxes(mixes, "by sign", 0).axes[0]
    ends = [box.get_path().get_extents().get_points()[:, 1] for box in axis.patches]
    assert len(ends) == 6
    for right, wrong in zip(ends[::2], ends[1::2]):
        assert (right >= 0).all() and (wrong <= 0).all()


def test_marks_of_the_scaled_rewards_lie_on_their_curves(mixes, shown, paper):
    base, keys = mixes.middle, ["source", "scheme", "rewards", "metric"]
    curves = more_rewards.rescaled(mixes, base, "helpful", 2.0 ** np.arange(-3, 2))
    fitted = shown["factors"].query("base == @base")
    measured = shown["measures"].query("base == @base").set_index(keys)["estimate"].sort_index()
    figure = more_rewards.plot_rescaled(curves, fitted, paper, "helpful", (STANDARD, PAPER_FORM))
    for axis, metric in zip(figure.axes, ("ece", "ece_paper")):
        trained, best = of_scheme(axis, "multitask", "o")
        own = measured["helpful", "multitask", "as trained"]
        assert trained == pytest.approx((own["size"], own[metric]), abs=1e-5)
        factor = fitted.set_index("scheme")["estimate"]["multitask"]
        assert best[0] == pytest.approx(factor * own["size"], abs=1e-4)


def test_reliability_has_a_row_for_each_scheme(mixes):
    bins = more_rewards.reliability_bins(mixes, mixes.middle, "harmless", 0, 5, "mass")
    figure = more_rewards.plot_reliability(bins)
    titles = [axis.get_title() for axis in figure.axes]
    assert [title.split(":")[0] for title in titles[:2]] == ["Raw, one order", "Raw, both orders"]
    assert len(titles) == 8
    assert titles[-1].endswith(f"ECE {bins['ece'].iloc[-1]:.3f}")


def test_growth_is_drawn_for_each_seed_and_their_mean(mixes, shown):
    figure = more_rewards.plot_growth(shown["growth"], window=1)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == [f"Base {base}" for base in mixes.bases]
    first, second, mean = (line.get_ydata() for line in figure.axes[0].lines[:3])
    np.testing.assert_allclose(mean, (first + second) / 2)


def test_a_temperature_is_drawn_beside_the_rewards_as_trained(shown):
    for axis in more_rewards.plot_temperature(shown["contrasts"]).axes:
        trained, scaled = of_scheme(axis, "more", "^")
        assert (trained[1] > scaled[1]).all()


def test_every_scheme_is_a_point(shown):
    first, second = more_rewards.plot_size_and_error(shown["means"]).axes
    for axis in (first, second):
        assert len(axis.lines) == 3 * 3 + 4


def test_the_smallest_scale_draws(paper, tmp_path):
    smoke = mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=3)
    tables, base = read_back(smoke, tmp_path), smoke.middle
    bins = more_rewards.reliability_bins(smoke, base, "helpful", 0, 10, "width")
    curves = more_rewards.rescaled(smoke, base, "helpful", (0.5, 1, 2))
    fitted = tables["factors"].query("base == @base")
    for figure in (
        more_rewards.plot_sizes(tables["measures"]),
        more_rewards.plot_outliers(tables["outliers"], paper, "one box", False),
        more_rewards.plot_calibration(tables["measures"], paper),
        more_rewards.plot_temperature(tables["contrasts"]),
        more_rewards.plot_size_and_error(tables["means"]),
        more_rewards.plot_boxes(smoke, "by sign", 0),
        more_rewards.plot_reliability(bins),
        more_rewards.plot_growth(tables["growth"]),
        more_rewards.plot_rescaled(curves, fitted, paper, "helpful", (STANDARD, PAPER_FORM)),
    ):
        figure.canvas.draw()
