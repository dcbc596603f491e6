"""Figures of Finding 1, each drawn from the written tables alone.

In: tables of `tables.compute` (read back is fine). Out: closed matplotlib figures, to be shown or
saved by the caller, who also sets the look of all figures. Called by the notebook `finding1`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import (
    GOLDEN,
    NAMES,
    OURS,
    PALETTE,
    PAPER,
    canvas,
    colour_bar,
    heat_map,
    with_interval,
)
from proxyreward.findings.rethinking.finding1.tables import square
from proxyreward.metrics.prediction import mrr_chance, off_diagonal
from proxyreward.metrics.resampling import draw_goldens, percentile_interval
from proxyreward.vocabulary import BEST_OF_N

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_scatter(
    pairs: pd.DataFrame,
    association: pd.DataFrame,
    *,
    rng: np.random.Generator,
    resamples: int = 500,
) -> "Figure":
    """Accuracy against NDR, a point per golden-proxy pair (the paper's Figure 3a and 3b).

    Parameters
    ----------
    pairs, association : DataFrame
        Rows of best-of-n at one n, and of PPO; one optimiser alone gives one panel.
    rng : numpy.random.Generator
        Source of the resamples of golden RMs behind the trend's 95 % band.
    resamples : int
        How many of them.
    """
    shown = pairs["optimiser"].unique()
    figure, axes = canvas(3.7 * len(shown) + 0.3, len(shown))
    for axis, optimiser in zip(axes[:, 0], shown, strict=True):
        rows = pairs[pairs["optimiser"] == optimiser]
        points = axis.scatter(
            100 * rows["accuracy"],
            rows["ndr"],
            c=rows["flip_golden"],
            cmap=PALETTE,
            edgecolor="white",
            linewidth=0.5,
            s=45,
            zorder=3,
        )
        _trend(axis, rows, resamples, rng)
        for level, text in ((1, "all of the golden RM's gain"), (0, "no gain")):
            axis.axhline(level, color="grey", linewidth=1, linestyle=":", zorder=1)
            place = {"ha": "left", "va": "bottom", "fontsize": 10, "color": "dimgrey"}
            axis.annotate(text, (0.01, level), xycoords=("axes fraction", "data"), **place)
        row = _row(association[association["optimiser"] == optimiser], "pearson", "pooled")
        axis.set_title(
            f"{_named(rows)}: pooled Pearson {_ci(row)}, paper {row.paper:.2f}",
            fontsize=11,
            weight="normal",
        )
        axis.set_ylabel("NDR (share kept)")
    axes[-1, 0].set_xlabel("Accuracy of the proxy against the golden RM (%)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", fontsize=10)
    colour_bar(figure, points, axes, "Flip rate of the golden RM")
    return figure


def plot_table1(association: pd.DataFrame) -> "Figure":
    """Table 1: our estimates with 95 % intervals beside the paper's values.

    Parameters
    ----------
    association : DataFrame
        Rows of best-of-n at one n, and of PPO.
    """
    shown = association["optimiser"].unique()
    figure, axes = canvas(2.9 * len(shown) + 0.6, len(shown))
    over = {"mean_g": "each golden", "pooled": "all pairs"}
    for axis, optimiser in zip(axes[:, 0], shown, strict=True):
        rows = association[association["optimiser"] == optimiser].reset_index(drop=True)
        height = np.arange(len(rows))[::-1]
        # A resampled percentile interval need not contain its estimate: they are drawn apart.
        axis.hlines(height, rows["low"], rows["high"], color=OURS, linewidth=2)
        axis.plot(rows["estimate"], height, "o", color=OURS, label="ours, 95 % interval")
        axis.plot(rows["paper"], height, "D", color=PAPER, mfc="none", mew=1.8, label="paper")
        chance = np.where(
            rows["statistic"] == "mrr", mrr_chance(max(int(rows["n_goldens"].max()) - 1, 1)), 0.0
        )
        axis.plot(chance, height, "|", color="black", markersize=16, mew=1.5, label="no relation")
        names = rows["statistic"].str.capitalize().replace("Mrr", "MRR")
        axis.set_yticks(height, names + ", " + rows["protocol"].map(over))
        axis.set_ylim(-0.6, len(rows) - 0.4)
        axis.set_title(_named(rows), fontsize=11, weight="normal")
        axis.grid(axis="y", visible=False)
    axes[-1, 0].set_xlim(-0.05 + min(0.0, association["low"].min()), 1.02)
    axes[-1, 0].set_xlabel("Association of accuracy with NDR")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=3, fontsize=10, frameon=False)
    return figure


def plot_family(heldout: pd.DataFrame, flip_rates: Sequence[float]) -> "Figure":
    """Accuracy of every reward model against the oracle's labels, by flip rate.

    Parameters
    ----------
    heldout : DataFrame
        The table `accuracy` of `heldout.compute`.
    flip_rates : sequence of float
        Of the reward models in the order of that table.
    """
    figure, [[axis]] = canvas(3.6)
    whole = heldout[heldout["turns"] == "all"]
    models = whole[whole["kind"] == "rm"]
    low, high = models["accuracy"] - models["low"], models["high"] - models["accuracy"]
    axis.errorbar(
        flip_rates, 100 * models["accuracy"], 100 * np.stack([low, high]), fmt="o", color=OURS,
        label="reward model, 95 % interval",
    )  # fmt: skip
    shown = (
        ("chance", ":"),
        ("longer answer (words)", "-."),
        ("linear model on word counts", "--"),
    )
    for name, line in shown:
        level = 100 * whole.loc[whole["name"] == name, "accuracy"].iloc[0]
        axis.axhline(level, color="grey", linestyle=line, linewidth=1.2, label=name)
    axis.set_xlabel("Share of flipped training labels")
    axis.set_ylabel("Accuracy against the oracle (%)")
    figure.legend(loc="outside upper center", ncols=2, fontsize=9, frameon=False)
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

    Parameters
    ----------
    curves : DataFrame
        The evidence's table: a row of panels for each optimiser in it.
    flips : Series
        Flip rate of each RM by name.
    goldens, proxies : int
        How many to show, spread evenly over the flip rates; fewer if there are fewer.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    rms = flips.sort_values(kind="stable")
    shown, optimisers = _spread(rms.index, goldens), curves["optimiser"].unique()
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure, axes = canvas(
        0.4 + 2.7 * rows * len(optimisers), rows * len(optimisers), columns, sharex=False
    )
    scale = ScalarMappable(Normalize(rms.min(), rms.max()), PALETTE)
    for block, optimiser in enumerate(optimisers):
        panels = axes[block * rows : (block + 1) * rows]
        for axis, golden in zip(panels.flat, shown, strict=False):
            own = curves[(curves["golden"] == golden) & (curves["optimiser"] == optimiser)]
            for proxy in _spread(rms.index.drop(golden), proxies):
                line = own[own["proxy"] == proxy]
                axis.plot(line["kl_bits"], line["golden_reward"], color=scale.to_rgba(rms[proxy]))
            line = own[own["proxy"] == golden]
            axis.plot(
                line["kl_bits"], line["golden_reward"], color=GOLDEN, ls="--", label="golden itself"
            )
            axis.set_title(f"golden: flip {rms[golden]:g}", fontsize=10, weight="normal")
            bound = " bound" if optimiser == BEST_OF_N else ""
            axis.set_xlabel(f"KL{bound} (bits)", fontsize=10)
        for axis in panels.flat[len(shown) :]:
            axis.set_visible(False)
        for axis in panels[:, 0]:
            axis.set_ylabel(f"{NAMES[optimiser]}: golden\nreward (sd)")
    axes.flat[0].legend(loc="upper left", fontsize=9, frameon=False, borderpad=0, handlelength=1.4)
    colour_bar(figure, scale, axes, "Flip rate of the proxy RM")
    return figure


def _heat_map(pairs: pd.DataFrame, matrix: np.ndarray, label: str, form: str) -> "Figure":
    flips = pairs.drop_duplicates("golden").set_index("golden")["flip_golden"]
    order = np.argsort(flips.to_numpy(), kind="stable")
    ticks = [f"{flip:g}" for flip in flips.to_numpy()[order]]
    figure, [[axis]] = canvas(4.9)
    heat_map(axis, matrix[np.ix_(order, order)], ticks, ticks, form=form, label=label)
    axis.set_xlabel("Flip rate of the proxy RM")
    axis.set_ylabel("Flip rate of the golden RM")
    return figure


def _trend(axis: "Axes", pairs: pd.DataFrame, resamples: int, rng: np.random.Generator) -> None:
    """Least-squares line with its band; whole golden RMs are resampled, not points."""
    x, y = off_diagonal(square(pairs, "accuracy")), off_diagonal(square(pairs, "ndr"))
    grid = np.linspace(x.min(), x.max(), 50)
    if np.ptp(x) == 0 or not np.isfinite(y).all():
        return
    lines = []
    for draw in draw_goldens(len(x), resamples, rng):
        if np.ptp(x[draw]) > 0:
            lines.append(np.polyval(np.polyfit(x[draw].ravel(), y[draw].ravel(), 1), grid))
    low, high = np.array([percentile_interval(values) for values in np.array(lines).T]).T
    line = np.polyval(np.polyfit(x.ravel(), y.ravel(), 1), grid)
    axis.plot(100 * grid, line, color=OURS, linewidth=2, label="trend, 95 % band", zorder=2)
    axis.fill_between(100 * grid, low, high, color=OURS, alpha=0.2, linewidth=0, zorder=2)


def _row(association: pd.DataFrame, statistic: str, protocol: str) -> pd.Series:
    chosen = (association["statistic"] == statistic) & (association["protocol"] == protocol)
    return association[chosen].iloc[0]


def _ci(row: pd.Series) -> str:
    return with_interval(row.estimate, row.low, row.high)


def _named(rows: pd.DataFrame) -> str:
    """What a figure calls the optimiser of some rows."""
    optimiser, n = rows["optimiser"].iloc[0], int(rows["n"].iloc[0])
    return f"best-of-{n}" if optimiser == BEST_OF_N else NAMES[optimiser]


def _spread(names: Sequence[str], count: int) -> list[str]:
    """`count` names at even steps from the first to the last, fewer if there are fewer."""
    steps = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[step] for step in steps]
