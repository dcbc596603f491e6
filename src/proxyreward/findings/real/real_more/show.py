"""Figures and tables of the page on real preference pairs for readers.

In: the tables of `measure`. Out: closed matplotlib figures and frames of text cells. Called by the
notebook `real_more`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, LARGE, SMALL
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.more.mixture_drawing import (
    SCHEME_COLOURS,
    SCHEME_NAMES,
    SCHEMES,
    draw_floor,
)
from proxyreward.findings.more.mixtures import FORMS, PAPER_FORM, STANDARD, in_words
from proxyreward.findings.real.real_more.measure import MEAN, foreign
from proxyreward.vocabulary import MORE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEASURES = {
    "accuracy": "Accuracy, points",
    STANDARD: "ECE, standard form",
    PAPER_FORM: "ECE, the paper's form",
    "log_loss": "Log loss, nats",
    "brier": "Brier score",
    "size": "Mean |reward difference|",
}
UNITS = {"accuracy": 100}


def plot_values(values: pd.DataFrame, longer: Mapping[str, float]) -> "Figure":
    """Accuracy of every scheme on every source, beside `longer`, that of choosing the longer
    response; and ECE, with its floor."""
    figure, [[accuracy, ece]] = drawing.canvas(5.6, 1, 2, sharex=False)
    for axis, measure in ((accuracy, "accuracy"), (ece, "ece")):
        height = _rows(axis, values)
        for place, scheme in enumerate(SCHEMES):
            own = values[(values["measure"] == measure) & (values["scheme"] == scheme)]
            at, label = height + 0.18 * (1.5 - place), SCHEME_NAMES[scheme]
            style = {"unit": UNITS.get(measure, 1), "marker": "Xs^o"[place]}
            drawing.dots(axis, at, own, SCHEME_COLOURS[scheme], label, **style)
    rule = [100 * longer[name] for name in values["source"].unique()]
    ends = height - 0.38, height + 0.38
    accuracy.vlines(rule, *ends, color=GOLDEN, linewidth=1.8, label="longer answer wins", zorder=0)
    accuracy.axvline(50, color=GOLDEN, linestyle=":", linewidth=1.2, label="chance")
    accuracy.locator_params(axis="x", nbins=6)
    accuracy.set_xlabel("Accuracy, %")
    draw_floor(ece, values.loc[values["measure"] == "floor", "estimate"].max())
    ece.set(xlabel="ECE, low is good", xlim=(0, None))
    drawing.legend(figure, [accuracy, ece])
    return figure


def plot_differences(differences: pd.DataFrame) -> "Figure":
    """MORE minus MultiTask on every source in each of `MEASURES`: solid as trained, hollow with one
    temperature for each reward model."""
    figure, axes = drawing.canvas(8.4, 3, 2, sharex=False)
    better = {"accuracy": "MORE better →", "size": "MORE larger →"}
    for axis, (measure, title) in zip(axes.flat, MEASURES.items(), strict=True):
        height = _rows(axis, differences)
        for scaled, own in differences[differences["measure"] == measure].groupby("scaled"):
            at, label = (-0.17, "one temperature") if scaled else (0.17, "as trained")
            style = {"unit": UNITS.get(measure, 1), "hollow": bool(scaled)}
            drawing.dots(axis, height + at, own, SCHEME_COLOURS[MORE], label, **style)
        axis.axvline(0, color=GOLDEN, linewidth=1.2)
        axis.set_title(title, fontsize=LARGE, weight="normal")
        axis.set_xlabel(better.get(measure, "← MORE better"), fontsize=SMALL)
        axis.tick_params(axis="x", labelsize=SMALL)
        axis.locator_params(axis="x", nbins=4)
    figure.supxlabel("MORE minus MultiTask", fontsize=LARGE)
    drawing.legend(figure, axes)
    return figure


def plot_transfer(transfer: pd.DataFrame) -> "Figure":
    """Accuracy of the untrained and each one-source model on every source; own sources framed.

    Colours have chance in their middle and end at what a model reaches on the source of another.
    """
    from matplotlib.patches import Rectangle

    trained, tested = list(transfer["trained"].unique()), list(transfer["tested"].unique())
    matrix = transfer["estimate"].to_numpy().reshape(len(trained), len(tested))
    figure, [[axis]] = drawing.canvas(3.8)
    reach = 100 * abs(foreign(transfer)["estimate"] - 0.5).max()
    names, limits = [SCHEME_NAMES.get(name, name) for name in trained], (50 - reach, 50 + reach)
    drawing.heat_map(axis, 100 * matrix, names, tested, label="accuracy, %", limits=limits)
    for column, name in enumerate(tested):
        corner = (column, trained.index(name))
        axis.add_patch(Rectangle(corner, 1, 1, fill=False, ec=GOLDEN, lw=3, clip_on=False))
    axis.tick_params(axis="x", rotation=0, labelsize=SMALL)
    axis.set(xlabel="tested on", ylabel="trained on")
    return figure


def plot_weights(course: pd.DataFrame) -> "Figure":
    """Weight of each source at every step, mean over trainings, beside equal weights."""
    figure, [[axis]] = drawing.canvas(3.6)
    course.plot(ax=axis, linewidth=2, legend=False, ylim=(0, None))
    equal = 1 / len(course.columns)
    axis.axhline(equal, color=GOLDEN, linestyle=":", linewidth=1.5, label="equal weights")
    axis.set(xlabel="Training step", ylabel="Weight of the source")
    drawing.legend(figure, axis)
    return figure


def value_table(values: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Text cells of one measure, a row for each source; accuracies in percent."""
    form, unit = (".1f" if measure in UNITS else ".3f"), UNITS.get(measure, 1)
    rows = values[values["measure"] == measure].replace({"scheme": SCHEME_NAMES})
    return pivot(rows, {"source": "source"}, "scheme", lambda row: cell(row, form, unit))


def transfer_table(transfer: pd.DataFrame) -> pd.DataFrame:
    """Text cells of accuracies in percent, a row for each model."""
    rows = transfer.replace({"trained": SCHEME_NAMES})
    return pivot(rows, {"trained": "trained on"}, "tested", lambda row: cell(row, ".0f", 100))


def summary(differences: pd.DataFrame, source: str = MEAN) -> pd.DataFrame:
    """The differences on one source, or in the mean, as text, with what they mean."""
    rows = differences[differences["source"] == source]
    found = []
    for row in rows.set_index("measure").loc[list(MEASURES)].reset_index().itertuples():
        label = MEASURES[row.measure] + (", one temperature" if row.scaled else "")
        ends = min(row.low, row.lowest), max(row.high, row.highest)
        single = f"{_signed(row, row.lowest)} to {_signed(row, row.highest)}"
        found.append((label, _signed(row), single, meaning(row.measure, *ends)))
    columns = ["measure", "MORE minus MultiTask", "single seeds", "together they say"]
    return pd.DataFrame(found, columns=columns)


def form_table(differences: pd.DataFrame) -> pd.DataFrame:
    """The differences in every form of the ECE, mean over sources, as text."""
    known = {STANDARD: "standard", PAPER_FORM: "the paper's"}
    names = {form: f"{in_words(FORMS[form])} ({of})" for form, of in known.items()}
    rows = differences[differences["source"] == MEAN].replace({"measure": names})
    heads = {False: "as trained", True: "one temperature"}
    return pivot(rows, {"measure": "form of the ECE"}, "scaled", _signed, heads)


def meaning(measure: str, low: float, high: float) -> str:
    """What an interval of MORE minus MultiTask says.

    >>> meaning("accuracy", 0.01, 0.03), meaning("log_loss", 0.01, 0.03), meaning("size", -1, 1)
    ('MORE better', 'MORE worse', 'cannot tell')
    """
    if not (low > 0 or high < 0):
        return "cannot tell"
    if measure == "size":
        return "MORE larger" if low > 0 else "MORE smaller"
    return "MORE better" if (low > 0) == (measure == "accuracy") else "MORE worse"


def _signed(row: Any, value: float | None = None) -> str:
    """A difference with its interval, or a `value` of the same measure alone."""
    form, unit = ("+.1f", 100) if row.measure in UNITS else ("+.3f", 1)
    text = cell(row, form, unit) if value is None else f"{unit * value:{form}}"
    return text.replace("-", "−")


def _rows(axis: "Axes", table: pd.DataFrame) -> np.ndarray:
    """A row for each source, the mean set apart by a line; their heights."""
    height = drawing.rows_on(axis, list(table["source"].unique()))
    axis.axhline(0.5, color="0.6", linewidth=1)
    return height
