"""Figures of the page on real preference pairs.

In: the tables of `tables`. Out: closed matplotlib figures. Called by the notebook `real_more`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import GOLDEN, canvas, heat_map
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS, SCHEME_NAMES
from proxyreward.findings.real.real_more.tables import MEAN, MEASURES, SCHEMES, UNITS, foreign
from proxyreward.vocabulary import MORE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMALL = 10  # points
MARKERS = dict(zip(SCHEMES, "Xs^o"))


def plot_values(values: pd.DataFrame, longer: Mapping[str, float]) -> "Figure":
    """Accuracy and ECE of every scheme on every source, with intervals.

    Parameters
    ----------
    values : DataFrame
        Of `real_more.values`.
    longer : mapping
        Accuracy of choosing the longer response, by source and in the mean.
    """
    figure, axes = canvas(5.6, 1, 2, sharex=False)
    names = list(values["source"].unique())
    height = np.arange(len(names))[::-1]
    for axis, measure, unit in zip(axes[0], ("accuracy", "ece"), (100, 1)):
        rows = values[values["measure"] == measure]
        for place, scheme in enumerate(SCHEMES):
            own = rows[rows["scheme"] == scheme].set_index("source").loc[names]
            at = height + 0.18 * (1.5 - place)
            colour = SCHEME_COLOURS[scheme]
            axis.hlines(at, unit * own["low"], unit * own["high"], color=colour, linewidth=2)
            axis.plot(
                unit * own["estimate"],
                at,
                MARKERS[scheme],
                color=colour,
                ms=6,
                label=SCHEME_NAMES[scheme],
            )
        _separate(axis, names, height)
    accuracy, ece = axes[0]
    rule = [100 * longer[name] for name in names]
    ends = height - 0.38, height + 0.38
    accuracy.vlines(rule, *ends, color=GOLDEN, linewidth=1.8, label="longer answer wins", zorder=0)
    accuracy.axvline(50, color=GOLDEN, linestyle=":", linewidth=1.2, label="chance")
    accuracy.locator_params(axis="x", nbins=6)
    accuracy.set_xlabel("Accuracy, %")
    ece.set_xlabel("ECE, low is good")
    ece.set_xlim(left=0)
    figure.legend(
        *accuracy.get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=SMALL
    )
    return figure


def plot_differences(differences: pd.DataFrame) -> "Figure":
    """MORE minus MultiTask on every source in each measure: solid as trained, hollow with one
    temperature for each reward model.

    Parameters
    ----------
    differences : DataFrame
        Of `real_more.differences`.
    """
    figure, axes = canvas(8.4, 3, 2, sharex=False)
    names = list(differences["source"].unique())
    height = np.arange(len(names))[::-1]
    colour = SCHEME_COLOURS[MORE]
    kinds = {False: ("as trained", colour), True: ("one temperature", "white")}
    for axis, (measure, label) in zip(axes.flat, MEASURES.items(), strict=True):
        unit = UNITS.get(measure, 1)
        for scaled, (kind, filling) in kinds.items():
            if scaled and measure == "accuracy":
                continue
            rows = differences[
                (differences["measure"] == measure) & (differences["scaled"] == scaled)
            ]
            own = unit * rows.set_index("source").loc[names, ["estimate", "low", "high"]]
            at = height + (-0.17 if scaled else 0.17)
            axis.hlines(at, own["low"], own["high"], color=colour, linewidth=2)
            axis.plot(
                own["estimate"], at, "o", color=colour, mfc=filling, mew=1.6, ms=6, label=kind
            )
        axis.axvline(0, color=GOLDEN, linewidth=1.2)
        _separate(axis, names, height)
        axis.set_title(label, fontsize=11, weight="normal")
        better = {"accuracy": "MORE better →", "size": "MORE larger →"}
        axis.set_xlabel(better.get(measure, "← MORE better"), fontsize=SMALL)
        axis.tick_params(axis="x", labelsize=SMALL)
        axis.locator_params(axis="x", nbins=4)
    figure.supxlabel("MORE minus MultiTask", fontsize=11)
    figure.legend(
        *axes[0, 1].get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=SMALL
    )
    return figure


def plot_transfer(transfer: pd.DataFrame) -> "Figure":
    """Accuracy of the untrained and each one-source model on every source; own sources framed.

    The colours are those of chance in their middle and end at what a model reaches on the source of
    another, beyond which the numbers tell.

    Parameters
    ----------
    transfer : DataFrame
        Of `real_more.transfer`.
    """
    from matplotlib.patches import Rectangle

    tested = list(transfer["tested"].unique())
    matrix = transfer.pivot(index="trained", columns="tested", values="estimate")
    matrix = 100 * matrix.loc[transfer["trained"].unique(), tested]
    figure, axes = canvas(3.8)
    axis = axes[0, 0]
    rows = [SCHEME_NAMES.get(name, name) for name in matrix.index]
    reach = 100 * abs(foreign(transfer)["estimate"] - 0.5).max()
    limits = (50 - reach, 50 + reach)
    heat_map(axis, matrix.to_numpy(), rows, tested, label="accuracy, %", limits=limits)
    for place, name in enumerate(matrix.index):
        if name in tested:
            corner = (tested.index(name), place)
            axis.add_patch(Rectangle(corner, 1, 1, fill=False, ec=GOLDEN, lw=3, clip_on=False))
    axis.tick_params(axis="x", rotation=0, labelsize=SMALL)
    axis.set_xlabel("tested on")
    axis.set_ylabel("trained on")
    return figure


def plot_weights(course: pd.DataFrame) -> "Figure":
    """Weight of each source at every step, mean over trainings, beside equal weights.

    Parameters
    ----------
    course : DataFrame
        Of `real_more.weight_course`.
    """
    import seaborn as sns

    figure, axes = canvas(3.6)
    axis = axes[0, 0]
    for name, colour in zip(course, sns.color_palette("colorblind", len(course.columns))):
        axis.plot(course.index, course[name], color=colour, linewidth=2, label=name)
    equal = 1 / len(course.columns)
    axis.axhline(equal, color=GOLDEN, linestyle=":", linewidth=1.5, label="equal weights")
    axis.set_ylim(bottom=0)
    axis.set_xlabel("Training step")
    axis.set_ylabel("Weight of the source")
    figure.legend(
        *axis.get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=SMALL
    )
    return figure


def _separate(axis: "Axes", names: list[str], height: np.ndarray) -> None:
    """A row for each source, the mean set apart by a line."""
    axis.set_yticks(height, names)
    axis.set_ylim(-0.5, len(names) - 0.5)
    axis.grid(axis="y", visible=False)
    if names[-1] == MEAN:
        axis.axhline(0.5, color="0.6", linewidth=1)
