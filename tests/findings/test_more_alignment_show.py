"""Figures and text tables, from tables over replicates as the notebook reads them."""

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import mixtures
from tests.findings.rejections import STEPS, rejection

from proxyreward.findings.core import replicates
from proxyreward.findings.more.more_alignment import show
from proxyreward.findings.more.more_alignment.measure import in_form, select
from proxyreward.findings.more.more_alignment.relation import AS_IS, NOTHING
from proxyreward.pipeline.stages.more_alignment import found


@pytest.fixture(scope="module")
def mixed():
    return mixtures(pairs=25, bases=3, seeds=2, orders=1, steps=2)


@pytest.fixture(scope="module")
def told(mixed):
    return rejection(mixed, asked=8, tested=8)


@pytest.fixture(scope="module")
def shown(mixed, told, evidence, tmp_path_factory):
    folder = tmp_path_factory.mktemp("more_alignment")
    runs = {seed: found(mixed, told, evidence, np.random.default_rng(seed)) for seed in (0, 1)}
    replicates.write(folder, 0, {seed: one.repeated for seed, one in runs.items()}, "x")
    tables = {name: replicates.read(folder, name) for name in runs[0].estimates}
    return tables | dict(runs[0].tables)


def diamonds(axis):
    """The paper's values."""
    [line] = [line for line in axis.lines if line.get_marker() == "D"]
    return line.get_xdata()


@pytest.mark.parametrize("form", ["standard", "paper"])
def test_ratios_stand_beside_the_papers(shown, registry, form):
    first = show.plot_ratios(shown["policies"], form).axes[0]
    ours = select(shown["policies"], measure=in_form("ece", form), of="ratio")["estimate"]
    np.testing.assert_allclose(first.collections[-1].get_offsets()[:, 0], ours)
    printed = registry.printed("more.table2", "Pythia-1.4B")
    assert diamonds(first)[0] == pytest.approx(printed["MORE"]["ece"] / printed["MultiTask"]["ece"])


def test_bars_of_each_judge_fill_the_width(shown):
    bars = show.plot_judged(shown["judged"], "harmless").axes[0].patches
    assert len(bars) == 3 * 3 * 4  # outcomes, bases, judges with the paper's
    widths = np.array([bar.get_width() for bar in bars]).reshape(-1, 3)
    np.testing.assert_allclose(widths.sum(axis=1), 1)
    np.testing.assert_allclose(widths[3], [0.44, 0.22, 0.34])


def test_ties_are_drawn_for_judges_with_noise_alone(shown):
    axis = show.plot_ties(shown["ties"], shown["judged"]).axes[0]
    expected = axis.lines[0].get_xydata()
    assert np.isfinite(expected).all() and expected[0].tolist() == [0, 0.5]
    np.testing.assert_array_equal(axis.collections[-1].get_offsets()[:, 0], expected[:, 0])


def test_both_scatter_plots_have_the_same_heights(shown):
    left, right = show.plot_models(shown["reward_models"], shown["candidates"]).axes
    assert len(left.lines) == len(right.lines) > 4
    for a, b in zip(left.lines, right.lines):
        np.testing.assert_array_equal(a.get_ydata(), b.get_ydata())
    points = sum(len(line.get_xdata()) for line in left.lines[:5])
    assert points == len(shown["reward_models"])


def test_a_pair_is_drawn_with_the_lower_ece_first(shown):
    close = pd.DataFrame({"ece": [0.2, -0.1, 0.3], "win": [30, 30, 0], "lose": [10, 10, 0]})
    axis = show.plot_close_pairs(close).axes[0]
    agree, others = axis.lines[0], axis.lines[1]
    np.testing.assert_allclose(agree.get_xydata(), [[0.2, 0.75]])
    np.testing.assert_allclose(others.get_ydata(), [0.25, np.nan])
    assert show.plot_close_pairs(shown["close_pairs"], "paper").axes


@pytest.mark.parametrize("alignment", ["utility", "oracle"])
def test_each_optimiser_has_a_row_of_coefficients(shown, alignment):
    axis = show.plot_coefficients(shown["relations"], alignment).axes[0]
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[-1] == "PPO,\nlabel flips" and len(labels) == 5
    keys = {"pool": "trained", "alignment": alignment, "what": AS_IS, "given": NOTHING}
    expected = select(shown["relations"], **keys)["estimate"].item()
    dots = [part for part in axis.collections if part.get_label() == "−ECE"]
    assert dots[0].get_offsets()[1, 0] == pytest.approx(expected)


def test_extensions_show_every_source(shown, told, mixed):
    for figure in (show.plot_tuned(shown["tuned"]), show.plot_preferences(shown["preferences"])):
        labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert labels == ["mean", *mixed.sources]
    axis = show.plot_weights(told.preference_steps).axes[0]
    lines = [line.get_ydata() for line in axis.lines[:-1]]
    np.testing.assert_allclose(np.sum(lines, axis=0), np.ones(STEPS))


def test_table_2_has_our_cells_and_the_papers(shown, registry):
    printed = show.table2(shown["policies"], shown["judged"], printed=True)
    start = registry.printed("more.table2", "no RM (Alpaca)", "ppl_helpful")
    assert printed.loc[0, "Perplexity, helpful"] == f"{start:.2f}"
    assert printed["Win / tie / lose"].tolist()[1:3] == ["–", "44 / 22 / 34"]
    assert printed.loc[1, ["Base", "Reward model", "ECE"]].tolist() == [
        "Pythia-1.4B", "MultiTask", "0.0177",
    ]  # fmt: skip
    ours = show.table2(shown["policies"], shown["judged"])
    assert ours.shape == printed.shape
    row = select(shown["policies"], measure="ece", of="multitask")["estimate"].iloc[0]
    assert ours.loc[1, "ECE"].startswith(f"{row:.3f}") and ours.loc[0, "ECE"] == "–"
    other = show.table2(shown["policies"], shown["judged"], "paper")
    assert other.loc[1, "ECE"] != ours.loc[1, "ECE"]


def test_policies_against_the_start_and_the_scaled_control(shown):
    start = show.against_start(shown["judged"])
    assert start["Base"].tolist()[-2:] == ["–", "–"] and len(start) == 2 * 3 + 2
    assert start["By a reward model"].tolist()[-1] == "–"
    scaled = show.scaled_table(shown["scaled"])
    assert scaled["Reward model"].tolist()[:3] == ["MultiTask", "MORE", "MORE − MultiTask"]
    assert scaled.shape == (9, 5)
