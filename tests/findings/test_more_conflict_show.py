import numpy as np
import pytest
from tests.findings.mixtures import mixtures

from proxyreward.findings.core import replicates
from proxyreward.findings.more.more_conflict import show
from proxyreward.findings.more.more_conflict.measure import (
    accuracies,
    couples,
    margin_of,
    moments,
    transfers,
)
from proxyreward.vocabulary import ALL

MODELS = ["Raw", "helpful", "harmless", "oasst", "webgpt", "summarize"]


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=40, orders=0)


@pytest.fixture(scope="module")
def shown(planted, registry, tmp_path_factory):
    """Tables of three replicates as the notebook has them: written and read back."""
    return tables(planted, registry, tmp_path_factory.mktemp("more_conflict"))


def tables(planted, registry, folder):
    found = transfers(planted)
    own = {"transfer": accuracies(planted, found, registry), "pairs": couples(planted, found)}
    own["moments"] = moments(planted, found[planted.middle])
    moved = {
        seed: {
            name: table.assign(value=table["value"] + 0.01 * seed) for name, table in own.items()
        }
        for seed in range(3)
    }
    replicates.write(folder, 0, moved, "experiment")
    read = {name: replicates.read(folder, name) for name in own}
    for name in ("transfer", "pairs"):
        read[name] = read[name][read[name]["base"] == planted.middle]
    return read


def test_text_cells_are_percent_with_interval(shown):
    cells = show.transfer_table(shown["transfer"])
    assert cells["Trained"].tolist() == MODELS
    row = shown["transfer"].set_index(["measure", "trained", "tested"])
    row = 100 * row.loc[("accuracy", "webgpt", "oasst"), ["estimate", "low", "high"]]
    expected = "{:.0f} [{:.0f},\u00a0{:.0f}]".format(*row)
    assert cells.set_index("Trained").loc["webgpt", "oasst"] == expected


def test_the_spread_of_rewards_is_known_on_harmless_alone(shown):
    cells = show.moments_table(shown["moments"], "harmless").set_index("Trained")
    assert cells.index.tolist() == MODELS
    rows = shown["moments"].set_index(["of", "trained", "tested", "moment"])
    row = rows.loc[("rewards", "oasst", "harmless", "sd")]
    expected = f"{row['estimate']:.2f} [{row['low']:.2f},\u00a0{row['high']:.2f}]"
    assert cells.at["oasst", "sd of rewards"] == expected
    other = show.moments_table(shown["moments"], "oasst").set_index("Trained")
    assert other.index.tolist() == MODELS and set(other["sd of rewards"]) == {"–"}
    mean = rows.at[("differences", "helpful", "oasst", "mean"), "estimate"]
    assert other.at["helpful", "Mean difference"].startswith(f"{mean:.2f} [")


def test_the_middle_base_stands_in_where_units_do_not_mix(planted):
    small, middle = planted.bases[:2]
    assert show.chosen_bases(planted, "") == (middle, middle)
    assert show.chosen_bases(planted, small) == (small, small)
    assert show.chosen_bases(planted, ALL) == (ALL, middle)
    with pytest.raises(ValueError, match="base must be one of"):
        show.chosen_bases(planted, "tiny")


def test_radar_and_heat_map_show_the_same_accuracies(shown):
    radar, table = show.plot_transfer(shown["transfer"]).axes[:2]
    numbers = np.array([float(text.get_text()) for text in table.texts]).reshape(6, 5)
    for line, row in zip(radar.lines, numbers, strict=False):
        values = np.asarray(line.get_ydata())
        assert values[0] == values[-1]
        np.testing.assert_allclose(values[:-1], row, atol=0.51)
    assert [line.get_label() for line in radar.lines] == [*MODELS, "chance"]
    assert set(radar.lines[-1].get_ydata()) == {50}


def drawn(axis):
    """Places of the dots of an axis, from the top down."""
    [points] = [part for part in axis.collections if part.get_offsets().shape[0] > 1]
    return points.get_offsets()[:, 0]


def test_losses_stand_in_their_panel_beside_the_papers_raw(planted, shown):
    rows = shown["transfer"].query("measure == 'loss' and trained != tested")
    figure = show.plot_losses(shown["transfer"])
    for axis, tested in zip(figure.axes, planted.sources, strict=True):
        own = rows[rows["tested"] == tested]
        names = [label.get_text() for label in axis.get_yticklabels()]
        assert tested not in names and names[0] == "Raw"
        np.testing.assert_allclose(drawn(axis), 100 * own["estimate"])
        paper = axis.lines[0].get_xdata()
        np.testing.assert_allclose(paper, 100 * own["paper"])
        assert np.isfinite(paper).sum() == 1


def test_the_pair_in_strongest_conflict_is_on_top(shown):
    losses, agreement = show.plot_pairs(shown["pairs"]).axes
    assert len(drawn(losses)) == 10 and (np.diff(drawn(losses)) >= 0).all()
    top = losses.get_yticklabels()[0].get_text().split(" – ")
    row = shown["pairs"].set_index(["measure", "first", "second"]).loc[("agreement", *top)]
    assert drawn(agreement)[0] == pytest.approx(100 * row["estimate"])


@pytest.mark.parametrize("in_sd", [False, True])
def test_boxes_show_the_margins_of_all_seeds(planted, in_sd):
    axis = show.plot_differences(planted, planted.middle, "harmless", in_sd).axes[0]
    assert ("standard deviations" in axis.get_xlabel()) == in_sd
    own = [
        margin_of(planted, name)[:, planted.source == "harmless"] for name in ("raw", *MODELS[1:])
    ]
    own = [margin / margin.std(axis=1, keepdims=True) if in_sd else margin for margin in own]
    [means] = [line.get_xdata() for line in axis.lines if line.get_label() == "mean"]
    np.testing.assert_allclose(means, [margin.mean() for margin in own])
    medians = [
        line for line in axis.lines if line.get_linewidth() == 1.5 and len(line.get_xdata()) == 2
    ]
    np.testing.assert_allclose([line.get_xdata()[0] for line in medians], list(map(np.median, own)))


def test_figures_run_at_the_smallest_scale(registry, tmp_path):
    planted = mixtures(pairs=6, bases=2, seeds=1, orders=1)
    small = tables(planted, registry, tmp_path)
    for figure in (
        show.plot_pairs(small["pairs"]),
        show.plot_transfer(small["transfer"]),
        show.plot_losses(small["transfer"]),
        show.plot_signs(planted, planted.middle, planted.sources),
        show.plot_differences(planted, planted.middle, "webgpt"),
        show.plot_rewards(planted, "harmless"),
    ):
        figure.canvas.draw()


def test_solid_boxes_hold_the_right_order_and_hollow_ones_the_rest(planted):
    figure = show.plot_signs(planted, planted.middle, ["helpful", "oasst", "webgpt"])
    panels = [axis for axis in figure.axes if axis.get_visible()]
    assert len(panels) == 3
    for box in (box for axis in panels for box in axis.patches):
        solid = box.get_facecolor() != (1, 1, 1, 1)
        assert (box.get_path().vertices[:, 0].mean() > 0) == solid
