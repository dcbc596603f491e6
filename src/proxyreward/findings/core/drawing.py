"""What the figures of all findings are made of: canvas, colours, dots, curves, heat maps, legend.

In: sizes, matrices, and tables with the columns `estimate, low, high`. Out: closed matplotlib
figures, to be shown or saved by the caller, who also sets the look (`style.use_style`). Called by
the module `show` of every finding.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

WIDTH = 6.0
SMALL, LARGE = 10, 11  # points
PALETTE = "viridis"
GOLDEN, OURS, PAPER = "black", "#0072B2", "#D55E00"
COLOURS = {"best-of-n": "#0072B2", "ppo": "#D55E00"}
NAMES = {"best-of-n": "Best-of-n", "ppo": "PPO"}
STATISTICS = {"kendall": "Kendall", "pearson": "Pearson", "spearman": "Spearman", "mrr": "MRR"}


def canvas(
    height: float, rows: int = 1, columns: int = 1, *, sharex: bool = True, sharey: bool = True
) -> tuple["Figure", np.ndarray]:
    """Figure and axes `(rows, columns)`; closed, so that a notebook shows the figure once."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(WIDTH, height),
        layout="constrained",
        sharex=sharex,
        sharey=sharey,
        squeeze=False,
    )
    plt.close(figure)
    return figure, axes


def rows_on(axis: "Axes", names: Sequence[str]) -> np.ndarray:
    """Name the rows of a figure of dots from the top down; returns their heights."""
    heights = np.arange(len(names))[::-1]
    axis.set_yticks(heights, names)
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.grid(axis="y", visible=False)
    return heights


def dots(
    axis: "Axes",
    place: np.ndarray | Sequence[float],
    table: pd.DataFrame,
    colour: object = OURS,
    label: str = "",
    *,
    unit: float = 1.0,
    marker: str = "o",
    hollow: bool = False,
    upright: bool = False,
) -> None:
    """Estimates with their intervals, a dot a row; without a line where there is no interval.

    Parameters
    ----------
    place
        Height of each row, or its place on the horizontal axis if `upright`.
    table
        Columns estimate, low, high, drawn times `unit` (100 for percent).
    """
    estimate, low, high = (unit * table[name] for name in ("estimate", "low", "high"))
    lines, x, y = (axis.vlines, place, estimate) if upright else (axis.hlines, estimate, place)
    lines(place, low, high, color=colour, linewidth=1.8, zorder=2)
    filled = {"facecolor": "white"} if hollow else {}
    axis.scatter(
        x, y, s=26, color=colour, marker=marker, label=label or None, zorder=3,
        **(filled | {"edgecolor": colour}),
    )  # fmt: skip


def papers(
    axis: "Axes",
    values: np.ndarray | Sequence[float],
    place: np.ndarray | Sequence[float],
    colour: object = PAPER,
    label: str = "paper",
    *,
    upright: bool = False,
) -> None:
    """The paper's values as hollow diamonds; arguments as of :func:`dots`."""
    x, y = (place, values) if upright else (values, place)
    axis.plot(x, y, "D", color=colour, mfc="none", mew=1.5, ms=5.5, label=label or None, zorder=4)


def curve(
    axis: "Axes",
    x: np.ndarray | Sequence[float],
    table: pd.DataFrame,
    colour: object = OURS,
    label: str = "",
    **line: object,
) -> None:
    """Estimates as a line with the band of their intervals."""
    axis.plot(x, table["estimate"], color=colour, label=label or None, **line)
    low, high = table["low"].astype(float), table["high"].astype(float)
    axis.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)


def legend(figure: "Figure", axes: "Axes | np.ndarray", ncols: int = 3) -> None:
    """One legend above a figure, each label of its axes once."""
    once: dict[str, object] = {}
    for axis in np.atleast_1d(axes).flat:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            once.setdefault(label, handle)
    figure.legend(
        once.values(), once.keys(), loc="outside upper center", ncols=ncols, fontsize=SMALL,
        frameon=False, handletextpad=0.4, columnspacing=1.2,
    )  # fmt: skip


def few_ticks(axis: "Axes") -> None:
    """Ticks that do not run into each other in a narrow panel."""
    axis.locator_params(axis="x", nbins=3, steps=[1, 2, 5, 10])
    axis.xaxis.set_major_formatter("{x:g}")


def colour_bar(
    figure: "Figure",
    colours: "ScalarMappable",
    axes: "np.ndarray | Axes",
    label: str,
    **place: object,
) -> None:
    """A colour bar without a frame beside the axes; `place` as of matplotlib's."""
    bar = figure.colorbar(colours, ax=axes, label=label, pad=0.02, **place)
    bar.outline.set_visible(False)


def heat_map(
    axis: "Axes",
    matrix: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    form: str = ".0f",
    label: str | None = None,
    limits: tuple[float, float] | None = None,
    text: float = 12,
) -> None:
    """Draw a matrix with its numbers; empty where NaN.

    Parameters
    ----------
    form : format of the numbers; more than 12 columns show none.
    label : of the colour bar; None draws no bar.
    limits : ends of the colour scale; None takes the matrix's own.
    text : size of the numbers in points.
    """
    import seaborn as sns

    low, high = limits or (None, None)
    axis.set_facecolor("lightgrey")
    axis.grid(visible=False)
    sns.heatmap(
        matrix,
        ax=axis,
        annot=len(columns) <= 12,
        fmt=form,
        cmap=PALETTE,
        vmin=low,
        vmax=high,
        linewidths=0.5,
        annot_kws={"fontsize": text},
        xticklabels=columns,
        yticklabels=rows,
        cbar=label is not None,
        cbar_kws={"label": label, "pad": 0.02},
    )
    axis.tick_params(axis="y", rotation=0)
