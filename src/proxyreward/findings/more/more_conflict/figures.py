"""Figures 1, 3 and 7 of paper *more* with our reward models.

In: the tables of `tables.compute`, and for distributions the margins and rewards of `mixtures`.
Out: closed matplotlib figures. Called by the notebook `more_conflict`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import GOLDEN, OURS, PAPER, WIDTH, canvas, heat_map
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_conflict.distributions import rewards_of
from proxyreward.findings.more.more_conflict.tables import AGREEMENT, INTERVAL, LOSS, trained_name
from proxyreward.findings.more.more_conflict.transfer import margin_of, models
from proxyreward.vocabulary import RAW

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.projections.polar import PolarAxes

SMALL = 10  # points
DIFFERENCE = "Reward difference, chosen minus rejected"
SHOWN = (0.5, 99.5)  # percentiles that a distribution is drawn between


def plot_transfer(transfer: pd.DataFrame, base: str) -> "Figure":
    """Accuracy of every model on every source: radar and, with the numbers, heat map (Figure 1).

    Parameters
    ----------
    transfer : DataFrame
        Of `more_conflict.compute`.
    base : str
        Base of the models.
    """
    import matplotlib.pyplot as plt

    matrix = _matrix(transfer, base)
    figure = plt.figure(figsize=(WIDTH, 8.6), layout="constrained")
    plt.close(figure)
    grid = figure.add_gridspec(2, 1, height_ratios=[8, 5])
    radar = figure.add_subplot(grid[0], projection="polar")
    _draw_radar(radar, matrix)
    where = {"loc": "outside upper center", "ncols": 4, "fontsize": SMALL}
    figure.legend(*radar.get_legend_handles_labels(), title="trained on", **where)
    table = figure.add_subplot(grid[1])
    rows = [trained_name(model) for model in matrix.index]
    heat_map(table, matrix.to_numpy(), rows, matrix.columns, label="accuracy, %")
    table.tick_params(axis="x", rotation=0, labelsize=9)
    table.set_xlabel("tested on")
    table.set_ylabel("trained on")
    return figure


def plot_losses(losses: pd.DataFrame, base: str, paper: Sequence[float]) -> "Figure":
    """Accuracy away from home: that of the model on another source less that of the own one.

    Parameters
    ----------
    losses : DataFrame
        Of `more_conflict.compute`.
    base : str
    paper : sequence of float
        `more_conflict.paper_raw` on each source.
    """
    rows = losses[losses["base"] == base]
    tested = rows["tested"].unique()
    colours = dict(zip([RAW, *tested], _colours([RAW, *tested]), strict=True))
    figure, axes = canvas(1.2 + 1.05 * len(tested), len(tested), 1, sharey=False)
    for axis, source, printed in zip(axes[:, 0], tested, paper, strict=True):
        own = rows[rows["tested"] == source]
        for height, (_, row) in enumerate(own.iloc[::-1].iterrows()):
            colour = colours[row["trained"]]
            span = 100 * row[["low", "high"]].to_numpy(float)
            axis.hlines(height, *span, color=colour, linewidth=2.5)
            axis.plot(100 * row["estimate"], height, "o", color=colour, ms=6)
        axis.plot(100 * printed, len(own) - 1, "D", color=PAPER, mfc="none", mew=1.6, ms=7)
        axis.axvline(0, color=GOLDEN, linewidth=1)
        axis.set_yticks(range(len(own)), [trained_name(m) for m in own["trained"]][::-1])
        axis.tick_params(axis="y", labelsize=SMALL)
        axis.set_ylim(-0.7, len(own) - 0.3)
        axis.set_title(f"tested on {source}", fontsize=11, weight="normal")
        axis.grid(axis="y", visible=False)
    axes[-1, 0].set_xlabel("Accuracy minus that of the own model, points")
    handles = [
        axes[0, 0].plot([], [], "o-", color="dimgrey", label="ours, 95 %")[0],
        axes[0, 0].plot([], [], "D", color=PAPER, mfc="none", mew=1.6, label="paper's Raw")[0],
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=2, fontsize=SMALL)
    return figure


def plot_pairs(pairs: pd.DataFrame, base: str) -> "Figure":
    """Which sources conflict: the loss both ways, and how often their models choose the same.

    Parameters
    ----------
    pairs : DataFrame
        Of `more_conflict.compute`.
    base : str
    """
    rows = pairs[pairs["base"] == base].set_index(["first", "second"])
    rows = rows.assign(**(100 * rows[INTERVAL]))
    apart = rows.index.get_level_values(0) != rows.index.get_level_values(1)
    parts = {measure: rows[apart & (rows["measure"] == measure)] for measure in (LOSS, AGREEMENT)}
    order = parts[LOSS].sort_values("estimate", ascending=False).index
    texts = {LOSS: "Accuracy both ways\nminus top, points",
             AGREEMENT: "Test pairs on which\nboth agree, %"}  # fmt: skip
    figure, axes = canvas(1.5 + 0.32 * len(order), 1, 2, sharex=False)
    for axis, (measure, found) in zip(axes[0], parts.items(), strict=True):
        found, height = found.loc[order], range(len(order))
        axis.hlines(height, found["low"], found["high"], color=OURS, linewidth=2.5)
        axis.plot(found["estimate"], height, "o", color=OURS)
        axis.set_xlabel(texts[measure])
        axis.axvline(0 if measure == LOSS else 50, color=GOLDEN, linewidth=1)
        axis.grid(axis="y", visible=False)
    axes[0, 0].set_yticks(height, [" – ".join(pair) for pair in order])
    axes[0, 0].tick_params(axis="y", labelsize=SMALL)
    same = rows.loc[~apart & (rows["measure"] == AGREEMENT), "estimate"]
    if same.notna().all():
        axes[0, 1].axvspan(same.min(), same.max(), color="dimgrey", alpha=0.2, lw=0)
        label = "same source, other seed"
        axes[0, 1].set_title(label, fontsize=SMALL, weight="normal", loc="right", color="dimgrey")
    return figure


def plot_differences(mixtures: Mixtures, base: str, tested: str, in_sd: bool = False) -> "Figure":
    """Distribution and box plot of the margins of each model on a source (Figure 3, left).

    Parameters
    ----------
    mixtures : Mixtures
        Margins of all seeds together.
    base, tested : str
    in_sd : bool
        Margins in standard deviations of the model's own instead of its units.
    """
    names = models(mixtures)
    margins = [margin_of(mixtures, model, base)[:, mixtures.source == tested] for model in names]
    if in_sd:
        margins = [margin / margin.std(axis=1, keepdims=True) for margin in margins]
    figure, axes = canvas(4.6)
    axis, height = axes[0, 0], np.arange(len(names))[::-1]
    samples = [_inside(margin.ravel()) for margin in margins]
    bodies = axis.violinplot(
        samples, height, orientation="horizontal", side="high", widths=1.3, showextrema=False
    )
    for body, colour in zip(bodies["bodies"], _colours(names), strict=True):
        body.set(facecolor=colour, alpha=0.45, linewidth=0)
    _boxes(axis, [margin.ravel() for margin in margins], height - 0.14, _colours(names), solid=True)
    means = [margin.mean() for margin in margins]
    axis.plot(means, height - 0.14, "D", color="white", mec=GOLDEN, ms=6, zorder=5, label="mean")
    axis.axvline(0, color=GOLDEN, linewidth=1)
    axis.set_yticks(height, [trained_name(model) for model in names])
    axis.set_ylabel("trained on")
    unit = "standard deviations" if in_sd else "units of the reward"
    axis.set_xlabel(f"{DIFFERENCE},\n{unit}")
    axis.set_title(f"tested on {tested}", fontsize=11, weight="normal")
    axis.legend(loc="upper right", fontsize=SMALL)
    axis.grid(axis="y", visible=False)
    return figure


def plot_rewards(mixtures: Mixtures, tested: str) -> "Figure":
    """Rewards of the responses, pairs in the right order solid, others hollow (Figure 3, right).

    Parameters
    ----------
    mixtures : Mixtures
        Rewards of the middle base, first seed.
    tested : str
    """
    names, own = models(mixtures), mixtures.source == tested
    rewards = [rewards_of(mixtures, model)[own] for model in names]
    right = [both[:, 0] > both[:, 1] for both in rewards]
    figure, axes = canvas(4.4)
    axis = axes[0, 0]
    _split_boxes(axis, names, rewards, right)
    axis.set_xlabel("Reward of a response, units of the reward")
    axis.set_title(f"tested on {tested}", fontsize=11, weight="normal")
    _legend(figure, axis, ("right order", "wrong order"))
    return figure


def plot_signs(mixtures: Mixtures, base: str, tested: Sequence[str]) -> "Figure":
    """Positive (solid) and negative (hollow) margins on several sources (Figure 7).

    Parameters
    ----------
    mixtures : Mixtures
        Margins of all seeds together.
    base : str
    tested : sequence of str
        A panel for each.
    """
    names = models(mixtures)
    rows = -(-len(tested) // 2)
    figure, axes = canvas(0.6 + 2.7 * rows, rows, 2, sharex=True)
    for axis, source in zip(axes.flat, tested, strict=False):
        own = mixtures.source == source
        margins = [margin_of(mixtures, model, base)[:, own].ravel() for model in names]
        _split_boxes(axis, names, margins, [margin > 0 for margin in margins])
        axis.axvline(0, color=GOLDEN, linewidth=1)
        axis.set_title(f"tested on {source}", fontsize=11, weight="normal")
        axis.set_ylabel("")
    for axis in axes.flat[len(tested) :]:
        axis.set_visible(False)
    figure.supxlabel(f"{DIFFERENCE}, units of the reward", fontsize=12)
    figure.supylabel("trained on", fontsize=12)
    _legend(figure, axes[0, 0], ("right order", "wrong order"))
    return figure


def _matrix(transfer: pd.DataFrame, base: str) -> pd.DataFrame:
    rows = transfer[transfer["base"] == base]
    wide = 100 * rows.pivot(index="trained", columns="tested", values="estimate")
    return wide.loc[rows["trained"].unique(), rows["tested"].unique()]


def _draw_radar(radar: "PolarAxes", matrix: pd.DataFrame) -> None:
    """A closed line for each row of accuracies in percent, and a circle at chance."""
    turn = 2 * np.pi * np.arange(len(matrix.columns) + 1) / len(matrix.columns)
    for model, colour in zip(matrix.index, _colours(matrix.index), strict=True):
        values = matrix.loc[model].to_numpy()
        style = {"color": colour, "linestyle": "--" if model == RAW else "-", "markersize": 4}
        radar.plot(turn, [*values, values[0]], marker="o", label=trained_name(model), **style)
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


def _colours(names: Sequence[str]) -> list:
    """Grey for the untrained model, then a colour for each source."""
    import seaborn as sns

    return [SCHEME_COLOURS[RAW], *sns.color_palette("colorblind", len(names) - 1)]


def _inside(values: np.ndarray) -> np.ndarray:
    low, high = np.percentile(values, SHOWN)
    return values[(values >= low) & (values <= high)]


def _split_boxes(
    axis: "Axes", names: Sequence[str], values: Sequence[np.ndarray], right: Sequence[np.ndarray]
) -> None:
    """Two boxes for each model: values where `right` is true solid, the others hollow."""
    height, colours = np.arange(len(names))[::-1], _colours(names)
    for shift, solid in ((0.2, True), (-0.2, False)):
        chosen = [v[r == solid].ravel() for v, r in zip(values, right, strict=True)]
        _boxes(axis, chosen, height + shift, colours, solid)
    axis.set_yticks(height, [trained_name(model) for model in names])
    axis.tick_params(axis="y", labelsize=SMALL)
    axis.set_ylabel("trained on")
    axis.grid(axis="y", visible=False)


def _boxes(
    axis: "Axes", values: Sequence[np.ndarray], height: np.ndarray, colours: list, solid: bool
) -> None:
    drawn = axis.boxplot(
        values,
        positions=height,
        orientation="horizontal",
        widths=0.24,
        patch_artist=True,
        manage_ticks=False,
        flierprops={"marker": ".", "ms": 2, "alpha": 0.5},
        medianprops={"color": GOLDEN, "linewidth": 1.5},
    )
    for part, colour in zip(drawn["boxes"], colours, strict=True):
        part.set(facecolor=colour if solid else "white", edgecolor=GOLDEN if solid else colour)
        part.set_linewidth(1 if solid else 2)


def _legend(figure: "Figure", axis: "Axes", labels: tuple[str, str]) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor="dimgrey", edgecolor=GOLDEN, label=labels[0]),
        Patch(facecolor="white", edgecolor="dimgrey", linewidth=2, label=labels[1]),
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=2, fontsize=SMALL)
