import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking import finding1


@pytest.fixture(autouse=True)
def no_screen(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")


def both(table):
    return pd.concat([finding1.under(table, name) for name in ("best-of-n", "ppo")])


@pytest.fixture
def top(tables):
    return both(tables["pairs"]), both(tables["association"])


def texts(figure):
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text)]


def test_scatter_has_a_panel_per_optimiser_and_names_the_papers_values(top):
    figure = finding1.plot_scatter(*top, rng=np.random.default_rng(0), resamples=20)
    bon, ppo = figure.axes[:2]
    for axis, title in ((bon, "best-of-16"), (ppo, "PPO")):
        assert len(axis.collections[0].get_offsets()) == 30
        assert title in axis.get_title(loc="left") + axis.get_title()
    assert any("paper 0.75" in text for text in texts(figure))
    assert any("paper 0.64" in text for text in texts(figure))
    assert "%" in ppo.get_xlabel()


def test_table_1_marks_estimates_and_paper(top):
    figure = finding1.plot_table1(top[1])
    for axis, name in zip(figure.axes, ("best-of-n", "ppo"), strict=True):
        rows = top[1][top[1]["optimiser"] == name]
        drawn = {line.get_label(): line.get_xdata() for line in axis.lines}
        np.testing.assert_allclose(drawn["ours, 95 % interval"], rows["estimate"])
        np.testing.assert_allclose(drawn["paper"], rows["paper"])
        assert len(axis.get_yticklabels()) == 7


@pytest.mark.parametrize("plot", [finding1.plot_accuracy, finding1.plot_ndr])
def test_heat_maps_are_ordered_by_flip_rate(tables, plot):
    pairs = finding1.under(tables["pairs"], "ppo")
    shuffled = pairs.sample(frac=1, random_state=0)
    labels = [t.get_text() for t in plot(shuffled).axes[0].get_yticklabels()]
    assert labels == sorted(labels, key=float)
    assert texts(plot(shuffled)) == texts(plot(pairs))


def test_heat_map_leaves_the_diagonal_empty(tables):
    figure = finding1.plot_ndr(finding1.under(tables["pairs"], "ppo"))
    cells = figure.axes[0].collections[0].get_array()
    assert np.ma.getmaskarray(cells).reshape(6, 6).diagonal().all()
    assert np.ma.getmaskarray(cells).sum() == 6


@pytest.mark.parametrize(("goldens", "shown"), [(1, 1), (3, 3), (99, 6)])
def test_dynamics_shows_as_many_goldens_as_asked_for(evidence, goldens, shown):
    flips = pd.Series(evidence.flips(), index=evidence.names())
    figure = finding1.plot_dynamics(evidence.curves, flips, goldens=goldens, proxies=2)
    panels = [a for a in figure.axes if a.get_visible() and a.get_label() != "<colorbar>"]
    assert len(panels) == 2 * shown
    assert all(len(axis.lines) == 3 for axis in panels)
    assert panels[0].get_xlabel() == "KL bound (bits)" and panels[-1].get_xlabel() == "KL (bits)"


def test_figures_are_closed(top):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    finding1.plot_table1(top[1])
    assert plt.get_fignums() == before
