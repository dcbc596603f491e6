"""What the figures of the training schemes show."""

import numpy as np
import pytest
from tests.findings.mixtures import mixtures

from proxyreward.findings.more import more_schemes
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS, SCHEME_NAMES
from proxyreward.findings.more.mixtures import Draws
from proxyreward.findings.more.more_schemes.tables import CONTROLS, forms


@pytest.fixture(scope="module")
def schemes():
    found = mixtures(pairs=30, bases=2, seeds=1, orders=0)
    return more_schemes.Schemes(found, Draws.of(found, 20, np.random.default_rng(0)))


@pytest.fixture(scope="module")
def printed(registry, schemes):
    return more_schemes.Printed(registry, schemes.sources, schemes.bases)


def test_every_scheme_has_a_colour_and_a_name_of_its_own():
    assert list(SCHEME_COLOURS) == list(SCHEME_NAMES) and set(CONTROLS) < set(SCHEME_NAMES)
    assert len(set(SCHEME_NAMES.values())) == len(SCHEME_NAMES)
    # A one-source model and Top are the same model on different test sets.
    assert len(set(SCHEME_COLOURS.values())) == len(SCHEME_COLOURS) - 1


def test_a_panel_shows_ours_and_the_papers_values(schemes, printed):
    cells = more_schemes.cells(schemes, schemes)
    figure = more_schemes.plot_schemes(cells, printed)
    panels = np.array(figure.axes).reshape(-1, 3)
    assert len(panels) == 6
    accuracy, ece, in_papers_form = panels[0]
    assert accuracy.get_title(loc="left") + accuracy.get_title() == "helpful"
    dots = [collection.get_offsets()[:, 0] for collection in accuracy.collections[1::2]]
    own = cells.query("source == 'helpful' and metric == 'accuracy'").set_index(["scheme", "base"])
    for scheme, drawn in zip(("raw", "top", "multitask", "more"), dots):
        np.testing.assert_allclose(drawn, own["estimate"][scheme].loc[list(schemes.bases)])
    diamonds = [line.get_xdata() for line in accuracy.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(diamonds[1], [0.6781, 0.7308])
    assert not [line for line in ece.lines if line.get_marker() == "D"]
    assert len([line for line in in_papers_form.lines if line.get_marker() == "D"]) == 4


def test_differences_show_both_states_and_the_papers_value(schemes, printed):
    differences = more_schemes.differences(schemes, schemes)
    figure = more_schemes.plot_differences(differences, printed)
    accuracy, ece = figure.axes[:2]
    labels = [label.get_text() for label in accuracy.get_yticklabels()]
    assert labels[0] == "MORE − MultiTask\n16x1x2" and len(labels) == 2 + 4
    assert len(accuracy.collections) == 2 and len(ece.collections) == 4
    [diamonds] = [line.get_xdata() for line in accuracy.lines if line.get_marker() == "D"]
    more, multitask = (
        printed.value("accuracy", name, "16x1x2", schemes.sources) for name in ("more", "multitask")
    )
    assert diamonds[0] == pytest.approx(100 * (more - multitask))
    assert np.isnan(diamonds[2:].astype(float)).all()


def test_every_form_has_a_row_and_every_base_a_panel(schemes):
    table = forms(schemes)
    figure = more_schemes.plot_forms(table)
    assert [axis.get_title() for axis in figure.axes] == list(schemes.bases)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[0].startswith("standard") and labels[1].startswith("paper")
    assert len(set(labels)) == table["form"].nunique()
