"""Figures of Finding 4, drawn from the written tables.

In: tables of `tables.summarise` (read back is fine). Out: closed matplotlib figures, to be shown
or saved by the caller, who also sets the look of all figures. Called by the notebook `finding4`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import COLOURS, NAMES, PALETTE, canvas
from proxyreward.findings.rethinking.finding4.tables import PRINTED, STATISTICS
from proxyreward.metrics.prediction import mrr_chance

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_table4(table4: pd.DataFrame, n_rms: int) -> "Figure":
    """The ten metrics as predictors of regret, ours beside the paper's.

    Parameters
    ----------
    table4 : DataFrame
        The table of that name.
    n_rms : int
        Number of reward models; it sets the chance level of the MRR.
    """
    figure, axes = canvas(6.2, 1, 2, sharex=False)
    height = pd.Series(np.arange(len(PRINTED))[::-1], index=list(PRINTED))
    for axis, (statistic, title) in zip(axes.flat, STATISTICS.items(), strict=True):
        chance = mrr_chance(n_rms - 1) if statistic == "mrr" else 0.0
        for shift, (optimiser, colour) in zip((0.17, -0.17), COLOURS.items(), strict=True):
            rows = table4[(table4["statistic"] == statistic) & table4["metric"].isin(PRINTED)]
            rows = rows[rows["optimiser"] == optimiser]
            place, name = rows["metric"].map(height) + shift, NAMES[optimiser]
            axis.hlines(place, rows["low"], rows["high"], color=colour, linewidth=1)
            axis.errorbar(
                rows["mean"], place, xerr=rows["sd"], fmt="o", color=colour, ms=5,
                elinewidth=3, label=f"{name}, ours",
            )  # fmt: skip
            axis.errorbar(
                rows["paper"], place, xerr=rows["paper_pm"], fmt="D", color=colour, mfc="none",
                ms=6, mew=1.3, elinewidth=1, alpha=0.6, label=f"{name}, paper",
            )  # fmt: skip
        axis.axvline(chance, color="grey", linestyle=":", linewidth=1.2, label="no relation")
        axis.set_yticks(height, [name.replace("*", "") for name in PRINTED.values()])
        axis.set_ylim(-0.6, len(height) - 0.4)
        axis.grid(axis="y", visible=False)
        axis.set_xlabel(f"{title} with NDR")
    reference, *handles = axes[0, 0].get_legend_handles_labels()[0]
    figure.legend(
        handles=[*handles, reference],
        loc="outside upper center",
        ncols=3,
        fontsize=9,
        frameon=False,
    )
    return figure


def plot_responses(
    table: pd.DataFrame, by: str, label: str, metric: str = "accuracy", height: float = 3.8
) -> "Figure":
    """Responses per prompt against Spearman, a line for each size and a panel for each optimiser.

    Parameters
    ----------
    table : DataFrame
        Rows of `growth`, `samples` or `budgets` that are to be shown.
    by : str
        Column that tells the lines apart, such as `n_sample`.
    label : str
        What it counts, such as "samples".
    metric : str
        Metric that was correlated.
    height : float
        Of the figure in inches.
    """
    import matplotlib.pyplot as plt

    optimisers, lines = table["optimiser"].unique(), table[by].unique()
    colours = plt.get_cmap(PALETTE)(np.linspace(0, 0.9, len(lines)))
    figure, axes = canvas(height, 1, len(optimisers))
    for axis, optimiser in zip(axes.flat, optimisers, strict=True):
        for size, colour in zip(lines, colours, strict=True):
            rows = table[(table["optimiser"] == optimiser) & (table[by] == size)]
            axis.plot(
                rows["n_resp"], rows["mean"], "o-", color=colour, ms=4, label=f"{size:,} {label}"
            )
            axis.fill_between(
                rows["n_resp"], rows["low"], rows["high"], color=colour, alpha=0.13, linewidth=0
            )
        title = NAMES.get(optimiser, optimiser.capitalize())
        axis.set_title(title, fontsize=11, weight="normal", loc="center")
        axis.set_xlabel("Responses per prompt")
        axis.locator_params(axis="x", integer=True)
    axes[0, 0].set_ylabel(f"Spearman of {metric} with NDR")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=9, frameon=False)
    return figure
