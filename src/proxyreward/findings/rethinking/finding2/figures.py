"""Figures of Finding 2, drawn from the summaries of `tables.summarise`.

In: those tables, fresh or read back. Out: closed matplotlib figures. Called by the notebook
`finding2`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import COLOURS, NAMES, PAPER, canvas, heat_map
from proxyreward.findings.rethinking.finding2.tables import (
    BEST_REGION,
    KEYS,
    STATISTICS,
    source_name,
    third,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch


def plot_sources(sources: pd.DataFrame, paper: pd.DataFrame) -> "Figure":
    """Spearman and MRR of each source, mean and 95 % range over draws (the paper's Table 2).

    Parameters
    ----------
    sources : DataFrame
        Of `finding2.summarise`.
    paper : DataFrame
        `finding2.paper_sources`; where a source of ours has no
        counterpart there, the paper's other sources are drawn as a band.
    """
    names = list(dict.fromkeys(sources["source"]))
    height = np.arange(len(names))[::-1]
    figure, axes = canvas(1.9 + 0.5 * len(names), 1, 2, sharex=False)
    for axis, statistic in zip(axes[0], STATISTICS, strict=True):
        for shift, (optimiser, colour) in zip((0.14, -0.14), COLOURS.items(), strict=True):
            ours, printed = (
                _rows(table, optimiser, statistic, names) for table in (sources, paper)
            )
            axis.hlines(height + shift, ours["low"], ours["high"], color=colour, linewidth=2)
            label = f"{NAMES[optimiser]}: ours, 95 % of draws"
            axis.plot(ours["mean"], height + shift, "o", color=colour, label=label)
            style = {"color": colour, "mfc": "none", "mew": 1.6, "label": "paper"}
            axis.plot(printed["mean"], height + shift, "D", **style)
            others = paper[~paper["source"].isin(names) & (paper["optimiser"] == optimiser)]
            span = others.loc[others["statistic"] == statistic, "mean"]
            label = "paper's other models"
            axis.axvspan(span.min(), span.max(), color=colour, alpha=0.13, lw=0, label=label)
        axis.set_xlabel(STATISTICS[statistic])
        axis.grid(axis="y", visible=False)
    axes[0, 0].set_yticks(height, [source_name(name) for name in names])
    figure.supxlabel("Association of accuracy with NDR", fontsize=12)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=9, frameon=False)
    return figure


def plot_bins(bins: pd.DataFrame) -> "Figure":
    """Spearman for each pair of golden-rank bins, a panel per optimiser (the paper's Figure 4).

    The cells where the paper finds the strongest association are outlined.

    Parameters
    ----------
    bins : DataFrame
        Of `finding2.summarise`.
    """
    size = int(bins["rejected"].max()) + 1
    ticks = [f"{place + 1}" for place in range(size)]
    limits = (bins["mean"].min(), bins["mean"].max())
    # Numbers in many cells need the whole width.
    few = size <= 6
    figure, axes = canvas(3.6, 1, 2) if few else canvas(7.4, 2, 1)
    look = {"form": ".2f", "limits": limits, "text": 12 if few else 10}
    for axis, optimiser in zip(axes.flat, COLOURS, strict=True):
        rows = bins[bins["optimiser"] == optimiser]
        matrix = np.full((size, size), np.nan)
        matrix[rows["chosen"], rows["rejected"]] = rows["mean"]
        heat_map(axis, matrix[:-1, 1:], ticks[:-1], ticks[1:], **look)
        for chosen, rejected in zip(rows["chosen"], rows["rejected"], strict=True):
            if (third(chosen, size), third(rejected, size)) == BEST_REGION[optimiser]:
                axis.add_patch(_outline(rejected - 1, chosen))
        axis.set_title(NAMES[optimiser], fontsize=11, weight="normal")
        axis.set_ylabel("Chosen: bin (1 = best)")
        axis.set_xlabel("Rejected: bin (1 = best)")
        axis.label_outer()
    figure.colorbar(
        axes.flat[0].collections[0], ax=axes, label="Spearman of accuracy and NDR", pad=0.02,
        orientation="horizontal", shrink=0.6,
    ).outline.set_visible(False)  # fmt: skip
    return figure


def _outline(column: int, row: int) -> "Patch":
    from matplotlib.patches import Rectangle

    return Rectangle(
        (column + 0.04, row + 0.04), 0.92, 0.92, fill=False, edgecolor=PAPER, linewidth=3
    )


def _rows(table: pd.DataFrame, optimiser: str, statistic: str, sources: list[str]) -> pd.DataFrame:
    chosen = table.set_index(list(KEYS["sources"])).xs((optimiser, statistic), level=[1, 2])
    return chosen.reindex(sources)
