"""Figures of estimates with intervals: size, outliers and calibration of the schemes' rewards.

In: the tables of `tables.summarise`, fresh or read back, and the paper's values. Out: closed
matplotlib figures. Called by the notebook `more_rewards`.
"""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import canvas
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS, SCHEME_NAMES
from proxyreward.findings.more.mixtures import PAPER_FORM, STANDARD
from proxyreward.findings.more.more_rewards.diagrams import form_name
from proxyreward.findings.more.more_rewards.replicates import AS_TRAINED, SCALED, SCHEMES, SIDES
from proxyreward.findings.more.more_rewards.tables import table_bases
from proxyreward.vocabulary import HH, MORE, MULTITASK, RAW, TOP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

MARKERS = {RAW: "X", TOP: "s", MULTITASK: "o", MORE: "^"}
AXES = {
    "size": "Mean |reward difference|",
    "ece": f"ECE, {form_name(STANDARD)}",
    "ece_paper": f"ECE, {form_name(PAPER_FORM)}",
    "log_loss": "Log loss (nats)",
}


def plot_sizes(measures: pd.DataFrame) -> "Figure":
    """Mean |reward difference| of each scheme on each base and test set.

    Parameters
    ----------
    measures : DataFrame
        Of `more_rewards.summarise`.
    """
    rows = _trained(measures, "size")
    figure, [axis], groups = _layout(rows, 1)
    _dots(axis, rows, groups, (RAW, *SCHEMES))
    axis.set_xlim(left=0)
    axis.set_xlabel(AXES["size"] + " (units of the reward)")
    _legend(figure, axis)
    return figure


def plot_outliers(
    outliers: pd.DataFrame, paper: pd.DataFrame, reading: str, scale_free: bool
) -> "Figure":
    """Share and mean of outlying reward differences (the paper's Tables 1, 5 and 6).

    Parameters
    ----------
    outliers : DataFrame
        Of `more_rewards.summarise`.
    paper : DataFrame
        Of `more_rewards.paper_values`.
    reading : str
        What is an outlier.
    scale_free : bool
        Means in standard deviations of all margins; the paper's, in units of its rewards, are then
        left out.
    """
    rows = outliers[outliers["reading"] == reading]
    figure, (shares, means), groups = _layout(rows, 2)
    _dots(shares, rows[rows["statistic"] == "share"], groups, SCHEMES)
    _paper(shares, paper, groups, "share")
    for side in SIDES:
        name = f"{side}_mean"
        shown = f"{name}_sd" if scale_free else name
        _dots(means, rows[rows["statistic"] == shown], groups, SCHEMES)
        if not scale_free:
            _paper(means, paper, groups, name)
    means.axvline(0, color="grey", linewidth=1)
    shares.set_xlim(left=0)
    shares.set_xlabel("Outliers (% of test pairs)")
    unit = "sd" if scale_free else "units of the reward"
    means.set_xlabel(f"Mean outlier, wrong | right\n({unit})")
    _legend(figure, shares)
    return figure


def plot_calibration(measures: pd.DataFrame, paper: pd.DataFrame) -> "Figure":
    """ECE of each scheme in the standard form and in the one that the paper seems to use.

    Parameters
    ----------
    measures : DataFrame
        Of `more_rewards.summarise`.
    paper : DataFrame
        Of `more_rewards.paper_values`; drawn beside the second form.
    """
    figure, axes, groups = _layout(measures, 2)
    for axis, metric in zip(axes, ("ece", "ece_paper")):
        _dots(axis, _trained(measures, metric), groups, SCHEMES)
        axis.set_xlim(left=0)
        axis.set_xlabel(AXES[metric].replace(", ", "\n"))
    _paper(axes[1], paper, groups, "ece")
    _legend(figure, axes[1])
    return figure


def plot_temperature(contrasts: pd.DataFrame) -> "Figure":
    """MORE minus MultiTask, with rewards as trained and with one temperature for each.

    Parameters
    ----------
    contrasts : DataFrame
        Of `more_rewards.summarise`.
    """
    rows = contrasts[(contrasts["scheme"] == MORE) & (contrasts["baseline"] == MULTITASK)]
    figure, axes, groups = _layout(rows, 3)
    for axis, metric in zip(axes, ("ece", "ece_paper", "log_loss")):
        own = rows[rows["metric"] == metric]
        for rewards, shift, filled in ((AS_TRAINED, 0.17, True), (SCALED, -0.17, False)):
            shown = own[own["rewards"] == rewards]
            _dots(axis, shown, groups, (MORE,), shift=shift, filled=filled, label=rewards)
        axis.axvline(0, color="grey", linewidth=1)
        axis.set_xlabel(AXES[metric].replace(", ", "\n").replace(" (", "\n("))
        axis.locator_params(axis="x", nbins=3)
    figure.supxlabel("MORE minus MultiTask: below 0 MORE is better", fontsize=11)
    _legend(figure, axes[0])
    return figure


def plot_size_and_error(means: pd.DataFrame) -> "Figure":
    """ECE against mean |reward difference|, a point for each scheme and base.

    Parameters
    ----------
    means : DataFrame
        Of `more_rewards.summarise`.
    """
    rows = means[(means["rewards"] == AS_TRAINED) & (means["scheme"] != RAW)]
    marks = dict(zip(rows["base"].unique(), ("v", "o", "s")))
    rows = rows.set_index(["metric", "base", "scheme"])
    figure, axes = canvas(4.8, 1, 2, sharey=False)
    for axis, metric in zip(axes[0], ("ece", "ece_paper")):
        for (base, scheme), size in rows.loc["size"].iterrows():
            error, colour = rows.loc[metric, base, scheme], SCHEME_COLOURS[scheme]
            line = {"color": colour, "linewidth": 1.0, "alpha": 0.6}
            axis.hlines(error["estimate"], size["low"], size["high"], **line)
            axis.vlines(size["estimate"], error["low"], error["high"], **line)
            style = {"color": colour, "ms": 9, "mec": "white", "mew": 0.7}
            axis.plot(size["estimate"], error["estimate"], marks[base], **style)
        axis.set_ylim(bottom=0)
        axis.set_title(AXES[metric].replace(", ", ",\n", 1), fontsize=10, weight="normal")
        axis.tick_params(labelsize=10)
    figure.supxlabel(AXES["size"] + " (units of the reward)", fontsize=11)
    schemes = list(dict.fromkeys(rows.index.get_level_values("scheme")))
    by_base = [_mark(marker, "grey", base) for base, marker in marks.items()]
    by_scheme = [_mark("D", SCHEME_COLOURS[name], SCHEME_NAMES[name]) for name in schemes]
    handles = by_base + by_scheme
    figure.legend(handles=handles, loc="outside upper center", ncols=2, fontsize=9)
    return figure


def _trained(measures: pd.DataFrame, metric: str) -> pd.DataFrame:
    return measures[(measures["metric"] == metric) & (measures["rewards"] == AS_TRAINED)]


def _layout(rows: pd.DataFrame, columns: int) -> tuple["Figure", np.ndarray, list[tuple]]:
    """Panels side by side with a line for each base and test set, and these."""
    groups = list(product(rows["base"].unique(), HH))
    figure, axes = canvas(1.6 + 0.8 * len(groups), 1, columns, sharex=False)
    labels = [f"{source.title()}\n{base}" for base, source in groups]
    axes[0, 0].set_yticks(-np.arange(len(groups)), labels, fontsize=10)
    axes[0, 0].set_ylim(-len(groups) + 0.5, 0.5)
    for axis in axes[0]:
        axis.grid(axis="y", visible=False)
        axis.tick_params(axis="x", labelsize=10)
        axis.xaxis.label.set_fontsize(10)
        for line in range(1, len(groups)):
            axis.axhline(0.5 - line, color="#c8d0da" if line % 2 else "#8a96a6", linewidth=0.8)
    return figure, axes[0], groups


def _dots(
    axis: "Axes",
    rows: pd.DataFrame,
    groups: Sequence[tuple],
    schemes: Sequence[str],
    *,
    shift: float = 0.0,
    filled: bool = True,
    label: str | None = None,
) -> None:
    """Estimates and intervals of the schemes in each group, the first scheme on top."""
    known = set(axis.get_legend_handles_labels()[1])
    for scheme, place in zip(schemes, _places(schemes, groups)):
        own = rows[rows["scheme"] == scheme].set_index(["base", "source"]).loc[list(groups)]
        colour, text = SCHEME_COLOURS[scheme], label or SCHEME_NAMES[scheme]
        style = {"color": colour, "mfc": colour if filled else "white", "mew": 1.5}
        style |= {"label": None if text in known else text}
        axis.hlines(place + shift, own["low"], own["high"], color=colour, linewidth=1.8)
        axis.plot(own["estimate"], place + shift, MARKERS[scheme], ms=7, **style)


def _paper(axis: "Axes", paper: pd.DataFrame, groups: Sequence[tuple], statistic: str) -> None:
    """The paper's values, in the colours of our schemes."""
    bases = tuple(dict.fromkeys(base for base, _ in groups))
    table = {base: name for name, base in table_bases(bases).items()}
    printed = paper[paper["statistic"] == statistic]
    printed = printed.set_index(["scheme", "table", "source"])["value"]
    for scheme, place in zip(SCHEMES, _places(SCHEMES, groups)):
        values = [printed.get((scheme, table.get(base), source)) for base, source in groups]
        style = {"color": SCHEME_COLOURS[scheme], "mfc": "none", "mew": 1.4, "ms": 6}
        new = "paper" not in axis.get_legend_handles_labels()[1]
        axis.plot(values, place, "D", label="paper" if new else None, **style)


def _places(schemes: Sequence[str], groups: Sequence[tuple]) -> list[np.ndarray]:
    """Heights of each scheme in all groups."""
    shifts = 0.24 * ((len(schemes) - 1) / 2 - np.arange(len(schemes)))
    return [shift - np.arange(len(groups)) for shift in shifts]


def _legend(figure: "Figure", axis: "Axes") -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, fontsize=10)


def _mark(marker: str, colour: str, label: str) -> "Line2D":
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="", marker=marker, color=colour, label=label)
