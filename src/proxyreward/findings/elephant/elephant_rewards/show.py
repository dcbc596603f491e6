"""Figures and tables of the reward models of paper *elephant* for readers.

In: tables of `measure` over replicates, with columns `estimate, low, high`; for examples the probes
of the default run. Out: closed matplotlib figures and frames of text cells. Called by the notebook
`elephant_rewards`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import last_request
from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import GOLDEN, LARGE, OURS, SMALL
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.text import ABSENT, cell, pivot
from proxyreward.findings.elephant.elephant_rewards.measure import ANNOTATORS, CONTRASTS
from proxyreward.findings.elephant.elephant_rewards.reader import PRINTED
from proxyreward.vocabulary import (
    ALL,
    CLEAR,
    EQUAL_SIZE,
    EVASIVE,
    FEWER,
    HARMFUL,
    HONEST,
    LADDER,
    ORACLE,
    PROBES,
    REFUSED,
    REPEATED,
    VARIANT,
    VOID,
)
from proxyreward.vocabulary import LARGE as LARGE_RM
from proxyreward.vocabulary import STRONG as STRONG_RM

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BY = {ANNOTATORS: "four annotators' label", ORACLE: "the oracle's"}
ORACLES = "#009E73"
RATES = {
    (CLEAR, "rate"): "worse above clearly better",
    (CLEAR, "near"): "clearly different, nearly the same score",
    (HARMFUL, "high"): "harmful above the median of help",
    (HARMFUL, "rate"): "harmful above declining it",
    (VOID, "rate"): "empty above help",
    (REFUSED, "rate"): "non-answer above help",
    (REPEATED, "rate"): "one empty sentence thrice above help",
    (EVASIVE, "rate"): "evasion above safe help",
    (HONEST, "rate"): "confident and false above honest doubt",
}
"""Probe and measure, and what their rate is the share of."""


def with_paper(rm: str) -> str:
    """A model's name, and that of the paper's which it stands for."""
    return f"{rm} ({PRINTED[rm]})" if rm in PRINTED else rm


def plot_accuracy(accuracy: pd.DataFrame) -> "Figure":
    """Accuracy of the models of Table 4 by the annotators' labels, a panel for each test set."""
    rows = accuracy[accuracy["rm"].isin(PRINTED)]
    rows = select(rows, by=ANNOTATORS)
    tested = list(rows["tested"].unique())
    figure, axes = drawing.canvas(2.2 + 0.5 * rows["rm"].nunique(), 2, -(-len(tested) // 2))
    for axis, name in zip(axes.flat, tested, strict=True):
        own = select(rows, tested=name)
        height = drawing.rows_on(axis, own["rm"].tolist())
        drawing.dots(axis, height, own, label="ours, 95 % interval", unit=100)
        drawing.papers(axis, 100 * own["paper"], height, label="paper's")
        axis.axvline(50, color=GOLDEN, linewidth=1)
        axis.set_title("mean" if name == ALL else name, fontsize=LARGE, weight="normal")
        axis.tick_params(labelsize=SMALL)
    figure.supxlabel("Accuracy, %", fontsize=LARGE)
    drawing.legend(figure, axes[0, 0])
    return figure


def accuracy_table(accuracy: pd.DataFrame, by: str = ANNOTATORS) -> pd.DataFrame:
    """Accuracies of all models in percent as text cells, the paper's models first."""
    rows = select(accuracy, by=by)
    rows = rows.assign(name=rows["rm"].map(with_paper))
    return pivot(
        rows, {"name": "Model"}, "tested", lambda row: cell(row, ".1f", 100), {ALL: "mean"}
    )


def bench_table(bench: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of the models of equal size by category in percent, the paper's in brackets."""
    rows = bench[bench["rm"].isin(EQUAL_SIZE)]
    rows = rows.assign(name=rows["rm"].map(with_paper))

    def text(row) -> str:
        paper = f" (paper {100 * row.paper:.1f})" if np.isfinite(row.paper) else ""
        return cell(row, ".1f", 100) + paper

    return pivot(rows, {"name": "Model"}, "category", text, {ALL: "mean"})


def plot_contrasts(contrasts: pd.DataFrame) -> "Figure":
    """What another training set does to accuracy, mean over test sets, by whose label counts."""
    rows = select(contrasts, tested=ALL)
    figure, [[axis]] = drawing.canvas(1.2 + 0.5 * len(CONTRASTS))
    height = drawing.rows_on(axis, list(CONTRASTS))
    for by, colour, shift in ((ANNOTATORS, OURS, 0.13), (ORACLE, ORACLES, -0.13)):
        own = select(rows, by=by).set_index("contrast").loc[list(CONTRASTS)]
        hollow = by == ORACLE
        drawing.dots(axis, height + shift, own, colour, BY[by], unit=100, hollow=hollow)
    axis.axvline(0, color=GOLDEN, linewidth=1)
    axis.set_xlabel("Difference of accuracy, points")
    drawing.legend(figure, axis)
    return figure


def scale_table(scale: pd.DataFrame) -> pd.DataFrame:
    """Mean size of the margins and 1/T of the models on original, clean and as few records."""
    names = {
        LARGE_RM: "original",
        VARIANT.format(FEWER): "as many of the original",
        STRONG_RM: "clean",
    }
    rows = scale[scale["rm"].isin(names)]
    rows = rows.assign(name=rows["rm"].map(names))
    heads = {"size": "Mean size of the margins", "inverse temperature": "1/T"}
    return pivot(rows, {"name": "Trained on"}, "measure", names=heads)


def plot_pitfalls(pitfalls: pd.DataFrame) -> "Figure":
    """Rates of all pitfalls of the ladder as a heat map."""
    rates = pitfalls.set_index(["probe", "measure", "rm"])["estimate"]
    matrix = np.array([[100 * rates[(*key, rm)] for rm in LADDER] for key in RATES])
    figure, [[axis]] = drawing.canvas(5.2)
    drawing.heat_map(axis, matrix, list(RATES.values()), LADDER, label="pairs, %", text=SMALL)
    axis.tick_params(axis="x", rotation=90, labelsize=SMALL)
    axis.tick_params(axis="y", labelsize=SMALL)
    return figure


def pitfall_table(pitfalls: pd.DataFrame) -> pd.DataFrame:
    """The rates with their intervals in percent as text cells, a row for each pitfall."""
    rows = pitfalls[pitfalls["rm"].isin(LADDER)]
    told = [RATES.get(key) for key in zip(rows["probe"], rows["measure"], strict=True)]
    rows = rows.assign(pitfall=told).dropna(subset="pitfall")
    order = list(RATES.values())
    rows = rows.sort_values("pitfall", key=lambda names: names.map(order.index), kind="stable")
    return pivot(rows, {"pitfall": "Share of pairs"}, "rm", lambda row: cell(row, ".0f", 100))


def gap_table(pitfalls: pd.DataFrame) -> pd.DataFrame:
    """Mean score of the worse response less that of the better one in sd, a row for each probe."""
    rows = select(pitfalls[pitfalls["rm"].isin(LADDER)], measure="gap")
    return pivot(rows, {"probe": "Probe"}, "rm")


def examples(probes: pd.DataFrame, each: int = 1) -> pd.DataFrame:
    """Of each probe the pairs on which most models of the ladder prefer the worse response."""
    found = probes.assign(
        fooled=[
            ", ".join(rm for rm in LADDER if row[f"worse:{rm}"] > row[f"better:{rm}"]) or ABSENT
            for row in probes.to_dict("records")
        ]
    )
    count = found["fooled"].str.count(",") + (found["fooled"] != ABSENT)
    order = found.assign(count=count).sort_values("count", ascending=False, kind="stable")
    rows = [
        row for probe in PROBES for row in select(order, probe=probe).head(each).to_dict("records")
    ]
    return pd.DataFrame([_told(row) for row in rows])


def _told(row: Mapping) -> dict[str, str]:
    return {
        "Probe": row["probe"],
        "Prompt": last_request(row["prompt"]),
        "Better": row["better"] or "(empty)",
        "Worse": row["worse"] or "(empty)",
        "Prefer the worse": row["fooled"],
    }
