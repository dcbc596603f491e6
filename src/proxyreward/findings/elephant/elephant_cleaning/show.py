"""Figures and tables on defects and their cleaning, for readers.

In: tables of `measure` as the stage wrote them; those over replicates have columns `estimate, low,
high`. Out: closed matplotlib figures and frames of text cells.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, LARGE, SMALL
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.elephant.elephant_cleaning.measure import (
    AFTER,
    BEFORE,
    COUNT,
    FATES,
    HARMED,
    LOST,
    PRECISION,
    SHARE,
    VOTED,
)
from proxyreward.findings.elephant.elephant_cleaning.voting import (
    COST,
    EXPECTED,
    FIRST,
    JUDGES,
    OBSERVED,
    RIGHT,
    UNDECIDED,
    WEIGHED,
    WRONG,
)
from proxyreward.vocabulary import (
    ALL,
    EMPTY,
    OPPOSITE,
    REPETITIVE,
    SAME,
    SUBSETS,
    TOXIC,
    TRAIN,
    VAGUE,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TYPE_COLOURS = {
    SAME: "#0072B2", OPPOSITE: "#D55E00", VAGUE: "#F0E442", TOXIC: "#CC79A7",
    EMPTY: "#999999", REPETITIVE: "#444444",
}  # fmt: skip
"""In the order in which bars are stacked: what is kept first."""
LABELLED = {RIGHT: ("#0072B2", "right"), UNDECIDED: ("#dddddd", "dropped"),
            WRONG: ("#D55E00", "wrong")}  # fmt: skip
ORDER = (FIRST, *JUDGES.values(), WEIGHED)
TRUTH = {
    BEFORE: "Wrong before", AFTER: "Wrong after", "turned": "Wrong: turned",
    "dropped": "dropped", "left": "left", HARMED: "Right: turned", LOST: "dropped too",
    PRECISION: "Turned rightly",
}  # fmt: skip


def plot_types(types: pd.DataFrame) -> "Figure":
    """Shares of the six types, a bar for each set; the paper's shares of *same* (Figures 3, 7).

    The interval is that of *same*.
    """
    shares = select(types, measure=SHARE)
    same = select(shares, type=SAME)
    figure, [[axis]] = drawing.canvas(3.9)
    height = drawing.rows_on(axis, same["set"])
    wide = 100 * shares.pivot(index="set", columns="type", values="estimate").loc[same["set"]]
    _stack(axis, height, wide, {kind: (c, kind) for kind, c in TYPE_COLOURS.items()})
    drawing.dots(axis, height, same, GOLDEN, "same, 95 % interval", unit=100)
    drawing.papers(axis, 100 * same["paper"], height, GOLDEN, "paper's same")
    axis.set_xlabel("records, %")
    drawing.legend(figure, axis, 4)
    return figure


def types_table(types: pd.DataFrame) -> pd.DataFrame:
    """Shares of the types in percent as text cells, a row for each set (Table 7)."""
    return _wide(select(types, measure=SHARE), {"set": "Set"}, "type", TYPE_COLOURS, 100, ".1f")


def counts_table(types: pd.DataFrame) -> pd.DataFrame:
    """Counts of the default run: the six types, and how many are kept and removed (Table 7)."""
    own = select(types, measure=COUNT).pivot(index="set", columns="type", values="own")
    found = own.loc[[TRAIN, *SUBSETS], list(TYPE_COLOURS)].astype(int)
    kept = found[[SAME, OPPOSITE]].sum(axis=1)
    found = found.assign(kept=kept, removed=found.sum(axis=1) - kept)
    return found.rename_axis("Set").reset_index()


def plot_rule(rule: pd.DataFrame) -> "Figure":
    """Votes for the better response, undecided and for the worse, by size of the margin.

    Dots are what was found in the training set, diamonds what the law of the votes expects.
    """
    rows = select(rule, set=TRAIN)
    rows = rows[rows["size"] != ALL]
    figure, axes = drawing.canvas(3.6, 1, 3)
    texts = ("for the better", "2 against 2", "for the worse")
    for axis, kind, text in zip(axes[0], VOTED, texts, strict=True):
        found, expected = (select(rows, type=kind, of=of) for of in (OBSERVED, EXPECTED))
        height = drawing.rows_on(axis, found["size"])
        drawing.dots(axis, height, found, TYPE_COLOURS[kind], unit=100)
        drawing.papers(axis, 100 * expected["estimate"], height, GOLDEN, "expected from margins")
        axis.set_title(text, fontsize=LARGE, weight="normal")
        axis.set_xlim(-4, 104)
        drawing.few_ticks(axis)
    axes[0, 0].set_ylabel("margin, utility")
    figure.supxlabel("records on which people vote, %", fontsize=LARGE)
    drawing.legend(figure, axes)
    return figure


def plot_truth(truth: pd.DataFrame) -> "Figure":
    """Wrong labels before and after, and what becomes of them, by size of the margin."""
    rows = select(truth, set=TRAIN)
    rows = rows[rows["size"] != ALL]
    figure, axes = drawing.canvas(3.9, 1, 2, sharex=False)
    noise, fates = axes[0]
    height = drawing.rows_on(noise, rows["size"].unique())
    for measure, colour, name in ((BEFORE, "#D55E00", "original"), (AFTER, "#0072B2", "clean")):
        drawing.dots(noise, height, select(rows, measure=measure), colour, name, unit=100)
    wide = rows.pivot(index="size", columns="measure", values="estimate").loc[rows["size"].unique()]
    colours = dict(zip(FATES, ("#0072B2", "#dddddd", "#D55E00"), strict=True))
    _stack(fates, height, 100 * wide, {fate: (c, fate) for fate, c in colours.items()})
    noise.set(
        xlim=(-2, None), ylabel="margin, utility", xlabel="labels that the\noracle contradicts, %"
    )
    fates.set(xlim=(0, 100), xlabel="what becomes of\nwrong labels, %")
    noise.legend(loc="lower right", fontsize=SMALL)
    drawing.legend(figure, fates)
    return figure


def truth_table(truth: pd.DataFrame) -> pd.DataFrame:
    """What the oracle says of cleaning, by set, in percent, as text cells."""
    return _wide(select(truth, size=ALL), {"set": "Set"}, "measure", TRUTH, 100, ".1f", TRUTH)


def plot_judges(judges: pd.DataFrame) -> "Figure":
    """What one to four judges make of the same records; in numbers those labelled wrong."""
    wide = 100 * judges.pivot(index="judges", columns="measure", values="estimate").loc[[*ORDER]]
    figure, [[axis]] = drawing.canvas(3.4)
    height = drawing.rows_on(axis, wide.index)
    _stack(axis, height, wide, LABELLED)
    for place, row in zip(height, wide.itertuples(), strict=True):
        axis.text(101, place, f"{row.wrong:.1f}", va="center", fontsize=SMALL, color="#A04000")
    axis.set_xlabel("records on which people vote, %")
    drawing.legend(figure, axis)
    return figure


def judges_table(judges: pd.DataFrame) -> pd.DataFrame:
    """The same as text cells, beside the share of wrong labels among those that are given."""
    heads = {COST: "Votes", RIGHT: "Right", UNDECIDED: "Dropped", WRONG: "Wrong"}
    shares = judges.assign(unit=np.where(judges["measure"] == COST, 1, 100))
    found = pivot(
        shares, {"judges": "Judges"}, "measure", lambda row: cell(row, ".3g", row.unit), heads
    ).set_index("Judges")
    wide = judges.pivot(index="judges", columns="measure", values="estimate")
    among = 100 * wide[WRONG] / (1 - wide[UNDECIDED])
    found["Wrong of labels"] = among.map("{:.3g}".format)
    return found.loc[[*ORDER], [*heads.values(), "Wrong of labels"]].reset_index()


def toxic_table(toxic: pd.DataFrame) -> pd.DataFrame:
    """Toxic records by set: shares in percent, counts as means over replicates."""
    heads = {
        "chosen": "Toxic chosen, %", "rejected": "Toxic rejected, %", TOXIC: "Dropped as toxic",
        "outvoted": "of these outvoted", "correctable": "and correctable",
        "swapped_to_toxic": "Turned to toxic",
    }  # fmt: skip
    shares = toxic["measure"].isin(["chosen", "rejected"])
    rows = toxic.assign(unit=np.where(shares, 100, 1), form=np.where(shares, ".1f", ".0f"))
    found = pivot(rows, {"set": "Set"}, "measure", lambda row: cell(row, row.form, row.unit), heads)
    return found[["Set", *heads.values()]]


def agreement_table(agreement: pd.DataFrame) -> pd.DataFrame:
    """How well the four agree, by set."""
    heads = {"raw": "Raw", "fleiss": "Fleiss' kappa", "krippendorff": "Krippendorff's alpha"}
    return _wide(agreement, {"set": "Set"}, "measure", heads, 1, ".2f", heads)


def _wide(table, rows, column, wanted, unit, form, names=None) -> pd.DataFrame:
    """Text cells, the columns in the order of `wanted`."""
    found = pivot(table, rows, column, lambda row: cell(row, form, unit), names)
    return found[[*rows.values(), *[(names or {}).get(name, name) for name in wanted]]]


def _stack(axis: "Axes", height: np.ndarray, wide: pd.DataFrame, looks: dict) -> None:
    """Bars whose parts, in the order of `looks` (colour and label), follow one another."""
    left = np.zeros(len(wide))
    for part, (colour, label) in looks.items():
        axis.barh(height, wide[part], 0.72, left, color=colour, label=label)
        left = left + wide[part].fillna(0).to_numpy()
    axis.grid(visible=False)
