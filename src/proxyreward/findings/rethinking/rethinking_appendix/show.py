"""Figures and tables of the appendix for readers.

In: tables of `measure` as the stage wrote them; those over replicates have columns `estimate, low,
high`. Out: closed matplotlib figures and frames of text cells. Called by the notebooks
`rethinking_families`, `rethinking_kl` and `rethinking_setup`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import COLOURS, OURS, PAPER, SMALL, STATISTICS
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.rethinking.evidence import square
from proxyreward.findings.rethinking.rethinking_appendix.measure import TITLES, kl_integral
from proxyreward.metrics.best_of_n import kl_bound
from proxyreward.metrics.prediction import mrr_chance
from proxyreward.vocabulary import PPO

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {
    "kl_nats": "KL divergence (nats)",
    "proxy_gain": "proxy reward (sd)",
    "golden_gain": "golden reward (sd)",
}


def plot_families(pairs: pd.DataFrame, associations: pd.DataFrame) -> "Figure":
    """Accuracy against best-of-n NDR in one run, a panel per family (the form of Figure 12).

    `pairs` are those of `measure.family_pairs`; of `associations`, the table `families` over
    replicates at the same n, Spearman stands above.
    """
    figure, axes = drawing.canvas(3.4, 1, 3)
    spearman = associations[associations["statistic"] == "spearman"].set_index("family")
    for axis, (family, group) in zip(axes[0], pairs.groupby("family", sort=False), strict=True):
        axis.scatter(100 * group["accuracy"], group["ndr"], s=22, color=OURS, alpha=0.6, lw=0)
        for level in (0, 1):
            axis.axhline(level, color="grey", linewidth=1, linestyle=":")
        told = cell(spearman.loc[family]).replace(" [", "\n[")
        axis.set_title(f"{TITLES[family]}\nSpearman {told}", fontsize=SMALL, weight="normal")
    axes[0, 1].set_xlabel("Accuracy of the proxy against the golden RM (%)")
    axes[0, 0].set_ylabel(f"NDR of best-of-{associations['n'].iloc[0]} (share kept)")
    return figure


def plot_mutual_accuracy(pairs: pd.DataFrame, family: str) -> "Figure":
    """Accuracy between the members of a family in percent, in the order of the family."""
    rows = pairs[pairs["family"] == family]
    if rows.empty:
        known = ", ".join(pairs["family"].unique())
        raise ValueError(f"no family {family!r}; choose one of {known}")
    labels = rows.drop_duplicates("golden")["label"].tolist()
    figure, [[axis]] = drawing.canvas(4.6)
    drawing.heat_map(axis, 100 * square(rows, "accuracy"), labels, labels, label="Accuracy (%)")
    axis.tick_params(axis="x", rotation=45)
    axis.set(xlabel="Proxy RM", ylabel="Golden RM")
    return figure


def association_table(table: pd.DataFrame, key: str, title: str) -> pd.DataFrame:
    """Associations as text cells, a row per value of `key`, headed `title`.

    `table` is `families` at one n or `penalties`; its column `paper` gives each row a second one
    with the paper's numbers, where it prints any.
    """
    names = table[key].map(lambda value: TITLES.get(value) or f"{value:g}")
    rows = table.assign(name=names)
    if "paper" in table:
        theirs = table.assign(name=names + ", paper", estimate=table["paper"], low=np.nan)
        rows = pd.concat([rows, theirs.dropna(subset="paper")]).sort_index(kind="stable")
    return pivot(rows, {"name": title}, "statistic", cell, STATISTICS)


def plot_penalty(penalties: pd.DataFrame, statistic: str, rms: int) -> "Figure":
    """One statistic of accuracy with PPO NDR against the KL penalty, ours and the paper's.

    `penalties` is the table of that name over replicates; the number of reward models sets the
    chance level of the MRR.
    """
    chosen = penalties[penalties["statistic"] == statistic]
    if chosen.empty:
        known = ", ".join(penalties["statistic"].unique())
        raise ValueError(f"no statistic {statistic!r} here; there is {known}")
    figure, [[axis]] = drawing.canvas(3.6)
    place = np.arange(len(chosen))
    drawing.dots(axis, place, chosen, COLOURS[PPO], "ours, 95 % interval", upright=True)
    drawing.papers(axis, chosen["paper"], place + 0.12, "black", upright=True)
    level = mrr_chance(max(rms - 1, 1)) if statistic == "mrr" else 0.0
    axis.axhline(level, color="grey", linewidth=1, linestyle=":", label="no relation (ours)")
    axis.set_xticks(place, chosen["kl_coef"].map("{:g}".format))
    axis.set_xlabel("KL penalty of PPO (coefficient)")
    axis.set_ylabel(f"{STATISTICS[statistic]}, accuracy and NDR")
    drawing.legend(figure, axis)
    return figure


def plot_runs(runs: pd.DataFrame, ends: pd.DataFrame) -> "Figure":
    """End of PPO against the penalty: distance, proxy and golden reward.

    A thin line per reward model shows `runs`, those of the default run, an open marker where one
    did not finish; dots with intervals show `ends`, means over reward models, over replicates.
    """
    figure, axes = drawing.canvas(3.5, 1, 3, sharey=False)
    penalties = sorted(runs["kl_coef"].unique())
    colour = COLOURS[PPO]
    for axis, (column, title) in zip(axes[0], PANELS.items(), strict=True):
        for _, line in runs.groupby("rm"):
            place = [penalties.index(kl_coef) for kl_coef in line["kl_coef"]]
            stopped = line["status"] != "finished"
            axis.plot(place, line[column], color=colour, alpha=0.4, lw=1, label="each RM, one run")
            axis.plot(
                np.array(place)[stopped], line.loc[stopped, column], "o", ms=5, mfc="white",
                color=colour, label="stopped early",
            )  # fmt: skip
        mean = ends[ends["quantity"] == column].sort_values("kl_coef")
        place = [penalties.index(kl_coef) for kl_coef in mean["kl_coef"]]
        drawing.dots(axis, place, mean, OURS, "mean of RMs, 95 % interval", upright=True)
        axis.axhline(0, color="grey", linewidth=1, linestyle=":")
        axis.set_xticks(range(len(penalties)), [f"{p:g}" for p in penalties], rotation=60)
        axis.tick_params(labelsize=9)
        axis.set_title(title, fontsize=SMALL, weight="normal")
    axes[0, 1].set_xlabel("KL penalty of PPO (coefficient)")
    drawing.legend(figure, axes)
    return figure


def plot_steps(steps: pd.DataFrame) -> "Figure":
    """Pairs left after each step of :func:`proxyreward.data.construction.construct`, one run."""
    figure, [[axis]] = drawing.canvas(3.0)
    left = np.array([steps["pairs_before"].iloc[0], *steps["pairs_after"]])
    height = drawing.rows_on(axis, ["all pairs", *steps["step"]])
    axis.barh(height, left, color=OURS)
    for y, count in zip(height, left, strict=True):
        axis.annotate(f" {count:,}", (count, y), va="center", fontsize=10, annotation_clip=False)
    axis.set(xlim=(0, 1.18 * left.max()), xlabel="Pairs left")
    return figure


def plot_divergence(n: int, paper_n: int) -> "Figure":
    """KL divergence of best-of-n: closed form, integral, the largest n here and the paper's."""
    figure, [[axis]] = drawing.canvas(3.4)
    top = max(n, paper_n)
    ns = np.unique(np.geomspace(1, top, 60).round().astype(int))
    axis.plot(ns, kl_bound(ns), color=OURS, label="formula")
    some = 2 ** np.arange(1, int(np.log2(top)) + 1, 2)
    axis.plot(some, [kl_integral(k) for k in some], "o", color=OURS, mfc="none", label="integral")
    axis.plot(n, kl_bound(n), "s", color=OURS, label=f"this scale, n = {n}")
    axis.plot(paper_n, kl_bound(paper_n), "D", color=PAPER, label=f"paper, n = {paper_n}")
    axis.set_xscale("log", base=2)
    axis.set(xlabel="n of best-of-n", ylabel="KL divergence (bits)")
    axis.legend(fontsize=10, loc="upper left")
    return figure
