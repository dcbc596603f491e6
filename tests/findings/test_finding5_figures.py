import numpy as np
import pytest

from proxyreward.findings.rethinking import finding5


@pytest.fixture(autouse=True)
def no_screen(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")


@pytest.fixture(scope="module")
def found(family):
    return finding5.compute(*family, resamples=10, rng=np.random.default_rng(1))


def drawn(axis):
    return {line.get_label(): line for line in axis.lines}


def test_theory_puts_the_closed_form_on_the_integral(found):
    axis = finding5.plot_theory(found["curve"], found["simulated"]).axes[0]
    lines = drawn(axis)
    curve = lines["golden plus noise, integral (eq. 7)"]
    np.testing.assert_allclose(
        lines["closed form of the first"].get_xydata(), curve.get_xydata()[::5]
    )
    assert (lines["both standardised; also the NDR"].get_ydata() >= curve.get_ydata() - 1e-9).all()
    assert "%" in axis.get_xlabel()


@pytest.mark.parametrize(("golden", "points"), [("", 20), ("rm0.4", 4)])
def test_measured_has_a_point_per_label_flip_pair(found, golden, points):
    rows = finding5.chosen(found["degrees"], 8, golden)
    axis = finding5.plot_measured(rows, found["curve"]).axes[0]
    scatter = axis.collections[-1]
    assert len(scatter.get_offsets()) == points
    assert scatter.get_clim() == (0, 0.4)
    assert "best-of-8" in axis.get_ylabel()
    assert len(drawn(axis)) >= 2


def test_residuals_show_the_three_kinds_on_one_scale(found):
    figure = finding5.plot_residuals(finding5.chosen(found["degrees"]))
    titles = [axis.get_title().split("\n")[0] for axis in figure.axes]
    assert titles == list(finding5.KINDS)
    assert len({axis.get_ylim() for axis in figure.axes}) == 1


def test_deviations_have_a_line_per_kind_over_all_n(found):
    table = finding5.deviations(found["degrees"], resamples=10, rng=np.random.default_rng(0))
    axis = finding5.plot_deviations(table).axes[0]
    assert list(drawn(axis)) == list(finding5.KINDS)
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["2", "4", "8", "16", "20"]


def test_pressure_draws_what_is_kept_on_what_is_expected():
    table = finding5.pressure(2.0, np.random.default_rng(0))
    lines = drawn(finding5.plot_pressure(table).axes[0])
    kept = lines["the proxy's policy, by the golden RM"].get_ydata()
    np.testing.assert_allclose(kept, lines["d times the first line"].get_ydata(), atol=0.1)


def test_figures_are_closed(found):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    finding5.plot_residuals(finding5.chosen(found["degrees"]))
    assert plt.get_fignums() == before
