"""Figures and tables of Finding 1 for readers.

In: tables of the stage as it wrote them; those over replicates have columns `estimate, low,
high`. Out: closed matplotlib figures and frames of text cells. Called by the notebook `finding1`;
the stage draws the scatter for the README.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, NAMES, OURS, PALETTE, STATISTICS
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.rethinking.evidence import square
from proxyreward.metrics.prediction import mrr_chance
from proxyreward.vocabulary import BEST_OF_N

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROTOCOLS = {"mean_g": "each golden", "pooled": "all pairs"}


def plot_scatter(pairs: pd.DataFrame) -> "Figure":
    """Accuracy against NDR in one run, a point per golden-proxy pair (Figure 3a and 3b).

    Of best-of-n at one n and of PPO; one optimiser alone gives one panel.
    """
    shown = pairs["optimiser"].unique()
    figure, axes = drawing.canvas(3.7 * len(shown) + 0.3, len(shown))
    for axis, optimiser in zip(axes[:, 0], shown, strict=True):
        rows = pairs[pairs["optimiser"] == optimiser]
        x, y = rows["accuracy"], rows["ndr"]
        points = axis.scatter(
            100 * x, y, c=rows["flip_golden"], cmap=PALETTE, edgecolor="white", linewidth=0.5, s=45,
            zorder=3,
        )  # fmt: skip
        if np.ptp(x) > 0 and np.isfinite(y).all():
            ends = np.array([x.min(), x.max()])
            line = np.polyval(np.polyfit(x, y, 1), ends)
            axis.plot(100 * ends, line, color=OURS, linewidth=2, label="least squares", zorder=2)
        for level, text in ((1, "all of the golden RM's gain"), (0, "no gain")):
            axis.axhline(level, color="grey", linewidth=1, linestyle=":", zorder=1)
            place = {"ha": "left", "va": "bottom", "fontsize": 10, "color": "dimgrey"}
            axis.annotate(text, (0.01, level), xycoords=("axes fraction", "data"), **place)
        axis.set_title(_named(rows), fontsize=11, weight="normal")
        axis.set_ylabel("NDR (share kept)")
    axes[-1, 0].set_xlabel("Accuracy of the proxy against the golden RM (%)")
    drawing.legend(figure, axes[0, 0])
    drawing.colour_bar(figure, points, axes, "Flip rate of the golden RM")
    return figure


def plot_table1(association: pd.DataFrame, rms: int) -> "Figure":
    """Table 1: our estimates over replicates beside the paper's values.

    Of best-of-n at one n and of PPO; the number of RMs sets the chance level of the MRR.
    """
    shown = association["optimiser"].unique()
    figure, axes = drawing.canvas(2.9 * len(shown) + 0.6, len(shown))
    for axis, optimiser in zip(axes[:, 0], shown, strict=True):
        rows = association[association["optimiser"] == optimiser]
        names = rows["statistic"].map(STATISTICS)
        height = drawing.rows_on(axis, list(names + ", " + rows["protocol"].map(PROTOCOLS)))
        drawing.dots(axis, height, rows, OURS, "ours, 95 % interval")
        drawing.papers(axis, rows["paper"], height)
        chance = np.where(rows["statistic"] == "mrr", mrr_chance(rms - 1), 0.0)
        axis.plot(chance, height, "|", color="black", markersize=16, mew=1.5, label="no relation")
        axis.set_title(_named(rows), fontsize=11, weight="normal")
    axes[-1, 0].set_xlim(-0.05 + min(0.0, np.nanmin(association[["estimate", "low"]])), 1.02)
    axes[-1, 0].set_xlabel("Association of accuracy with NDR")
    drawing.legend(figure, axes[0, 0])
    return figure


def table1(association: pd.DataFrame, rms: int) -> pd.DataFrame:
    """Table 1 as text cells, a row per optimiser and statistic; arguments of `plot_table1`."""
    names = STATISTICS | {"mrr": f"MRR (chance {mrr_chance(rms - 1):.2f})"}
    rows = association.assign(
        optimiser=association["optimiser"].map(NAMES),
        statistic=association["statistic"].map(names),
        paper=association["paper"].map("{:.2f}".format),
    )
    keys = {"optimiser": "Optimiser", "statistic": "Statistic", "paper": "Paper"}
    heads = {key: text.capitalize() for key, text in PROTOCOLS.items()}
    table = pivot(rows, keys, "protocol", cell, heads)
    return table[["Optimiser", "Statistic", *heads.values(), "Paper"]]


def plot_family(heldout: pd.DataFrame, flip_rates: Sequence[float]) -> "Figure":
    """Accuracy of every reward model against the oracle's labels, by flip rate.

    `heldout` is the table `accuracy` of `heldout.compute`; the flip rates are in its order.
    """
    figure, [[axis]] = drawing.canvas(3.6)
    whole = heldout[heldout["turns"] == "all"]
    models = whole[whole["kind"] == "rm"].rename(columns={"accuracy": "estimate"})
    label = "reward model, interval over test pairs"
    drawing.dots(axis, flip_rates, models, OURS, label, unit=100, upright=True)
    lines = {"chance": ":", "longer answer (words)": "-.", "linear model on word counts": "--"}
    for name, line in lines.items():
        level = 100 * whole.loc[whole["name"] == name, "accuracy"].iloc[0]
        axis.axhline(level, color="grey", linestyle=line, linewidth=1.2, label=name)
    axis.set(xlabel="Share of flipped training labels", ylabel="Accuracy against the oracle (%)")
    drawing.legend(figure, axis, 2)
    return figure


def plot_accuracy(pairs: pd.DataFrame) -> "Figure":
    """Accuracy between golden and proxy in percent (Figure 10); rows of one optimiser."""
    return _heat_map(pairs, 100 * square(pairs, "accuracy"), "Accuracy (%)", ".0f")


def plot_ndr(pairs: pd.DataFrame) -> "Figure":
    """NDR of golden and proxy in percent (a panel of Figure 11); rows of one optimiser."""
    return _heat_map(pairs, 100 * square(pairs, "ndr"), f"NDR of {_named(pairs)} (%)", ".0f")


def plot_dynamics(
    curves: pd.DataFrame, flips: pd.Series, *, goldens: int = 3, proxies: int = 5
) -> "Figure":
    """Golden reward against KL for several golden RMs and proxies (the form of Figure 9).

    The evidence's `curves` have rows of panels for each optimiser; `flips` holds the flip rate of
    each RM by name. So many are shown, spread evenly over the flip rates; fewer if there are fewer.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    rms = flips.sort_values(kind="stable")
    shown, optimisers = _spread(rms.index, goldens), curves["optimiser"].unique()
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    height = 0.4 + 2.7 * rows * len(optimisers)
    figure, axes = drawing.canvas(height, rows * len(optimisers), columns, sharex=False)
    scale = ScalarMappable(Normalize(rms.min(), rms.max()), PALETTE)
    for block, optimiser in enumerate(optimisers):
        panels = axes[block * rows : (block + 1) * rows]
        for axis, golden in zip(panels.flat, shown, strict=False):
            own = curves[(curves["golden"] == golden) & (curves["optimiser"] == optimiser)]
            for proxy in _spread(rms.index.drop(golden), proxies):
                line = own[own["proxy"] == proxy]
                axis.plot(line["kl_bits"], line["golden_reward"], color=scale.to_rgba(rms[proxy]))
            line, look = own[own["proxy"] == golden], {"color": GOLDEN, "ls": "--"}
            axis.plot(line["kl_bits"], line["golden_reward"], **look, label="golden itself")
            axis.set_title(f"golden: flip {rms[golden]:g}", fontsize=10, weight="normal")
            bound = " bound" if optimiser == BEST_OF_N else ""
            axis.set_xlabel(f"KL{bound} (bits)", fontsize=10)
        for axis in panels.flat[len(shown) :]:
            axis.set_visible(False)
        for axis in panels[:, 0]:
            axis.set_ylabel(f"{NAMES[optimiser]}: golden\nreward (sd)")
    axes.flat[0].legend(loc="upper left", fontsize=9, frameon=False, borderpad=0, handlelength=1.4)
    drawing.colour_bar(figure, scale, axes, "Flip rate of the proxy RM")
    return figure


def _heat_map(pairs: pd.DataFrame, matrix: np.ndarray, label: str, form: str) -> "Figure":
    flips = pairs.drop_duplicates("golden").set_index("golden")["flip_golden"]
    order = np.argsort(flips.to_numpy(), kind="stable")
    ticks = [f"{flip:g}" for flip in flips.to_numpy()[order]]
    figure, [[axis]] = drawing.canvas(4.9)
    drawing.heat_map(axis, matrix[np.ix_(order, order)], ticks, ticks, form=form, label=label)
    axis.set(xlabel="Flip rate of the proxy RM", ylabel="Flip rate of the golden RM")
    return figure


def _named(rows: pd.DataFrame) -> str:
    """What a figure calls the optimiser of some rows."""
    optimiser, n = rows["optimiser"].iloc[0], int(rows["n"].iloc[0])
    return f"best-of-{n}" if optimiser == BEST_OF_N else NAMES[optimiser]


def _spread(names: Sequence[str], count: int) -> list[str]:
    """`count` names at even steps from the first to the last, fewer if there are fewer."""
    steps = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[step] for step in steps]
