"""Figures and tables of Figures 1, 3 and 7 of paper *more* for readers.

In: tables of `measure` over replicates, with columns `estimate, low, high`; for distributions the
margins and rewards of `Mixtures` in the default run. Out: closed matplotlib figures and frames of
text cells. Called by the notebook `more_conflict`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, LARGE, PAPER, SMALL, WIDTH
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.text import ABSENT, cell, pivot
from proxyreward.findings.more.mixture_drawing import (
    SCHEME_COLOURS,
    SCHEME_NAMES,
    boxes,
    draw_floor,
)
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_conflict.measure import (
    ACCURACY,
    AGREEMENT,
    BEST,
    DIFFERENCES,
    DISAGREEMENT,
    HARMLESS,
    LOSS,
    REWARDS,
    margin_of,
    models,
    rewards_of,
)
from proxyreward.vocabulary import MORE, MULTITASK, RAW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.projections.polar import PolarAxes

DIFFERENCE = "Reward difference, chosen minus rejected"
SHOWN = (0.5, 99.5)  # percentiles that a distribution is drawn between


def plot_transfer(transfer: pd.DataFrame) -> "Figure":
    """Accuracy of every model on every source: radar and, with the numbers, heat map (Figure 1).

    `transfer` has the rows of `measure.accuracies` of one base.
    """
    import matplotlib.pyplot as plt

    rows = select(transfer, measure=ACCURACY)
    wide = 100 * rows.pivot(index="trained", columns="tested", values="estimate")
    matrix = wide.loc[rows["trained"].unique(), rows["tested"].unique()]
    figure = plt.figure(figsize=(WIDTH, 8.6), layout="constrained")
    plt.close(figure)
    grid = figure.add_gridspec(2, 1, height_ratios=[8, 5])
    radar, table = figure.add_subplot(grid[0], projection="polar"), figure.add_subplot(grid[1])
    _draw_radar(radar, matrix)
    drawing.legend(figure, radar, 4)
    names = [SCHEME_NAMES.get(model, model) for model in matrix.index]
    drawing.heat_map(table, matrix.to_numpy(), names, matrix.columns, label="accuracy, %")
    table.tick_params(axis="x", rotation=0, labelsize=8)
    table.set(xlabel="tested on", ylabel="trained on")
    return figure


def transfer_table(transfer: pd.DataFrame) -> pd.DataFrame:
    """The accuracies of one base as text cells in percent, a row for each model."""
    named = select(transfer, measure=ACCURACY).replace({"trained": SCHEME_NAMES})
    return pivot(named, {"trained": "Trained"}, "tested", lambda row: cell(row, ".0f", 100))


def plot_losses(transfer: pd.DataFrame) -> "Figure":
    """Accuracy away from home less that of the source's own model; `transfer` as above."""
    rows = select(transfer, measure=LOSS)
    rows = rows[rows["trained"] != rows["tested"]]
    tested = list(rows["tested"].unique())
    colours = dict(zip([RAW, *tested], _colours([RAW, *tested]), strict=True))
    figure, axes = drawing.canvas(1.2 + 1.05 * len(tested), len(tested), sharey=False)
    for axis, source in zip(axes[:, 0], tested, strict=True):
        own = select(rows, tested=source)
        height = _models_on(axis, own["trained"])
        of_models = [colours[model] for model in own["trained"]]
        drawing.dots(axis, height, own, of_models, "ours, 95 % interval", unit=100)
        drawing.papers(axis, 100 * own["paper"], height, PAPER, "paper's Raw")
        axis.axvline(0, color=GOLDEN, linewidth=1)
        axis.set_title(f"tested on {source}", fontsize=LARGE, weight="normal")
    axes[-1, 0].set_xlabel("Accuracy minus that of the own model, points")
    drawing.legend(figure, axes[0, 0])
    return figure


def plot_pairs(pairs: pd.DataFrame) -> "Figure":
    """Which sources conflict: the loss both ways, and how often their models choose the same.

    `pairs` has the rows of `measure.couples` of one base.
    """
    rows = pairs.set_index(["first", "second"])
    same = rows.index.get_level_values("first") == rows.index.get_level_values("second")
    parts = {measure: rows[~same & (rows["measure"] == measure)] for measure in (LOSS, AGREEMENT)}
    order = parts[LOSS].sort_values("estimate", kind="stable").index
    figure, axes = drawing.canvas(1.5 + 0.32 * len(order), 1, 2, sharex=False)
    height = drawing.rows_on(axes[0, 0], [" – ".join(pair) for pair in order])
    texts = ("Accuracy both ways\nminus top, points", "Test pairs on which\nboth agree, %")
    for axis, found, text, line in zip(axes[0], parts.values(), texts, (0, 50), strict=True):
        drawing.dots(axis, height, found.loc[order], unit=100)
        axis.set_xlabel(text)
        axis.axvline(line, color=GOLDEN, linewidth=1)
        axis.grid(axis="y", visible=False)
    axes[0, 0].tick_params(axis="y", labelsize=SMALL)
    own = 100 * rows.loc[same & (rows["measure"] == AGREEMENT), "estimate"]
    if own.notna().all():
        axes[0, 1].axvspan(own.min(), own.max(), color="dimgrey", alpha=0.2, lw=0)
        label = "same source, other seed"
        axes[0, 1].set_title(label, fontsize=SMALL, weight="normal", loc="right", color="dimgrey")
    return figure


def plot_ladder(ladder: pd.DataFrame) -> "Figure":
    """Accuracy, ECE with its floor, and log loss of schemes against how often sources disagree."""
    share = select(ladder, measure=DISAGREEMENT).set_index("conflict")["estimate"]
    figure, axes = drawing.canvas(4.0, 1, 3, sharey=False)
    texts = {"accuracy": "Accuracy", "ece": "ECE", "log_loss": "Log loss (nats)"}
    for axis, (measure, text) in zip(axes[0], texts.items(), strict=True):
        for shift, scheme in ((-0.3, MULTITASK), (0.3, MORE)):
            rows = select(ladder, measure=measure, scheme=scheme)
            place = 100 * share.loc[rows["conflict"]].to_numpy() + shift
            axis.plot(place, rows["estimate"], color=SCHEME_COLOURS[scheme], lw=1.5)
            name = SCHEME_NAMES[scheme]
            drawing.dots(axis, place, rows, SCHEME_COLOURS[scheme], name, upright=True)
        if measure == "ece":
            floors = select(ladder, measure="ece_floor")
            draw_floor(axis, floors["estimate"].max(), upright=True)
            axis.set_ylim(bottom=0)
        axis.set_title(text, fontsize=LARGE, weight="normal")
        axis.tick_params(labelsize=SMALL)
    figure.supxlabel("Test pairs on which two sources disagree, %", fontsize=LARGE)
    drawing.legend(figure, axes, 3)
    return figure


def ladder_table(ladder: pd.DataFrame) -> pd.DataFrame:
    """The table `ladder` as text cells; a row for each degree of conflict and scheme."""
    heads = {
        "accuracy": "Accuracy",
        "ece": "ECE",
        "ece_floor": "its floor",
        "log_loss": "Log loss",
        "inverse temperature": "1/T",
    }
    rows = ladder[ladder["measure"].isin(heads)]
    who = rows["scheme"].map(SCHEME_NAMES | {BEST: "knows each source"})
    rows = rows.assign(name=who, degree=rows["conflict"].map("{:g}".format))
    index = {"degree": "Degree of conflict", "name": "Scheme"}
    return pivot(rows, index, "measure", lambda row: cell(row, ".3f"), names=heads)


def moments_table(moments: pd.DataFrame, tested: str) -> pd.DataFrame:
    """Location and spread of each model's reward differences on a source as text cells.

    The spread of the rewards themselves is known on Harmless only, and a dash elsewhere.
    """
    heads = {
        f"{DIFFERENCES} mean": "Mean difference",
        f"{DIFFERENCES} sd": "sd of differences",
        f"{REWARDS} sd": "sd of rewards",
    }
    rows = moments.assign(name=moments["of"] + " " + moments["moment"])
    rows = rows[rows["name"].isin(heads)].replace({"trained": SCHEME_NAMES})
    found = pivot(rows[rows["tested"] == tested], {"trained": "Trained"}, "name", names=heads)
    return found if tested == HARMLESS else found.assign(**{heads[f"{REWARDS} sd"]: ABSENT})


def plot_differences(mixtures: Mixtures, base: str, tested: str, in_sd: bool = False) -> "Figure":
    """Distribution and box plot of the margins of each model on a source (Figure 3, left).

    Margins of all seeds together; with `in_sd` in standard deviations of the model's own.
    """
    names = models(mixtures)
    margins = [margin_of(mixtures, model, base)[:, mixtures.source == tested] for model in names]
    if in_sd:
        margins = [margin / margin.std(axis=1, keepdims=True) for margin in margins]
    ends = [np.percentile(margin, SHOWN) for margin in margins]
    shown = [m[(m >= low) & (m <= high)] for m, (low, high) in zip(margins, ends, strict=True)]
    figure, [[axis]] = drawing.canvas(4.6)
    height = _models_on(axis, names)
    bodies = axis.violinplot(
        shown, height, orientation="horizontal", side="high", widths=1.3, showextrema=False
    )  # fmt: skip
    for body, colour in zip(bodies["bodies"], _colours(names), strict=True):
        body.set(facecolor=colour, alpha=0.45, linewidth=0)
    boxes(axis, [margin.ravel() for margin in margins], height - 0.14, _colours(names))
    means = [margin.mean() for margin in margins]
    axis.plot(means, height - 0.14, "D", color="white", mec=GOLDEN, ms=6, zorder=5, label="mean")
    axis.axvline(0, color=GOLDEN, linewidth=1)
    axis.set(ylim=(-0.5, len(names) - 0.1), ylabel="trained on")
    unit = "standard deviations" if in_sd else "units of the reward"
    axis.set_xlabel(f"{DIFFERENCE},\n{unit}")
    axis.set_title(f"tested on {tested}", fontsize=LARGE, weight="normal")
    axis.legend(loc="upper right", fontsize=SMALL)
    return figure


def plot_rewards(mixtures: Mixtures, tested: str) -> "Figure":
    """Rewards of the responses, pairs in the right order solid, others hollow (Figure 3, right).

    Middle base, first seed.
    """
    own = mixtures.source == tested
    rewards = [rewards_of(mixtures, model)[own] for model in models(mixtures)]
    figure, [[axis]] = drawing.canvas(4.4)
    _split_boxes(axis, models(mixtures), rewards, [both[:, 0] > both[:, 1] for both in rewards])
    axis.set(ylabel="trained on", xlabel="Reward of a response, units of the reward")
    axis.set_title(f"tested on {tested}", fontsize=LARGE, weight="normal")
    _legend(figure)
    return figure


def plot_signs(mixtures: Mixtures, base: str, tested: Sequence[str]) -> "Figure":
    """Positive (solid) and negative (hollow) margins, a panel for each source (Figure 7).

    Margins of all seeds together.
    """
    names, rows = models(mixtures), -(-len(tested) // 2)
    figure, axes = drawing.canvas(0.6 + 2.7 * rows, rows, 2)
    for axis, source in zip(axes.flat, tested, strict=False):
        own = mixtures.source == source
        margins = [margin_of(mixtures, model, base)[:, own].ravel() for model in names]
        _split_boxes(axis, names, margins, [margin > 0 for margin in margins])
        axis.axvline(0, color=GOLDEN, linewidth=1)
        axis.set_title(f"tested on {source}", fontsize=LARGE, weight="normal")
    for axis in axes.flat[len(tested) :]:
        axis.set_visible(False)
    figure.supxlabel(f"{DIFFERENCE}, units of the reward", fontsize=12)
    figure.supylabel("trained on", fontsize=12)
    _legend(figure)
    return figure


def _draw_radar(radar: "PolarAxes", matrix: pd.DataFrame) -> None:
    """A closed line for each row of accuracies in percent, and a circle at chance."""
    turn = 2 * np.pi * np.arange(len(matrix.columns) + 1) / len(matrix.columns)
    for model, colour in zip(matrix.index, _colours(matrix.index), strict=True):
        values = matrix.loc[model].to_numpy()
        style = {"color": colour, "linestyle": "--" if model == RAW else "-", "markersize": 4}
        name = SCHEME_NAMES.get(model, model)
        radar.plot(turn, [*values, values[0]], marker="o", label=name, **style)
    circle = np.linspace(0, 2 * np.pi, 200)
    radar.plot(circle, np.full(200, 50.0), ":", color=GOLDEN, linewidth=1.5, label="chance")
    radar.set_theta_zero_location("N")
    radar.set_theta_direction(-1)
    rings = np.arange(10 * (matrix.min().min() // 10), matrix.max().max() + 10, 10)
    radar.set_ylim(rings[0], rings[-1])
    radar.set_yticks(rings[1:], [f"{ring:.0f}" for ring in rings[1:]], fontsize=SMALL)
    radar.set_rlabel_position(180 / len(matrix.columns))
    radar.set_xticks(turn[:-1], matrix.columns)
    radar.tick_params(axis="x", pad=12)
    radar.spines["polar"].set_visible(False)


def _models_on(axis: "Axes", names: Sequence[str]) -> np.ndarray:
    """Name a row for each model; returns their heights."""
    axis.tick_params(axis="y", labelsize=SMALL)
    return drawing.rows_on(axis, [SCHEME_NAMES.get(model, model) for model in names])


def _colours(names: Sequence[str]) -> list:
    """Grey for the untrained model, then a colour for each source."""
    import seaborn as sns

    return [SCHEME_COLOURS[RAW], *sns.color_palette("colorblind", len(names) - 1)]


def _split_boxes(
    axis: "Axes", names: Sequence[str], values: Sequence[np.ndarray], right: Sequence[np.ndarray]
) -> None:
    """Two boxes for each model: values where `right` is true solid, the others hollow."""
    height = _models_on(axis, names)
    for shift, solid in ((0.2, True), (-0.2, False)):
        chosen = [v[r == solid].ravel() for v, r in zip(values, right, strict=True)]
        boxes(axis, chosen, height + shift, _colours(names), solid=solid)


def _legend(figure: "Figure") -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor="dimgrey", edgecolor=GOLDEN, label="right order"),
        Patch(facecolor="white", edgecolor="dimgrey", linewidth=2, label="wrong order"),
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=2, fontsize=SMALL)
