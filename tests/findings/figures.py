"""What is read off a figure: titles, names of ticks, and what is drawn under a label."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D


def title(axis: Axes) -> str:
    """In the middle or on the left."""
    return axis.get_title() or axis.get_title(loc="left")


def names(axis: Axes, of: str = "y") -> list[str]:
    """Labels of the ticks of the axis x or y."""
    return [text.get_text() for text in getattr(axis, f"get_{of}ticklabels")()]


def lines(axis: Axes) -> dict[str, Line2D]:
    """Lines by label."""
    return {line.get_label(): line for line in axis.lines}


def dots(axis: Axes) -> dict[str, np.ndarray]:
    """Places `(dots, 2)` by label."""
    return {drawn.get_label(): drawn.get_offsets() for drawn in axis.collections}


def diamonds(axis: Axes) -> list[np.ndarray]:
    """The paper's values, as far as they are drawn along the axis x."""
    return [line.get_xdata() for line in axis.lines if line.get_marker() == "D"]
