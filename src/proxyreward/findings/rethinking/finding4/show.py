"""Figures and a table of Finding 4 for readers.

In: the tables `table4` and `responses` of `measure` over replicates, with columns `estimate, low,
high`. Out: closed matplotlib figures and a frame of text cells. Called by the notebook `finding4`.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import COLOURS, LARGE, NAMES, PALETTE
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.rethinking.finding4.measure import PRINTED, figure_rows
from proxyreward.findings.rethinking.repeats import STATISTICS, with_sd
from proxyreward.metrics.prediction import mrr_chance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What the size of a test set counts, by figure.
COUNTED = dict.fromkeys(("growth", "small", "large", "second", "budgets"), "samples")
COUNTED |= {"growth": "prompts", "budgets": "comparisons"}


def plot_table4(table4: pd.DataFrame, rms: int) -> "Figure":
    """The ten metrics as predictors of regret, ours beside the paper's.

    Pale bars reach one sd over draws of the test set to either side, of the paper its ±; the number
    of reward models sets the chance level of the MRR.
    """
    figure, axes = drawing.canvas(6.4, 1, 2, sharex=False)
    groups = dict(tuple(with_sd(table4).groupby(["optimiser", "statistic"])))
    for axis, (statistic, title) in zip(axes.flat, STATISTICS.items(), strict=True):
        height = drawing.rows_on(axis, [name.replace("*", "") for name in PRINTED.values()])
        chance = mrr_chance(rms - 1) if statistic == "mrr" else 0.0
        axis.axvline(chance, color="grey", linestyle=":", linewidth=1.2, label="no relation")
        for shift, (optimiser, colour) in zip((0.2, -0.2), COLOURS.items(), strict=True):
            rows = groups[optimiser, statistic].set_index("metric").loc[list(PRINTED)]
            own, theirs = height + shift, height + shift - 0.12
            bar = {"color": colour, "alpha": 0.25, "linewidth": 4.5, "label": "± sd over draws"}
            for place, mean, sd in ((own, "estimate", "sd"), (theirs, "paper", "paper_sd")):
                axis.hlines(place, rows[mean] - rows[sd], rows[mean] + rows[sd], **bar)
            drawing.dots(axis, own, rows, colour, f"{NAMES[optimiser]}, ours")
            drawing.papers(axis, rows["paper"], theirs, colour, f"{NAMES[optimiser]}, paper")
        axis.set_xlabel(f"{title} with NDR")
    drawing.legend(figure, axes[0, 0])
    return figure


def plot_responses(responses: pd.DataFrame, name: str, metric: str = "accuracy") -> "Figure":
    """Responses per prompt against Spearman, a line for each size and a panel for each optimiser.

    Parameters
    ----------
    name : of the figure, see `measure.figure_rows`.
    metric : what was correlated.
    """
    import matplotlib.pyplot as plt

    rows = figure_rows(responses, name)
    optimisers, sizes = rows["optimiser"].unique(), rows["size"].unique()
    colours = plt.get_cmap(PALETTE)(np.linspace(0, 0.9, len(sizes)))
    figure, axes = drawing.canvas(3.8, 1, len(optimisers))
    for axis, optimiser in zip(axes.flat, optimisers, strict=True):
        for size, colour in zip(sizes, colours, strict=True):
            line = rows[(rows["optimiser"] == optimiser) & (rows["size"] == size)]
            drawing.curve(
                axis, line["n_resp"], line, colour, f"{size:,} {COUNTED[name]}", marker="o", ms=4
            )
        title = NAMES.get(optimiser, optimiser.capitalize())
        axis.set_title(title, fontsize=LARGE, weight="normal")
        axis.set_xlabel("Responses per prompt")
        axis.locator_params(axis="x", integer=True)
    axes[0, 0].set_ylabel(f"Spearman of {metric} with NDR")
    drawing.legend(figure, axes[0, 0], 2)
    return figure


def readings(table4: pd.DataFrame) -> pd.DataFrame:
    """ECE and xi in all readings: mean with interval, sd over draws, and the paper's mean ± sd."""
    rows = with_sd(table4[table4["metric"].str.startswith(("ece", "xi"))])
    column = rows["optimiser"].map(NAMES) + ", " + rows["statistic"].map(STATISTICS)
    named = rows["metric"].replace(PRINTED).str.replace("ece", "ECE")

    def text(row: Any) -> str:
        paper = f"; paper {row.paper:.2f}\u00a0±\u00a0{row.paper_sd:.2f}"
        ours = f"{cell(row)}, sd\u00a0{row.sd:.2f}"
        return (ours + (paper if np.isfinite(row.paper) else "")).replace("-", "−")

    return pivot(rows.assign(metric=named, column=column), {"metric": "Metric"}, "column", text)
