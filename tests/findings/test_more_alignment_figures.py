"""Figures and text tables, from tables as the notebook reads them back."""

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import mixtures
from tests.findings.rejections import STEPS, rejection

from proxyreward.findings.more import more_alignment
from proxyreward.findings.more.more_alignment.pool import AS_IS
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.vocabulary import MORE, MULTITASK


@pytest.fixture(scope="module")
def mixed():
    return mixtures(pairs=25, bases=3, seeds=2, orders=1, steps=2)


@pytest.fixture(scope="module")
def told(mixed):
    return rejection(mixed, asked=8, tested=8)


@pytest.fixture(scope="module")
def shown(mixed, told, evidence, tmp_path_factory):
    folder = tmp_path_factory.mktemp("more_alignment")
    tables = more_alignment.compute(
        mixed, told, evidence, resamples=20, rng=np.random.default_rng(0)
    )
    for name, table in tables.items():
        table.to_csv(folder / name, index=False, float_format="%.6g")
    return {name: pd.read_csv(folder / name) for name in tables}


@pytest.fixture(scope="module")
def paper(mixed, registry):
    return more_alignment.paper_policies(mixed.bases, registry)


@pytest.fixture(scope="module")
def paper_judged(mixed, registry):
    return more_alignment.paper_judged(mixed.bases, registry)


def test_two_bases_stand_for_the_papers_smallest_and_largest():
    assert more_alignment.counterparts(["a", "b"]) == {"a": "Pythia-1.4B", "b": "LLaMa-7B"}
    assert list(more_alignment.counterparts("abc").values())[1] == "Pythia-2.8B"


def test_ratios_stand_beside_the_papers(shown, paper, registry):
    figure = more_alignment.plot_ratios(shown["policies"], paper)
    first = figure.axes[0]
    ours = select(shown["policies"], measure="ece", of="ratio")["estimate"]
    np.testing.assert_allclose(first.lines[0].get_xdata(), ours)
    printed = registry.printed("more.table2", "Pythia-1.4B")
    ratio = printed["MORE"]["ece"] / printed["MultiTask"]["ece"]
    assert first.lines[1].get_xdata()[0] == pytest.approx(ratio)


def test_bars_of_each_judge_fill_the_width(shown, paper_judged):
    figure = more_alignment.plot_judged(shown["judged"], paper_judged, "harmless")
    bars = figure.axes[0].patches
    assert len(bars) == 3 * 3 * 4  # outcomes, bases, judges with the paper's
    widths = np.array([bar.get_width() for bar in bars]).reshape(-1, 3)
    np.testing.assert_allclose(widths.sum(axis=1), 1)
    printed = paper_judged.iloc[0]
    np.testing.assert_allclose(
        widths[3], printed[["win", "tie", "lose"]].to_numpy(float) / 100, atol=1e-9
    )


def test_ties_are_drawn_for_judges_with_noise_alone(shown, paper_judged):
    axis = more_alignment.plot_ties(shown["ties"], paper_judged).axes[0]
    expected, asked = axis.lines[0], axis.lines[1]
    assert np.isfinite(expected.get_xdata()).all()
    np.testing.assert_array_equal(expected.get_xdata(), asked.get_xdata())


def test_both_scatter_plots_have_the_same_heights(shown):
    left, right = more_alignment.plot_models(shown["reward_models"], shown["candidates"]).axes
    assert len(left.lines) == len(right.lines) > 4
    for a, b in zip(left.lines, right.lines):
        np.testing.assert_array_equal(a.get_ydata(), b.get_ydata())
    points = sum(len(line.get_xdata()) for line in left.lines[:5])
    assert points == len(shown["reward_models"])


def test_a_pair_is_drawn_with_the_lower_ece_first(shown):
    close = pd.DataFrame({"ece": [0.2, -0.1, 0.3], "win": [30, 30, 0], "lose": [10, 10, 0]})
    axis = more_alignment.plot_close_pairs(close).axes[0]
    agree, others = axis.lines[0], axis.lines[1]
    np.testing.assert_allclose(agree.get_xydata(), [[0.2, 0.75]])
    np.testing.assert_allclose(others.get_ydata(), [0.25, np.nan])
    assert more_alignment.plot_close_pairs(shown["close_pairs"]).axes


def test_each_optimiser_has_a_row_of_coefficients(shown):
    relations = select(shown["relations"], alignment="utility")
    axis = more_alignment.plot_coefficients(relations, shown["optimisers"]).axes[0]
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert labels[-1] == "PPO,\nlabel flips" and len(labels) == 5
    ece = axis.lines[1].get_xdata()
    plain = select(relations, pool="trained", what=AS_IS, given="")["estimate"].item()
    assert ece[1] == pytest.approx(plain)


def test_extensions_show_every_source(shown, told, mixed):
    for figure in (
        more_alignment.plot_tuned(shown["tuned"]),
        more_alignment.plot_preferences(shown["preferences"]),
    ):
        labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert labels == ["mean", *mixed.sources]
    axis = more_alignment.plot_weights(told.preference_steps).axes[0]
    lines = [line.get_ydata() for line in axis.lines[:-1]]
    np.testing.assert_allclose(np.sum(lines, axis=0), np.ones(STEPS))


def test_table_2_has_our_cells_and_the_papers(shown, paper, paper_judged, registry):
    printed = more_alignment.table2(paper, paper_judged)
    start = registry.printed("more.table2", "no RM (Alpaca)", "ppl_helpful")
    assert printed.loc[0, "Perplexity, helpful"] == f"{start:.2f}"
    assert printed.loc[2, "Win / tie / lose"] == "44 / 22 / 34"
    assert printed.loc[1, "Win / tie / lose"] == "–"
    main = select(shown["judged"], first=MORE, second=MULTITASK, judge="utility", source="all")
    ours = more_alignment.table2(shown["policies"], main)
    assert ours.shape == printed.shape
    assert "[" in ours.loc[1, "ECE"] and ours.loc[0, "ECE"] == "–"


def test_policies_against_the_start_and_the_scaled_control(shown):
    start = more_alignment.against_start(shown["judged"])
    assert len(start) == 2 * 3 + 2
    assert start["Base"].tolist()[-2:] == ["–", "–"]
    assert start["By a reward model"].tolist()[-1] == "–"
    scaled = more_alignment.scaled_table(shown["scaled"])
    assert scaled["Reward model"].tolist()[:3] == ["MultiTask", "MORE", "MORE − MultiTask"]
