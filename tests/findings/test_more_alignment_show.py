"""Figures and text tables, from tables over replicates as the notebook reads them."""

import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import diamonds, dots, lines, names
from tests.findings.rejections import STEPS, all_for_more
from tests.findings.tables import replicated

from proxyreward.findings.core.reading import select
from proxyreward.findings.more.more_alignment import show
from proxyreward.findings.more.more_alignment.measure import in_form
from proxyreward.pipeline.stages.more_alignment import found


@pytest.fixture(scope="module")
def shown(evidence):
    one, two = (found(*all_for_more(), evidence, np.random.default_rng(i)) for i in (0, 1))
    return replicated(one.repeated, two.repeated) | one.tables


@pytest.mark.parametrize("form", ["standard", "paper"])
def test_ratios_stand_beside_the_papers(shown, registry, form):
    first = show.plot_ratios(shown["policies"], form).axes[0]
    ours = select(shown["policies"], measure=in_form("ece", form), of="ratio")["estimate"]
    np.testing.assert_allclose(first.collections[-1].get_offsets()[:, 0], ours)
    printed = registry.printed("more.table2", "Pythia-1.4B")
    [papers] = diamonds(first)
    assert papers[0] == pytest.approx(printed["MORE"]["ece"] / printed["MultiTask"]["ece"])


def test_bars_of_each_judge_are_shares(shown):
    bars, rates = show.plot_judged(shown["judged"], "harmless").axes
    widths = np.reshape([bar.get_width() for bar in bars.patches], (2, 4, 3))  # base, judge
    keys = {"first": "more", "second": "multitask", "source": "harmless", "judge": "oracle"}
    own = select(shown["judged"], **keys).pivot(index="base", columns="what", values="estimate")
    np.testing.assert_allclose(widths[:, 1], own[["win", "tie", "lose"]])
    np.testing.assert_allclose(widths[0, 3], [0.44, 0.22, 0.34])
    drawn = [part.get_offsets()[0, 0] for part in rates.collections[1::2]]
    np.testing.assert_allclose(drawn[1::3], own["rate"])


def test_ties_are_drawn_for_judges_with_noise_alone(shown):
    axis = show.plot_ties(shown["ties"], shown["judged"], 2.0).axes[0]
    expected = lines(axis)["expected: 2p(1 − p)"].get_xydata()
    assert np.isfinite(expected).all() and expected[0].tolist() == [0, 0.5]
    np.testing.assert_array_equal(axis.collections[-1].get_offsets()[:, 0], expected[:, 0])
    assert lines(axis)["annotators of the pairs"].get_xdata() == [2, 2]


def test_both_scatter_plots_have_the_same_heights(shown):
    models = shown["reward_models"]
    left, right = show.plot_models(models, shown["candidates"]).axes
    for a, b in zip(left.lines, right.lines, strict=True):
        np.testing.assert_array_equal(a.get_ydata(), b.get_ydata())
    *groups, chance = ((line.get_label(), len(line.get_xdata())) for line in left.lines)
    single = models["scheme"].str.startswith("single-").sum()
    assert dict(groups).items() >= {"Raw": 3, "MORE": 3, "MultiTask": 3, "Single": single}.items()
    assert sum(dict(groups).values()) == len(models)


def test_a_pair_is_drawn_with_the_lower_ece_first(shown):
    close = pd.DataFrame({"ece": [0.2, -0.1, 0.3], "win": [30, 30, 0], "lose": [10, 10, 0]})
    agree, others, *_ = show.plot_close_pairs(close).axes[0].lines
    np.testing.assert_allclose(agree.get_xydata(), [[0.2, 0.75]])
    np.testing.assert_allclose(others.get_ydata(), [0.25, np.nan])
    assert show.plot_close_pairs(shown["close_pairs"], "paper").axes


@pytest.mark.parametrize("alignment", ["utility", "oracle"])
def test_each_optimiser_has_a_row_of_coefficients(shown, alignment):
    axis = show.plot_coefficients(shown["relations"], alignment).axes[0]
    assert names(axis)[-1] == "PPO,\nlabel flips"
    pools = ["aligned policies", "trained", "best-of-4", "best-of-16", "ppo"]
    rows = shown["relations"].query("what == 'ece' and alignment in (@alignment, 'ndr')")
    expected = select(rows, given="nothing").set_index("pool")["estimate"][pools]
    np.testing.assert_allclose(dots(axis)["−ECE"][:, 0], expected)


def test_extensions_show_every_source(shown):
    mixed, told = all_for_more()
    for figure in (show.plot_tuned(shown["tuned"]), show.plot_preferences(shown["preferences"])):
        assert names(figure.axes[0]) == ["mean", *mixed.sources]
    *weights, plain = show.plot_weights(told.preference_steps).axes[0].lines
    np.testing.assert_allclose(np.sum([w.get_ydata() for w in weights], axis=0), np.ones(STEPS))


def test_table_2_has_our_cells_and_the_papers(shown, registry):
    printed = show.table2(shown["policies"], shown["judged"], printed=True)
    start = registry.printed("more.table2", "no RM (Alpaca)", "ppl_helpful")
    assert printed.loc[0, "Perplexity, helpful"] == f"{start:.2f}"
    assert printed.loc[1].tolist() == ["Pythia-1.4B", "MultiTask", "0.0177", "15.30", "8.22", "–"]
    assert printed.loc[2, "Win / tie / lose"] == "44 / 22 / 34"
    ours = show.table2(shown["policies"], shown["judged"])
    row = select(shown["policies"], measure="ece", of="multitask")["estimate"].iloc[0]
    assert ours.loc[1, "ECE"].startswith(f"{row:.3f}") and ours.loc[0, "ECE"] == "–"
    other = show.table2(shown["policies"], shown["judged"], "paper")
    assert other.loc[1, "ECE"] != ours.loc[1, "ECE"]


def test_policies_against_the_start_and_the_scaled_control(shown):
    start = show.against_start(shown["judged"])
    assert start["Base"].tolist()[-2:] == ["–", "–"] and len(start) == 2 * 2 + 2
    assert start["By a reward model"].tolist()[-1] == "–"
    scaled = show.scaled_table(shown["policies"])
    assert scaled["Reward model"].tolist()[:3] == ["MultiTask", "MORE", "MORE − MultiTask"]
    row = select(shown["policies"], measure="ece after temperature scaling", of="multitask")
    assert scaled["ECE, one temperature"][0].startswith(f"{row['estimate'].iloc[0]:.3f}")
