"""Figures of Finding 5 for readers.

In: tables of `measure` and `theory` as the stage wrote them. Out: closed matplotlib figures. Called
by the notebook `finding5`.
"""

from typing import TYPE_CHECKING

import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, OURS, PALETTE, PAPER, SMALL
from proxyreward.findings.rethinking.evidence import at_n
from proxyreward.findings.rethinking.finding5.measure import BAND, KINDS, LABEL_FLIPS
from proxyreward.metrics.goodhart import accuracy_from_ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RAW, STANDARDISED = PAPER, OURS
COLOURS = dict(zip(KINDS, ("#0072B2", "#CC79A7", "dimgrey"), strict=True))
ACCURACY = "Accuracy of the proxy against the golden RM (%)"


def chosen(degrees: pd.DataFrame, n: int = 0, golden: str = "") -> pd.DataFrame:
    """Rows of one n (0 stands for the largest) and of one golden RM ("" for all).

    Raises ValueError if there is no such n or golden RM; lists those that there are.
    """
    rows = at_n(degrees, n)
    known = rows["golden"].unique().tolist()
    if golden and golden not in known:
        raise ValueError(f"no golden reward model {golden!r}; choose one of {known}")
    return rows[rows["golden"] == golden].reset_index(drop=True) if golden else rows


def plot_theory(curve: pd.DataFrame, simulated: pd.DataFrame) -> "Figure":
    """Degree of overoptimisation expected at each accuracy (the paper's Figure 8a).

    Tables of `finding5.theory`; the simulation is shown at its largest n.
    """
    figure, [[axis]] = drawing.canvas(4.2)
    _expected(axis, curve)
    axis.plot(
        100 * curve["accuracy_closed"][::5], curve["degree_closed"][::5], "o", color=RAW,
        mfc="white", label="closed form of the first",
    )  # fmt: skip
    top = simulated[simulated["n"] == simulated["n"].max()]
    label = f"simulated best-of-{top['n'].iloc[0]}"
    for quantity, colour in (("degree", RAW), ("ndr", STANDARDISED)):
        rows = top[top["quantity"] == quantity]
        place = 100 * accuracy_from_ratio(rows["ratio"])
        axis.errorbar(
            place, rows["estimate"], BAND * rows["se"], fmt="x", color=colour, ms=7, mew=1.6,
            label=label if quantity == "ndr" else None,
        )  # fmt: skip
    axis.set_xlabel("Accuracy (%)")
    axis.set_ylabel("Degree of overoptimisation\n(golden gain per proxy gain)")
    axis.legend(loc="upper left", fontsize=SMALL, frameon=False)
    return figure


def plot_measured(degrees: pd.DataFrame, curve: pd.DataFrame) -> "Figure":
    """Measured degree against accuracy in one run, a point per golden-proxy pair (Figure 8b).

    Of rows that are :func:`chosen`, label flips are drawn, with 95 % errors in both directions.
    """
    rows = degrees[degrees["kind"] == LABEL_FLIPS]
    figure, [[axis]] = drawing.canvas(4.5)
    _expected(axis, curve)
    place = 100 * rows["accuracy"], rows["degree"]
    axis.errorbar(
        *place, BAND * rows["se"], 100 * BAND * rows["accuracy_se"], fmt="none", ecolor="grey",
        alpha=0.5, linewidth=0.8,
    )  # fmt: skip
    points = axis.scatter(
        *place, c=rows["flip_golden"], cmap=PALETTE, vmin=0,
        vmax=rows[["flip_golden", "flip_proxy"]].max(axis=None), edgecolor="white", linewidth=0.5,
        s=45, zorder=3,
    )  # fmt: skip
    axis.set_xlabel(ACCURACY)
    axis.set_ylabel(
        f"Degree at best-of-{degrees['n'].iloc[0]}\n(golden gain per proxy gain, in sd)"
    )
    axis.legend(loc="upper left", fontsize=SMALL, frameon=False)
    drawing.colour_bar(figure, points, axis, "Flip rate of the golden RM")
    return figure


def plot_residuals(degrees: pd.DataFrame) -> "Figure":
    """Measured minus expected degree against accuracy in one run, a panel for each kind of proxy.

    Of rows that are :func:`chosen`; the error bars, 95 %, hold the errors of degree and accuracy.
    """
    figure, axes = drawing.canvas(3.6, 1, len(KINDS))
    for axis, kind in zip(axes.flat, KINDS):
        rows = degrees[degrees["kind"] == kind]
        residual = rows["degree"] - rows["expected"]
        axis.axhline(0, color="black", linewidth=1, linestyle="--")
        axis.errorbar(
            100 * rows["accuracy"], residual, BAND * rows["residual_se"], fmt="o", ms=4,
            color=COLOURS[kind], elinewidth=0.7, ecolor="silver",
        )  # fmt: skip
        title = f"{kind}\nmean distance {abs(residual).mean():.2f}"
        axis.set_title(title, fontsize=SMALL, weight="normal", loc="center")
    axes[0, 0].set_ylabel(f"Measured minus expected\ndegree at best-of-{degrees['n'].iloc[0]}")
    axes[0, len(KINDS) // 2].set_xlabel(ACCURACY)
    return figure


def plot_deviations(deviations: pd.DataFrame) -> "Figure":
    """Mean distance from the expected curve as n grows, a line for each kind of proxy."""
    figure, [[axis]] = drawing.canvas(3.8)
    for kind in KINDS:
        rows = deviations[deviations["kind"] == kind]
        drawing.curve(axis, rows["n"], rows, COLOURS[kind], kind, marker="o")
    _powers(axis, deviations["n"])
    axis.set_ylim(bottom=0)
    axis.set_ylabel("Mean |measured minus\nexpected degree|")
    drawing.legend(figure, axis)
    return figure


def plot_pressure(pressure: pd.DataFrame) -> "Figure":
    """What the proxy promises and what is kept of it; the table of `theory.pressure`."""
    figure, [[axis]] = drawing.canvas(3.8)
    for column, line, colour, label in (
        ("promised", "s-", RAW, "the proxy's policy, by the proxy"),
        ("possible", "^--", GOLDEN, "the golden RM's own policy"),
        ("kept", "o", STANDARDISED, "the proxy's policy, by the golden RM"),
        ("expected", "-", STANDARDISED, "d times the first line"),
    ):
        axis.plot(pressure["n"], pressure[column], line, color=colour, label=label)
    _powers(axis, pressure["n"])
    axis.set_ylabel("Expected reward\n(sd of the golden reward)")
    axis.legend(loc="upper left", fontsize=SMALL, frameon=False)
    return figure


def _expected(axis: "Axes", curve: pd.DataFrame) -> None:
    """Both expected curves over accuracy in percent."""
    x, raw, own = 100 * curve["accuracy"], curve["degree"], curve["standardised"]
    axis.plot(x, raw, "--", color=RAW, lw=2, label="golden plus noise, integral (eq. 7)")
    axis.plot(x, own, "-", color=STANDARDISED, lw=2, label="both standardised; also the NDR")


def _powers(axis: "Axes", ns: pd.Series) -> None:
    axis.set_xscale("log", base=2)
    ticks = sorted(ns.unique())
    axis.set_xticks(ticks, [str(n) for n in ticks])
    axis.minorticks_off()
    axis.set_xlabel("n of best-of-n")
