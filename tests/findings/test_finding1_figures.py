import numpy as np
import pytest

from proxyreward.findings import finding1


@pytest.fixture(autouse=True)
def no_screen(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")


@pytest.fixture
def top(tables):
    return finding1.at_n(tables["pairs"]), finding1.at_n(tables["association"])


def texts(figure):
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text)]


def test_scatter_has_a_point_per_pair_and_names_the_papers_value(top):
    figure = finding1.plot_scatter(*top, rng=np.random.default_rng(0), resamples=20)
    axis = figure.axes[0]
    assert len(axis.collections[0].get_offsets()) == 20
    assert "paper 0.75" in axis.get_title() + axis.get_title(loc="left")
    assert "%" in axis.get_xlabel() and "best-of-20" in axis.get_ylabel()


def test_table_1_marks_estimates_and_paper(top):
    axis = finding1.plot_table1(top[1]).axes[0]
    drawn = {line.get_label(): line.get_xdata() for line in axis.lines}
    np.testing.assert_allclose(drawn["ours, 95 % interval"], top[1]["estimate"])
    np.testing.assert_allclose(drawn["paper"], top[1]["paper"])
    assert len(axis.get_yticklabels()) == 7


@pytest.mark.parametrize("plot", [finding1.plot_accuracy, finding1.plot_ndr])
def test_heat_maps_are_ordered_by_flip_rate(top, plot):
    shuffled = top[0].sample(frac=1, random_state=0)
    axis = plot(shuffled).axes[0]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["0", "0.1", "0.2", "0.3", "0.4"]
    assert texts(plot(shuffled)) == texts(plot(top[0]))


def test_heat_map_leaves_the_diagonal_empty(top):
    cells = finding1.plot_ndr(top[0]).axes[0].collections[0].get_array()
    assert np.ma.getmaskarray(cells).reshape(5, 5).diagonal().all()
    assert np.ma.getmaskarray(cells).sum() == 5


@pytest.mark.parametrize(("goldens", "shown"), [(1, 1), (3, 3), (99, 5)])
def test_dynamics_shows_as_many_goldens_as_asked_for(tables, goldens, shown):
    figure = finding1.plot_dynamics(tables["curves"], goldens=goldens, proxies=2)
    panels = [axis for axis in figure.axes if axis.get_title() and axis.get_visible()]
    assert len(panels) == shown
    assert all(len(axis.lines) == 3 for axis in panels)
    assert panels[0].get_xlabel() == "KL bound (bits)"


def test_figures_are_closed(top):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    finding1.plot_table1(top[1])
    assert plt.get_fignums() == before
