"""Figures of the training schemes: Figure 4, the differences with their controls, forms of the ECE.

In: the tables of `tables`, fresh or read back, and the paper's values. Out: closed matplotlib
figures. Called by the notebook `more_schemes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import canvas
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS, SCHEME_NAMES
from proxyreward.findings.more.mixtures import PAPER_FORM, STANDARD
from proxyreward.findings.more.more_schemes.printed import SCHEMES, Printed
from proxyreward.findings.more.more_schemes.tables import MEAN
from proxyreward.vocabulary import (
    BALANCED,
    MORE,
    MORE_AS_IS,
    MULTITASK,
    MULTITASK_AS_IS,
    PUBLIC_CODE,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMALL, LARGE = 10, 11  # points
AXES = {
    "accuracy": "accuracy",
    "ece": "ECE",
    "ece_paper": "ECE, paper's form",
    "log_loss": "log loss (nats)",
    "brier": "Brier score",
    "size": "mean |margin|",
}
COMPARED = {
    (MORE, MULTITASK): "MORE − MultiTask",
    (BALANCED, MULTITASK): "balanced − MultiTask",
    (MORE, BALANCED): "MORE − balanced",
    (PUBLIC_CODE, MULTITASK): "public code − MultiTask",
    (MORE_AS_IS, MULTITASK_AS_IS): "both on sources as is",
}
_PAPER = {"marker": "D", "mfc": "none", "mew": 1.3, "ms": 5, "ls": "none"}


def plot_schemes(cells: pd.DataFrame, printed: Printed, form: str = STANDARD) -> Figure:
    """Accuracy and ECE of each scheme on each test set (the paper's Figure 4).

    A row of panels for each source and one for the mean; columns are accuracy, the ECE, and the
    ECE in the form that the paper's numbers point to, with the paper's values beside ours.

    Parameters
    ----------
    cells : DataFrame
        Of `tables.cells`.
    form : str
        Of the ECE in the second column.
    """
    metrics, rows = ("accuracy", "ece", "ece_paper"), (*printed.sources, MEAN)
    figure, axes = canvas(1.6 + 1.4 * len(rows), len(rows), len(metrics), sharex="col")
    place = np.arange(len(printed.bases))[::-1]
    for row, source in zip(axes, rows, strict=True):
        over = printed.sources if source == MEAN else (source,)
        for axis, metric in zip(row, metrics, strict=True):
            own = cells[(cells["source"] == source) & (cells["metric"] == metric)]
            for shift, scheme in zip(np.linspace(0.3, -0.3, len(SCHEMES)), SCHEMES, strict=True):
                found = own[own["scheme"] == scheme].set_index("base").loc[list(printed.bases)]
                _dots(axis, place + shift, found, SCHEME_COLOURS[scheme], SCHEME_NAMES[scheme])
                # The paper's ECE is drawn only beside the form it seems to have.
                if metric != "ece":
                    theirs = [printed.value(metric, scheme, b, over) for b in printed.bases]
                    axis.plot(theirs, place + shift, **_PAPER, color=SCHEME_COLOURS[scheme])
            axis.set_yticks(place, printed.bases)
            axis.tick_params(labelsize=SMALL)
            axis.grid(axis="y", visible=False)
            for between in place[:-1]:
                axis.axhline(between - 0.5, color="#e4e8ee", linewidth=1)
        row[0].set_title(source, fontsize=LARGE)
    axes[0, 0].plot([], [], **_PAPER, color="black", label="paper's value")
    label = {"ece": "ECE" if form == STANDARD else f"ECE, {form}"}
    for axis, metric in zip(axes[-1], metrics, strict=True):
        axis.set_xlabel(label.get(metric, AXES[metric]), fontsize=LARGE, wrap=True)
    for axis in axes[:, 1:].flat:
        axis.set_xlim(left=0)
    _legend(figure, axes[0, 0], ncols=5)
    return figure


def plot_differences(differences: pd.DataFrame, printed: Printed, source: str = "") -> Figure:
    """MORE minus MultiTask and the controls, before and after temperature scaling.

    Parameters
    ----------
    differences : DataFrame
        Of `tables.differences`.
    source : str
        Behind the differences; none is the mean over sources.
    """
    over = (source,) if source else printed.sources
    keys = ["base", "first", "second"]
    rows = differences[keys].drop_duplicates().reset_index(drop=True)
    place = np.arange(len(rows))[::-1]
    names = [f"{COMPARED[row.first, row.second]}\n{row.base}" for row in rows.itertuples()]
    figure, axes = canvas(1.6 + 0.95 * len(rows), 2, 3, sharex=False)
    colours = rows["first"].map(SCHEME_COLOURS)
    for axis, (metric, label) in zip(axes.flat, AXES.items(), strict=True):
        # Points need fewer letters than shares, and the panels are narrow.
        unit, label = (100, "accuracy (points)") if metric == "accuracy" else (1, label)
        own = differences[differences["metric"] == metric].copy()
        own[["estimate", "low", "high"]] *= unit
        for scaled in (False, True) if metric != "accuracy" else (False,):
            found = rows.merge(own[own["scaled"] == scaled], on=keys)
            shift = -0.17 if scaled else 0.17
            name = "after temperature scaling" if scaled else "as trained"
            _dots(axis, place + shift, found, colours, name, hollow=scaled)
        if metric in ("accuracy", "ece_paper"):
            theirs = [
                printed.value(metric, row.first, row.base, over)
                - printed.value(metric, row.second, row.base, over)
                for row in rows.itertuples()
            ]
            points = unit * np.array(theirs)
            axis.plot(points, place + 0.17, **_PAPER, color="black", label="paper's value")
        axis.axvline(0, color="black", linewidth=1, zorder=0)
        axis.set_yticks(place, names)
        axis.tick_params(labelsize=SMALL)
        axis.set_xlabel(label, fontsize=LARGE)
        _few_ticks(axis)
        axis.grid(axis="y", visible=False)
    _legend(figure, axes[0, 2], ncols=3)
    return figure


def plot_forms(forms: pd.DataFrame) -> Figure:
    """ECE of MORE minus MultiTask in each form, a panel per base.

    Parameters
    ----------
    forms : DataFrame
        Of `tables.forms`.
    """
    bases, names = forms["base"].unique(), list(forms["form"].unique())
    place = np.arange(len(names))[::-1]
    figure, axes = canvas(1.0 + 0.45 * len(names), 1, len(bases))
    for axis, base in zip(axes[0], bases, strict=True):
        found = forms[forms["base"] == base].set_index("form").loc[names]
        _dots(axis, place, found, SCHEME_COLOURS[MORE], "")
        axis.axvline(0, color="black", linewidth=1, zorder=0)
        axis.set_title(base, fontsize=LARGE)
        axis.set_yticks(place, [_form_label(name) for name in names])
        axis.tick_params(labelsize=SMALL)
        _few_ticks(axis)
        axis.grid(axis="y", visible=False)
    figure.supxlabel("ECE of MORE minus MultiTask, mean over sources", fontsize=LARGE)
    return figure


def _dots(
    axis: Axes,
    height: np.ndarray,
    found: pd.DataFrame,
    colour: object,
    label: str,
    hollow: bool = False,
) -> None:
    """Estimates with their intervals."""
    axis.hlines(height, found["low"], found["high"], color=colour, linewidth=1.5)
    filled = {"facecolor": "white"} if hollow else {}
    axis.scatter(
        found["estimate"], height, s=20, color=colour, label=label, zorder=3,
        **(filled | {"edgecolor": colour}),
    )  # fmt: skip


def _few_ticks(axis: Axes) -> None:
    """Ticks that do not run into each other in a narrow panel."""
    axis.locator_params(axis="x", nbins=3, steps=[1, 2, 5, 10])
    axis.xaxis.set_major_formatter("{x:g}")


def _form_label(form: str) -> str:
    if form == STANDARD:
        return "standard: 10 of\nequal mass, one order"
    if form == PAPER_FORM:
        return "paper: 5 of equal\nwidth, both orders"
    bins, _, rest = form.partition(" bins of ")
    kind, _, order = rest.partition(", ")
    return f"{bins} of {kind},\n{order}"


def _legend(figure: Figure, axis: Axes, ncols: int) -> None:
    handles, labels = axis.get_legend_handles_labels()
    once = dict(zip(labels, handles))
    figure.legend(
        once.values(), once.keys(), loc="outside upper center", ncols=ncols, fontsize=SMALL,
        frameon=False, handletextpad=0.3, columnspacing=1.0,
    )  # fmt: skip
