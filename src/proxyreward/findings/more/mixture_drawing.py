"""The training schemes of paper *more* with their names and colours, and box plots of margins.

Called by `mixtures` and the findings that read it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from proxyreward.findings.core.drawing import COLOURS, GOLDEN
from proxyreward.metrics.outliers import REACH
from proxyreward.vocabulary import (
    BALANCED,
    MORE,
    MORE_AS_IS,
    MULTITASK,
    MULTITASK_AS_IS,
    PUBLIC_CODE,
    RAW,
    SINGLE,
    TOP,
    UPGRAD,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCHEMES = (RAW, TOP, MULTITASK, MORE)  # of the paper
FLOOR = "floor: chance alone"
FLOOR_LOOK = {"color": "grey", "alpha": 0.22, "lw": 0, "label": FLOOR}
CONTROLS = (BALANCED, PUBLIC_CODE, UPGRAD, MULTITASK_AS_IS, MORE_AS_IS)  # on the largest base alone
# A reward model on one source is "single"; on each test set that of its own source is the top. The
# two schemes that are compared throughout have the two strong colours.
_LOOKS = {
    RAW: ("Raw", "#808080"),
    SINGLE: ("Single", "#009E73"),
    TOP: ("Top", "#009E73"),
    MULTITASK: ("MultiTask", COLOURS["best-of-n"]),
    MORE: ("MORE", COLOURS["ppo"]),
    BALANCED: ("MultiTask, balanced batches", "#56B4E9"),
    PUBLIC_CODE: ("MORE, public code", "#E69F00"),
    UPGRAD: ("UPGrad", "#CC79A7"),
    MULTITASK_AS_IS: ("MultiTask, sources as they are", "#004B75"),
    MORE_AS_IS: ("MORE, sources as they are", "#8A3B00"),
}
SCHEME_NAMES: dict[str, str] = {scheme: name for scheme, (name, _) in _LOOKS.items()}
SCHEME_COLOURS: dict[str, str] = {scheme: colour for scheme, (_, colour) in _LOOKS.items()}


def draw_floor(axis: "Axes", floor: float, *, upright: bool = False, both: bool = False) -> None:
    """Shade what an ECE is by chance alone: from 0 to the floor, on both sides for a difference."""
    span = axis.axhspan if upright else axis.axvspan
    span(-floor if both else 0, floor, zorder=0, **FLOOR_LOOK)


def boxes(
    axis: "Axes",
    values: Sequence[np.ndarray],
    places: np.ndarray | Sequence[float],
    colours: Sequence[object],
    *,
    solid: bool = True,
    upright: bool = False,
    width: float = 0.24,
) -> None:
    """Box plots with whiskers of `REACH` interquartile ranges: in their colours, or hollow."""
    drawn = axis.boxplot(
        values, positions=places, widths=width, whis=REACH, patch_artist=True, manage_ticks=False,
        orientation="vertical" if upright else "horizontal",
        medianprops={"color": GOLDEN, "linewidth": 1.5},
        flierprops={"marker": ".", "ms": 3, "alpha": 0.5},
    )  # fmt: skip
    for part, colour in zip(drawn["boxes"], colours, strict=True):
        part.set(facecolor=colour if solid else "white", edgecolor=GOLDEN if solid else colour)
        part.set_linewidth(1 if solid else 2)
