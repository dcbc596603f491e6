"""Figures and tables of the page on published reward models, for readers.

In: the tables of `measure` and `faults`. Out: closed matplotlib figures and frames of text cells.
Called by the notebook `real_regret`.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, OURS, PAPER, SMALL
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.real.real_regret.design import EQUAL, OLD, REJECTED, WHOLE
from proxyreward.findings.real.real_regret.measure import ALL
from proxyreward.findings.real.real_regret.published import RIGHT
from proxyreward.findings.real.real_regret.study import ENDS, JUDGE, NULL, REWARD_MODEL
from proxyreward.metrics.checks import count, one_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#CC79A7", "#D55E00", GOLDEN)
HIGH = 0.8
"""From this accuracy on names stand in a column beside the plot."""
COSTS = {WHOLE: ("every problem and answer", OURS, "-"), EQUAL: ("equal cost", PAPER, "--")}
PANELS = {REWARD_MODEL: "reward models", ALL: "with judges"}
KINDS = {REWARD_MODEL: (OURS, "o", "reward models"), JUDGE: (PAPER, "s", "judges")}
PLACES = {"first": (OURS, "o"), "second": (PAPER, "s")}
SPOILT = "modified_with_GPT-4"
HEADS = {"RewardMATH accuracy": "accuracy, %", "kept": "share kept, %"}
WHAT = {
    "repeated-ids": "answers with the id of an earlier one",
    "empty-ids": "answers without an id",
    "partial-scorers": "scorers left out, as scores lack",
    "test sets": "test sets, see below",
}


def kept_at(curves: pd.DataFrame, n: int) -> pd.DataFrame:
    """Share of the possible gain that the best of n keeps, a row a scorer: estimate, low, high.

    (J(n) - J(1)) / (J*(n) - J(1)) of the curves. Each problem has one right answer, so J(1) and
    J*(n) are the same on all, and the ends of J(n) become those of the share.

    Raises
    ------
    ValueError
        If n is not between 2 and the number of answers.
    """
    count("n", n, 2, int(curves["n"].max()))
    best = curves[curves["scorer"] == RIGHT].set_index("n")["estimate"]
    own = curves[(curves["n"] == n) & (curves["scorer"] != RIGHT)].set_index("scorer")
    return (own[ENDS] - best[1]) / (best[n] - best[1])


def plot_alike(scorers: pd.DataFrame, kept: pd.DataFrame) -> "Figure":
    """Accuracy on RewardBench against the share kept, in percent, with intervals both ways."""
    old = 100 * scorers[scorers["quantity"] == "RewardBench accuracy"].set_index("scorer")[ENDS]
    own = 100 * kept.loc[old.index]
    figure, [[axis]] = drawing.canvas(4.6)
    axis.axhline(0, color=GOLDEN, linestyle=":", linewidth=1.2)
    axis.hlines(own["estimate"], old["low"], old["high"], color=OURS, linewidth=1, alpha=0.6)
    drawing.dots(axis, old["estimate"], own, upright=True)
    high = old["estimate"] >= 100 * HIGH
    _column(axis, old.loc[high, "estimate"], own.loc[high, "estimate"])
    for name in old.index[~high]:
        _beside(axis, name, old["estimate"], own["estimate"])
    axis.set(xlabel="Accuracy on pairs of RewardBench, %", ylabel="Share of the gain kept, %")
    axis.set_xlim(42, 100)
    return figure


def _column(axis: "Axes", x: pd.Series, y: pd.Series) -> None:
    """Names in a column right of the axes, each led to its point."""
    low, high = axis.get_ylim()
    for name, height in spread(y, 0.062 * (high - low)).items():
        axis.annotate(
            words(name), (x[name], y[name]), (1.04, height), va="center", fontsize=SMALL,
            textcoords=axis.get_yaxis_transform(), annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "#9aa3ad", "linewidth": 0.7},
        )  # fmt: skip


def _beside(axis: "Axes", name: str, x: pd.Series, y: pd.Series) -> None:
    """A name above its point: to the left where another point is near on the right."""
    gap = x - x[name]
    left = bool(((gap > 0) & (gap < 14) & (abs(y - y[name]) < 3)).any())
    axis.annotate(
        words(name), (x[name], y[name]), (-4 if left else 4, 4), textcoords="offset points",
        ha="right" if left else "left", va="bottom", fontsize=SMALL,
    )  # fmt: skip


def spread(heights: pd.Series, gap: float) -> pd.Series:
    """Heights at least `gap` apart, in the same order, as near to the given ones as that allows.

    Least squares: with the gaps taken off it is a regression that may not fall (pool adjacent
    violators).
    """
    from scipy.optimize import isotonic_regression

    rising = heights.sort_values()
    steps = gap * np.arange(len(rising))
    return pd.Series(isotonic_regression(rising - steps).x + steps, index=rising.index)


def plot_curves(curves: pd.DataFrame, names: Sequence[str]) -> "Figure":
    """Right answers among the best of n, in percent, a line a scorer.

    Raises
    ------
    ValueError
        If a name is no scorer of the table.
    """
    known = tuple(name for name in curves["scorer"].unique() if name != RIGHT)
    figure, [[axis]] = drawing.canvas(4.4)
    ends = {}
    for place, name in enumerate(names):
        one_of("scorer", name, known)
        own = curves[curves["scorer"] == name]
        colour = COLOURS[place % len(COLOURS)]
        drawing.curve(axis, own["n"], 100 * own[ENDS], colour)
        ends[name] = 100 * own["estimate"].iloc[-1], colour
    start = 100 * curves["estimate"].iloc[0]
    axis.axhline(start, color=GOLDEN, linestyle=":", linewidth=1.2)
    low, high = axis.get_ylim()
    last = pd.Series({name: end for name, (end, _) in ends.items()})
    for name, height in spread(last, 0.062 * (high - low)).items():
        place = (1.02, height)
        axis.text(
            *place, words(name), color=ends[name][1], va="center", fontsize=SMALL,
            transform=axis.get_yaxis_transform(),
        )  # fmt: skip
    axis.set(xlabel="n, answers to choose from", ylabel="Right answers among the best of n, %")
    axis.set_xticks(range(1, int(curves["n"].max()) + 1))
    axis.set_xlim(1, curves["n"].max())
    return figure


def plot_prediction(prediction: pd.DataFrame) -> "Figure":
    """Rank correlation of test sets with the share kept, by wrong answers to a problem."""
    figure, axes = drawing.canvas(4.0, 1, 2)
    for axis, (kind, title) in zip(axes[0], PANELS.items(), strict=True):
        own = prediction[prediction["scorers"] == kind]
        for cost, (label, colour, line) in COSTS.items():
            rows = own[(own["cost"] == cost) & (own["design"] == REJECTED)]
            drawing.curve(axis, rows["rejected"], rows, colour, label, linestyle=line)
        old = own[own["design"] == OLD]
        if len(old):
            drawing.dots(axis, [0], old, GOLDEN, "RewardBench", marker="D", upright=True)
        axis.set_title(title, weight="normal")
        axis.set_xlabel("Wrong answers a problem")
        axis.set_xticks([1, 3, 5, 7, 9])
    axes[0, 0].set_ylabel("Spearman with the share kept")
    axes[0, 0].set_ylim(None, 1.02)
    drawing.legend(figure, axes)
    return figure


def plot_writers(writers: pd.DataFrame) -> "Figure":
    """How often wrong answers are scored above the right one, in percent, a row a writer."""
    models = writers[writers["kind"] == REWARD_MODEL].sort_values("estimate", ascending=False)
    figure, [[axis]] = drawing.canvas(5.4)
    height = drawing.rows_on(axis, [words(name) for name in models["writer"]])
    for kind, (colour, marker, label) in KINDS.items():
        own = writers[writers["kind"] == kind].set_index("writer").loc[models["writer"]]
        at = height + (0.12 if kind == REWARD_MODEL else -0.12)
        drawing.dots(axis, at, own, colour, label, unit=100, marker=marker)
    axis.axvline(50, color=GOLDEN, linestyle=":", linewidth=1.2)
    axis.set_xlabel("Scored above the right answer, %")
    axis.tick_params(axis="y", labelsize=SMALL)
    drawing.legend(figure, axis)
    return figure


def plot_positions(positions: pd.DataFrame) -> "Figure":
    """Accuracy of judges in percent, by whether the right answer is shown first or second."""
    lean = positions[positions["quantity"] == "lean"].sort_values("estimate")
    figure, [[axis]] = drawing.canvas(4.0)
    height = drawing.rows_on(axis, [words(name) for name in lean["judge"]])
    by_place = {}
    for place, (colour, marker) in PLACES.items():
        own = positions[positions["quantity"] == place].set_index("judge").loc[lean["judge"]]
        by_place[place] = 100 * own["estimate"]
        drawing.dots(axis, height, own, colour, f"shown {place}", unit=100, marker=marker)
    axis.hlines(height, *by_place.values(), color="#c3c9d1", linewidth=1.2, zorder=1)
    axis.axvline(50, color=GOLDEN, linestyle=":", linewidth=1.2)
    axis.set(xlabel="Right answer preferred, %", xlim=(0, 100))
    drawing.legend(figure, axis)
    return figure


def scorer_table(scorers: pd.DataFrame) -> pd.DataFrame:
    """Text cells, a row a scorer with its tier, those that keep most first; null scorers last."""
    values = scorers.set_index(["quantity", "scorer"])["estimate"]
    rows = scorers[scorers["quantity"].isin(HEADS)].copy()
    rows["kept"] = rows["scorer"].map(values["kept"])
    rows["null"] = rows["kind"] == NULL
    rows = rows.sort_values(["null", "kept"], ascending=[True, False], kind="stable")
    tiers = rows["scorer"].map(values["tier"])
    told = [f" (tier {tier:.0f})" if tier > 0 else "" for tier in tiers]
    rows["named"] = rows["scorer"] + told
    return pivot(rows, {"named": "scorer"}, "quantity", lambda row: signed(row, "z.1f", 100), HEADS)


def count_table(counts: pd.DataFrame) -> pd.DataFrame:
    """What was read and what is unusual: a row each, a column a file."""
    rows = counts.assign(what=counts["what"].replace(WHAT))
    return pivot(rows, {"what": "what"}, "file", lambda row: f"{row.count:,d}")


def signed(row: Any, form: str = ".2f", unit: float = 1.0) -> str:
    """Text cell with an interval and true minus signs."""
    return cell(row, form, unit).replace("-", "−")


def difference_table(differences: pd.DataFrame) -> pd.DataFrame:
    """Text cells in points: two scorers, the differences of accuracy and of the share kept."""
    rows = []
    for row in differences.itertuples():
        texts = [f"{row.first} − {row.second}"]
        for name in ("accuracy", "kept"):
            ends = [getattr(row, name + end) for end in ("", "_low", "_high")]
            texts.append(signed(pd.Series(ends, ENDS), "+.1f", 100))
        told = "p\u00a0<\u00a00.001" if row.p < 0.001 else f"p\u00a0=\u00a0{row.p:.3f}"
        rows.append((*texts[:-1], f"{texts[-1]}, {told}"))
    return pd.DataFrame(rows, columns=["pair", "accuracy, points", "share kept, points"])


def prediction_table(prediction: pd.DataFrame, rejected: Collection[int]) -> pd.DataFrame:
    """Text cells: rank correlation with the share kept, a row a test set, a column who counts."""
    rows = prediction[prediction["rejected"].isin(rejected)].copy()
    rows["test_set"] = [_test_set(row) for row in rows.itertuples()]
    return pivot(rows, {"test_set": "test set"}, "scorers", signed, PANELS)


def _test_set(row: Any) -> str:
    if row.design == OLD:
        return "RewardBench, one wrong answer"
    told = "" if row.design == REJECTED else f", {row.design}"
    wrong = "one wrong answer" if row.rejected == 1 else f"{row.rejected} wrong answers"
    return f"RewardMATH, {wrong}{told}{', equal cost' if row.cost == EQUAL else ''}"


def words(name: str) -> str:
    """Name of a scorer or writer as figures show it."""
    if name == SPOILT:
        return "right one, spoilt by GPT-4"
    return name.rpartition("/")[2].replace("_", " ")
