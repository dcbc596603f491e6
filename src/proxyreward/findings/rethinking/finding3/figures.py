"""Figures of Finding 3, drawn from the summaries of `summaries.summarise`.

In: those tables, fresh or read back. Out: closed matplotlib figures. Called by the notebook
`finding3`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import COLOURS, NAMES, canvas, heat_map
from proxyreward.findings.rethinking.finding3.summaries import square
from proxyreward.findings.rethinking.finding3.tables import STRATEGIES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_categories(categories: pd.DataFrame, paper: pd.DataFrame) -> "Figure":
    """Spearman for each pair of categories, ours beside the paper's Table 3, one colour scale.

    Parameters
    ----------
    categories : DataFrame
        Of `finding3.summarise`.
    paper : DataFrame
        `finding3.paper_categories`.
    """
    both = pd.concat([categories, paper])
    limits = (both["mean"].min(), both["mean"].max())
    figure, axes = canvas(6.4, 2, 2)
    for row, optimiser in zip(axes, COLOURS, strict=True):
        for axis, (who, table) in zip(row, (("ours", categories), ("paper", paper)), strict=True):
            cells = table[table["optimiser"] == optimiser]
            names = sorted(cells["downstream"].unique())
            heat_map(axis, square(cells), names, names, form=".2f", limits=limits, text=11)
            axis.set_title(f"{NAMES[optimiser]}, {who}", fontsize=11, weight="normal")
            axis.tick_params(axis="x", rotation=60)
            axis.tick_params(labelsize=10)
    figure.supxlabel("Category on which accuracy is measured", fontsize=12)
    figure.supylabel("Category of the downstream prompts", fontsize=12)
    figure.colorbar(
        axes[0, 0].collections[0], ax=axes, label="Spearman of accuracy and NDR", pad=0.02,
        location="top", shrink=0.7,
    ).outline.set_visible(False)  # fmt: skip
    return figure


def plot_shares(shares: pd.DataFrame, strategies: Sequence[str] = STRATEGIES) -> "Figure":
    """Spearman by the share of changed prompts, mean and 95 % of draws (the paper's Figure 5).

    Parameters
    ----------
    shares : DataFrame
        Of `finding3.summarise`.
    strategies : sequence of str
        Which to show, a panel each.

    Raises
    ------
    ValueError
        If there is no such strategy.
    """
    known = shares["strategy"].unique().tolist()
    if unknown := [name for name in strategies if name not in known]:
        raise ValueError(f"no strategy {unknown[0]!r}; choose one of {known}")
    figure, axes = canvas(3.7, 1, len(strategies))
    for axis, strategy in zip(axes[0], strategies, strict=True):
        for shift, (optimiser, colour) in zip((-1, 1), COLOURS.items(), strict=True):
            chosen = (shares["strategy"] == strategy) & (shares["optimiser"] == optimiser)
            line = shares[chosen]
            reach = [line["mean"] - line["low"], line["high"] - line["mean"]]
            axis.errorbar(
                100 * line["share"] + shift, line["mean"], reach, fmt="o-", color=colour,
                label=f"{NAMES[optimiser]}, 95 % of draws",
            )  # fmt: skip
        axis.set_title(strategy.capitalize(), fontsize=11, weight="normal")
        axis.set_xlabel("Prompts changed (%)")
    axes[0, 0].set_ylabel("Spearman of accuracy and NDR")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=10, frameon=False)
    return figure


def plot_prompts(prompts: pd.DataFrame, high: float) -> "Figure":
    """Similarity of changed prompts to the originals, and guessed categories, by category.

    Parameters
    ----------
    prompts : DataFrame
        Of `finding3.summarise`.
    high : float
        Agreement of categories that counts as high.
    """
    names = list(dict.fromkeys(prompts["category"]))
    height = np.arange(len(names))[::-1]
    panels = {
        "Similarity": {"paraphrase": "paraphrase", "rewrite": "rewrite"},
        "Category right (%)": {"guess": "original, held out", "guess_rewrite": "rewrite"},
    }
    colours = dict(paraphrase="#56B4E9", rewrite="#009E73", guess="black", guess_rewrite="#009E73")
    figure, axes = canvas(1.4 + 0.42 * len(names), 1, 2, sharex=False)
    for axis, (title, measures), unit in zip(axes[0], panels.items(), (1, 100), strict=True):
        for shift, (measure, label) in zip((0.13, -0.13), measures.items(), strict=True):
            rows = prompts[prompts["measure"] == measure].set_index("category").loc[names]
            colour = colours[measure]
            axis.hlines(height + shift, unit * rows["low"], unit * rows["high"], color=colour, lw=2)
            axis.plot(unit * rows["estimate"], height + shift, "o", color=colour, label=label)
        axis.set_xlim(0, 1.03 * unit)
        axis.set_xlabel(title)
        axis.grid(axis="y", visible=False)
    axes[0, 1].axvline(100 * high, color="grey", linewidth=1, linestyle=":", label="high")
    axes[0, 0].set_yticks(height, names)
    for axis in axes[0]:
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=9, frameon=False)
    return figure
