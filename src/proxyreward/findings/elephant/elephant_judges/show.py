"""Figures and tables of the finding on judges for readers.

In: tables of `measure` as the stage wrote them; those over replicates have columns `estimate, low,
high`. Out: closed matplotlib figures and frames of text cells. Called by the notebook
`elephant_judges`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, LARGE, OURS, PAPER, SMALL
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.elephant.elephant_judges.measure import (
    ACCURACY,
    ALIKE,
    BIASED,
    CHANCE,
    FLIPS,
    KAPPA,
    MACHINE,
    MARGIN,
    ONE_PROMPT,
    OUTCOMES,
    PAPERS,
    PEOPLE,
    PLAIN,
    PRINTED,
    RESPONSES,
    RULES,
    SHARD,
    SWAPPED,
    WITHIN,
)
from proxyreward.findings.elephant.elephant_judges.reader import TESTED
from proxyreward.vocabulary import ALL, EQUAL_SIZE, EVALUATOR, MIXED, ORACLE, POOR, START

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUBSET_COLOURS = dict(zip(TESTED, ("#0072B2", "#E69F00", "#009E73"), strict=True))
OUTCOME_COLOURS = dict(zip(OUTCOMES, ("#0072B2", "#cccccc", "#D55E00"), strict=True))
JUDGES = {
    MACHINE: "machine judge", RULES: "the three rules", PEOPLE: "people",
    BIASED: "biased machine judge",
}  # fmt: skip
THEIRS = {MACHINE: "paper: GPT-4", PEOPLE: "paper: people"}
LEVELS = {SHARD: "over\nshards", RESPONSES: "over\nresponses", ONE_PROMPT: "on one\nprompt"}


def named(rm: str) -> str:
    """A reward model with the paper's name.

    >>> named("poor"), named("oracle")
    ('poor (GPT-J)', 'oracle')
    """
    return f"{rm} ({PAPERS[rm]})" if rm in PAPERS else rm


def plot_points(points: pd.DataFrame, rms: Sequence[str] = (POOR, EVALUATOR)) -> "Figure":
    """Mean score by people against mean score by a reward model, a dot a shard (Figure 4)."""
    figure, axes = drawing.canvas(3.9, 1, len(rms))
    for axis, rm in zip(axes[0], rms, strict=True):
        for subset, colour in SUBSET_COLOURS.items():
            own = select(points, subset=subset)
            axis.scatter(own[rm], own["human"], s=22, color=colour, alpha=0.75, label=subset)
        axis.set_title(named(rm), fontsize=LARGE, weight="normal")
        axis.set_xlabel("mean score, sd")
    axes[0, 0].set_ylabel("mean score by people")
    drawing.legend(figure, axes)
    return figure


def plot_agreement(agreement: pd.DataFrame) -> "Figure":
    """Accuracy of every reward model, and its correlation with people, best on top (mixed set)."""
    accuracy = select(agreement, what=ACCURACY, subset=MIXED).set_index("rm")
    accuracy = accuracy.sort_values("estimate", ascending=False, kind="stable")
    figure, axes = drawing.canvas(1.8 + 0.38 * len(accuracy), 1, 4, sharex=False)
    height = drawing.rows_on(axes[0, 0], [named(rm) for rm in accuracy.index])
    axes[0, 0].tick_params(axis="y", labelsize=SMALL)
    drawing.dots(axes[0, 0], height, accuracy, OURS, "ours, 95 %", unit=100)
    drawing.papers(axes[0, 0], 100 * accuracy["paper"], height)
    axes[0, 0].axvline(50, color=GOLDEN, linewidth=1)
    axes[0, 0].set_xlabel("accuracy,\nmixed, %")
    for axis, (what, text) in zip(axes[0, 1:], LEVELS.items(), strict=True):
        own = select(agreement, what=what).set_index("rm")
        drawing.dots(axis, height, own.loc[accuracy.index])
        most = own.at[ORACLE, "estimate"]
        axis.axvline(most, color=GOLDEN, linestyle="--", linewidth=1, label="the oracle")
        axis.axvline(0, color=GOLDEN, linewidth=1)
        axis.set_xlabel(f"Spearman\n{text}")
        drawing.few_ticks(axis)
        axis.grid(axis="y", visible=False)
    drawing.legend(figure, axes)
    return figure


def agreement_table(agreement: pd.DataFrame) -> pd.DataFrame:
    """The same in numbers; accuracy in percent."""
    heads = {
        f"{ACCURACY} {MIXED}": "Accuracy, mixed, %",
        f"{SHARD} {ALL}": "Spearman, shards",
        f"{WITHIN} {ALL}": "within test sets",
        f"{RESPONSES} {ALL}": "responses",
        f"{ONE_PROMPT} {ALL}": "on one prompt",
    }
    rows = agreement.assign(name=agreement["what"] + " " + agreement["subset"])
    rows = pd.concat([select(rows, name=name) for name in heads])
    rows = rows.assign(rm=rows["rm"].map(named))

    def text(row) -> str:
        percent = row.what == ACCURACY
        return cell(row, ".1f", 100) if percent else cell(row)

    return pivot(rows, {"rm": "Reward model"}, "name", text, heads)


def plot_judged(judged: pd.DataFrame, order: str = PLAIN) -> "Figure":
    """Wins, ties and losses of the policies of PPO by every judge, and the paper's (Table 6)."""
    rows = select(judged, order=order)
    figure, axes = drawing.canvas(1.2 + 1.85 * len(EQUAL_SIZE), 1, 2, sharex=False)
    bars, margins = axes[0]
    place, ticks = 0.0, {}
    for rm in EQUAL_SIZE:
        bars.text(0, place, named(rm), va="center", fontsize=LARGE)
        for judge, name in JUDGES.items():
            own = select(rows, rm=rm, judge=judge).set_index("what")
            place -= 1
            ticks[place] = name
            _bar(bars, place, own["estimate"])
            drawing.dots(margins, [place], own.loc[[MARGIN]], "black")
            if judge in PRINTED and order == PLAIN:
                place -= 1
                ticks[place] = THEIRS[judge]
                _bar(bars, place, own["paper"], faint=True)
                drawing.papers(margins, [own["paper"][MARGIN]], [place], label="")
        place -= 1.3
    bars.set_yticks(list(ticks), list(ticks.values()), fontsize=SMALL)
    bars.set(xlim=(0, 1), ylim=(place + 0.6, 0.6), xlabel="share of comparisons")
    bars.set_xticks([0, 0.5, 1])
    bars.grid(visible=False)
    margins.axvline(0, color=GOLDEN, linewidth=1)
    margins.set_xlabel("wins minus\nlosses, 95 %")
    drawing.legend(figure, bars)
    return figure


def _bar(axis: "Axes", place: float, of: pd.Series, faint: bool = False) -> None:
    left = 0.0
    for what, colour in OUTCOME_COLOURS.items():
        label = None if faint else what
        axis.barh(
            place, of[what], 0.8, left, color=colour, alpha=0.5 if faint else 1, label=label,
            edgecolor=PAPER if faint else "none", linewidth=0.8 if faint else 0,
        )  # fmt: skip
        left += of[what]


def swap_table(judged: pd.DataFrame) -> pd.DataFrame:
    """What asking in both orders does: wins minus losses in percent, and the share of flips."""
    heads = {
        f"{PLAIN} {MARGIN}": "Wins minus losses, policy first",
        f"{SWAPPED} {MARGIN}": "in both orders",
        f"{SWAPPED} tie": "ties in both orders",
        f"{SWAPPED} {FLIPS}": "changed with the order",
    }
    rows = judged.assign(name=judged["order"] + " " + judged["what"])
    rows = rows[rows["name"].isin(heads)].replace({"judge": JUDGES})
    rows = rows.assign(rm=rows["rm"].replace({START: "before PPO"}).map(named))
    rows = pd.concat([select(rows, name=name) for name in heads])
    found = pivot(
        rows, {"judge": "Judge", "rm": "PPO on"}, "name", lambda row: cell(row, ".0f", 100), heads
    )
    order = {name: place for place, name in enumerate(JUDGES.values())}
    return found.sort_values("Judge", key=lambda names: names.map(order), kind="stable")


def stand_in_table(stand_in: pd.DataFrame) -> pd.DataFrame:
    """Agreement of judges with people on single comparisons."""
    who = JUDGES | {PEOPLE: "other people"}
    rows = stand_in.assign(judge=stand_in["judge"].map(who))
    heads = {KAPPA: "Cohen's kappa", ALIKE: "Equal answers", CHANCE: "by chance"}
    asked = rows["order"].replace({PLAIN: "policy first"})
    index = {"judge": "Judge", "asked": "Asked"}
    return pivot(rows.assign(asked=asked), index, "what", names=heads)


def outcome(judged: pd.DataFrame, rm: str, judge: str, what: str, order: str = PLAIN) -> pd.Series:
    """One row of the table `judged`."""
    [(_, row)] = select(judged, rm=rm, judge=judge, what=what, order=order).iterrows()
    return row


def spread(judged: pd.DataFrame, judge: str, what: str) -> np.ndarray:
    """One number of `judged` for each of the policies of PPO, shape (reward models,)."""
    return np.array([outcome(judged, rm, judge, what)["estimate"] for rm in EQUAL_SIZE])
