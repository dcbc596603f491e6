"""Figures drawn from the rewards themselves: boxes, reliability, training, and the scale's effect.

In: margins of `Mixtures`, the frames of `diagrams` and the table `growth`. Out: closed matplotlib
figures. Called by the notebook `more_rewards`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import canvas
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS, SCHEME_NAMES
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_rewards.diagrams import ORIENTATIONS, form_name
from proxyreward.findings.more.more_rewards.figures import AXES, MARKERS
from proxyreward.findings.more.more_rewards.replicates import ALL, READINGS, SCHEMES
from proxyreward.metrics.outliers import REACH
from proxyreward.vocabulary import HH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_boxes(mixtures: Mixtures, reading: str, seed: int) -> "Figure":
    """Box plots of the reward differences of one reward model of each scheme (Figure 5).

    Parameters
    ----------
    mixtures : Mixtures
    reading : str
        ``by sign`` draws a filled box of the positive differences and a hollow one of the negative
        ones, ``one box`` a box of all. Points are what the tables count as outliers.
    seed : int
        Which reward model of each kind.
    """
    apart = reading == READINGS[0]
    figure, axes = canvas(1.0 + 2.1 * len(mixtures.bases), len(mixtures.bases), len(HH))
    for row, base in zip(axes, mixtures.bases):
        for axis, source in zip(row, HH):
            for place, scheme in enumerate(SCHEMES):
                margin = mixtures.margin(scheme, base)[seed, mixtures.source == source]
                parts = [margin[margin > 0], margin[margin < 0]] if apart else [margin]
                for part, filled in zip(parts, (True, False)):
                    _box(axis, part, place, SCHEME_COLOURS[scheme], filled)
            axis.axhline(0, color="grey", linewidth=1, zorder=1)
            axis.grid(axis="x", visible=False)
        row[0].set_ylabel(base)
    for axis, source in zip(axes[0], HH):
        axis.set_title(source.title(), fontsize=11, weight="normal")
    axes[0, 0].set_xticks(range(len(SCHEMES)), [SCHEME_NAMES[scheme] for scheme in SCHEMES])
    figure.supylabel("Reward of the chosen less that of the rejected response", fontsize=11)
    return figure


def plot_reliability(bins: pd.DataFrame) -> "Figure":
    """Reliability diagrams, a row for each scheme, a column for each orientation.

    Parameters
    ----------
    bins : DataFrame
        Of `more_rewards.reliability_bins`.
    """
    schemes = bins["scheme"].unique()
    figure, axes = canvas(2.1 * len(schemes) + 0.4, len(schemes), 2, sharex="col", sharey="col")
    for row, scheme in zip(axes, schemes):
        for axis, (orientation, words) in zip(row, ORIENTATIONS.items()):
            own = bins[(bins["scheme"] == scheme) & (bins["orientation"] == orientation)]
            start, colour = (0.5 if orientation == "proxy" else 0.0), SCHEME_COLOURS[scheme]
            axis.plot([start, 1], [start, 1], color="grey", linestyle="--", linewidth=1.2)
            axis.vlines(
                own["confidence"], own["accuracy_low"], own["accuracy_high"], color=colour, lw=1.6
            )
            area = 25 + 250 * own["count"] / own["count"].sum()
            axis.scatter(own["confidence"], own["accuracy"], s=area, color=colour, zorder=3,
                         edgecolor="white", linewidth=0.6)  # fmt: skip
            title = f"{SCHEME_NAMES[scheme]}, {words}: ECE {own['ece'].iloc[0]:.3f}"
            axis.set_title(title, fontsize=10, weight="normal")
            axis.tick_params(labelsize=10)
    figure.supxlabel("Confidence: mean σ(reward difference) in the bin", fontsize=11)
    figure.supylabel("Accuracy: share of right answers, with 95 % interval", fontsize=11)
    return figure


def plot_growth(growth: pd.DataFrame, window: int = 5) -> "Figure":
    """Mean |reward difference| in the batch over training, a panel for each base.

    Thick lines are means over seeds, thin ones single seeds; both are moving averages.

    Parameters
    ----------
    growth : DataFrame
        Of `more_rewards.summarise`.
    window : int
        Steps of the moving average.
    """
    bases = growth["base"].unique()
    figure, axes = canvas(1.2 + 1.9 * len(bases), len(bases), sharey=False)
    for axis, base in zip(axes[:, 0], bases):
        for scheme, rows in growth[growth["base"] == base].groupby("scheme", sort=False):
            wide = rows.pivot(index="step", columns="seed", values="size")
            wide = wide.rolling(window, center=True, min_periods=1).mean()
            colour = SCHEME_COLOURS[scheme]
            axis.plot(wide, color=colour, linewidth=0.8, alpha=0.6)
            axis.plot(wide.mean(axis=1), color=colour, linewidth=2.6, label=SCHEME_NAMES[scheme])
        axis.set_ylim(bottom=0)
        axis.set_title(f"Base {base}", fontsize=11, weight="normal")
    axes[-1, 0].set_xlabel("Training step")
    figure.supylabel("Mean |reward difference| in the batch", fontsize=11)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=10
    )
    return figure


def plot_rescaled(
    rescaled: pd.DataFrame,
    fitted: pd.DataFrame,
    paper: pd.DataFrame,
    source: str,
    forms: tuple[str, str],
) -> "Figure":
    """ECE against the size of rewards when nothing but their scale changes.

    Filled marks are the rewards as trained, small hollow ones those at the temperature of least log
    loss. A band holds all the values that the paper prints; it states no form.

    Parameters
    ----------
    rescaled : DataFrame
        Of `more_rewards.rescaled`; has the factor 1.
    fitted : DataFrame
        Table `factors` of `more_rewards.summarise`, rows of one base.
    paper : DataFrame
        Of `more_rewards.paper_values`.
    source : str
        The test set of `rescaled`.
    forms : tuple of str
        Of the ECE, one for each panel.
    """
    chosen = fitted[fitted["source"].isin([ALL, source])].set_index("scheme")["estimate"]
    printed = paper.loc[paper["statistic"] == "ece", "value"]
    figure, axes = canvas(4.4, 1, 2)
    for axis, form in zip(axes[0], forms):
        band = {"color": "grey", "alpha": 0.25, "lw": 0, "label": "paper, all its values"}
        axis.axhspan(printed.min(), printed.max(), **band)
        for scheme in SCHEMES:
            own = rescaled[(rescaled["scheme"] == scheme) & (rescaled["form"] == form)]
            colour = SCHEME_COLOURS[scheme]
            axis.plot(own["size"], own["ece"], color=colour, linewidth=2)
            marks = ((1.0, colour, 10, SCHEME_NAMES[scheme]), (chosen[scheme], "white", 5, None))
            for factor, face, points, label in marks:
                size, error = (np.interp(factor, own["factor"], own[c]) for c in ("size", "ece"))
                style = {"color": colour, "mfc": face, "mew": 1.5, "ms": points, "zorder": 3}
                axis.plot(size, error, MARKERS[scheme], label=label, **style)
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.set_ylim(bottom=0)
        axis.set_title(form_name(form).replace(", ", ",\n"), fontsize=10, weight="normal")
    axes[0, 0].set_ylabel("ECE")
    figure.supxlabel(AXES["size"] + " after scaling (log scale)", fontsize=11)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=9
    )
    return figure


def _box(axis: "Axes", margin: np.ndarray, place: float, colour: str, filled: bool) -> None:
    """One box with whiskers of `REACH` interquartile ranges; nothing without a margin."""
    line = {"color": colour, "linewidth": 1.4}
    axis.boxplot(
        margin,
        positions=[place],
        widths=0.55,
        whis=REACH,
        manage_ticks=False,
        patch_artist=True,
        boxprops={"facecolor": colour if filled else "white", "edgecolor": colour, "alpha": 0.85},
        medianprops={"color": "white" if filled else colour, "linewidth": 1.8},
        whiskerprops=line,
        capprops=line,
        flierprops={"marker": ".", "markersize": 4, "markeredgecolor": colour, "alpha": 0.7},
    )
