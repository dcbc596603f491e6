"""Figures and tables of Finding 2 for readers.

In: the tables of `measure.estimates` over replicates, with columns `estimate, low, high`. Out:
closed matplotlib figures and frames of text cells. Called by the notebook `finding2`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import COLOURS, LARGE, NAMES, PAPER, SMALL
from proxyreward.findings.core.text import pivot
from proxyreward.findings.rethinking.finding2.measure import BEST_REGION, ORIGIN, POOL, third
from proxyreward.findings.rethinking.repeats import STATISTICS, sd_cell, with_sd
from proxyreward.vocabulary import INITIAL

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_sources(sources: pd.DataFrame, paper: pd.DataFrame) -> "Figure":
    """Spearman and MRR of each source (Table 2); the paper's models without counterpart as a band.

    `paper` is `measure.printed_sources`, as `repeats.alone` has it.
    """
    names = list(dict.fromkeys(sources["source"]))
    figure, axes = drawing.canvas(1.9 + 0.5 * len(names), 1, 2, sharex=False)
    for axis, statistic in zip(axes[0], STATISTICS, strict=True):
        height = drawing.rows_on(axis, [source_name(name) for name in names])
        for shift, (optimiser, colour) in zip((0.14, -0.14), COLOURS.items(), strict=True):
            ours, printed = (
                table[(table["optimiser"] == optimiser) & (table["statistic"] == statistic)]
                for table in (with_sd(sources), with_sd(paper))
            )
            printed = printed.set_index("source")["estimate"]
            label = f"{NAMES[optimiser]}: ours, 95 % interval"
            drawing.dots(axis, height + shift, ours, colour, label)
            label = f"{NAMES[optimiser]}: paper"
            drawing.papers(axis, printed.reindex(names), height + shift, colour, label)
            others = printed.drop(names, errors="ignore")
            label = f"{NAMES[optimiser]}: paper's other models"
            axis.axvspan(others.min(), others.max(), color=colour, alpha=0.13, lw=0, label=label)
        axis.set_xlabel(STATISTICS[statistic])
    figure.supxlabel("Association of accuracy with NDR", fontsize=LARGE)
    drawing.legend(figure, axes, 2)
    return figure


def table2(sources: pd.DataFrame) -> pd.DataFrame:
    """Mean and sd over draws as text cells, a row per source, of ours or the paper's."""
    rows = with_sd(sources)
    head = rows["optimiser"].map(NAMES) + ", " + rows["statistic"].map(STATISTICS)
    rows = rows.assign(source=rows["source"].map(source_name), head=head)
    return pivot(rows, {"source": "Source"}, "head", sd_cell)


def plot_bins(bins: pd.DataFrame) -> "Figure":
    """Spearman for each pair of golden-rank bins, a panel per optimiser (the paper's Figure 4).

    The cells where the paper finds the strongest association are outlined.
    """
    from matplotlib.patches import Rectangle

    size = int(bins["rejected"].max()) + 1
    ticks = [str(place + 1) for place in range(size)]
    limits = (bins["estimate"].min(), bins["estimate"].max())
    # Numbers in many cells need the whole width.
    few = size <= 6
    figure, axes = drawing.canvas(3.6, 1, 2) if few else drawing.canvas(7.4, 2, 1)
    for axis, optimiser in zip(axes.flat, COLOURS, strict=True):
        rows = bins[bins["optimiser"] == optimiser]
        matrix = np.full((size, size), np.nan)
        matrix[rows["chosen"], rows["rejected"]] = rows["estimate"]
        look = {"form": ".2f", "limits": limits, "text": 12 if few else SMALL}
        drawing.heat_map(axis, matrix[:-1, 1:], ticks[:-1], ticks[1:], **look)
        for chosen, rejected in zip(rows["chosen"], rows["rejected"], strict=True):
            if (third(chosen, size), third(rejected, size)) == BEST_REGION[optimiser]:
                corner = (rejected - 1 + 0.04, chosen + 0.04)
                axis.add_patch(Rectangle(corner, 0.92, 0.92, fill=False, ec=PAPER, linewidth=3))
        axis.set_title(NAMES[optimiser], fontsize=LARGE, weight="normal")
        axis.set(ylabel="Chosen: bin (1 = best)", xlabel="Rejected: bin (1 = best)")
        axis.label_outer()
    shown, place = axes.flat[0].collections[0], {"orientation": "horizontal", "shrink": 0.6}
    drawing.colour_bar(figure, shown, axes, "Spearman of accuracy and NDR", **place)
    return figure


def source_name(source: str) -> str:
    """What a figure calls a source."""
    names = {INITIAL: "own policy*", ORIGIN: "mixed (Origin)", POOL: "own policy, its pool"}
    return names.get(source, source)
