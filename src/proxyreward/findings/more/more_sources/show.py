"""Figure 6 of paper *more* with its controls, the cancelling of gradients, and MORE's weights.

In: tables of `measure` as the stage wrote them; those over replicates have columns `estimate, low,
high`. Out: closed matplotlib figures and frames of text cells. Called by the notebook
`more_sources`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, LARGE, OURS, PAPER, SMALL
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.more.mixture_drawing import (
    FLOOR_LOOK,
    SCHEME_COLOURS,
    SCHEME_NAMES,
    draw_floor,
)
from proxyreward.findings.more.mixtures import DISTINCT, STANDARD, Mixtures, form_label
from proxyreward.findings.more.more_sources.measure import step_weights
from proxyreward.metrics.checks import one_of
from proxyreward.vocabulary import HH, MORE, MULTITASK, MULTITASK_AS_IS, RAW, TOP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = {
    "ece": "ECE",
    "scaled": "ECE after temperature scaling",
    "size": "Mean |reward difference|",
    "accuracy": "Accuracy",
}


def chosen(curves: pd.DataFrame, measure: str, form: str = STANDARD) -> pd.DataFrame:
    """Curves of one measure, of the two ECEs in one form; a ValueError lists what there is."""
    one_of("measure", measure, (*MEASURES, "floor"))
    one_of("form", form, DISTINCT)
    form = form if measure in ("ece", "scaled", "floor") else "any"
    return select(curves, measure=measure, form=form)


def plot_curves(
    curves: pd.DataFrame,
    floors: pd.DataFrame | None = None,
    paper: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None,
) -> "Figure":
    """A measure on Helpful and Harmless against the number of sources (Figure 6).

    `curves` are of one measure, see :func:`chosen`, and for an ECE `floors` are its floors; `paper`
    has by test source the cells of `mixtures.printed_outliers`, the only two points that it prints.
    """
    figure, axes = drawing.canvas(4.4, 1, 2)
    counts = np.sort(curves["k"].unique())[1:]
    styles = {
        "fixed total": (0.12, "s", OURS, "fixed total of pairs"),
        "mean of orders": (0.0, "^", GOLDEN, "mean over orders"),
        "order 0": (-0.12, "o", SCHEME_COLOURS[MORE], "paper's order"),
    }
    for axis, source in zip(axes[0], HH, strict=True):
        rows = select(curves, source=source).set_index("curve")
        if floors is not None:
            draw_floor(axis, select(floors, source=source)["estimate"].max(), upright=True)
        top = rows.loc[TOP]
        axis.axhspan(top["low"], top["high"], color=SCHEME_COLOURS[TOP], alpha=0.15, lw=0)
        axis.axhline(top["estimate"], color=SCHEME_COLOURS[TOP], ls="--", label="Top")
        for name in rows.index.unique():
            if name.startswith("order ") and name != "order 0":
                line = {"color": "#E69F00", "lw": 1, "label": "other orders"}
                axis.plot(rows.loc[name, "k"], rows.loc[name, "estimate"], **line)
        for name, (shift, marker, colour, label) in styles.items():
            found = rows.loc[name]
            place = found["k"] + shift
            axis.plot(place, found["estimate"], color=colour)
            drawing.dots(axis, place, found, colour, label, marker=marker, upright=True)
        if paper:
            printed = [paper[source][MORE]["ece"]]
            drawing.papers(axis, printed, counts[-1:], label="paper: MORE", upright=True)
            axis.axhline(paper[source][TOP]["ece"], color=PAPER, ls=":", label="paper: Top")
        axis.set_title(f"tested on {source}", fontsize=LARGE, weight="normal")
        axis.set_xticks(counts)
        axis.set_xlabel("Sources K")
    axes[0, 0].set_ylabel(MEASURES[curves["measure"].iloc[0]])
    drawing.legend(figure, axes)
    return figure


def plot_forms(forms: pd.DataFrame) -> "Figure":
    """ECE of MORE on all sources minus that of fewer, in every form; bands reach to the floors."""
    floors = select(forms, measure="floor")
    forms = forms[forms["measure"] != "floor"]
    labels = list(dict.fromkeys(zip(forms["form"], forms["measure"], strict=True)))
    names = [form_label(f) if measure == "ece" else f"{f}, scaled" for f, measure in labels]
    figure, axes = drawing.canvas(1.6 + 0.42 * len(labels), 1, 2)
    styles = {
        "two": (0.15, SCHEME_COLOURS[MORE], "minus two sources"),
        "top": (-0.15, SCHEME_COLOURS[TOP], "minus Top"),
    }
    for axis, source in zip(axes[0], HH, strict=True):
        height = drawing.rows_on(axis, names)
        floor = select(floors, source=source).groupby("form")["estimate"].max()
        floor = floor.loc[[form for form, _ in labels]]
        axis.barh(height, 2 * floor, left=-floor, height=0.9, zorder=0, **FLOOR_LOOK)
        for against, (shift, colour, label) in styles.items():
            rows = select(forms, source=source, against=against)
            rows = rows.set_index(["form", "measure"]).loc[labels]
            drawing.dots(axis, height + shift, rows, colour, label)
        axis.axvline(0, color=GOLDEN, lw=1)
        axis.set_title(f"tested on {source}", fontsize=LARGE, weight="normal")
        axis.tick_params(labelsize=SMALL)
        drawing.few_ticks(axis)
    figure.supxlabel("ECE of MORE on all sources, difference", fontsize=12)
    drawing.legend(figure, axes, 2)
    return figure


def forms_table(forms: pd.DataFrame, against: str) -> pd.DataFrame:
    """Differences in every form as text cells, a row for each form."""
    rows = select(forms[forms["measure"] != "floor"], against=against)
    scaled = np.where(rows["measure"] == "scaled", ", after temperature scaling", "")
    rows = rows.assign(name=rows["form"] + scaled)
    return pivot(rows, {"name": "Form"}, "source", lambda row: cell(row, ".3f"))


def plot_norms(norms: pd.DataFrame) -> "Figure":
    """Relative length of the combined head gradient: sources against parts of one source."""
    figure, [[axis]] = drawing.canvas(4.2)
    kinds = {
        "sources": (SCHEME_COLOURS[MORE], "o", "sources"),
        "parts": (OURS, "s", "parts of one"),
    }
    for w, (weights, line) in enumerate({"combined": "-", "equal": "--"}.items()):
        for s, (kind, (colour, marker, label)) in enumerate(kinds.items()):
            rows = select(norms, kind=kind, weights=weights)
            place = rows["k"] + 0.06 * (2 * w + s - 1.5)
            text = f"{label}, {'equal' if w else 'MORE'} weights"
            axis.plot(place, rows["estimate"], line, color=colour, lw=1.5, zorder=1)
            drawing.dots(axis, place, rows, colour, text, marker=marker, hollow=w > 0, upright=True)
    counts = np.sort(norms["k"].unique())
    axis.plot(counts, 1 / np.sqrt(counts), ":", color=GOLDEN, label="orthogonal gradients")
    axis.set_xticks(counts)
    axis.set(ylim=(0, 1), xlabel="Sources, or parts, K")
    axis.set_ylabel("Length of the combined gradient\nover mean length of one")
    drawing.legend(figure, axis, 2)
    return figure


def plot_weights(
    mixtures: Mixtures, weights: pd.DataFrame, scheme: str, base: str, window: int = 7
) -> "Figure":
    """Weight of each source at every step of the default run, and its mean over replicates.

    `scheme` is ``more`` or ``public-code``; thick lines average `window` steps and the seeds. If
    there are no such weights, a ValueError lists those that there are.
    """
    import seaborn as sns

    rows = select(weights, scheme=scheme, base=base)
    if rows.empty:
        known = weights[["scheme", "base"]].drop_duplicates().agg(" on base ".join, axis=1)
        raise ValueError(f"no weights of {scheme} on base {base}; there are: {', '.join(known)}")
    runs = step_weights(mixtures, scheme, base)
    names = list(runs)
    panels = -(-(len(names) + 1) // 2)
    figure, axes = drawing.canvas(0.6 + 1.75 * panels, panels, 2, sharex=False, sharey=False)
    colours = sns.color_palette("colorblind", len(names))
    for axis, (name, of_seeds), colour in zip(axes.flat, runs.items(), colours, strict=False):
        steps = np.arange(1, of_seeds.shape[1] + 1)
        axis.plot(steps, of_seeds.T, color=colour, lw=0.8, alpha=0.5)
        mean = pd.Series(of_seeds.mean(axis=0)).rolling(window, center=True, min_periods=1).mean()
        axis.plot(steps, mean, color=colour, lw=3)
        axis.set_title(name, fontsize=LARGE, weight="normal")
        axis.set_ylim(0, 1.05 * np.max(list(runs.values())))
    last = axes.flat[len(names)]
    for i, colour in enumerate(colours):
        drawing.dots(last, [i], rows.iloc[[i]], colour, upright=True)
    last.set_xticks(range(len(names)), names, rotation=35, ha="right", fontsize=9)
    last.set_title("mean over steps", fontsize=LARGE, weight="normal")
    for axis in axes.flat[: len(names) + 1]:
        axis.axhline(1 / len(names), color=GOLDEN, ls="--", lw=1)
    for axis in axes.flat[len(names) + 1 :]:
        axis.set_visible(False)
    for axis in axes.flat[max(len(names) - 2, 0) : len(names)]:
        axis.set_xlabel("step")
    figure.supylabel("weight λ", fontsize=12)
    return figure


def plot_gains(gains: pd.DataFrame, shares: pd.DataFrame) -> "Figure":
    """How much of a source's own gain a mixture keeps, by the share of the source.

    `gains` is over replicates; `shares` of the default run names and orders the sources.
    """
    figure, [[axis]] = drawing.canvas(4.2)
    order = shares.sort_values("share")
    for shift, scheme in zip((-0.2, 0.0, 0.2), gains["scheme"].unique(), strict=True):
        rows = select(gains, scheme=scheme).set_index("source").loc[order["source"]]
        label = SCHEME_NAMES[scheme] + (", equal sizes" if scheme == MULTITASK else "")
        marker = {MULTITASK_AS_IS: "o", MULTITASK: "s"}.get(scheme, "^")
        place = np.arange(len(rows)) + shift
        drawing.dots(axis, place, rows, SCHEME_COLOURS[scheme], label, marker=marker, upright=True)
    axis.axhline(1, color=SCHEME_COLOURS[TOP], ls="--", label="the source's own model")
    axis.axhline(0, color=SCHEME_COLOURS[RAW], ls="--", label="untrained")
    texts = [f"{row.source}\n{row.share:.0%}" for row in order.itertuples()]
    axis.set_xticks(range(len(order)), texts, fontsize=SMALL)
    # An interval of a ratio can be very wide: it is cut at twice the range of the estimates.
    known = gains["estimate"][np.isfinite(gains["estimate"])]
    low, high = min(known.min(), 0), max(known.max(), 1)
    axis.set_ylim(low - (high - low) / 2, high + (high - low) / 2)
    axis.set(xlabel="Source and its share of all pairs", ylabel="Gain relative to Top's")
    axis.grid(axis="x", visible=False)
    drawing.legend(figure, axis, 2)
    return figure
