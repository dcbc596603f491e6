import dataclasses
import re

import numpy as np
import pytest
from tests.evaluation.report import made

from proxyreward.evaluation.report import figure
from proxyreward.evaluation.result import Curve
from proxyreward.metrics.estimates import Interval


def points(path):
    return np.array([[float(x), float(y)] for x, y in re.findall(r"[ML](\S+) ([\d.]+)", path)])


def line(panel, kind):
    return next(one for one in panel.lines if one.kind == kind)


@pytest.fixture(scope="module")
def drawn():
    return figure.figures(made.golden())


def test_each_model_has_a_figure_but_null_scorers_lie_behind_all(drawn):
    assert [one.name for one in drawn.models] == ["careful-rm", "twin-rm", "keen-rm", made.SCRIPT]
    assert drawn.without == (made.MODELS[4],)
    assert len(drawn.nulls) == len(made.NULLS)


def test_golden_panels_share_their_axes(drawn):
    starts = [points(line(one.golden, "golden").path)[0] for one in drawn.models]
    np.testing.assert_allclose(starts, [starts[0]] * len(starts))
    assert len({one.golden.up for one in drawn.models}) == 1


def test_a_line_is_drawn_within_the_axes_from_the_first_n_to_the_last(drawn):
    path = points(line(drawn.models[0].golden, "golden").path)
    assert path[0, 0] == figure.LEFT and path[-1, 0] == figure.RIGHT
    assert len(path) <= figure.POINTS and (np.diff(path[:, 0]) > 0).all()
    assert (path[:, 1] >= figure.TOP).all() and (path[:, 1] <= figure.BOTTOM).all()


def test_higher_reward_is_drawn_higher_in_proportion(drawn):
    panel = drawn.models[2].own
    (low, first), (high, second) = panel.up[0], panel.up[1]
    scale = (high - low) / (float(second) - float(first))
    curve = made.golden().models[0].curve
    expected = low + scale * (curve.own[-1].estimate - float(first))
    assert points(line(panel, "own").path)[-1, 1] == pytest.approx(expected, abs=0.1)


def test_the_band_goes_along_the_low_ends_and_back_along_the_high_ones(drawn):
    panel = drawn.models[0].golden
    path, band = points(line(panel, "golden").path), points(line(panel, "golden").band)
    low, high = band[: len(path)], band[: len(path) - 1 : -1]
    np.testing.assert_allclose((low + high) / 2, path, atol=0.11)
    assert (low[:, 1] > high[:, 1]).all()


def test_the_peak_is_marked_and_told(drawn):
    curve = made.curve(0.75, 0.06)
    best = int(np.argmax([point.estimate for point in curve.golden]))
    panel = drawn.models[2].golden
    share = curve.kl[best] / curve.kl[-1]
    assert panel.peak[0] == pytest.approx(
        figure.LEFT + share * (figure.RIGHT - figure.LEFT), abs=0.1
    )
    assert f"at n = {curve.n[best]}, and is" in panel.told


@pytest.mark.parametrize("n", [1, 2, 3, 9, 10, 64, 100, 1000])
def test_labels_of_kl_and_n_do_not_run_into_each_other_and_name_both_ends(n):
    of = np.arange(1, n + 1)
    flat = (Interval(0.5, np.nan, np.nan),) * n
    curve = Curve(tuple(of.tolist()), tuple((np.log(of) - (of - 1) / of).tolist()), *[flat] * 3, 9)
    model = made.model("a", 0.5, curve=curve)
    (found,) = figure.figures(dataclasses.replace(made.golden(), models=(model,))).models
    ticks = found.golden.across
    assert ticks[0][1:] == ("0", "1") and ticks[-1][2] == str(n)
    assert len(ticks) == 1 or np.diff([x for x, *_ in ticks]).min() >= figure.APART


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ((0.0, 1.0), ["0", "0.3", "0.6", "0.9"]),
        ((-1.2e6, 3e5), ["−1e6", "−5e5", "0"]),
        ((-3e-6, 2e-6), ["−3.0e−6", "−1.5e−6", "0", "1.5e−6"]),
        ((1e6, 1e6 + 3), ["1000000", "1000001", "1000002", "1000003"]),
        ((-288.02, -287.99), ["−288.02", "−288.01", "−288.00", "−287.99"]),
    ],
)
def test_labels_of_rewards_tell_them_apart_and_stay_short(ends, shown):
    curve = made.curve(0.5, 0.0)
    own = tuple(Interval(value, np.nan, np.nan) for value in np.linspace(*ends, made.N))
    model = made.model("a", 0.5, curve=dataclasses.replace(curve, own=own))
    found = figure.figures(dataclasses.replace(made.golden(), models=(model,)))
    assert [label for _, label in found.models[0].own.up] == shown


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5], [0.0, np.nan, 1.0], [-1e-9, 1e9]])
def test_odd_curves_are_drawn_without_what_is_not_known(values):
    n = np.arange(1, len(values) + 1)
    line = tuple(Interval(value, np.nan, np.nan) for value in values)
    curve = Curve(tuple(n.tolist()), tuple((np.log(n) - (n - 1) / n).tolist()), *[line] * 3, 9)
    model = dataclasses.replace(made.model("a", 0.5), curve=curve)
    found = figure.figures(dataclasses.replace(made.golden(), models=(model,)))
    (one,) = found.models
    shown = [part.path + part.band for panel in (one.golden, one.own) for part in panel.lines]
    assert not any("nan" in path or "inf" in path for path in shown)


def test_a_line_is_interrupted_where_a_reward_is_not_known():
    rewards = (np.nan, 0.0, 1.0, np.nan, 0.5, np.nan)
    kl = tuple(float(place) for place in range(6))
    flat = (Interval(0.0, 0.0, 0.0),) * 6
    own = tuple(Interval(reward, np.nan, np.nan) for reward in rewards)
    model = made.model("a", 0.5, curve=Curve(tuple(range(1, 7)), kl, flat, own, flat, 9))
    (found,) = figure.figures(dataclasses.replace(made.golden(), models=(model,))).models
    assert found.own.lines[0].path == "M101.0 152.9L152.0 25.1M254.0 89.0"


def test_without_any_curve_there_is_no_figure():
    models = tuple(dataclasses.replace(one, curve=None) for one in made.golden().models)
    found = figure.figures(dataclasses.replace(made.golden(), models=models))
    assert found.models == () and len(found.without) == len(models)
