import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import mixtures

from proxyreward.findings.more import more_conflict
from proxyreward.findings.more.mixtures import Draws
from proxyreward.findings.more.more_conflict import ALL, Conflict
from proxyreward.findings.more.more_conflict.transfer import margin_of

MODELS = ["Raw", "helpful", "harmless", "oasst", "webgpt", "summarize"]


@pytest.fixture(scope="module")
def planted():
    return mixtures(pairs=40, orders=0)


@pytest.fixture(scope="module")
def shown(planted, tmp_path_factory):
    """Tables as the notebook has them: written and read back."""
    folder = tmp_path_factory.mktemp("more_conflict")
    draws = Draws.of(planted, 20, np.random.default_rng(0))
    tables = more_conflict.compute(Conflict.of(planted, draws))
    for name, table in tables.items():
        table.to_csv(folder / name, index=False, float_format="%.6g")
    return {name: pd.read_csv(folder / name) for name in tables}


def test_tables_hold_every_base_and_their_mean(planted, shown):
    assert shown["transfer"]["base"].unique().tolist() == [*planted.bases, ALL]
    wide = shown["transfer"].pivot(index="base", columns=["trained", "tested"], values="estimate")
    np.testing.assert_allclose(
        wide.loc[ALL], wide.loc[list(planted.bases)].mean(), rtol=0, atol=1e-5
    )
    for name in ("transfer", "losses", "margins", "rewards"):
        inside = shown[name]["estimate"].between(shown[name]["low"], shown[name]["high"])
        assert inside.mean() > 0.9


def test_losses_are_the_differences_of_the_accuracies(planted, shown):
    accuracy = shown["transfer"].set_index(["base", "trained", "tested"])["estimate"]
    for row in shown["losses"].itertuples():
        top = accuracy[row.base, row.tested, row.tested]
        assert row.estimate == pytest.approx(
            accuracy[row.base, row.trained, row.tested] - top, abs=1e-5
        )
    pairs = shown["pairs"].query("measure == 'loss'").set_index(["base", "first", "second"])
    losses = shown["losses"].set_index(["base", "trained", "tested"])["estimate"]
    base = planted.middle
    both = [losses[base, "oasst", "summarize"], losses[base, "summarize", "oasst"]]
    found = pairs.loc[(base, "oasst", "summarize"), "estimate"]
    assert found == pytest.approx(np.mean(both), abs=1e-5)


def test_text_cells_are_percent_with_interval(planted, shown):
    cells = more_conflict.transfer_table(shown["transfer"], planted.middle)
    assert cells["Trained"].tolist() == MODELS
    row = shown["transfer"].set_index(["base", "trained", "tested"])
    row = 100 * row.loc[(planted.middle, "webgpt", "oasst"), ["estimate", "low", "high"]]
    expected = "{:.0f} [{:.0f},\u00a0{:.0f}]".format(*row)
    assert cells.set_index("Trained").loc["webgpt", "oasst"] == expected


def test_differences_as_text_cells(shown):
    cells = more_conflict.margins_table(shown["margins"], shown["rewards"], "harmless")
    assert cells["Trained"].tolist() == MODELS
    row = shown["rewards"].set_index(["trained", "moment"]).loc[("oasst", "sd")]
    expected = f"{row['estimate']:.2f} [{row['low']:.2f},\u00a0{row['high']:.2f}]"
    assert cells["sd of rewards"][cells["Trained"] == "oasst"].item() == expected
    other = more_conflict.margins_table(shown["margins"], shown["rewards"], "oasst")
    assert set(other["sd of rewards"]) == {"–"}


def test_the_middle_base_stands_in_where_units_do_not_mix(planted):
    small, middle = planted.bases[:2]
    assert more_conflict.shown_bases(planted, "") == (middle, middle)
    assert more_conflict.shown_bases(planted, small) == (small, small)
    assert more_conflict.shown_bases(planted, ALL) == (ALL, middle)
    with pytest.raises(ValueError, match="no base 'tiny'; choose one of"):
        more_conflict.shown_bases(planted, "tiny")


def test_radar_and_heat_map_show_the_same_accuracies(planted, shown):
    figure = more_conflict.plot_transfer(shown["transfer"], planted.middle)
    radar, table = figure.axes[:2]
    numbers = np.array([float(text.get_text()) for text in table.texts]).reshape(6, 5)
    for line, row in zip(radar.lines, numbers, strict=False):
        values = np.asarray(line.get_ydata())
        assert values[0] == values[-1]
        np.testing.assert_allclose(values[:-1], row, atol=0.51)
    assert [line.get_label() for line in radar.lines] == [*MODELS, "chance"]
    assert set(radar.lines[-1].get_ydata()) == {50}


def test_losses_stand_in_their_panel_beside_the_papers_raw(planted, shown, registry):
    paper = more_conflict.paper_raw(registry, planted, planted.middle)
    figure = more_conflict.plot_losses(shown["losses"], planted.middle, paper)
    rows = shown["losses"].query("base == @planted.middle")
    for axis, tested, printed in zip(figure.axes, planted.sources, paper, strict=False):
        own = rows[rows["tested"] == tested].iloc[::-1]
        names = [label.get_text() for label in axis.get_yticklabels()]
        assert tested not in names and names[-1] == "Raw"
        dots = [line.get_xdata()[0] for line in axis.lines[: len(own)]]
        np.testing.assert_allclose(dots, 100 * own["estimate"])
        assert axis.lines[len(own)].get_xdata()[0] == pytest.approx(100 * printed)


def test_the_pair_in_strongest_conflict_is_on_top(planted, shown):
    figure = more_conflict.plot_pairs(shown["pairs"], planted.middle)
    axis = figure.axes[0]
    values = axis.lines[0].get_xdata()
    assert len(values) == 10 and (np.diff(values) <= 0).all()
    assert [len(line.get_xdata()) for line in figure.axes[1].lines[:1]] == [10]


def test_boxes_show_the_margins_of_all_seeds(planted):
    figure = more_conflict.plot_differences(planted, planted.middle, "harmless")
    medians = sorted(
        line.get_xdata()[0]
        for line in figure.axes[0].lines
        if line.get_linewidth() == 1.5 and len(line.get_xdata()) == 2
    )
    own = planted.source == "harmless"
    models = ["raw", *planted.sources]
    expected = sorted(np.median(margin_of(planted, model)[:, own]) for model in models)
    np.testing.assert_allclose(medians, expected)


def test_in_standard_deviations_every_model_has_the_same_spread(planted):
    figure = more_conflict.plot_differences(planted, planted.middle, "oasst", in_sd=True)
    assert "standard deviations" in figure.axes[0].get_xlabel()
    own = planted.source == "oasst"
    margin = margin_of(planted, "helpful")[:, own]
    means = figure.axes[0].lines[-2].get_xdata()
    assert means[1] == pytest.approx((margin / margin.std(axis=1, keepdims=True)).mean())


def test_solid_boxes_hold_the_right_order_and_hollow_ones_the_rest(planted):
    figure = more_conflict.plot_signs(planted, planted.middle, ["helpful", "oasst", "webgpt"])
    drawn = [axis for axis in figure.axes if axis.get_visible()]
    assert len(drawn) == 3
    for axis in drawn:
        for box in axis.patches:
            solid = box.get_facecolor() != (1, 1, 1, 1)
            middle = box.get_path().vertices[:, 0].mean()
            assert (middle > 0) == solid


def test_rewards_of_both_responses_are_drawn(planted):
    figure = more_conflict.plot_rewards(planted, "harmless")
    assert len(figure.axes[0].patches) == 12  # right and wrong order of six models


def test_figures_run_at_the_smallest_scale(registry):
    planted = mixtures(pairs=6, bases=2, seeds=1, orders=1)
    tables = more_conflict.compute(
        Conflict.of(planted, Draws.of(planted, 5, np.random.default_rng(0)))
    )
    base = planted.middle
    more_conflict.plot_pairs(tables["pairs"], base)
    more_conflict.plot_transfer(tables["transfer"], ALL)
    more_conflict.plot_losses(tables["losses"], base, more_conflict.paper_raw(registry, planted))
    more_conflict.plot_signs(planted, base, planted.sources)
    more_conflict.plot_differences(planted, base, "webgpt")
    more_conflict.plot_rewards(planted, "harmless")
