"""Figures of the finding on calibration and alignment, drawn from the tables of `tables.compute`.

In: those tables, fresh or read back. Out: closed matplotlib figures. Called by the notebook
`more_alignment`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import COLOURS, canvas
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS, SCHEME_NAMES
from proxyreward.findings.more.more_alignment.aligned import RATIO
from proxyreward.findings.more.more_alignment.extensions import AFTER, BEFORE
from proxyreward.findings.more.more_alignment.judges import ALL, JUDGES
from proxyreward.findings.more.more_alignment.printed import counterparts
from proxyreward.findings.more.more_alignment.reader import DPO, DPO_MORE
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.vocabulary import MORE, MULTITASK, PPO
from proxyreward.world.annotators import QUALITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIN, TIE, LOSE = "#D55E00", "#d0d4da", "#0072B2"
DPO_COLOURS = {DPO: SCHEME_COLOURS[MULTITASK], DPO_MORE: SCHEME_COLOURS[MORE]}
DPO_NAMES = {DPO: "DPO", DPO_MORE: "DPO with weights of MORE"}


def plot_ratios(policies: pd.DataFrame, paper: pd.DataFrame) -> "Figure":
    """MORE relative to MultiTask in the three measured columns of Table 2, ours and the paper's.

    Parameters
    ----------
    policies : DataFrame
        Of `more_alignment.compute`.
    paper : DataFrame
        Of `more_alignment.paper_policies`.
    """
    columns = {
        "ECE of the\nreward model": ("ece", "both"),
        "perplexity,\nhelpful": ("perplexity", "helpful"),
        "perplexity,\nharmless": ("perplexity", "harmless"),
    }
    bases = policies["base"].unique()
    height = np.arange(len(bases))[::-1]
    figure, axes = canvas(1.5 + 0.55 * len(bases), 1, 3, sharex=False)
    for axis, (title, (measure, source)) in zip(axes[0], columns.items(), strict=True):
        ours, printed = (
            select(table, measure=measure, source=source, of=RATIO).set_index("base").loc[bases]
            for table in (policies, paper)
        )
        dots(axis, ours, height, SCHEME_COLOURS[MORE], "ours, 95 %")
        axis.plot(printed["estimate"], height, "D", mfc="none", mew=1.6, color="black",
                  label="paper")  # fmt: skip
        axis.axvline(1, color="#5f6b7a", linewidth=1, zorder=0)
        axis.set_title(title, fontsize=11, weight="normal")
        axis.set_ylim(-0.6, len(bases) - 0.4)
        axis.margins(x=0.12)
    axes[0, 0].set_yticks(height, _base_labels(bases))
    axes[0, 1].set_xlabel("MORE relative to MultiTask (1 = no difference)")
    legend_below(figure, axes[0, 0], 2)
    return figure


def plot_judged(judged: pd.DataFrame, paper: pd.DataFrame, source: str = ALL) -> "Figure":
    """Shares of wins, ties and losses of MORE against MultiTask by every judge.

    Parameters
    ----------
    judged, paper : DataFrame
        Of :func:`compute` and :func:`paper_judged`.
    source : str
        Test prompts of one source, or all.
    """
    rows = select(judged, first=MORE, second=MULTITASK, source=source)
    bases = rows["base"].unique()
    figure, axes = canvas(1.3 + 1.6 * len(bases), 1, 2, sharex=False)
    bars, rates = axes[0]
    printed = counterparts(bases)
    place, ticks = 0.0, {}
    for base in bases:
        bars.text(0, place, f"{base} ({printed[base]})", va="center", fontsize=11)
        place -= 1
        for judge, name in [*JUDGES.items(), ("", "paper: GPT-4")]:
            table = rows[rows["judge"] == judge] if judge else paper
            [row] = table[table["base"] == base].to_dict("records")
            shares = np.array([row["win"], row["tie"], row["lose"]], dtype=float)
            left = 0.0
            for share, colour, label in zip(
                shares / shares.sum(), (WIN, TIE, LOSE), ("MORE wins", "tie", "MultiTask wins")
            ):
                style = {"color": colour, "alpha": 1 if judge else 0.55, "label": label}
                bars.barh(place, share, left=left, height=0.8, **style)
                left += share
            style = {"color": "black", "mfc": "black" if judge else "none", "mew": 1.6}
            rates.plot(row["rate"], place, "o" if judge else "D", **style)
            if judge:
                rates.hlines(place, row["low"], row["high"], color="black", linewidth=2)
            ticks[place] = name
            place -= 1
        place -= 0.4
    bars.set_yticks(list(ticks), list(ticks.values()), fontsize=11)
    bars.set_xlim(0, 1)
    bars.set_ylim(place + 0.7, 0.6)
    bars.set_xticks([0, 0.5, 1])
    bars.set_xlabel("share of comparisons")
    bars.grid(visible=False)
    rates.axvline(0.5, color="#5f6b7a", linewidth=1, zorder=0)
    rates.set_xlabel("share of wins\nwithout ties, 95 %")
    legend_below(figure, bars, 3)
    return figure


def plot_ties(ties: pd.DataFrame, paper: pd.DataFrame) -> "Figure":
    """Tie rate of judges with noise against their quality, and how often MORE wins the rest."""
    noisy = ties[ties["quality"].between(0, 1e300)]
    [exact] = ties.loc[np.isinf(ties["quality"]), "ties"]
    figure, axes = canvas(3.6)
    axis = axes[0, 0]
    # On a scale that has room for a quality of zero.
    axis.set_xscale("symlog", linthresh=0.25, linscale=0.5)
    axis.axvspan(QUALITIES[0], QUALITIES[-1], color="#e4e8ee", label="annotators of the world")
    rates = paper[["win", "tie", "lose"]].to_numpy(float)
    rates = rates[:, 1] / rates.sum(axis=1)
    axis.axhspan(rates.min(), rates.max(), color="black", alpha=0.2, lw=0, label="paper: GPT-4")
    axis.plot(noisy["quality"], noisy["expected"], color=COLOURS[PPO], label="expected: 2p(1 − p)")
    axis.plot(noisy["quality"], noisy["ties"], "o", color=COLOURS[PPO], label="asked twice")
    axis.axhline(exact, color=COLOURS["best-of-n"], linestyle="--", label="equal utilities")
    axis.set_xticks(noisy["quality"], [f"{quality:g}" for quality in noisy["quality"]])
    axis.minorticks_off()
    axis.set_xlabel("quality of the judge (per unit of utility)")
    axis.set_ylabel("ties")
    axis.set_ylim(0, None)
    axis.legend(fontsize=9)
    return figure


def plot_tuned(tuned: pd.DataFrame) -> "Figure":
    """Accuracy on each source before and after a short training on it, from either scheme."""
    sources = list(tuned["source"].unique())
    height = np.arange(len(sources))[::-1]
    figure, axes = canvas(1.4 + 0.5 * len(sources), 1, 2)
    for axis, when, title in zip(axes[0], (BEFORE, AFTER), ("before", "after")):
        for shift, scheme in zip((0.14, -0.14), (MULTITASK, MORE)):
            own = select(tuned, when=when, of=scheme).set_index("source")
            dots(axis, own.loc[sources], height + shift, SCHEME_COLOURS[scheme],
                  f"from {SCHEME_NAMES[scheme]}")  # fmt: skip
        axis.axvline(0.5, color="#5f6b7a", linewidth=1, zorder=0)
        axis.set_title(f"{title} training on the source", fontsize=11, weight="normal")
        axis.set_xlabel("accuracy, 95 %")
    axes[0, 0].set_yticks(height, sources)
    legend_below(figure, axes[0, 0], 2)
    return figure


def plot_preferences(preferences: pd.DataFrame) -> "Figure":
    """ECE and accuracy of DPO's implicit reward, plain and with the weights of MORE."""
    sources = select(preferences, measure="ece")["source"].unique().tolist()
    height = np.arange(len(sources))[::-1]
    figure, axes = canvas(1.4 + 0.5 * len(sources), 1, 2, sharex=False)
    for axis, measure, label in zip(
        axes[0], ("ece", "accuracy"), ("ECE (low is good), 95 %", "accuracy, 95 %")
    ):
        for shift, scheme in zip((0.14, -0.14), (DPO, DPO_MORE)):
            own = select(preferences, measure=measure, of=scheme).set_index("source")
            dots(axis, own.loc[sources], height + shift, DPO_COLOURS[scheme], DPO_NAMES[scheme])
        axis.set_xlabel(label)
    axes[0, 0].set_xlim(left=0)
    axes[0, 0].set_yticks(height, sources)
    legend_below(figure, axes[0, 0], 2)
    return figure


def plot_weights(steps: pd.DataFrame, smooth: int = 1) -> "Figure":
    """Weights of the sources in DPO with the weights of MORE, mean of the seeds, step by step.

    Parameters
    ----------
    steps : DataFrame
        `Rejection.preference_steps`.
    smooth : int
        Steps of a running mean.
    """
    weights = steps.filter(like="weight_").join(steps["step"]).groupby("step").mean().dropna()
    figure, axes = canvas(3.4)
    axis = axes[0, 0]
    for name, values in weights.items():
        running = values.rolling(smooth, min_periods=1, center=True).mean()
        axis.plot(weights.index, running, label=str(name).removeprefix("weight_"))
    axis.axhline(1 / weights.shape[1], color="black", linestyle="--", label="plain DPO")
    axis.set_xlabel("step")
    axis.set_ylabel("weight of the source")
    axis.set_ylim(0, None)
    legend_below(figure, axis, 3)
    return figure


def _base_labels(bases: Sequence[str]) -> list[str]:
    return [f"{base}\n({name})" for base, name in counterparts(bases).items()]


def dots(
    axis: "Axes",
    rows: pd.DataFrame,
    height: np.ndarray,
    colour: str,
    label: str,
    marker: str = "o",
    hollow: bool = False,
) -> None:
    """Estimates with their intervals, one above the other."""
    axis.hlines(height, rows["low"], rows["high"], color=colour, linewidth=2)
    fill = "white" if hollow else colour
    axis.plot(rows["estimate"], height, marker, color=colour, mfc=fill, label=label)


def legend_below(figure: "Figure", axis: "Axes", columns: int) -> None:
    handles, labels = axis.get_legend_handles_labels()
    unique: dict[str, object] = {}
    for handle, label in zip(handles, labels):
        unique.setdefault(label, handle)
    figure.legend(
        unique.values(), unique.keys(), loc="outside lower center", ncols=columns, fontsize=9
    )
