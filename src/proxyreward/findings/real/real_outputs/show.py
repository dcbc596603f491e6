"""Figures and tables of the page on real outputs, for readers.

In: the tables of `measure`. Out: closed matplotlib figures and frames of text cells. Called by the
notebook `real_outputs`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, SMALL
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.real.real_outputs import views
from proxyreward.findings.real.real_outputs.heuristics import HEURISTICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = {
    "habit": ("#D55E00", "s", "reads no content"),
    "people": ("#009E73", "^", "learnt from people"),
    "judge": ("#0072B2", "o", "learnt from the judge"),
    "writer": ("#CC79A7", "D", "knows the writer alone"),
}
WORTH = 0.1
NDR = "NDR of best-of-32"


def kind(proxy: str) -> str:
    """Which of `KINDS` a proxy is of."""
    if proxy in HEURISTICS:
        return "habit"
    if proxy == views.WRITER:
        return "writer"
    return "judge" if " judge" in proxy else "people"


def plot_curves(curves: pd.DataFrame, proxies: Sequence[str], view: str) -> "Figure":
    """Golden reward of best-of-n (above) and the proxy's own (below), a line a proxy.

    The proxy's own reward is drawn as a share of its rise up to the largest n.
    """
    shown = curves[curves["view"] == view]
    figure, axes = drawing.canvas(7.0, 2, 1, sharey=False)
    golden, own = axes[:, 0]
    best = shown[shown["proxy"] == shown["proxy"].iloc[0]]
    golden.plot(best["n"], best["best"], color=GOLDEN, linestyle="--", label="the judge's own best")
    for name, colour in zip(proxies, _colours(len(proxies)), strict=True):
        line = shown[shown["proxy"] == name]
        drawing.curve(golden, line["n"], line, colour, name)
        golden.fill_between(line["n"], line["low"], line["high"], color=colour, alpha=0.15, lw=0)
        rise = (line["own"] - line["own"].iloc[0]) / (line["own"].iloc[-1] - line["own"].iloc[0])
        own.plot(line["n"], rise, color=colour)
    golden.set_ylabel("Golden reward" if view == views.WIN else "Golden reward, log-odds")
    own.set_ylabel("Proxy's reward,\nshare of its rise")
    for axis in (golden, own):
        axis.set_xscale("log", base=2)
        axis.set_xticks([1, 2, 4, 8, 16, 32, 56], labels=["1", "2", "4", "8", "16", "32", "56"])
        axis.minorticks_off()
    own.set_xlabel("n of best-of-n")
    drawing.legend(figure, axes, ncols=2)
    return figure


def _colours(count: int) -> list[str]:
    """Okabe and Ito's, without black and yellow."""
    return ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"][:count]


def plot_points(measures: pd.DataFrame, view: str) -> "Figure":
    """Accuracy against NDR of best-of-32, a point a proxy, with both intervals."""
    accuracy, ndr = (_of(measures, view, name) for name in ("accuracy", "ndr at 32"))
    figure, [[axis]] = drawing.canvas(5.4)
    for name, (colour, marker, label) in KINDS.items():
        own = [proxy for proxy in accuracy.index if kind(proxy) == name]
        x, y = accuracy.loc[own], ndr.loc[own]
        if own:
            axis.hlines(y["estimate"], x["low"], x["high"], color=colour, linewidth=1.2)
            axis.vlines(x["estimate"], y["low"], y["high"], color=colour, linewidth=1.2)
            axis.scatter(
                x["estimate"], y["estimate"], s=34, color=colour, marker=marker, label=label
            )
    _label(axis, accuracy["estimate"], ndr["estimate"])
    axis.axhline(0, color=GOLDEN, linestyle=":", linewidth=1.2)
    axis.set(xlabel="Accuracy on pairs within prompts", ylabel=NDR)
    drawing.legend(figure, axis, ncols=2)
    return figure


def _label(axis: "Axes", x: pd.Series, y: pd.Series) -> None:
    """Names in a column beside the axes, each with a line to its point."""
    line = {"arrowstyle": "-", "color": "0.7", "lw": 0.7, "relpos": (0, 0.5)}
    heights = _apart(y.sort_values(), 0.06 * (y.max() - y.min()))
    for name, height in heights.items():
        axis.annotate(
            name, (x[name], y[name]), (1.03, height), "data", ("axes fraction", "data"),
            va="center", fontsize=SMALL, arrowprops=line,
        )  # fmt: skip


def _apart(heights: pd.Series, gap: float) -> pd.Series:
    """Rising heights moved as little as can be (least squares) to lie a gap apart."""
    steps = np.arange(len(heights)) * gap
    moved = isotonic_regression(heights.to_numpy() - steps).x + steps
    return pd.Series(moved, heights.index)


def plot_peaks(measures: pd.DataFrame, view: str) -> "Figure":
    """The n at which the golden reward is highest, with its interval, a row a proxy."""
    peak, most = _of(measures, view, "peak"), _of(measures, view, "responses")["estimate"].max()
    return _rows(
        peak.sort_values("estimate"), "n at which the golden reward is highest", (1, most), log=True
    )


def plot_kept(gains: pd.DataFrame) -> "Figure":
    """Share of the golden gain of best-of-32 that stays without length, and without writers.

    Of proxies that gain at least `WORTH` of the most: a share of little says little.
    """
    figure, axes = drawing.canvas(5.4, 1, 2)
    heads = {views.LENGTH_OUT: "length", views.WRITERS_OUT: "writers"}
    whole = gains[gains["part"] == "gain"].set_index("proxy")["estimate"]
    known = whole.index[whole >= WORTH * whole.max()]
    for axis, (part, head) in zip(axes[0], heads.items(), strict=True):
        own = gains[gains["part"] == part].set_index("proxy").loc[list(known)]
        heights = drawing.rows_on(axis, list(own.index))
        for name, height in zip(own.index, heights, strict=True):
            colour, marker, _ = KINDS[kind(name)]
            drawing.dots(axis, [height], own.loc[[name]], colour, unit=100, marker=marker)
        axis.axvline(0, color=GOLDEN, linestyle=":", linewidth=1.2)
        axis.axvline(100, color=GOLDEN, linestyle=":", linewidth=1.2)
        axis.set_title(f"{head} taken out", weight="normal", fontsize=11)
        axis.set_xlabel("% of the gain left", fontsize=11)
        axis.tick_params(axis="y", labelsize=SMALL)
    return figure


def plot_subsets(subsets: pd.DataFrame) -> "Figure":
    """NDR of best-of-32 on the prompts of each subset, a row a proxy."""
    own = subsets[subsets["measure"] == "ndr at 32"]
    table = own.pivot(index="proxy", columns="subset", values="estimate")
    table = table.loc[table.mean(axis=1).sort_values(ascending=False).index]
    figure, [[axis]] = drawing.canvas(6.0)
    counts = own.drop_duplicates("subset").set_index("subset")["prompts"]
    heads = [f"{name.replace('_', chr(10))}\n({counts[name]})" for name in table.columns]
    drawing.heat_map(
        axis, table.to_numpy(), list(table.index), heads, form=".2f", limits=(-0.4, 1), text=9
    )
    axis.tick_params(labelsize=9)
    axis.set(xlabel="subset (prompts)", ylabel="")
    return figure


def _rows(
    table: pd.DataFrame, label: str, limits: tuple[float, float], log: bool = False
) -> "Figure":
    figure, [[axis]] = drawing.canvas(0.9 + 0.3 * len(table))
    for name, height in zip(table.index, drawing.rows_on(axis, list(table.index)), strict=True):
        colour, marker, _ = KINDS[kind(name)]
        drawing.dots(axis, [height], table.loc[[name]], colour, marker=marker)
    axis.tick_params(axis="y", labelsize=SMALL)
    if log:
        ticks = [n for n in (1, 2, 4, 8, 16, 32) if n < limits[1]] + [limits[1]]
        axis.set_xscale("log", base=2)
        axis.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
    axis.set_xlabel(label)
    return figure


def _of(measures: pd.DataFrame, view: str, measure: str) -> pd.DataFrame:
    own = measures[(measures["view"] == view) & (measures["measure"] == measure)]
    return own.set_index("proxy")


def proxy_table(measures: pd.DataFrame, tool: pd.DataFrame, view: str) -> pd.DataFrame:
    """Text cells of one view, the best tier first; tiers by the tool."""
    heads = {
        "accuracy": "accuracy",
        "ndr at 32": NDR,
        "ndr": "NDR, all",
        "gamma": "γ",
        "peak": "peak n",
    }
    shown = measures[(measures["view"] == view) & measures["measure"].isin(heads)]
    table = pivot(shown, {"proxy": "proxy"}, "measure", _form, heads)
    tier = tool.set_index("proxy").loc[table["proxy"], "tier"].astype(int).to_numpy()
    table["proxy"] = [f"{name} (tier {k})" for name, k in zip(table["proxy"], tier, strict=True)]
    return table.iloc[np.argsort(tier, kind="stable")].reset_index(drop=True)


def golden_table(measures: pd.DataFrame) -> pd.DataFrame:
    """NDR of best-of-32 and peak of every proxy under each golden reward."""
    names = (views.MAIN, views.CLIPPED, views.WIN, views.CONSTANT)
    shown = measures[measures["view"].isin(names) & measures["measure"].isin(["ndr at 32", "peak"])]
    heads = {"ndr at 32": "NDR", "peak": "peak"}
    shown = shown.assign(column=shown["view"] + ": " + shown["measure"].map(heads))
    return pivot(shown, {"proxy": "proxy"}, "column", _form)


def equal_table(measures: pd.DataFrame) -> pd.DataFrame:
    """Accuracy and NDR among all responses, among those of like length, and without writers."""
    columns = {
        (views.MAIN, "accuracy"): "accuracy",
        (views.EQUAL, "accuracy"): "accuracy at equal length",
        (views.WRITERS_OUT, "accuracy"): "accuracy without writers",
        (views.EQUAL, "ndr"): "NDR at equal length",
        (views.WRITERS_OUT, "ndr at 32"): f"{NDR} without writers",
    }
    key = list(zip(measures["view"], measures["measure"], strict=True))
    shown = measures.assign(column=[columns.get(each, "") for each in key])
    return pivot(shown[shown["column"] != ""], {"proxy": "proxy"}, "column", _form)


def judge_table(measures: pd.DataFrame, judge: str) -> pd.DataFrame:
    """Accuracy, NDR at the largest n and peak among the responses that another judge judged."""
    heads = {"accuracy": "accuracy", "ndr": "NDR", "peak": "peak n"}
    shown = measures[(measures["view"] == judge) & measures["measure"].isin(heads)]
    return pivot(shown, {"proxy": "proxy"}, "measure", _form, heads)


def association_table(prompts: pd.DataFrame, over_proxies: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation of accuracy and NDR, with both intervals, by golden reward."""
    both = pd.concat([over_proxies.assign(over="proxies"), prompts.assign(over="prompts")])
    # Every part left out leaves 1, of which no spread can be estimated.
    both.loc[both["high"] - both["low"] < 1e-6, ["low", "high"]] = np.nan
    heads = {over: f"Spearman, interval over {over}" for over in ("proxies", "prompts")}
    rows = {"quantity": "golden reward"}
    table = pivot(both, rows, "over", lambda row: cell(row, ".2f"), heads)
    counts = prompts.set_index("quantity")["proxies"]
    table.insert(1, "proxies", counts.loc[table["golden reward"]].to_numpy())
    return table


def difference_table(differences: pd.DataFrame) -> pd.DataFrame:
    """Pairs of equal accuracy and different regret; text cells."""
    heads = {"accuracy": "accuracy, first less second", "ndr": "NDR, first less second"}
    rows = [
        {"first": row.first, "second": row.second}
        | {head: _signed(row, key) for key, head in heads.items()}
        for row in differences[differences["hidden"]].itertuples()
    ]
    return pd.DataFrame(rows, columns=["first", "second", *heads.values()])


def _signed(row: Any, key: str) -> str:
    ends = [getattr(row, f"{key}{end}") for end in ("", "_low", "_high")]
    text = cell(pd.Series(ends, ["estimate", "low", "high"]), "+.3f")
    return text.replace("-", "−")


def _form(row: Any) -> str:
    return cell(row, ".0f" if row.measure == "peak" else ".2f").replace("-", "−")
