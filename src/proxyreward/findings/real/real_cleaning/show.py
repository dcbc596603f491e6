"""Figures and tables of the page on cleaning real pairs, for readers.

In: the tables of `measure` and `people`. Out: closed matplotlib figures and frames of text cells.
Called by the notebook `real_cleaning`.
"""

from typing import TYPE_CHECKING, Any

import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, OURS, PAPER, SMALL
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.real.real_cleaning.learning import AGAIN, COMPARED
from proxyreward.findings.real.real_cleaning.measure import SETS, WORDS
from proxyreward.vocabulary import CLEANED, FEWER, OPPOSITE, SAME, UNCLEANED, VAGUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOURCE_STYLE = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"))
SET_STYLE = {UNCLEANED: (GOLDEN, "s"), CLEANED: (OURS, "o"), FEWER: (PAPER, "^")}
SET_NAMES = {
    UNCLEANED: "as labelled",
    CLEANED: "cleaned",
    FEWER: "as labelled, as few at random",
}
MEASURES = {
    "accuracy": ("Accuracy on held-out pairs, %", 100, ".1f"),
    "size": ("Mean |margin|", 1, ".2f"),
    "inverse temperature": ("Fitted inverse temperature", 1, ".2f"),
}


def plot_types(types: pd.DataFrame) -> "Figure":
    """Share of each type in percent, a row a type, a colour a source."""
    figure, [[axis]] = drawing.canvas(3.8)
    height = drawing.rows_on(axis, list(types["type"].unique()))
    for place, (source, own) in enumerate(types.groupby("source", sort=False)):
        colour, marker = SOURCE_STYLE[place % 3]
        at = height + 0.14 * (0.5 - place)
        drawing.dots(axis, at, own, colour, source, unit=100, marker=marker)
    axis.set(xlabel="Share of pairs, %", xlim=(-1, None))
    drawing.legend(figure, axis)
    return figure


def plot_contradiction(contradiction: pd.DataFrame) -> "Figure":
    """Opposite, vague and same pairs: as the committee votes, and as independent judges who are
    right as often would by chance though all labels were right."""
    sources = list(contradiction["source"].unique())
    figure, axes = drawing.canvas(2.9, 1, len(sources))
    for axis, source in zip(axes[0], sources, strict=True):
        own = contradiction[contradiction["source"] == source].set_index("quantity")
        height = drawing.rows_on(axis, [OPPOSITE, VAGUE, SAME])
        for end, at, style in (("", 0.13, {}), (" if independent", -0.13, {"hollow": True})):
            rows = own.loc[[f"{kind}{end}" for kind in (OPPOSITE, VAGUE, SAME)]]
            label = "independent judges, every label right" if end else "the committee"
            drawing.dots(axis, height + at, rows, OURS, label, unit=100, **style)
        axis.set_title(source, weight="normal")
        axis.set_xlabel("Share of pairs, %")
    drawing.legend(figure, axes, ncols=2)
    return figure


def plot_learning(learning: pd.DataFrame) -> "Figure":
    """Accuracy, size and inverse temperature of what learnt from each set, held out."""
    known = learning[learning["set"].isin(SETS)]
    figure, axes = drawing.canvas(6.2, len(MEASURES), 1, sharex=False)
    for axis, (measure, (title, unit, _)) in zip(axes[:, 0], MEASURES.items(), strict=True):
        own = known[known["measure"] == measure]
        rows = own[own["set"] == UNCLEANED]
        height = drawing.rows_on(axis, [f"{r.source}, {_learner(r)}" for r in rows.itertuples()])
        for place, name in enumerate(SETS):
            colour, marker = SET_STYLE[name]
            style = {"unit": unit, "marker": marker}
            at = height + 0.2 * (1 - place)
            drawing.dots(axis, at, own[own["set"] == name], colour, SET_NAMES[name], **style)
        _mark(axis, measure)
        axis.set_xlabel(title)
        axis.tick_params(axis="y", labelsize=SMALL)
    drawing.legend(figure, axes)
    return figure


def _mark(axis: "Axes", measure: str) -> None:
    """Chance, and the inverse temperature of rewards that are neither too sure nor too cautious."""
    at = {"accuracy": 50, "inverse temperature": 1}.get(measure)
    if at is not None:
        axis.axvline(at, color=GOLDEN, linestyle=":", linewidth=1.2)


def type_table(types: pd.DataFrame, rows: str, head: str) -> pd.DataFrame:
    """Text cells ``count: share`` in percent, a row for each of `rows`, a column a type."""
    return pivot(types, {rows: head}, "type", _counted)


def toxicity_table(toxicity: pd.DataFrame) -> pd.DataFrame:
    """Text cells of toxic responses, a row a source."""
    return pivot(toxicity, {"source": "source"}, "quantity", _counted)


def judge_table(judges: pd.DataFrame) -> pd.DataFrame:
    """Text cells in percent: how often each judge votes for the label, against it, for neither."""
    heads = {"label": "for the label", "against": "against it", "tie": "tie"}
    rows = {"source": "source", "judge": "judge"}
    return pivot(judges, rows, "vote", lambda row: cell(row, ".1f", 100), heads)


def agreement_table(agreement: pd.DataFrame) -> pd.DataFrame:
    """Text cells, a row a source."""
    return pivot(agreement, {"source": "source"}, "measure", lambda row: cell(row, ".2f"))


def learning_table(learning: pd.DataFrame) -> pd.DataFrame:
    """Text cells of what cleaning changes, pair by pair; sizes as logarithms."""
    names = {f"{a} - {b}": f"{SET_NAMES[a]} less {SET_NAMES[b]}" for a, b in COMPARED}
    rows = learning[learning["set"].isin(names) & learning["measure"].isin([*MEASURES, AGAIN])]
    rows = rows.assign(set=rows["set"].map(names), learner=[_learner(r) for r in rows.itertuples()])
    heads = {
        "accuracy": "accuracy, points",
        "size": "log of mean |margin|",
        "inverse temperature": "inverse temperature",
        AGAIN: "accuracy under the committee's labels, points",
    }
    keys = {"source": "source", "learner": "learner", "set": "training sets"}
    return pivot(rows, keys, "measure", _signed, heads)


def winner_table(winners: pd.DataFrame) -> pd.DataFrame:
    """Text cells, a column an outcome of majority and model."""
    return pivot(winners, {"source": "source"}, "outcome", _counted)


def _learner(row: Any) -> str:
    return row.learner if row.learner == WORDS else f"RM {row.learner}"


def _counted(row: Any) -> str:
    text = cell(row, ".1f", 100)
    return text if pd.isna(row.count) else f"{row.count:.0f}: {text}"


def _signed(row: Any) -> str:
    form, unit = ("+.1f", 100) if row.measure.startswith("accuracy") else ("+.2f", 1)
    return cell(row, form, unit).replace("-", "−")
