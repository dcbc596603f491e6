"""Figures and tables of who wins, by which judge, and of where ties come from, for readers.

In: tables of `judging` as the stage wrote them; those over replicates have columns `estimate, low,
high`. Out: closed matplotlib figures and frames of text cells. Called by the notebook
`more_alignment`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import COLOURS, LARGE
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.text import ABSENT, pivot, with_interval
from proxyreward.findings.more.mixtures import counterparts
from proxyreward.findings.more.more_alignment.judging import NONE, OWN
from proxyreward.findings.more.more_alignment.show import LINE, OUTCOMES, POLICIES
from proxyreward.vocabulary import (
    ALL,
    BEST_OF_N,
    DPO,
    DPO_MORE,
    MORE,
    MULTITASK,
    ORACLE,
    PPO,
    START,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

JUDGES = {"utility": "the source's utility", "oracle": "the oracle", "judge": "a reward model"}
AGAINST = JUDGES | {OWN: "its own reward model"}  # against the start policy
COLOUR = dict(zip(AGAINST, ("#0072B2", "black", "#009E73", "#D55E00"), strict=True))
ALIGNED = (MULTITASK, MORE, ORACLE, DPO, DPO_MORE)


def plot_judged(judged: pd.DataFrame, source: str = ALL) -> "Figure":
    """Shares of wins, ties and losses of MORE against MultiTask by every judge.

    `source` is that of the test prompts, or all; the paper's numbers are of all.
    """
    judged = select(judged, first=MORE, second=MULTITASK)
    printed = select(judged, judge="utility", source=ALL)
    printed = printed.assign(judge="", estimate=printed["paper"], low=np.nan, high=np.nan)
    rows = pd.concat([select(judged, source=source), printed])
    bases = judged["base"].unique()
    figure, axes = drawing.canvas(1.3 + 1.6 * len(bases), 1, 2, sharex=False)
    bars, rates = axes[0]
    place, ticks = 0.0, {}
    for base, paper in counterparts(bases).items():
        bars.text(0, place, f"{base} ({paper})", va="center", fontsize=LARGE)
        for judge, name in (JUDGES | {"": "paper: GPT-4"}).items():
            place -= 1
            ticks[place] = name
            own = select(rows, base=base, judge=judge).set_index("what")
            left = 0.0
            for what, (colour, label) in OUTCOMES.items():
                share, alpha = own["estimate"][what], 1 if judge else 0.55
                bars.barh(place, share, 0.8, left, color=colour, alpha=alpha, label=label)
                left += share
            if judge:
                drawing.dots(rates, [place], own.loc[["rate"]], "black")
            else:
                drawing.papers(rates, [own["estimate"]["rate"]], [place], "black")
        place -= 1.4
    bars.set_yticks(list(ticks), list(ticks.values()), fontsize=LARGE)
    bars.set(xlim=(0, 1), ylim=(place + 0.7, 0.6))
    bars.set_xticks([0, 0.5, 1])
    bars.set_xlabel("share of comparisons")
    bars.grid(visible=False)
    rates.axvline(0.5, **LINE)
    rates.set_xlabel("share of wins\nwithout ties, 95 %")
    drawing.legend(figure, bars)
    return figure


def plot_ties(ties: pd.DataFrame, printed: Sequence[float], annotators: float) -> "Figure":
    """Tie rate of judges with noise against their quality, beside the paper's tie rates.

    `printed` are those, `annotators` is the quality of the people who labelled the pairs here.
    """
    noisy = ties[np.isfinite(ties["quality"])]
    expected, asked = (select(noisy, what=what) for what in ("expected", "ties"))
    [exact] = select(ties, quality=np.inf, what="ties")["estimate"]
    figure, [[axis]] = drawing.canvas(3.8)
    # On a scale that has room for a quality of zero.
    axis.set_xscale("symlog", linthresh=0.25, linscale=0.5)
    axis.axvline(annotators, color="#5f6b7a", linestyle=":", label="annotators of the pairs")
    axis.axhspan(min(printed), max(printed), color="black", alpha=0.2, lw=0, label="paper: GPT-4")
    drawing.curve(axis, expected["quality"], expected, COLOURS[PPO], "expected: 2p(1 − p)")
    drawing.dots(axis, asked["quality"], asked, COLOURS[PPO], "asked twice", upright=True)
    axis.axhline(exact, color=COLOURS[BEST_OF_N], linestyle="--", label="equal utilities")
    axis.set_xticks(asked["quality"], [f"{quality:g}" for quality in asked["quality"]])
    axis.minorticks_off()
    axis.set(xlabel="quality of the judge (per unit of utility)", ylabel="ties", ylim=(0, None))
    drawing.legend(figure, axis)
    return figure


def plot_gains(judged: pd.DataFrame, gains: pd.DataFrame) -> "Figure":
    """How far every policy has come from the start: share of wins and gain in sd, by each judge."""
    panels = {
        "wins over the start\nwithout ties": (_over_start(judged), 0.5),
        "gain in sd\nof the start": (gains, 0.0),
    }
    keys = gains[["of", "base"]].drop_duplicates().to_numpy().tolist()
    keys.sort(key=lambda key: ALIGNED.index(key[0]))
    figure, axes = drawing.canvas(1.4 + 0.75 * len(keys), 1, 2, sharex=False)
    for axis, (label, (table, nothing)) in zip(axes[0], panels.items(), strict=True):
        height = drawing.rows_on(axis, [POLICIES[of] for of, _ in keys])
        for shift, (judge, name) in zip((0.3, 0.1, -0.1, -0.3), AGAINST.items(), strict=True):
            own = select(table, judge=judge).set_index(["of", "base"])
            shown = [(tuple(key), y) for key, y in zip(keys, height) if tuple(key) in own.index]
            rows, places = zip(*shown, strict=True)
            drawing.dots(axis, np.array(places) + shift, own.loc[list(rows)], COLOUR[judge], name)
        axis.axvline(nothing, **LINE)
        axis.set_xlabel(f"{label}, 95 %")
    drawing.legend(figure, axes[0, 0], ncols=2)
    return figure


def against_start(judged: pd.DataFrame, gains: pd.DataFrame) -> pd.DataFrame:
    """How often each policy beats the start policy, and by how many sd, by judge."""
    keys = ["of", "base", "judge"]
    rows = _over_start(judged).merge(gains[[*keys, "estimate"]], on=keys, suffixes=("", "_gain"))
    rows = rows.assign(base=rows["base"].replace(NONE, ABSENT), of=rows["of"].map(POLICIES))
    names = {judge: f"By {name}" for judge, name in AGAINST.items()}
    return pivot(rows, {"base": "Base", "of": "Policy"}, "judge", _share_and_gain, names)


def _over_start(judged: pd.DataFrame) -> pd.DataFrame:
    return select(judged, second=START, what="rate").rename(columns={"first": "of"})


def _share_and_gain(row) -> str:
    return f"{with_interval(row.estimate, row.low, row.high)}; {row.estimate_gain:+.2f} sd"
