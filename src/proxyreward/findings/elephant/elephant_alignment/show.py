"""Figures and tables of what clean data and good reward models give, for readers.

In: tables of `measure` and `comparing` over replicates, with columns `estimate, low, high`. Out:
closed matplotlib figures and frames of text cells. Called by the notebook `elephant_alignment`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import LARGE, PAPER, SMALL
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.text import ABSENT, beside, cell, pivot
from proxyreward.findings.elephant.elephant_alignment.comparing import (
    CHOSEN,
    PEOPLE,
    STRONGEST,
    WEAK,
)
from proxyreward.findings.elephant.elephant_alignment.measure import (
    ACCURACY,
    ALIGNMENT,
    BASES,
    BENCH,
    CATEGORIES,
    JUDGES,
    MODELS,
    OWN,
    SETS,
    minus,
)
from proxyreward.findings.elephant.elephant_alignment.reader import TESTED, dpo
from proxyreward.vocabulary import (
    ALL,
    CLEANED,
    CONFLICTING,
    DPO,
    EQUAL_SIZE,
    EVALUATOR,
    FEWER,
    FOUR_JUDGES,
    FULL,
    HALF,
    INITIAL,
    ONE_JUDGE,
    ORACLE,
    REMOVED,
    START,
    STRONG,
    TOXIC,
    UNCLEANED,
    WITH_TOXIC,
)
from proxyreward.vocabulary import (
    LARGE as LARGE_RM,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

JUDGE_NAMES = {EVALUATOR: "the evaluator", ORACLE: "the oracle", PEOPLE: "simulated people"}
JUDGE_COLOURS = {EVALUATOR: "#0072B2", ORACLE: "black"}
RM_COLOURS = {
    CONFLICTING: "#D55E00", HALF: "#E69F00", LARGE_RM: "#56B4E9", STRONG: "#009E73",
}  # fmt: skip
OUTCOMES = {"win": "#0072B2", "tie": "#d0d4da", "lose": "#D55E00"}
TRAINED = {
    START: "none (start)",
    UNCLEANED: "original",
    FEWER: "as many of the original",
    REMOVED: "removed, none turned",
    CLEANED: "clean",
    WITH_TOXIC: "clean and toxic ones",
    ONE_JUDGE: "all, one judge",
    FOUR_JUDGES: "a quarter, four judges",
}
LINE = {"color": "#5f6b7a", "linewidth": 1, "zorder": 0}


def plot_table2(table2: pd.DataFrame) -> "Figure":
    """DPO on clean pairs less DPO on others, by both judges, and the paper's difference beside."""
    figure, axes = drawing.canvas(4.2, 1, 3, sharex=False)
    shifts = {
        (UNCLEANED, EVALUATOR): 0.27, (UNCLEANED, ORACLE): 0.09,
        (FEWER, EVALUATOR): -0.09, (FEWER, ORACLE): -0.27,
    }  # fmt: skip
    for axis, (base, paper) in zip(axes[0], BASES.items(), strict=False):
        height = drawing.rows_on(axis, list(TESTED))
        for (other, judge), shift in shifts.items():
            own = select(table2, base=base, of=minus(other), judge=judge).set_index("subset")
            label = f"minus {'as many' if other == FEWER else other}, by {JUDGE_NAMES[judge]}"
            colour, hollow = JUDGE_COLOURS[judge], other == FEWER
            rows = own.loc[list(TESTED)]
            drawing.dots(axis, height + shift, rows, colour, label, hollow=hollow)
        axis.set_title(f"base {base}\n({paper.removeprefix('DPO-')})", fontsize=SMALL)
        axis.set_xlabel("sd of the start", fontsize=SMALL)
    printed = select(table2, of=minus(UNCLEANED), judge=EVALUATOR).set_index(["base", "subset"])
    last = axes[0, 2]
    for (base, paper), shift in zip(BASES.items(), (0.12, -0.12), strict=True):
        mark = PAPER if base == INITIAL else "#CC79A7"
        label, values = paper.removeprefix("DPO-"), printed["paper"][base][list(TESTED)]
        drawing.papers(last, values, height + shift, mark, f"paper, {label}")
    last.set_title("paper, clean\nminus original", fontsize=SMALL)
    last.set_xlabel("its reward units", fontsize=SMALL)
    for axis in axes[0]:
        axis.axvline(0, **LINE)
        axis.tick_params(labelsize=SMALL)
    figure.supxlabel("gain of DPO on clean pairs minus that on others", fontsize=LARGE)
    drawing.legend(figure, axes, 2)
    return figure


def table2_table(table2: pd.DataFrame) -> pd.DataFrame:
    """Gains of DPO by test set as text cells; the paper's reward, of another unit, is not shown."""
    rows = table2[table2["of"].isin([*TRAINED, minus(UNCLEANED), minus(FEWER)])]
    rows = rows.assign(judge=rows["judge"].map(JUDGE_NAMES), of=rows["of"].replace(TRAINED))
    heads = {"base": "Base", "of": "Trained on", "judge": "By"}
    return pivot(rows, heads, "subset", names={ALL: "mean"})


def paper_table2(printed: dict) -> pd.DataFrame:
    """Table 2 as the paper prints it."""
    return pd.DataFrame(
        [
            {"Base": base.removeprefix("DPO-"), "Trained on": TRAINED[name]}
            | {column: f"{value:.1f}" for column, value in printed[base][trained].items()}
            for base in BASES.values()
            for name, trained in SETS.items()
        ]
    )


def plot_sets(table2: pd.DataFrame, texts: pd.DataFrame, subset: str = ALL) -> "Figure":
    """What each training set gives DPO on the first base: gain, and how much toxic it says.

    On the prompts of one test set, or in the mean over all.
    """
    own = select(table2, base=INITIAL, subset=subset)
    names = [name for name in TRAINED if name in {START, *own["of"]}]
    figure, axes = drawing.canvas(1.4 + 0.42 * len(names), 1, 2, sharex=False)
    gains, rates = axes[0]
    height = drawing.rows_on(gains, [TRAINED[name] for name in names])
    for shift, judge in ((0.12, EVALUATOR), (-0.12, ORACLE)):
        rows = select(own, judge=judge).set_index("of").loc[names[1:]]
        label = f"by {JUDGE_NAMES[judge]}"
        drawing.dots(gains, height[1:] + shift, rows, JUDGE_COLOURS[judge], label)
    gains.axvline(0, **LINE)
    gains.set_xlabel("gain over the start, sd")
    said = texts[texts["method"].isin([START, DPO])]
    rows = select(said, what=TOXIC, subset=subset).set_index("of").loc[names]
    drawing.dots(rates, height, rows, "#CC79A7", "toxic responses", unit=100)
    rates.set_xlabel("toxic responses, %")
    gains.tick_params(axis="y", labelsize=SMALL)
    drawing.legend(figure, axes)
    return figure


def plot_clean_wins(judged: pd.DataFrame) -> "Figure":
    """Who wins, DPO on clean pairs or on the original ones, by base and judge."""
    sides = {f"base {base}": (dpo(base, CLEANED), dpo(base, UNCLEANED)) for base in BASES}
    names = {"win": "clean wins", "tie": "tie", "lose": "original wins"}
    return _plot_wins(judged, sides, names)


def plot_pro(judged: pd.DataFrame) -> "Figure":
    """Who wins, PRO with the strong or with the weak reward model (Figure 6), in both forms."""
    sides = {
        "loss as printed": (STRONGEST, WEAK),
        "full form": (f"{STRONGEST}-{FULL}", f"{WEAK}-{FULL}"),
    }
    names = {"win": "strong reward model wins", "tie": "tie", "lose": "weak one wins"}
    return _plot_wins(judged, sides, names)


def _plot_wins(
    judged: pd.DataFrame, sides: dict[str, tuple[str, str]], names: dict[str, str]
) -> "Figure":
    """A panel a comparison; in it bars of each test set by every judge."""
    figure, axes = drawing.canvas(4.8, 1, len(sides))
    places = [(subset, judge) for subset in TESTED for judge in JUDGE_NAMES]
    height = -np.arange(len(places)) - 0.5 * np.repeat(range(len(TESTED)), len(JUDGE_NAMES))
    for axis, (title, (first, second)) in zip(axes[0], sides.items(), strict=True):
        own = select(judged, first=first, second=second)
        own = own.set_index(["what", "subset", "judge"])["estimate"]
        left = np.zeros(len(places))
        for what, colour in OUTCOMES.items():
            width = np.array([100 * own[what, *place] for place in places])
            axis.barh(height, width, 0.85, left, color=colour, label=names[what])
            left += width
        axis.axvline(50, color="white", linewidth=1)
        axis.set(xlim=(0, 100), xlabel="responses, %")
        axis.set_title(title, fontsize=LARGE, weight="normal")
        axis.grid(visible=False)
    labels = [f"{subset}, {JUDGE_NAMES[judge]}" for subset, judge in places]
    axes[0, 0].set_yticks(height, labels, fontsize=SMALL)
    drawing.legend(figure, axes)
    return figure


def wins_table(judged: pd.DataFrame) -> pd.DataFrame:
    """Wins less losses of every comparison in points, by judge, on all test prompts."""
    rows = select(judged, subset=ALL, what="win minus lose")
    rows = rows.replace({"second": {CHOSEN: "the chosen responses"}})
    heads = {"first": "First", "second": "Against"}
    return pivot(rows, heads, "judge", lambda row: cell(row, ".0f", 100), JUDGE_NAMES)


def plot_table5(models: pd.DataFrame) -> "Figure":
    """Accuracy of a reward model against the alignment of its PPO policies, and the paper's."""
    right = select(models, measure=ACCURACY).set_index(["set", "rm"]).sort_index()
    aligned = select(models, measure=ALIGNMENT).set_index(["judge", "set", "rm"]).sort_index()
    figure, axes = drawing.canvas(5.2, 2, 3, sharex=False, sharey="row")
    for (ours, theirs), subset in zip(axes.T, TESTED, strict=True):
        for judge in (ORACLE, EVALUATOR):
            rows, x = aligned.loc[judge, subset], 100 * right.loc[subset]["estimate"]
            _in_order(ours, x, rows["estimate"])
            for rm in EQUAL_SIZE:
                own, hollow = rows.loc[[rm]], judge == ORACLE
                drawing.dots(ours, [x[rm]], own, RM_COLOURS[rm], upright=True, hollow=hollow)
        paper, printed = 100 * right.loc[subset]["paper"], aligned.loc[EVALUATOR, subset]["paper"]
        _in_order(theirs, paper, printed)
        for rm in EQUAL_SIZE:
            label = f"{rm} ({MODELS[rm]})"
            place = ([printed[rm]], [paper[rm]])
            drawing.papers(theirs, *place, RM_COLOURS[rm], label, upright=True)
        ours.set_title(subset, fontsize=LARGE, weight="normal")
        for axis in (ours, theirs):
            axis.tick_params(labelsize=SMALL)
    axes[0, 0].set_ylabel("ours: gain, sd\n(hollow: by the oracle)", fontsize=SMALL)
    axes[1, 0].set_ylabel("paper: reward\nby its evaluator", fontsize=SMALL)
    axes[1, 1].set_xlabel("accuracy of the reward model on the test set, %")
    drawing.legend(figure, axes, 2)
    return figure


def _in_order(axis: "Axes", x: pd.Series, y: pd.Series) -> None:
    """A grey line through the reward models of PPO from the least to the most accurate."""
    order = x[list(EQUAL_SIZE)].sort_values().index
    axis.plot(x[order], y[order], color="#b8bfc9", linewidth=1.2, zorder=1)


def accuracy_table(models: pd.DataFrame) -> pd.DataFrame:
    """Accuracies of Table 5 in percent as text cells, the paper's in brackets."""
    rows = models[models["rm"].isin(EQUAL_SIZE) & models["measure"].isin([ACCURACY, BENCH])]
    wanted = [(ACCURACY, subset) for subset in TESTED] + [(BENCH, name) for name in CATEGORIES]
    place = list(zip(rows["measure"], rows["set"], strict=True))
    rows = rows.assign(column=place)[[one in wanted for one in place]]
    names = {one: one[1] if one[0] == ACCURACY else f"bench, {one[1]}" for one in wanted}
    names[BENCH, ALL] = "bench, average"
    return pivot(_named(rows), {"rm": "Reward model"}, "column", _percent, names)


def alignment_table(models: pd.DataFrame) -> pd.DataFrame:
    """Gains of the PPO policies in sd by each judge, with intervals."""
    rows = select(models, measure=ALIGNMENT)
    told = {judge: f"by {JUDGE_NAMES[judge]}" for judge in JUDGES} | {OWN: "by its own"}
    rows = _named(rows).assign(judge=rows["judge"].map(told))
    return pivot(rows, {"rm": "Reward model", "judge": "Gain"}, "set", names={ALL: "mean"})


def robustness_table(robustness: pd.DataFrame) -> pd.DataFrame:
    """What other words for the prompts cost policies by the oracle, a column a base."""
    rows = robustness.assign(of=robustness["of"].map(TRAINED))
    names = {base: f"base {base}" for base in BASES}
    return pivot(rows, {"of": "DPO on"}, "base", names=names)


def _named(models: pd.DataFrame) -> pd.DataFrame:
    return models.assign(rm=[f"{rm} ({MODELS[rm]})" for rm in models["rm"]])


def _percent(row) -> str:
    return (
        beside(100 * row.estimate, 100 * row.paper, ".1f")
        if row.estimate == row.estimate
        else ABSENT
    )
