"""Figures of the appendix, each drawn from small tables.

In: tables of this package. Out: closed matplotlib figures, to be shown by the caller, who also sets
the look of all figures. Called by the notebooks `rethinking_families`, `rethinking_kl` and
`rethinking_setup`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import COLOURS, OURS, PAPER, canvas, heat_map
from proxyreward.findings.rethinking.rethinking_appendix.divergence import kl_integral
from proxyreward.findings.rethinking.rethinking_appendix.families import TITLES
from proxyreward.metrics.best_of_n import kl_bound
from proxyreward.metrics.prediction import mrr_chance
from proxyreward.vocabulary import PPO

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_families(pairs: pd.DataFrame, associations: pd.DataFrame, n: int) -> "Figure":
    """Accuracy against best-of-n NDR, a panel per family (the form of the paper's Figure 12).

    Parameters
    ----------
    pairs, associations : DataFrame
        Of `families.family_pairs` and `families.family_associations` at the same n.
    n : int
        For the label of the axis.
    """
    figure, axes = canvas(3.4, 1, 3)
    chosen = associations.query("statistic == 'spearman' and protocol == 'mean_g'")
    spearman = chosen.set_index("family")
    for axis, (family, group) in zip(axes[0], pairs.groupby("family", sort=False)):
        axis.scatter(100 * group["accuracy"], group["ndr"], s=22, color=OURS, alpha=0.6, lw=0)
        for level in (0, 1):
            axis.axhline(level, color="grey", linewidth=1, linestyle=":")
        row = spearman.loc[family]
        axis.set_title(
            f"{TITLES[family]}\nSpearman {row.estimate:.2f}\n[{row.low:.2f}, {row.high:.2f}]",
            fontsize=10,
            weight="normal",
        )
    axes[0, 1].set_xlabel("Accuracy of the proxy against the golden RM (%)")
    axes[0, 0].set_ylabel(f"NDR of best-of-{n} (share kept)")
    return figure


def plot_mutual_accuracy(pairs: pd.DataFrame, family: str) -> "Figure":
    """Accuracy between the members of a family in percent, in the order of the family."""
    rows = pairs[pairs["family"] == family]
    if rows.empty:
        known = ", ".join(pairs["family"].unique())
        raise ValueError(f"no family {family!r}; choose one of {known}")
    members = rows.drop_duplicates("golden")
    names, labels = members["golden"], members["label"].tolist()
    wide = rows.pivot(index="golden", columns="proxy", values="accuracy")
    matrix = 100 * wide.reindex(index=names, columns=names).to_numpy(dtype=float)
    figure, [[axis]] = canvas(4.6)
    heat_map(axis, matrix, labels, labels, label="Accuracy (%)")
    axis.tick_params(axis="x", rotation=45)
    axis.set_xlabel("Proxy RM")
    axis.set_ylabel("Golden RM")
    return figure


def plot_penalty(penalties: pd.DataFrame, statistic: str) -> "Figure":
    """One statistic of accuracy with PPO NDR against the KL penalty, ours and the paper's.

    Parameters
    ----------
    penalties : DataFrame
        Table `penalties` of `tables.compute`.
    statistic : str
        kendall, pearson, spearman or mrr.

    Raises
    ------
    ValueError
        If there is no such statistic, or no penalty with three reward models.
    """
    chosen = penalties[(penalties["statistic"] == statistic) & (penalties["protocol"] == "mean_g")]
    if chosen.empty:
        known = ", ".join(penalties["statistic"].unique()) or "none: fewer than 3 reward models"
        raise ValueError(f"no statistic {statistic!r} here; there is {known}")
    figure, [[axis]] = canvas(3.6)
    place = np.arange(len(chosen))
    # A resampled percentile interval need not contain its estimate, so the two are drawn apart.
    axis.vlines(place, chosen["low"], chosen["high"], color=COLOURS[PPO], linewidth=2)
    axis.plot(place, chosen["estimate"], "o-", color=COLOURS[PPO], label="ours, 95 % interval")
    axis.plot(place, chosen["paper"], "D--", color="black", mfc="none", label="paper")
    rms = int(chosen["rms"].iloc[0])
    level = mrr_chance(rms - 1) if statistic == "mrr" else 0.0
    axis.axhline(level, color="grey", linewidth=1, linestyle=":", label="no relation (ours)")
    axis.set_xticks(place, [f"{kl_coef:g}" for kl_coef in chosen["kl_coef"]])
    axis.set_xlabel("KL penalty of PPO (coefficient)")
    name = "MRR" if statistic == "mrr" else statistic.capitalize()
    axis.set_ylabel(f"{name}, accuracy and NDR")
    figure.legend(loc="outside upper center", ncols=3, fontsize=10, frameon=False)
    return figure


def plot_runs(runs: pd.DataFrame) -> "Figure":
    """End of every PPO run against the penalty: distance, proxy and golden reward, a line per RM.

    Parameters
    ----------
    runs : DataFrame
        Table `runs` of `tables.compute`. Runs that did not finish have an open marker.
    """
    figure, axes = canvas(3.4, 1, 3, sharey=False)
    penalties = sorted(runs["kl_coef"].unique())
    panels = (
        ("kl_nats", "KL divergence (nats)"),
        ("proxy_gain", "proxy reward (sd)"),
        ("golden_gain", "golden reward (sd)"),
    )
    for axis, (column, title) in zip(axes[0], panels):
        for _, line in runs.groupby("rm"):
            place = [penalties.index(kl_coef) for kl_coef in line["kl_coef"]]
            axis.plot(place, line[column], color=COLOURS[PPO], alpha=0.4, linewidth=1)
            for finished, fill in ((True, COLOURS[PPO]), (False, "white")):
                of = (line["status"] == "finished").to_numpy() == finished
                axis.plot(
                    np.array(place)[of], line[column][of], "o", ms=4, mfc=fill,
                    color=COLOURS[PPO],
                )  # fmt: skip
        axis.axhline(0, color="grey", linewidth=1, linestyle=":")
        axis.set_xticks(range(len(penalties)), [f"{p:g}" for p in penalties], rotation=60)
        axis.tick_params(labelsize=9)
        axis.set_title(title, fontsize=10, weight="normal")
    axes[0, 1].set_xlabel("KL penalty of PPO (coefficient)")
    return figure


def plot_steps(steps: pd.DataFrame) -> "Figure":
    """Pairs left after each step of the construction of a training set.

    Parameters
    ----------
    steps : DataFrame
        Of :func:`proxyreward.data.construction.construct`.
    """
    figure, [[axis]] = canvas(3.0)
    names = ["all pairs", *steps["step"]]
    left = np.array([steps["pairs_before"].iloc[0], *steps["pairs_after"]])
    height = np.arange(len(names))[::-1]
    axis.barh(height, left, color=OURS)
    for y, count in zip(height, left):
        axis.annotate(f" {count:,}", (count, y), va="center", fontsize=10, annotation_clip=False)
    axis.set_yticks(height, names)
    axis.set_xlim(0, 1.18 * left.max())
    axis.set_xlabel("Pairs left")
    axis.grid(axis="y", visible=False)
    return figure


def plot_divergence(n: int, paper_n: int) -> "Figure":
    """KL divergence of best-of-n: closed form, integral, and the paper's n.

    Parameters
    ----------
    n : int
        Largest n of this scale.
    paper_n : int
        Of the paper.
    """
    figure, [[axis]] = canvas(3.4)
    top = max(n, paper_n)
    ns = np.unique(np.geomspace(1, top, 60).round().astype(int))
    axis.plot(ns, kl_bound(ns), color=OURS, label="formula")
    some = 2 ** np.arange(1, int(np.log2(top)) + 1, 2)
    axis.plot(some, [kl_integral(k) for k in some], "o", color=OURS, mfc="none", label="integral")
    axis.plot(n, kl_bound(n), "s", color=OURS, label=f"this scale, n = {n}")
    axis.plot(paper_n, kl_bound(paper_n), "D", color=PAPER, label=f"paper, n = {paper_n}")
    axis.set_xscale("log", base=2)
    axis.set_xlabel("n of best-of-n")
    axis.set_ylabel("KL divergence (bits)")
    axis.legend(fontsize=10, loc="upper left")
    return figure
