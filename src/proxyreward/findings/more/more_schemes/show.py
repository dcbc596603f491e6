"""Figures and tables of the training schemes for readers.

In: tables of `measure` as the stage wrote them; those over replicates have columns `estimate, low,
high`. Out: closed matplotlib figures and frames of text cells. Called by the notebook
`more_schemes`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import LARGE, SMALL
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.text import beside, cell, pivot, with_interval
from proxyreward.findings.more.mixture_drawing import (
    FLOOR_LOOK,
    SCHEME_COLOURS,
    SCHEME_NAMES,
    SCHEMES,
    draw_floor,
)
from proxyreward.findings.more.mixtures import COLUMNS, DISTINCT, STANDARD, counterparts, form_label
from proxyreward.findings.more.more_schemes.measure import COMPARISONS, FLOOR, metric_of
from proxyreward.metrics.checks import one_of
from proxyreward.vocabulary import MORE, MULTITASK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AXES = {
    "accuracy": "accuracy (points)",
    "ece": "ECE",
    "ece_paper": "ECE, paper's form",
    "log_loss": "log loss (nats)",
    "brier": "Brier score",
    "size": "mean |margin|",
}


def plot_schemes(cells: pd.DataFrame, form: str = STANDARD) -> "Figure":
    """Accuracy and ECE of each scheme on each test set (the paper's Figure 4).

    Bands end at the largest floor of the ECEs in their panel. A row of panels for each source and
    one for the mean; columns are accuracy, the ECE in a form,
    and the ECE in the form that the paper's numbers point to, with the paper's values beside ours.
    """
    columns = ("accuracy", metric_of(form), "ece_paper")
    rows, bases = cells["source"].unique(), list(cells["base"].unique())
    figure, axes = drawing.canvas(1.6 + 1.4 * len(rows), len(rows), 3, sharex="col")
    place = np.arange(len(bases))[::-1]
    for row, source in zip(axes, rows, strict=True):
        for i, (axis, metric) in enumerate(zip(row, columns, strict=True)):
            own = cells[(cells["source"] == source) & (cells["metric"] == metric)]
            for shift, scheme in zip(np.linspace(0.3, -0.3, len(SCHEMES)), SCHEMES, strict=True):
                found = own[own["scheme"] == scheme].set_index("base").loc[bases]
                colour = SCHEME_COLOURS[scheme]
                drawing.dots(axis, place + shift, found, colour, SCHEME_NAMES[scheme])
                if i and scheme == SCHEMES[-1]:
                    floor = cells[(cells["source"] == source) & (cells["metric"] == metric + FLOOR)]
                    draw_floor(axis, floor["estimate"].max())
                if i != 1:  # the paper's ECE is drawn only beside the form it seems to have
                    drawing.papers(axis, found["paper"], place + shift, colour, "")
            axis.set_yticks(place, bases)
            axis.tick_params(labelsize=SMALL)
            axis.grid(axis="y", visible=False)
            for between in place[:-1]:
                axis.axhline(between - 0.5, color="#e4e8ee", linewidth=1)
        row[0].set_title(source, fontsize=LARGE)
    drawing.papers(axes[0, 0], [], [], "black", "paper's value")
    for axis, label in zip(axes[-1], ("accuracy", _ece(form), AXES["ece_paper"]), strict=True):
        axis.set_xlabel(label, fontsize=LARGE)
    for axis in axes[:, 1:].flat:
        axis.set_xlim(left=0)
    drawing.legend(figure, axes[0, :2], 3)
    return figure


def plot_differences(
    differences: pd.DataFrame, form: str = STANDARD, source: str = "mean"
) -> "Figure":
    """MORE minus MultiTask and the controls, before and after temperature scaling.

    `form` is that of the ECE in the second panel, `source` that of the test pairs, or ``mean``; a
    ValueError lists what there is.
    """
    one_of("source", source, tuple(differences["source"].unique()))
    shown = differences[differences["source"] == source]
    keys = ["base", "first", "second"]
    rows = shown[keys].drop_duplicates().reset_index(drop=True)
    colours = rows["first"].map(SCHEME_COLOURS)
    names = [f"{COMPARISONS[row.first, row.second]}\n{row.base}" for row in rows.itertuples()]
    figure, axes = drawing.canvas(1.6 + 0.95 * len(rows), 2, 3, sharex=False)
    for axis, (metric, label) in zip(axes.flat, AXES.items(), strict=True):
        place = drawing.rows_on(axis, names)
        read = metric_of(form) if metric == "ece" else metric
        own, floor = shown[shown["metric"] == read].copy(), shown["metric"] == read + FLOOR
        if floor.any():
            draw_floor(axis, shown.loc[floor, "estimate"].max(), both=True)
        if metric == "accuracy":  # points need fewer letters than shares, and the panels are narrow
            own[["estimate", "low", "high", "paper"]] *= 100
        for scaled, name in enumerate(("as trained", "after temperature scaling")):
            found = rows.merge(own[own["scaled"] == bool(scaled)], how="left", on=keys)
            if found["estimate"].notna().any():
                drawing.dots(
                    axis, place + 0.17 - 0.34 * scaled, found, colours, name, hollow=bool(scaled)
                )
            if metric in ("accuracy", "ece_paper") and not scaled:
                drawing.papers(axis, found["paper"], place + 0.17, "black", "paper's value")
        axis.axvline(0, color="black", linewidth=1, zorder=1)
        axis.tick_params(labelsize=SMALL)
        axis.set_xlabel(label, fontsize=LARGE)
        drawing.few_ticks(axis)
    axes[0, 1].set_xlabel(_ece(form), fontsize=LARGE)
    drawing.legend(figure, axes, 2)
    return figure


def forms(differences: pd.DataFrame) -> pd.DataFrame:
    """Rows of the ECE of MORE minus MultiTask in each form as trained, in the mean over sources.

    Beside each its ``floor``.
    """
    names = {metric_of(form): form for form in DISTINCT}
    own = differences[(differences["source"] == "mean") & ~differences["scaled"]]
    own = own[(own["first"] == MORE) & (own["second"] == MULTITASK)]
    floor = own[own["metric"].isin([name + FLOOR for name in names])]
    floor = floor.assign(form=floor["metric"].str.removesuffix(FLOOR).map(names))
    keys = ["base", "form"]
    found = own[own["metric"].isin(names)].assign(form=lambda rows: rows["metric"].map(names))
    return found.merge(floor[[*keys, "estimate"]].rename(columns={"estimate": "floor"}), on=keys)


def plot_forms(differences: pd.DataFrame) -> "Figure":
    """ECE of MORE minus MultiTask in each form, a panel per base; bands reach to the floors."""
    own = forms(differences)
    figure, axes = drawing.canvas(1.0 + 0.45 * len(DISTINCT), 1, own["base"].nunique())
    for axis, base in zip(axes[0], own["base"].unique(), strict=True):
        place = drawing.rows_on(axis, list(map(form_label, DISTINCT)))
        found = own[own["base"] == base].set_index("form").loc[list(DISTINCT)]
        width, left = 2 * found["floor"], -found["floor"]
        axis.barh(place, width, left=left, height=0.9, zorder=0, **FLOOR_LOOK)
        drawing.dots(axis, place, found, SCHEME_COLOURS[MORE])
        axis.axvline(0, color="black", linewidth=1, zorder=1)
        axis.set_title(base, fontsize=LARGE)
        axis.tick_params(labelsize=SMALL)
        drawing.few_ticks(axis)
    figure.supxlabel("ECE of MORE minus MultiTask, mean over sources", fontsize=LARGE)
    return figure


def table3(cells: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Table 3 as text cells, ours beside the paper's in brackets; ECE in the paper's form.

    A star marks a mean that the paper prints and that is not the mean of its row.
    """
    stands_for = counterparts(cells["base"].unique())
    ece = "metric == 'ece_paper' and source == 'mean'"
    rows = cells.query(f"scheme in @SCHEMES and (metric == 'accuracy' or {ece})")

    def text(row) -> str:
        if row.metric != "accuracy":
            return beside(row.estimate, row.paper, ".3f")
        paper, star = 100 * row.paper, ""
        if row.source == "mean":
            theirs = registry.printed("more.table3", stands_for[row.base], row.name)
            paper, star = theirs["Avg"], "*" if _slip(theirs) else ""
        return beside(100 * row.estimate, paper, ".1f", star)

    rows = rows.assign(
        name=rows["scheme"].map(SCHEME_NAMES),
        label=[f"{base} ({stands_for[base]})" for base in rows["base"]],
        column=rows["source"].where(rows["metric"] == "accuracy", "ECE"),
    )
    return pivot(rows, {"label": "Base", "name": "Scheme"}, "column", text)


def slips(registry: Registry) -> pd.DataFrame:
    """Rows of Table 3 whose printed mean is not that of the row: base, scheme, printed, mean."""
    rows = [
        (base, scheme, row["Avg"], row["Avg"] - _slip(row))
        for base, schemes in registry.printed("more.table3").items()
        for scheme, row in schemes.items()
        if _slip(row)
    ]
    return pd.DataFrame(rows, columns=["base", "scheme", "printed", "mean"])


def table4(sizes: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Table 4: training and test pairs of each source, ours and the paper's.

    The shares are of the pairs that a source has after resampling, in percent.
    """
    paper = dict(registry.printed("more.table4"))
    one = paper.pop("resampled_train_per_source")
    theirs = pd.DataFrame(list(paper.values()), index=list(COLUMNS)).reindex(sizes["source"])
    return pd.DataFrame(
        {
            "Source": sizes["source"],
            "training": sizes["training"],
            "training, paper": theirs["train"].to_numpy(),
            "% of resampled": 100 * sizes["share"],
            "%, paper": 100 * theirs["train"].to_numpy() / one,
            "test": sizes["test"],
            "test, paper": theirs["test"].to_numpy(),
        }
    )


def steps_table(steps: pd.DataFrame) -> pd.DataFrame:
    """The table `steps` as text cells."""
    rows = steps.assign(name=steps["scheme"].map(SCHEME_NAMES))
    return pivot(rows, {"base": "Base", "name": "Scheme"}, "measure", lambda r: cell(r, ".3f"))


def times_table(found: pd.DataFrame) -> pd.DataFrame:
    """The table `times` for readers; shares of a step of MultiTask in percent."""
    return pd.DataFrame(
        {
            "Base": found["base"],
            "MultiTask, ms": found["multitask_ms"],
            "MORE, ms": found["more_ms"],
            "ratio": [with_interval(r.ratio, r.low, r.high, ".3f") for r in found.itertuples()],
            "weighing, %": 100 * found["weighing_share"].astype(float),
            "of which solving, %": 100 * found["solving_share"].astype(float),
        }
    )


def _slip(row: Mapping[str, float]) -> float:
    """Printed mean of a row of Table 3 less the mean of its cells, in points; 0 if rounding."""
    slip = row["Avg"] - float(np.mean([row[name] for name in COLUMNS.values()]))
    return slip if abs(slip) > 0.02 else 0.0


def _ece(form: str) -> str:
    return "ECE" if form == STANDARD else f"ECE, {form_label(form)}"
