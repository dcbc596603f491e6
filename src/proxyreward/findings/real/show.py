"""Figure and table of held-out accuracies for readers.

In: the table ``accuracy`` of `heldout`. Out: a closed matplotlib figure and a frame of text cells.
Called by the notebook `real_hh`.
"""

from typing import TYPE_CHECKING

import pandas as pd

from proxyreward.data.report import DataError
from proxyreward.findings.core.drawing import GOLDEN, OURS, PAPER, SMALL, canvas, dots, rows_on
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.real.heldout import CHANCE, TURNS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROMPTS = dict(zip(TURNS, ("all prompts", "one request", "several requests"), strict=True))


def plot_accuracy(accuracy: pd.DataFrame, turns: str = "all") -> "Figure":
    """Accuracy of every reward model and, below them, baseline, beside the chance line.

    Parameters
    ----------
    turns : which prompts, a key of `PROMPTS`.

    Raises
    ------
    DataError
        If the table has no rows for ``turns``.
    """
    shown = accuracy[(accuracy["turns"] == turns) & (accuracy["name"] != CHANCE)]
    if shown.empty:
        raise DataError(f"turns {turns!r}: not in the table; choose one of {', '.join(TURNS)}")
    figure, [[axis]] = canvas(0.9 + 0.42 * len(shown))
    table = 100 * shown[["accuracy", "low", "high"]].set_axis(["estimate", "low", "high"], axis=1)
    height, models = rows_on(axis, list(shown["name"])), (shown["kind"] == "rm").to_numpy()
    dots(axis, height[models], table[models], OURS)
    dots(axis, height[~models], table[~models], PAPER, marker="s")
    axis.axvline(50, color=GOLDEN, linestyle=":", linewidth=1.2)
    top = ("data", "axes fraction")
    axis.annotate("chance", (50, 1), (0, 3), top, "offset points", ha="center", fontsize=SMALL)
    axis.set_xlabel("Accuracy on held-out pairs, %")
    return figure


def accuracy_table(accuracy: pd.DataFrame) -> pd.DataFrame:
    """Text cells, a row for each reward model and baseline, a column for each kind of prompt."""
    counts = accuracy.drop_duplicates("turns").set_index("turns")["n"]
    heads = {turns: f"{PROMPTS[turns]} (n = {n})" for turns, n in counts.items()}
    rows = accuracy.rename(columns={"accuracy": "estimate"})
    return pivot(rows, {"name": "accuracy"}, "turns", lambda row: cell(row, ".3f"), heads)
