"""Figures and tables on over-rewarding for readers.

In: tables of `measure` over replicates, with columns `estimate, low, high`; for box plots, bins and
rescaled rewards the margins of `Mixtures` in the default run. Out: closed matplotlib figures and
frames of text cells. Called by the notebook `more_rewards`.
"""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import LARGE, SMALL
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.text import beside, cell, pivot
from proxyreward.findings.more.mixture_drawing import (
    FLOOR,
    SCHEME_COLOURS,
    SCHEME_NAMES,
    SCHEMES,
    boxes,
    draw_floor,
)
from proxyreward.findings.more.mixtures import (
    FORMS,
    ORDERS,
    PAPER_FORM,
    STANDARD,
    Mixtures,
    in_words,
)
from proxyreward.findings.more.more_rewards.measure import (
    AS_TRAINED,
    READINGS,
    SCALED,
    SIDES,
    TRAINED,
)
from proxyreward.vocabulary import ALL, HH, MORE, MULTITASK, RAW, TOP

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = {RAW: "X", TOP: "s", MULTITASK: "o", MORE: "^"}
AXES = {
    "size": "Mean |reward difference|",
    "ece": f"ECE, {in_words(FORMS[STANDARD])}",
    "ece_paper": f"ECE, {in_words(FORMS[PAPER_FORM])}",
    "log_loss": "Log loss (nats)",
}


def plot_boxes(mixtures: Mixtures, reading: str, seed: int) -> "Figure":
    """Box plots of the reward differences of one reward model of each scheme (Figure 5).

    Of a base without the seed it is the last that there is.

    The reading ``by sign`` draws a filled box of the positive differences and a hollow one of the
    negative ones, ``one box`` a box of all. Points are what the tables count as outliers.
    """
    figure, axes = drawing.canvas(1.0 + 2.1 * len(mixtures.bases), len(mixtures.bases), len(HH))
    colours = [SCHEME_COLOURS[scheme] for scheme in TRAINED]
    for axis, (base, source) in zip(axes.flat, product(mixtures.bases, HH), strict=True):
        own = mixtures.source == source
        margins = [mixtures.margin(scheme, base)[:, own] for scheme in TRAINED]
        margins = [margin[min(seed, len(margin) - 1)] for margin in margins]
        sides = {True: margins}
        if reading == READINGS[0]:
            sides = {True: [m[m > 0] for m in margins], False: [m[m < 0] for m in margins]}
        for solid, parts in sides.items():
            boxes(axis, parts, range(len(parts)), colours, solid=solid, upright=True, width=0.55)
        axis.axhline(0, color="grey", linewidth=1, zorder=1)
        axis.grid(axis="x", visible=False)
    for axis, base in zip(axes[:, 0], mixtures.bases, strict=True):
        axis.set_ylabel(base)
    for axis, source in zip(axes[0], HH, strict=True):
        axis.set_title(source.title(), fontsize=LARGE, weight="normal")
    axes[0, 0].set_xticks(range(len(TRAINED)), [SCHEME_NAMES[scheme] for scheme in TRAINED])
    figure.supylabel("Reward of the chosen less that of the rejected response", fontsize=LARGE)
    return figure


def plot_sizes(measures: pd.DataFrame) -> "Figure":
    """Mean |reward difference| of each scheme on each base and test set."""
    rows = select(measures, metric="size", rewards=AS_TRAINED)
    figure, [axis] = _groups(rows, 1)
    _dots(axis, rows, SCHEMES)
    axis.set_xlim(left=0)
    axis.set_xlabel(AXES["size"] + " (units of the reward)")
    drawing.legend(figure, axis, 4)
    return figure


def plot_outliers(outliers: pd.DataFrame, reading: str, scale_free: bool) -> "Figure":
    """Share and mean of outlying reward differences (the paper's Tables 1, 5 and 6).

    With `scale_free` means are in standard deviations of all margins; the paper's, in units of its
    rewards, are then left out.
    """
    rows = select(outliers, reading=reading)
    figure, (shares, means) = _groups(rows, 2)
    _dots(shares, select(rows, statistic="share"), TRAINED, paper=True)
    for side in SIDES:
        name = f"{side}_mean" + ("_sd" if scale_free else "")
        _dots(means, select(rows, statistic=name), TRAINED, paper=not scale_free)
    means.axvline(0, color="grey", linewidth=1)
    shares.set_xlim(left=0)
    shares.set_xlabel("Outliers (% of test pairs)")
    unit = "sd" if scale_free else "units of the reward"
    means.set_xlabel(f"Mean outlier, wrong | right\n({unit})")
    drawing.legend(figure, shares, 4)
    return figure


def plot_calibration(measures: pd.DataFrame) -> "Figure":
    """ECE of each scheme in the standard form and in the one that the paper seems to use."""
    figure, axes = _groups(measures, 2)
    for axis, metric in zip(axes, ("ece", "ece_paper"), strict=True):
        rows = select(measures, metric=metric, rewards=AS_TRAINED)
        _draw_floor(axis, measures, metric)
        _dots(axis, rows, TRAINED, paper=metric == "ece_paper")
        axis.set_xlim(left=0)
        axis.set_xlabel(AXES[metric].replace(", ", "\n"))
    drawing.legend(figure, axes, 4)
    return figure


def plot_temperature(contrasts: pd.DataFrame) -> "Figure":
    """MORE minus MultiTask, with rewards as trained and with one temperature for each."""
    figure, axes = _groups(contrasts, 3)
    for axis, metric in zip(axes, ("ece", "ece_paper", "log_loss"), strict=True):
        for rewards, shift in ((AS_TRAINED, 0.17), (SCALED, -0.17)):
            own = select(contrasts, metric=metric, rewards=rewards)
            style = {"marker": MARKERS[MORE], "hollow": rewards == SCALED}
            height = np.arange(len(own))[::-1] + shift
            drawing.dots(axis, height, own, SCHEME_COLOURS[MORE], rewards, **style)
        axis.axvline(0, color="grey", linewidth=1)
        if metric != "log_loss":
            _draw_floor(axis, contrasts, metric, both=True)
        axis.set_xlabel(AXES[metric].replace(", ", "\n").replace(" (", "\n("))
        drawing.few_ticks(axis)
    figure.supxlabel("MORE minus MultiTask: below 0 MORE is better", fontsize=LARGE)
    drawing.legend(figure, axes[0])
    return figure


def plot_size_and_error(means: pd.DataFrame) -> "Figure":
    """ECE against mean |reward difference|, a point for each scheme and base."""
    from matplotlib.lines import Line2D

    rows = select(means[means["scheme"] != RAW], rewards=AS_TRAINED)
    marks = dict(zip(rows["base"].unique(), ("v", "o", "s"), strict=False))
    figure, axes = drawing.canvas(4.8, 1, 2, sharey=False)
    for axis, metric in zip(axes[0], ("ece", "ece_paper"), strict=True):
        _draw_floor(axis, rows, metric, upright=True)
        errors = select(rows, metric=metric).set_index(["base", "scheme"])
        for (base, scheme), own in select(rows, metric="size").groupby(["base", "scheme"]):
            error, colour = errors.loc[(base, scheme)], SCHEME_COLOURS[scheme]
            drawing.dots(axis, [error["estimate"]], own, colour, marker=marks[base])
            axis.vlines(own["estimate"], error["low"], error["high"], color=colour, linewidth=1.8)
        axis.set_ylim(bottom=0)
        axis.set_title(AXES[metric].replace(", ", ",\n", 1), fontsize=SMALL, weight="normal")
        axis.tick_params(labelsize=SMALL)
    figure.supxlabel(AXES["size"] + " (units of the reward)", fontsize=LARGE)
    names = [(marker, "grey", base) for base, marker in marks.items()]
    names += [("s", (0.5, 0.5, 0.5, 0.22), FLOOR)]
    names += [("D", SCHEME_COLOURS[name], SCHEME_NAMES[name]) for name in rows["scheme"].unique()]
    handles = [Line2D([], [], ls="", marker=m, color=colour, label=t) for m, colour, t in names]
    figure.legend(handles=handles, loc="outside upper center", ncols=2, fontsize=9, frameon=False)
    return figure


def plot_reliability(bins: pd.DataFrame) -> "Figure":
    """Diagrams of `measure.reliability_bins`: schemes in rows, orientations in columns."""
    schemes = bins["scheme"].unique()
    figure, axes = drawing.canvas(
        2.1 * len(schemes) + 0.4, len(schemes), 2, sharex="col", sharey="col"
    )
    for axis, (scheme, orientation) in zip(axes.flat, product(schemes, ORDERS), strict=True):
        own = select(bins, scheme=scheme, orientation=orientation)
        start, colour = (0.5 if orientation == "proxy" else 0.0), SCHEME_COLOURS[scheme]
        axis.plot([start, 1], [start, 1], color="grey", linestyle="--", linewidth=1.2)
        ends = own["accuracy_low"], own["accuracy_high"]
        axis.vlines(own["confidence"], *ends, color=colour, lw=1.6)
        area = 25 + 250 * own["count"] / own["count"].sum()
        style = {"color": colour, "edgecolor": "white", "linewidth": 0.6, "zorder": 3}
        axis.scatter(own["confidence"], own["accuracy"], s=area, **style)
        error, floor = own[["ece", "floor"]].iloc[0]
        title = (
            f"{SCHEME_NAMES[scheme]}, {ORDERS[orientation]}:\nECE {error:.3f}, floor {floor:.3f}"
        )
        axis.set_title(title, fontsize=SMALL, weight="normal")
        axis.tick_params(labelsize=SMALL)
    figure.supxlabel("Confidence: mean σ(reward difference) in the bin", fontsize=LARGE)
    figure.supylabel("Accuracy: share of right answers, with 95 % interval", fontsize=LARGE)
    return figure


def plot_growth(growth: pd.DataFrame, window: int = 5) -> "Figure":
    """Mean |reward difference| in the batch over training, a panel for each base.

    Thick lines are means over seeds, thin ones single seeds; both are averages of `window` steps.
    """
    bases = growth["base"].unique()
    figure, axes = drawing.canvas(1.2 + 1.9 * len(bases), len(bases), sharey=False)
    for axis, base in zip(axes[:, 0], bases, strict=True):
        for scheme, rows in select(growth, base=base).groupby("scheme", sort=False):
            wide = rows.pivot(index="step", columns="seed", values="size")
            wide = wide.rolling(window, center=True, min_periods=1).mean()
            colour = SCHEME_COLOURS[scheme]
            axis.plot(wide, color=colour, linewidth=0.8, alpha=0.6)
            axis.plot(wide.mean(axis=1), color=colour, linewidth=2.6, label=SCHEME_NAMES[scheme])
        axis.set_ylim(bottom=0)
        axis.set_title(f"Base {base}", fontsize=LARGE, weight="normal")
    axes[-1, 0].set_xlabel("Training step")
    figure.supylabel("Mean |reward difference| in the batch", fontsize=LARGE)
    drawing.legend(figure, axes)
    return figure


def plot_rescaled(
    rescaled: pd.DataFrame, fitted: pd.Series, paper: pd.Series, forms: tuple[str, str]
) -> "Figure":
    """ECE against the size of rewards when nothing but their scale changes, a panel for each form.

    Filled marks are the rewards as trained. Small hollow ones are those at the temperature of least
    log loss, by the factors `fitted` in the same run, see :func:`scheme_factors`; none where the
    curve of `measure.rescaled` does not reach. A band holds `paper`, all values that it prints.
    """
    figure, axes = drawing.canvas(4.4, 1, 2)
    for axis, form in zip(axes[0], forms, strict=True):
        band = {"color": "grey", "alpha": 0.25, "lw": 0, "label": "paper, all its values"}
        axis.axhspan(paper.min(), paper.max(), **band)
        floor = select(rescaled, form=form).groupby("size")["floor"].max()
        axis.plot(floor, ":", color="black", lw=1.5, label=FLOOR)
        for scheme in TRAINED:
            own, colour = select(rescaled, scheme=scheme, form=form), SCHEME_COLOURS[scheme]
            axis.plot(own["size"], own["ece"], color=colour, linewidth=2)
            marks = ((1.0, colour, 10, SCHEME_NAMES[scheme]), (fitted[scheme], "white", 5, None))
            for factor, face, points, label in marks:
                place = [
                    np.interp(factor, own["factor"], own[axis_of], left=np.nan, right=np.nan)
                    for axis_of in ("size", "ece")
                ]
                style = {"color": colour, "mfc": face, "mew": 1.5, "ms": points, "zorder": 3}
                axis.plot(*place, MARKERS[scheme], label=label, **style)
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.set_ylim(bottom=0)
        axis.set_title(in_words(FORMS[form]).replace(", ", ",\n"), fontsize=SMALL, weight="normal")
    axes[0, 0].set_ylabel("ECE")
    figure.supxlabel(AXES["size"] + " after scaling (log scale)", fontsize=LARGE)
    drawing.legend(figure, axes, 4)
    return figure


def scheme_factors(factors: pd.DataFrame, base: str, source: str) -> pd.DataFrame:
    """The fitted factors 1/T that schemes have on a test set, by scheme."""
    return select(factors[factors["source"].isin([ALL, source])], base=base).set_index("scheme")


def outlier_table(
    outliers: pd.DataFrame, measures: pd.DataFrame, base: str, reading: str, scale_free: bool
) -> pd.DataFrame:
    """Outliers of a base, ours with the numbers of the paper's table for it in brackets.

    With `scale_free` our means are in standard deviations; the paper's are in units of its rewards.
    """
    rows = []
    for source, scheme in product(HH, TRAINED):
        keys = {"base": base, "source": source, "scheme": scheme}
        error = select(measures, rewards=AS_TRAINED, **keys).set_index("metric")
        found = select(outliers, reading=reading, **keys).set_index("statistic")
        own, paper = found["estimate"], found["paper"]
        row = {"Test set": source.title(), "Scheme": SCHEME_NAMES[scheme]}
        row["ECE"] = f"{error.at['ece', 'estimate']:.3f}"
        row["ECE, both orders"] = f"{error.at['ece_paper', 'estimate']:.3f}"
        row["ECE, paper"] = f"{error.at['ece', 'paper']:.3f}"
        for side, word in zip(SIDES, ("Right", "Wrong"), strict=True):
            count, mean = f"{side}_count", f"{side}_mean"
            shown = own[f"{mean}_sd" if scale_free else mean]
            row[f"{word}: number"] = beside(own[count], paper[count], ".3g")
            row[f"{word}: mean"] = beside(shown, paper[mean]).replace("-", "−")
        rows.append(row | {"Both (%)": beside(own["share"], paper["share"], ".1f")})
    return pd.DataFrame(rows)


def temperature_table(measures: pd.DataFrame, factors: pd.DataFrame, base: str) -> pd.DataFrame:
    """ECE and log loss as trained → with one temperature, and the factor 1/T on the rewards."""
    rows, names = [], {"ECE": "ece", "ECE, both orders": "ece_paper", "Log loss": "log_loss"}
    for source, scheme in product(HH, TRAINED):
        own = select(measures, base=base, source=source, scheme=scheme)
        values = own.set_index(["rewards", "metric"])["estimate"]
        row = {"Test set": source.title(), "Scheme": SCHEME_NAMES[scheme]}
        row["Factor 1/T"] = cell(scheme_factors(factors, base, source).loc[scheme])
        for name, metric in names.items():
            row[name] = f"{values[AS_TRAINED, metric]:.3f} → {values[SCALED, metric]:.3f}"
        rows.append(row)
    return pd.DataFrame(rows)


def form_table(rescaled: pd.DataFrame, scheme: str) -> pd.DataFrame:
    """ECE of one scheme of `measure.rescaled` by form, a column for each factor."""
    own = select(rescaled, scheme=scheme)
    named = own.assign(
        form=[in_words(FORMS[form]) for form in own["form"]],
        factor=own["factor"].map("× {:g}".format),
    )
    return pivot(named, {"form": "ECE with"}, "factor", lambda row: f"{row.ece:.3f}")


def controls_table(controls: pd.DataFrame) -> pd.DataFrame:
    """The positive controls as text cells, a row for each."""
    cells = [cell(row, ".3f") for row in controls.itertuples()]
    return pd.DataFrame({"Control": controls["name"], "ours": cells})


def tally(contrasts: pd.DataFrame) -> pd.DataFrame:
    """How many differences are below 0, and of how many the interval is clear of 0.

    Columns ``below, clear`` by metric and rewards.
    """
    contrasts = contrasts[~contrasts["metric"].str.endswith("_floor")]
    below, clear = contrasts["estimate"] < 0, (contrasts["low"] > 0) | (contrasts["high"] < 0)
    counts = contrasts.assign(below=below, clear=clear)
    return counts.groupby(["metric", "rewards"])[["below", "clear"]].sum()


def _groups(rows: pd.DataFrame, columns: int) -> tuple["Figure", np.ndarray]:
    """Panels side by side with a line for each base and test set."""
    groups = list(product(rows["base"].unique(), HH))
    figure, axes = drawing.canvas(1.6 + 0.8 * len(groups), 1, columns, sharex=False)
    drawing.rows_on(axes[0, 0], [f"{source.title()}\n{base}" for base, source in groups])
    axes[0, 0].set_ylim(-0.5, len(groups) - 0.5)
    for axis in axes[0]:
        axis.grid(axis="y", visible=False)
        axis.tick_params(labelsize=SMALL)
        axis.xaxis.label.set_fontsize(SMALL)
        for line in range(1, len(groups)):
            colour = "#8a96a6" if (len(groups) - line) % 2 == 0 else "#c8d0da"
            axis.axhline(line - 0.5, color=colour, linewidth=0.8)
    return figure, axes[0]


def _draw_floor(axis: "Axes", rows: pd.DataFrame, metric: str, **how: bool) -> None:
    """A band up to the largest floor of an ECE among the rewards as trained."""
    floors = select(rows, metric=f"{metric}_floor", rewards=AS_TRAINED)
    draw_floor(axis, floors["estimate"].max(), **how)


def _dots(axis: "Axes", rows: pd.DataFrame, schemes: Sequence[str], *, paper: bool = False) -> None:
    """Estimates of the schemes in each group, the first scheme on top; the paper's if asked.

    The rows of a scheme are in the order of the lines.
    """
    shifts = 0.24 * ((len(schemes) - 1) / 2 - np.arange(len(schemes)))
    parts = []
    for scheme, shift in zip(schemes, shifts, strict=True):
        own = select(rows, scheme=scheme)
        parts.append((scheme, own, np.arange(len(own))[::-1] + shift))
    for scheme, own, height in parts:
        style = {"label": SCHEME_NAMES[scheme], "marker": MARKERS[scheme]}
        drawing.dots(axis, height, own, SCHEME_COLOURS[scheme], **style)
    for scheme, own, height in parts if paper else ():  # last in the legend
        drawing.papers(axis, own["paper"], height, SCHEME_COLOURS[scheme])
