"""Figure 6 of paper *more* with its controls, the cancelling of gradients, and MORE's weights.

In: the tables of `tables.compute`, and for weights the steps of `mixtures`. Out: closed matplotlib
figures. Called by the notebook `more_sources`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import GOLDEN, OURS, PAPER, canvas
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS, SCHEME_NAMES
from proxyreward.findings.more.mixtures import FORMS, PAPER_FORM, STANDARD, Mixtures
from proxyreward.findings.more.more_sources.curves import ACCURACY, ECE, SCALED, SIZE
from proxyreward.findings.more.more_sources.gradients import COMBINED, EQUAL, step_weights
from proxyreward.findings.more.more_sources.tables import (
    FIXED,
    MEAN,
    PAPER_ORDER,
    PARTS,
    SOURCES,
    TOP,
)
from proxyreward.vocabulary import HH, MORE, MULTITASK, MULTITASK_AS_IS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMALL = 10  # points
MEASURE_NAMES = {
    ECE: "ECE",
    SCALED: "ECE after temperature scaling",
    SIZE: "Mean |reward difference|",
    ACCURACY: "Accuracy",
}


def plot_curves(
    curves: pd.DataFrame, measure: str, paper: Mapping[str, tuple[float, float]] | None = None
) -> "Figure":
    """A measure on Helpful and Harmless against the number of sources (Figure 6).

    Parameters
    ----------
    curves : DataFrame
        Of one measure: rows of `more_sources.curve_rows`.
    measure : str
        One of `MEASURES`.
    paper : mapping, optional
        `more_sources.paper_top`: the only two points that it prints.
    """
    figure, axes = canvas(4.4, 1, 2)
    counts = np.sort(curves["k"].unique())[1:]
    for axis, source in zip(axes[0], HH, strict=True):
        rows = curves[curves["source"] == source].set_index("curve")
        top = rows.loc[TOP]
        axis.axhspan(top["low"], top["high"], color=SCHEME_COLOURS[TOP], alpha=0.15, lw=0)
        axis.axhline(top["estimate"], color=SCHEME_COLOURS[TOP], ls="--", label="Top")
        others = [name for name in rows.index.unique() if name.startswith("order ")][1:]
        for i, name in enumerate(others):
            found = rows.loc[name]
            label = "other orders" if i == 0 else None
            axis.plot(found["k"], found["estimate"], color="#E69F00", lw=1, label=label)
        styles = {
            FIXED: (0.12, "s", OURS, "fixed total of pairs"),
            MEAN: (0.0, "^", GOLDEN, "mean over orders"),
            PAPER_ORDER: (-0.12, "o", SCHEME_COLOURS[MORE], "paper's order"),
        }
        for name, (shift, marker, colour, label) in styles.items():
            found = rows.loc[name]
            axis.vlines(found["k"] + shift, found["low"], found["high"], color=colour, lw=1.5)
            axis.plot(
                found["k"] + shift, found["estimate"], marker + "-", color=colour, label=label
            )
        if paper:
            ours, single = paper[source]
            style = {"color": PAPER, "mfc": "none", "mew": 1.6, "ls": "none", "ms": 7}
            axis.plot(counts[-1], ours, "D", label="paper: MORE", **style)
            axis.axhline(single, color=PAPER, ls=":", label="paper: Top")
        axis.set_title(f"tested on {source}", fontsize=11, weight="normal")
        axis.set_xticks(counts)
        axis.set_xlabel("Sources K")
    axes[0, 0].set_ylabel(MEASURE_NAMES[measure])
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, fontsize=SMALL)
    return figure


def plot_forms(forms: pd.DataFrame) -> "Figure":
    """ECE of MORE on all sources minus those of fewer, in every form.

    Parameters
    ----------
    forms : DataFrame
        Of `more_sources.compute`.
    """
    labels = list(dict.fromkeys(zip(forms["form"], forms["measure"], strict=True)))
    height = np.arange(len(labels))[::-1]
    figure, axes = canvas(1.6 + 0.36 * len(labels), 1, 2)
    styles = {
        "two": (0.15, SCHEME_COLOURS[MORE], "minus two sources"),
        "top": (-0.15, SCHEME_COLOURS[TOP], "minus Top"),
    }
    for axis, source in zip(axes[0], HH, strict=True):
        for against, (shift, colour, label) in styles.items():
            rows = forms[(forms["source"] == source) & (forms["against"] == against)]
            rows = rows.set_index(["form", "measure"]).loc[labels]
            axis.hlines(height + shift, rows["low"], rows["high"], color=colour, lw=2)
            axis.plot(rows["estimate"], height + shift, "o", color=colour, ms=5, label=label)
        axis.axvline(0, color=GOLDEN, lw=1)
        axis.set_title(f"tested on {source}", fontsize=11, weight="normal")
        axis.grid(axis="y", visible=False)
    axes[0, 0].set_yticks(height, [_form_name(*label) for label in labels], fontsize=SMALL)
    figure.supxlabel("ECE of MORE on all sources, difference", fontsize=12)
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=2, fontsize=SMALL)
    return figure


def plot_norms(norms: pd.DataFrame) -> "Figure":
    """Relative length of the combined head gradient: sources against parts of one source.

    Parameters
    ----------
    norms : DataFrame
        Of `more_sources.compute`.
    """
    figure, axes = canvas(4.2)
    axis = axes[0, 0]
    kinds = {SOURCES: (SCHEME_COLOURS[MORE], "o", "sources"),
             PARTS: (OURS, "s", "parts of one")}  # fmt: skip
    for w, (weights, line) in enumerate({COMBINED: "-", EQUAL: "--"}.items()):
        for s, (kind, (colour, marker, label)) in enumerate(kinds.items()):
            rows = norms[(norms["kind"] == kind) & (norms["weights"] == weights)]
            x = rows["k"] + 0.06 * (2 * w + s - 1.5)
            text = f"{label}, {'MORE' if weights == COMBINED else 'equal'} weights"
            fill = {"mfc": colour if weights == COMBINED else "white"}
            axis.vlines(x, rows["low"], rows["high"], color=colour, lw=1.5)
            axis.plot(x, rows["estimate"], line + marker, color=colour, label=text, **fill)
    counts = np.sort(norms["k"].unique())
    axis.plot(counts, 1 / np.sqrt(counts), ":", color=GOLDEN, label="orthogonal gradients")
    axis.set_xticks(counts)
    axis.set_ylim(0, 1)
    axis.set_xlabel("Sources, or parts, K")
    axis.set_ylabel("Length of the combined gradient\nover mean length of one")
    figure.legend(
        *axis.get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=SMALL
    )
    return figure


def plot_weights(
    mixtures: Mixtures, weights: pd.DataFrame, scheme: str, base: str, window: int = 7
) -> "Figure":
    """Weight of each source at every step, raw and smoothed, and its mean.

    Parameters
    ----------
    mixtures : Mixtures
    weights : DataFrame
        Of `more_sources.compute`.
    scheme : str
        ``more`` or ``public-code``.
    base : str
    window : int
        Steps that are averaged for the thick lines.

    Raises
    ------
    ValueError
        If the table has no such weights; lists those that it has.
    """
    rows = weights[(weights["scheme"] == scheme) & (weights["base"] == base)]
    if rows.empty:
        known = weights[["scheme", "base"]].drop_duplicates().agg(" on base ".join, axis=1)
        raise ValueError(f"no weights of {scheme} on base {base}; there are: {', '.join(known)}")
    names, even = mixtures.sources, 1 / len(mixtures.sources)
    panels = -(-(len(names) + 1) // 2)
    figure, axes = canvas(0.6 + 1.75 * panels, panels, 2, sharex=False, sharey=False)
    colours = _source_colours(len(names))
    highest = max(step_weights(mixtures, scheme, base, i).max() for i in range(len(names)))
    for i, (axis, name) in enumerate(zip(axes.flat, names, strict=False)):
        runs = step_weights(mixtures, scheme, base, i)
        steps = np.arange(1, runs.shape[1] + 1)
        for run in runs:
            axis.plot(steps, run, color=colours[i], lw=0.8, alpha=0.5)
        axis.plot(steps, smoothed(runs.mean(axis=0), window), color=colours[i], lw=3)
        axis.set_title(name, fontsize=11, weight="normal")
        axis.set_ylim(0, 1.05 * highest)
    last = axes.flat[len(names)]
    place = np.arange(len(names))
    last.vlines(place, rows["low"], rows["high"], color=colours, lw=3)
    last.scatter(place, rows["estimate"], color=colours, zorder=3)
    last.set_xticks(place, names, rotation=35, ha="right", fontsize=9)
    last.set_title("mean over steps, 95 %", fontsize=11, weight="normal")
    for axis in axes.flat[: len(names) + 1]:
        axis.axhline(even, color=GOLDEN, ls="--", lw=1)
    for axis in axes.flat[len(names) + 1 :]:
        axis.set_visible(False)
    for axis in axes.flat[max(len(names) - 2, 0) : len(names)]:
        axis.set_xlabel("step")
    figure.supylabel("weight λ", fontsize=12)
    return figure


def plot_shares(shares: pd.DataFrame) -> "Figure":
    """How much of a source's own gain a mixture keeps, by the share of the source.

    Parameters
    ----------
    shares : DataFrame
        Of `more_sources.compute`.
    """
    figure, axes = canvas(4.2)
    axis = axes[0, 0]
    order = shares.drop_duplicates("source").sort_values("share")
    for shift, scheme in zip((-0.2, 0.0, 0.2), shares["scheme"].unique(), strict=True):
        rows = shares[shares["scheme"] == scheme].set_index("source").loc[order["source"]]
        x = np.arange(len(rows)) + shift
        colour = SCHEME_COLOURS[scheme]
        axis.vlines(x, rows["low"], rows["high"], color=colour, lw=2)
        label = SCHEME_NAMES[scheme] + (", equal sizes" if scheme == MULTITASK else "")
        marker = "o" if scheme == MULTITASK_AS_IS else "s" if scheme == MULTITASK else "^"
        axis.plot(x, rows["estimate"], marker, color=colour, label=label)
    axis.axhline(1, color=SCHEME_COLOURS[TOP], ls="--", label="the source's own model")
    axis.axhline(0, color=SCHEME_COLOURS["raw"], ls="--", label="untrained")
    texts = [f"{row.source}\n{row.share:.0%}" for row in order.itertuples()]
    axis.set_xticks(range(len(order)), texts, fontsize=SMALL)
    _within(axis, shares["estimate"])
    axis.set_xlabel("Source and its share of all pairs")
    axis.set_ylabel("Gain relative to Top's")
    axis.grid(axis="x", visible=False)
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=SMALL)
    return figure


def smoothed(values: np.ndarray, window: int) -> np.ndarray:
    """Centred moving average, shape as `values`; at the ends over the steps that there are."""
    ones = np.ones(min(window, len(values)))
    return np.convolve(values, ones, "same") / np.convolve(np.ones(len(values)), ones, "same")


def _form_name(form: str, measure: str) -> str:
    if measure == SCALED:
        return f"{form}, scaled"
    options = FORMS[form]
    text = "{bins}, {binning}, ".format(**options) + (
        "both" if options["orientation"] == "both" else "one"
    )
    return f"{form}: {text}" if form in (STANDARD, PAPER_FORM) else text


def _source_colours(count: int) -> list:
    import seaborn as sns

    return sns.color_palette("colorblind", count)


def _within(axis: "Axes", estimates: pd.Series) -> None:
    """Show all estimates; an interval of a ratio can be very wide and is cut at twice the range."""
    known = estimates[np.isfinite(estimates)]
    low, high = min(known.min(), 0), max(known.max(), 1)
    axis.set_ylim(low - (high - low) / 2, high + (high - low) / 2)
