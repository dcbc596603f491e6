"""What the figures of all findings share: canvas, colours, heat maps, text cells.

In: sizes, matrices and labels. Out: closed matplotlib figures, to be shown or saved by the caller,
who also sets the look (`style.use_style`). Called by the figure modules of the findings.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

WIDTH = 6.0
PALETTE = "viridis"
GOLDEN, OURS, PAPER = "black", "#0072B2", "#D55E00"
COLOURS = {"best-of-n": "#0072B2", "ppo": "#D55E00"}
NAMES = {"best-of-n": "Best-of-n", "ppo": "PPO"}


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


def colour_bar(
    figure: "Figure", colours: "ScalarMappable", axes: "np.ndarray | Axes", label: str
) -> None:
    """A colour bar without a frame beside the axes."""
    bar = figure.colorbar(colours, ax=axes, label=label, pad=0.02)
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


def with_interval(estimate: float, low: float, high: float, form: str = ".2f") -> str:
    """Text cell ``estimate [low, high]`` that does not break inside its brackets."""
    return f"{estimate:{form}} [{low:{form}},\u00a0{high:{form}}]"
