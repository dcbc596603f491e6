"""Figures of Finding 1, each drawn from the written tables alone.

In: tables of `tables.compute` (read back is fine). Out: closed matplotlib figures, to be shown or
saved by the caller, who also sets the look of all figures. Called by the notebook `finding1`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.finding1.tables import square
from proxyreward.metrics.prediction import mrr_chance, off_diagonal
from proxyreward.metrics.resampling import draw_goldens, percentile_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

WIDTH = 6.0
PALETTE = "viridis"
GOLDEN, OURS, PAPER = "black", "#0072B2", "#D55E00"


def plot_scatter(
    pairs: pd.DataFrame,
    association: pd.DataFrame,
    *,
    rng: np.random.Generator,
    resamples: int = 500,
) -> "Figure":
    """Accuracy against NDR, a point per golden-proxy pair (the paper's Figure 3a).

    Parameters
    ----------
    pairs, association : DataFrame
        Rows of one n.
    rng : numpy.random.Generator
        Source of the resamples of golden RMs behind the trend's 95 % band.
    resamples : int
        How many of them.
    """
    figure, [[axis]] = _canvas(4.3)
    points = axis.scatter(
        100 * pairs["accuracy"],
        pairs["ndr"],
        c=pairs["flip_golden"],
        cmap=PALETTE,
        edgecolor="white",
        linewidth=0.5,
        s=45,
        zorder=3,
    )
    _trend(axis, pairs, resamples, rng)
    for level, text in ((1, "all of the golden RM's gain"), (0, "no gain")):
        axis.axhline(level, color="grey", linewidth=1, linestyle=":", zorder=1)
        place = {"ha": "right", "va": "bottom", "fontsize": 10, "color": "dimgrey"}
        axis.annotate(text, (0.99, level), xycoords=("axes fraction", "data"), **place)
    row = _row(association, "pearson", "pooled")
    axis.set_title(
        f"Pearson over all pairs: ours {_ci(row)}, paper {row.paper:.2f}",
        fontsize=11,
        weight="normal",
    )
    n = int(pairs["n"].iloc[0])
    axis.set_xlabel("Accuracy of the proxy against the golden RM (%)")
    axis.set_ylabel(f"NDR of best-of-{n} (share kept)")
    axis.legend(loc="upper left", fontsize=10, frameon=False, bbox_to_anchor=(0, 0.93))
    _bar(figure, points, axis, "Flip rate of the golden RM")
    return figure


def plot_table1(association: pd.DataFrame) -> "Figure":
    """Table 1's best-of-n row: our estimates with 95 % intervals beside the paper's values.

    Parameters
    ----------
    association : DataFrame
        Rows of one n.
    """
    figure, [[axis]] = _canvas(3.6)
    rows = association.reset_index(drop=True)
    height = np.arange(len(rows))[::-1]
    # A resampled percentile interval need not contain its estimate, so the two are drawn apart.
    axis.hlines(height, rows["ci_low"], rows["ci_high"], color=OURS, linewidth=2)
    axis.plot(rows["estimate"], height, "o", color=OURS, label="ours, 95 % interval")
    axis.plot(rows["paper"], height, "D", color=PAPER, mfc="none", mew=1.8, label="paper")
    chance = np.where(
        rows["statistic"] == "mrr", mrr_chance(max(int(rows["n_goldens"].max()) - 1, 1)), 0.0
    )
    axis.plot(chance, height, "|", color="black", markersize=16, mew=1.5, label="no relation")
    over = {"mean_g": "each golden", "pooled": "all pairs"}
    names = rows["statistic"].str.capitalize().replace("Mrr", "MRR")
    axis.set_yticks(height, names + ", " + rows["protocol"].map(over))
    axis.set_ylim(-0.6, len(rows) - 0.4)
    axis.set_xlim(-0.05 + min(0.0, rows["ci_low"].min()), 1.02)
    axis.set_xlabel("Association with best-of-n NDR")
    axis.grid(axis="y", visible=False)
    figure.legend(loc="outside upper center", ncols=3, fontsize=10, frameon=False)
    return figure


def plot_family(heldout: pd.DataFrame, flip_rates: Sequence[float]) -> "Figure":
    """Accuracy of every reward model against the oracle's labels, by flip rate.

    Parameters
    ----------
    heldout : DataFrame
        The table `accuracy` of :func:`proxyreward.findings.heldout.compute`.
    flip_rates : sequence of float
        Of the reward models in the order of that table.
    """
    figure, [[axis]] = _canvas(3.6)
    whole = heldout[heldout["turns"] == "all"]
    models = whole[whole["kind"] == "rm"]
    low, high = models["accuracy"] - models["ci_low"], models["ci_high"] - models["accuracy"]
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
    """Accuracy between golden and proxy in percent (the paper's Figure 10); rows of one n."""
    return _heat_map(pairs, 100 * square(pairs, "accuracy"), "Accuracy (%)", ".0f")


def plot_ndr(pairs: pd.DataFrame) -> "Figure":
    """Best-of-n NDR of golden and proxy in percent (a panel of the paper's Figure 11); one n."""
    n = int(pairs["n"].iloc[0])
    return _heat_map(pairs, 100 * square(pairs, "ndr"), f"NDR of best-of-{n} (%)", ".0f")


def plot_dynamics(curves: pd.DataFrame, *, goldens: int = 3, proxies: int = 5) -> "Figure":
    """Golden reward against the KL bound of best-of-n (the form of the paper's Figure 9).

    Parameters
    ----------
    curves : DataFrame
        The whole table of curves.
    goldens, proxies : int
        How many to show, spread evenly over the flip rates; fewer if there are fewer.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    rms = _by_flip(curves)
    shown = _spread(rms.index, goldens)
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    figure, axes = _canvas(0.4 + 2.8 * rows, rows, columns)
    scale = ScalarMappable(Normalize(rms.min(), rms.max()), PALETTE)
    for axis, golden in zip(axes.flat, shown, strict=False):
        own = curves[curves["golden"] == golden]
        for proxy in _spread(rms.index.drop(golden), proxies):
            line = own[own["proxy"] == proxy]
            axis.plot(line["kl_bits"], line["golden_reward"], color=scale.to_rgba(rms[proxy]))
        line = own[own["proxy"] == golden]
        axis.plot(
            line["kl_bits"], line["golden_reward"], color=GOLDEN, ls="--", label="golden itself"
        )
        axis.set_title(f"golden: flip {rms[golden]:g}", fontsize=10, weight="normal", loc="center")
        axis.set_xlabel("KL bound (bits)", fontsize=10)
    for axis in axes.flat[len(shown) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("Golden reward\n(sd of initial policy)")
    axes.flat[0].legend(loc="upper left", fontsize=9, frameon=False, borderpad=0, handlelength=1.4)
    _bar(figure, scale, axes, "Flip rate of the proxy RM")
    return figure


def _heat_map(pairs: pd.DataFrame, matrix: np.ndarray, label: str, form: str) -> "Figure":
    import seaborn as sns

    flips = pairs.drop_duplicates("golden").set_index("golden")["flip_golden"]
    order = np.argsort(flips.to_numpy(), kind="stable")
    ticks = [f"{flip:g}" for flip in flips.to_numpy()[order]]
    figure, [[axis]] = _canvas(4.9)
    axis.set_facecolor("lightgrey")
    axis.grid(visible=False)
    sns.heatmap(
        matrix[np.ix_(order, order)],
        ax=axis,
        annot=len(order) <= 12,
        fmt=form,
        cmap=PALETTE,
        linewidths=0.5,
        annot_kws={"fontsize": 12},
        xticklabels=ticks,
        yticklabels=ticks,
        cbar_kws={"label": label, "pad": 0.02},
    )
    axis.set_xlabel("Flip rate of the proxy RM")
    axis.set_ylabel("Flip rate of the golden RM")
    axis.tick_params(axis="y", rotation=0)
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


def _canvas(height: float, rows: int = 1, columns: int = 1) -> tuple["Figure", np.ndarray]:
    """Figure and axes `(rows, columns)`; closed, so that a notebook shows the figure once."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(WIDTH, height),
        layout="constrained",
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    plt.close(figure)
    return figure, axes


def _bar(
    figure: "Figure", colours: "ScalarMappable", axes: "np.ndarray | Axes", label: str
) -> None:
    bar = figure.colorbar(colours, ax=axes, label=label, pad=0.02)
    bar.outline.set_visible(False)


def _row(association: pd.DataFrame, statistic: str, protocol: str) -> pd.Series:
    chosen = (association["statistic"] == statistic) & (association["protocol"] == protocol)
    return association[chosen].iloc[0]


def _ci(row: pd.Series) -> str:
    return f"{row.estimate:.2f} [{row.ci_low:.2f}, {row.ci_high:.2f}]"


def _by_flip(curves: pd.DataFrame) -> pd.Series:
    """Flip rate of each RM by name, in ascending order."""
    unique = curves.drop_duplicates("golden").set_index("golden")["flip_golden"]
    return unique.sort_values(kind="stable")


def _spread(names: Sequence[str], count: int) -> list[str]:
    """`count` names at even steps from the first to the last, fewer if there are fewer."""
    steps = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[step] for step in steps]
