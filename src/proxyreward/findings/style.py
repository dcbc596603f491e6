"""One look for every figure of the project, on screen, in the book and in files.

Out: matplotlib's settings, and SVG text whose bytes depend on the figure alone.  Called by the
notebooks and by stages that draw.
"""

from typing import Any


def use_style() -> None:
    """Set the look of every figure: colour-blind-safe palette, quiet grid, stable SVG ids."""
    import matplotlib
    import seaborn

    seaborn.set_theme(context="notebook", style="whitegrid", palette="colorblind", font_scale=1.1)
    matplotlib.rcParams.update(
        {
            "svg.hashsalt": "proxyreward",  # ids in an SVG are random without it
            "figure.figsize": (5.8, 3.8),  # small enough that letters survive a phone's width
            "figure.constrained_layout.use": True,
            "figure.facecolor": "white",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": "#5f6b7a",
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "grid.color": "#e4e8ee",
            "legend.frameon": False,
        }
    )


def svg(fig: Any) -> str:
    """A matplotlib figure as SVG text without a date: equal figures are equal bytes."""
    import io

    buffer = io.StringIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()
