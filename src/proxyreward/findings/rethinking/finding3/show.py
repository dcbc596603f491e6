"""Figures and tables of Finding 3 for readers.

In: the tables of `measure.estimates` over replicates, with columns `estimate, low, high`. Out:
closed matplotlib figures and frames of text cells. Called by the notebook `finding3`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import last_request
from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import COLOURS, LARGE, NAMES, SMALL
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.rethinking.finding3.measure import SEPARATE, STRATEGIES, square
from proxyreward.findings.rethinking.repeats import sd_cell, with_sd
from proxyreward.vocabulary import JOINT, OPTIMISERS, ORIGINAL, PARAPHRASE, REWRITE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POLICIES = NAMES | {JOINT: "PPO on all prompts, fewer RMs", SEPARATE: "PPO per category, fewer RMs"}
LEADS = dict(same="Same category", other="Other category", columns="Best columns", rows="Best rows")


def plot_categories(categories: pd.DataFrame) -> "Figure":
    """Spearman for each pair of categories, ours beside the paper's Table 3, one colour scale."""
    means = categories[(categories["measure"] == "mean") & categories["optimiser"].isin(OPTIMISERS)]
    both = means[["estimate", "paper"]].to_numpy(dtype=float)
    limits = (np.nanmin(both), np.nanmax(both))
    names = sorted(means["downstream"].unique())
    figure, axes = drawing.canvas(6.4, 2, 2)
    for row, optimiser in zip(axes, COLOURS, strict=True):
        cells = means[means["optimiser"] == optimiser]
        for axis, column, who in zip(row, ("estimate", "paper"), ("ours", "paper"), strict=True):
            matrix = square(cells, column)
            drawing.heat_map(axis, matrix, names, names, form=".2f", limits=limits, text=LARGE)
            axis.set_title(f"{NAMES[optimiser]}, {who}", fontsize=LARGE, weight="normal")
            axis.tick_params(axis="x", rotation=60)
            axis.tick_params(labelsize=SMALL)
    figure.supxlabel("Category on which accuracy is measured", fontsize=LARGE)
    figure.supylabel("Category of the downstream prompts", fontsize=LARGE)
    place, label = {"location": "top", "shrink": 0.7}, "Spearman of accuracy and NDR"
    drawing.colour_bar(figure, axes[0, 0].collections[0], axes, label, **place)
    return figure


def table3(categories: pd.DataFrame, optimiser: str) -> pd.DataFrame:
    """Mean and sd over draws as text cells, a row per downstream category."""
    rows = with_sd(categories[categories["optimiser"] == optimiser])
    return pivot(rows, {"downstream": "Downstream"}, "accuracy_on", sd_cell)


def advantages(advantages: pd.DataFrame) -> pd.DataFrame:
    """Does the same category predict better? The paper's values in round brackets."""

    def text(row: object) -> str:
        form = ".1f" if row.measure in ("columns", "rows") else ".2f"
        return cell(row, form) + (f" ({row.paper:{form}})" if np.isfinite(row.paper) else "")

    rows = advantages.assign(optimiser=advantages["optimiser"].map(POLICIES))
    return pivot(rows, {"optimiser": "Policies"}, "measure", text, LEADS)


def plot_shares(shares: pd.DataFrame, strategies: Sequence[str] = STRATEGIES) -> "Figure":
    """Spearman by the share of changed prompts (the paper's Figure 5), a panel for each strategy.

    Raises ValueError if there is no such strategy.
    """
    known = shares["strategy"].unique().tolist()
    if unknown := [name for name in strategies if name not in known]:
        raise ValueError(f"no strategy {unknown[0]!r}; choose one of {known}")
    figure, axes = drawing.canvas(3.7, 1, len(strategies))
    for axis, strategy in zip(axes[0], strategies, strict=True):
        for shift, (optimiser, colour) in zip((-1, 1), COLOURS.items(), strict=True):
            line = shares[(shares["strategy"] == strategy) & (shares["optimiser"] == optimiser)]
            place = 100 * line["share"] + shift
            axis.plot(place, line["estimate"], color=colour)
            label = f"{NAMES[optimiser]}, 95 % interval"
            drawing.dots(axis, place, line, colour, label, upright=True)
        axis.set_title(strategy.capitalize(), fontsize=LARGE, weight="normal")
        axis.set_xlabel("Prompts changed (%)")
    axes[0, 0].set_ylabel("Spearman of accuracy and NDR")
    drawing.legend(figure, axes, 2)
    return figure


def plot_prompts(prompts: pd.DataFrame, high: float) -> "Figure":
    """Similarity of changed prompts to the originals, and guessed categories, by category.

    `high` is the agreement of categories that counts as high.
    """
    names = list(dict.fromkeys(prompts["category"]))
    panels = {
        "Similarity": {PARAPHRASE: ("paraphrase", "#56B4E9"), REWRITE: ("rewrite", "#009E73")},
        "Category right (%)": {
            "guess": ("original, held out", "black"),
            "guess_rewrite": ("rewrite", "#009E73"),
        },
    }
    figure, axes = drawing.canvas(1.4 + 0.42 * len(names), 1, 2, sharex=False)
    for axis, (title, measures), unit in zip(axes[0], panels.items(), (1, 100), strict=True):
        height = drawing.rows_on(axis, names)
        for shift, (measure, (label, colour)) in zip((0.13, -0.13), measures.items(), strict=True):
            rows = prompts[prompts["measure"] == measure].set_index("category").loc[names]
            drawing.dots(axis, height + shift, rows, colour, label, unit=unit)
        axis.set(xlim=(0, 1.03 * unit), xlabel=title)
    axes[0, 1].axvline(100 * high, color="grey", linewidth=1, linestyle=":", label="high")
    for axis in axes[0]:
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=SMALL, frameon=False)
    return figure


def examples(prompts: pd.DataFrame) -> pd.DataFrame:
    """The first prompt of each category, its paraphrase and its rewrite."""
    texts = prompts.assign(text=prompts["prompt"].map(last_request))
    wide = texts.pivot(index="prompt_id", columns="variant", values="text")
    first = prompts[prompts["variant"] == ORIGINAL].drop_duplicates("category")
    shown = wide.loc[first["prompt_id"], [ORIGINAL, PARAPHRASE, REWRITE]]
    shown.insert(0, "Category", first["category"].to_numpy())
    return shown.rename(columns=str.capitalize).sort_values("Category")
