"""Figures and text tables, from tables over replicates as the notebook reads them."""

import numpy as np
import pytest
from tests.findings.alignments import alignments
from tests.findings.figures import diamonds, dots, lines, names, title
from tests.findings.tables import replicated

from proxyreward.findings.core.reading import select
from proxyreward.findings.elephant.elephant_alignment import show, show_ppo
from proxyreward.pipeline.stages.elephant_alignment import found
from proxyreward.vocabulary import EQUAL_SIZE


@pytest.fixture(scope="module")
def shown():
    runs = [found(alignments(seed=i, prompts=20), np.random.default_rng(i)) for i in (0, 1, 2)]
    return replicated(*(run.repeated for run in runs)) | runs[0].tables


def test_ours_and_the_papers_differences_have_panels_of_their_own(shown, registry):
    second, first, paper = show.plot_table2(shown["table2"]).axes
    assert "Pythia-2.8B" in title(second) and "LLaMA-7B" in title(first)
    keys = {"base": "initial", "of": "clean minus fewer", "judge": "oracle"}
    own = select(shown["table2"], **keys).set_index("subset")["estimate"]
    drawn = dots(first)["minus as many, by the oracle"][:, 0]
    np.testing.assert_allclose(drawn, own[names(second)])
    printed = registry.printed("elephant.table2", "DPO-Pythia-2.8B")
    less = [printed["CHH-RLHF_train"][k] - v for k, v in printed["HH-RLHF_train"].items()]
    np.testing.assert_allclose(diamonds(paper)[0], less)
    assert not diamonds(first)


def test_gains_and_toxic_responses_of_each_training_set(shown):
    gains, rates = show.plot_sets(shown["table2"], shown["texts"]).axes
    assert names(gains)[0] == "none (start)" and len(names(gains)) == 8
    assert len(dots(gains)["by the oracle"]) == 7 and len(dots(rates)["toxic responses"]) == 8


@pytest.mark.parametrize(
    ("plot", "first", "second"),
    [
        (show.plot_clean_wins, "dpo-second-clean", "dpo-second-original"),
        (show.plot_pro, "pro-evaluator", "pro-small"),
    ],
)
def test_bars_are_shares_of_each_judge(shown, plot, first, second):
    axis = plot(shown["judged"]).axes[0]
    widths = np.reshape([bar.get_width() for bar in axis.patches], (3, 3, 3))
    np.testing.assert_allclose(widths.sum(axis=0), 100)
    keys = {"first": first, "second": second, "what": "win", "judge": "people"}
    own = select(shown["judged"], **keys).set_index("subset")["estimate"]
    np.testing.assert_allclose(
        widths[0, :, 2], 100 * own[["harmless-base", "helpful-base", "mixed"]]
    )
    assert names(axis)[2] == "harmless-base, simulated people"


def test_alignment_is_drawn_over_accuracy_above_the_papers(shown, registry):
    axes = np.reshape(show.plot_table5(shown["reward_models"]).axes, (2, 3))
    printed = registry.printed("elephant.table5", "Ziya-7B")
    [drawn] = [line for line in axes[1, 1].lines if line.get_label() == "half (Ziya-7B)"]
    assert drawn.get_xydata()[0].tolist() == [
        pytest.approx(printed["acc_CHelpful_base"]), printed["align_CHelpful_base"]
    ]  # fmt: skip
    grey = axes[0, 0].lines[0].get_xdata()
    assert (np.diff(grey) >= 0).all() and len(grey) == 4


def test_text_cells_have_the_papers_numbers_in_brackets(shown):
    cells = show.accuracy_table(shown["reward_models"]).set_index("Reward model")
    assert cells.at["strong (Starling-7B)", "bench, average"].endswith(" (74.7)")
    assert len(cells) == 4 and len(cells.columns) == 6
    assert len(show.alignment_table(shown["reward_models"])) == 4 * 3
    assert len(show.table2_table(shown["table2"])) == 2 * (9 + 5)
    wins = show.wins_table(shown["judged"])
    assert list(wins)[2:] == ["the evaluator", "the oracle", "simulated people"]


def test_what_other_words_cost_stands_by_training_set_and_base(shown):
    cells = show.robustness_table(shown["robustness"])
    assert list(cells) == ["DPO on", "base second", "base initial"]
    assert cells["DPO on"].tolist() == ["none (start)", "clean", "original"]
    rows = select(shown["robustness"], base="second", of="clean")
    assert cells.at[1, "base second"].startswith(f"{rows['estimate'].item():.2f} ")


def test_the_paper_is_shown_as_printed(registry):
    cells = show.paper_table2(registry.printed("elephant.table2"))
    assert cells.iloc[0].tolist() == ["Pythia-2.8B", "clean", "-9.5", "-9.7", "-9.4"]


def test_each_raw_run_lies_behind_the_smoothed_mean(shown):
    axis = show_ppo.plot_training(shown["traces"]).axes[0]
    assert len(axis.lines) == 4 * (2 + 1)
    bold = lines(axis)["strong (Starling-7B)"]
    own = select(shown["traces"], rm="strong").groupby("step")["reward ema"].mean()
    np.testing.assert_allclose(bold.get_ydata(), own)


def test_paths_and_relations_are_drawn(shown):
    axes = np.reshape(show_ppo.plot_way(shown["way"]).axes, (2, 3))
    keys = {"rm": "half", "setting": "free", "what": "oracle"}
    own = select(shown["way"], **keys).sort_values("point")["estimate"]
    np.testing.assert_allclose(lines(axes[1, 2])["half (Ziya-7B)"].get_ydata(), own)
    [axis] = show_ppo.plot_reversals(shown["reversals"], shown["reward_models"]).axes
    assert len(dots(axis)["two policies"]) == 8 == len(axis.texts)
    [axis] = show_ppo.plot_non_answers(shown["helplessness"], shown["texts"]).axes
    assert len(dots(axis)) >= len(EQUAL_SIZE)
    raw, standard = show_ppo.plot_training_reward(shown["training"], shown["reward_models"]).axes
    reward = select(shown["training"], measure="raw reward").set_index("rm")["estimate"]
    assert dots(raw)["large (Pythia-6.9B)"][0, 0] == pytest.approx(reward["large"])
    assert len(show_ppo.training_table(shown["training"])) == 4
