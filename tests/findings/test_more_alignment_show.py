"""Figures and text tables, from tables over replicates as the notebook reads them."""

import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import diamonds, dots, lines, names
from tests.findings.rejections import STEPS, all_for_more
from tests.findings.tables import replicated

from proxyreward.findings.core.reading import select
from proxyreward.findings.more.mixture_drawing import FLOOR
from proxyreward.findings.more.more_alignment import show, show_judging
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
    printed = registry.printed("more.table2", "LLaMa-7B")
    [papers] = diamonds(first)
    assert papers[0] == pytest.approx(printed["MORE"]["ece"] / printed["MultiTask"]["ece"])


def test_bars_of_each_judge_are_shares(shown):
    bars, rates = show_judging.plot_judged(shown["judged"], "harmless").axes
    widths = np.reshape([bar.get_width() for bar in bars.patches], (1, 4, 3))  # base, judge
    keys = {"first": "more", "second": "multitask", "source": "harmless", "judge": "oracle"}
    own = select(shown["judged"], **keys).pivot(index="base", columns="what", values="estimate")
    np.testing.assert_allclose(widths[:, 1], own[["win", "tie", "lose"]])
    np.testing.assert_allclose(widths[0, 3], [0.45, 0.23, 0.32])
    drawn = [part.get_offsets()[0, 0] for part in rates.collections[1::2]]
    np.testing.assert_allclose(drawn[1::3], own["rate"])


def test_gains_of_every_policy_by_every_judge(shown):
    wins, gains = show_judging.plot_gains(shown["judged"], shown["gains"]).axes
    assert names(wins) == ["MultiTask", "MORE", "the oracle", "DPO", "DPO with weights of MORE"]
    keys = {"second": "start", "what": "rate", "judge": "own"}
    rates = select(shown["judged"], **keys).set_index("first")["estimate"]
    drawn = dots(wins)["its own reward model"]
    np.testing.assert_allclose(drawn[:, 0], rates[["multitask", "more"]])
    by_oracle = select(shown["gains"], judge="oracle").set_index("of")["estimate"]
    drawn = dots(gains)["the oracle"]
    order = ["multitask", "more", "oracle", "dpo", "dpo-more"]
    np.testing.assert_allclose(drawn[:, 0], by_oracle[order])


def test_ties_are_drawn_for_judges_with_noise_alone(shown):
    axis = show_judging.plot_ties(shown["ties"], [0.21, 0.23], 2.0).axes[0]
    expected = lines(axis)["expected: 2p(1 − p)"].get_xydata()
    assert np.isfinite(expected).all() and expected[0].tolist() == [0, 0.5]
    np.testing.assert_array_equal(axis.collections[-1].get_offsets()[:, 0], expected[:, 0])
    assert lines(axis)["annotators of the pairs"].get_xdata() == [2, 2]


def shaded(axis):
    """Where the band ends that shows what an ECE is by chance alone."""
    [band] = [patch for patch in axis.patches if patch.get_label() == FLOOR]
    return band.get_width()


def test_both_scatter_plots_have_the_same_heights(shown):
    models = shown["reward_models"]
    left, right = show.plot_models(models, shown["candidates"]).axes
    for a, b in zip(left.lines, right.lines, strict=True):
        np.testing.assert_array_equal(a.get_ydata(), b.get_ydata())
    *groups, chance = ((line.get_label(), len(line.get_xdata())) for line in left.lines)
    assert shaded(left) == models["ece, floor"].max() > 0
    single = models["scheme"].str.startswith("single-").sum()
    assert dict(groups).items() >= {"Raw": 3, "MORE": 3, "MultiTask": 3, "Single": single}.items()
    assert sum(dict(groups).values()) == len(models)


def test_a_pair_is_drawn_with_the_lower_ece_first(shown):
    close = pd.DataFrame({"ece": [0.2, -0.1, 0.3], "win": [30, 30, 0], "lose": [10, 10, 0]})
    close["ece, floor"] = [0.01, 0.03, 0.02]
    axis = show.plot_close_pairs(close).axes[0]
    agree, others, *_ = axis.lines
    assert shaded(axis) == 0.03
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
    assert shaded(show.plot_preferences(shown["preferences"]).axes[0]) > 0
    *weights, plain = show.plot_weights(told.preference_steps).axes[0].lines
    np.testing.assert_allclose(np.sum([w.get_ydata() for w in weights], axis=0), np.ones(STEPS))


def test_table_2_has_our_cells_and_the_papers(shown, registry):
    printed = show.table2(shown["policies"], shown["judged"], printed=True)
    start = registry.printed("more.table2", "no RM (Alpaca)", "ppl_helpful")
    assert printed.loc[0, "Perplexity, helpful"] == f"{start:.2f}"
    assert "By the oracle" not in printed
    assert printed.loc[1].tolist() == ["LLaMa-7B", "MultiTask", "0.0284", "16.93", "8.69", "–"]
    assert printed.loc[2, "Win / tie / lose"] == "45 / 23 / 32"
    ours = show.table2(shown["policies"], shown["judged"])
    row = select(shown["policies"], measure="ece", of="multitask")["estimate"].iloc[0]
    keys = {"first": "more", "second": "multitask", "judge": "oracle", "source": "all"}
    own = select(shown["judged"], **keys).set_index("what")["estimate"]
    shares = " / ".join(f"{100 * own[what]:.0f}" for what in ("win", "tie", "lose"))
    assert ours["By the oracle"].tolist() == ["–", "–", shares]
    assert ours.loc[1, "ECE"].startswith(f"{row:.3f}") and ours.loc[0, "ECE"] == "–"
    other = show.table2(shown["policies"], shown["judged"], "paper")
    assert other.loc[1, "ECE"] != ours.loc[1, "ECE"]


def test_policies_against_the_start_and_the_scaled_control(shown):
    start = show_judging.against_start(shown["judged"], shown["gains"])
    assert start["Base"].tolist()[2:] == ["–", "–", "–"] and len(start) == 2 + 2 + 1
    assert start["By its own reward model"].tolist()[2:] == ["–", "–", "–"]
    keys = {"of": "more", "judge": "own"}
    assert (
        f"; {select(shown['gains'], **keys)['estimate'].item():+.2f} sd"
        in (start["By its own reward model"][0])
    )
    scaled = show.scaled_table(shown["policies"])
    assert scaled["Reward model"].tolist()[:3] == ["MultiTask", "MORE", "MORE − MultiTask"]
    row = select(shown["policies"], measure="ece after temperature scaling", of="multitask")
    assert scaled["ECE, one temperature"][0].startswith(f"{row['estimate'].iloc[0]:.3f}")
