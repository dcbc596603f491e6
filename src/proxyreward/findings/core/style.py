"""One look for every figure of the project, on screen, in the book and in files.

Out: matplotlib's settings, and SVG text whose bytes depend on the figure alone: a user's own
settings of matplotlib (a `matplotlibrc`, a style, a backend) and fonts have no part in them.
"""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def use_style() -> None:
    """Set the look of every figure: colour-blind-safe palette, quiet grid, stable SVG ids."""
    # Read while matplotlib is imported, where a broken one stops it.
    os.environ |= {"MATPLOTLIBRC": own_settings(), "MPLBACKEND": _backend()}
    import matplotlib
    import seaborn

    matplotlib.rcdefaults()
    seaborn.set_theme(context="notebook", style="whitegrid", palette="colorblind", font_scale=1.1)
    matplotlib.rcParams.update(
        {
            "svg.hashsalt": "proxyreward",  # ids in an SVG are random without it
            "font.sans-serif": ["DejaVu Sans"],  # the one that matplotlib brings along
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

    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context():
        use_style()  # saving reads settings too
        fig.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def own_settings() -> str:
    """Path of the settings that matplotlib ships; does not import it."""
    (home,) = find_spec("matplotlib").submodule_search_locations
    return str(Path(home) / "mpl-data" / "matplotlibrc")


def _backend() -> str:
    """The backend in force in a notebook, which shows figures; elsewhere one without a screen."""
    given = os.environ.get("MPLBACKEND", "")
    return given if "inline" in given else "agg"
