"""Figures and tables of the page on golden models and the oracle, for readers.

In: the tables of `measure` over replicates, with columns `estimate, low, high`, and the texts of
the default run. Out: closed matplotlib figures and frames of text cells. Called by the notebook
`truth`.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import LARGE, NAMES, STATISTICS
from proxyreward.findings.core.text import cell, pivot
from proxyreward.findings.rethinking.truth.measure import GOLDEN, OWN
from proxyreward.vocabulary import BEST_OF_N, ORACLE, PPO, START

if TYPE_CHECKING:
    from matplotlib.figure import Figure

JUDGES = {
    OWN: ("its own reward model", "#0072B2"),
    GOLDEN: ("other reward models, as golden", "#E69F00"),
    ORACLE: ("the oracle", "black"),
}


def plot_reached(reached: pd.DataFrame) -> "Figure":
    """Value of policies to three judges: best-of-n over n, PPO over the KL coefficient."""
    figure, axes = drawing.canvas(3.9, 1, 2, sharex=False)
    best, ppo = axes[0]
    for shift, (judge, (label, colour)) in zip((-0.12, 0, 0.12), JUDGES.items(), strict=True):
        rows = reached[reached["judge"] == judge]
        curve = rows[rows["optimiser"] == BEST_OF_N]
        drawing.curve(best, curve["n"], curve, colour, label)
        dots = rows[rows["optimiser"] == PPO]
        drawing.dots(ppo, np.arange(len(dots)) + shift, dots, colour, label, upright=True)
    best.set_xscale("log", base=2)
    best.xaxis.set_major_formatter("{x:g}")
    ppo.set_xticks(np.arange(len(dots)), [f"{k:g}" for k in dots["kl_coef"]])
    best.set(xlabel="n", ylabel="Reward, sd of the initial policy")
    ppo.set_xlabel("KL coefficient")
    for axis, optimiser in ((best, BEST_OF_N), (ppo, PPO)):
        axis.set_title(NAMES[optimiser], fontsize=LARGE, weight="normal")
        axis.axhline(0, color="grey", linewidth=0.8)
    drawing.legend(figure, axes, 1)
    return figure


def penalised(kl_coef: float) -> str:
    """What a page calls PPO at a KL coefficient."""
    return f"PPO, penalty {kl_coef:g}" if kl_coef else "PPO, no penalty"


def plot_along(along: pd.DataFrame) -> "Figure":
    """Value of PPO's policies on the way, over their KL divergence, to three judges.

    A panel per KL coefficient; the initial policy stands at 0 by definition.
    """
    coefs = sorted(along["kl_coef"].unique(), reverse=True)
    figure, axes = drawing.canvas(3.9, 1, len(coefs), sharex=False)
    for axis, kl_coef in zip(axes[0], coefs, strict=True):
        rows = along[along["kl_coef"] == kl_coef].sort_values("step")
        kls = rows.loc[rows["judge"] == "kl_nats", "estimate"]
        for judge, (label, colour) in JUDGES.items():
            curve = rows.loc[rows["judge"] == judge, ["estimate", "low", "high"]]
            curve = pd.concat([pd.DataFrame(0.0, [0], curve.columns), curve])
            drawing.curve(axis, [0, *kls], curve, colour, label)
        axis.axhline(0, color="grey", linewidth=0.8)
        axis.set_title(penalised(kl_coef), fontsize=LARGE, weight="normal")
        axis.set_xlabel("KL divergence (nats)")
    axes[0, 0].set_ylabel("Reward, sd of the initial policy")
    drawing.legend(figure, axes, 1)
    return figure


def plot_kept(kept: pd.DataFrame, labels: dict[str, str]) -> "Figure":
    """NDR of each reward model's policy, by golden models and by the oracle, by optimiser."""
    figure, axes = drawing.canvas(1.6 + 0.32 * len(labels), 1, 2, sharex=False)
    axes[0, 0].set_ylabel("Share of flipped labels")
    for axis, optimiser in zip(axes[0], (BEST_OF_N, PPO), strict=True):
        height = drawing.rows_on(axis, list(labels.values()))
        for shift, judge in ((0.12, GOLDEN), (-0.12, ORACLE)):
            label, colour = JUDGES[judge]
            rows = kept[(kept["optimiser"] == optimiser) & (kept["judge"] == judge)]
            rows = rows.set_index("proxy").loc[list(labels)]
            drawing.dots(axis, height + shift, rows, colour, label)
        for end in (0, 1):
            axis.axvline(end, color="grey", linewidth=0.8)
        axis.set_title(NAMES[optimiser], fontsize=LARGE, weight="normal")
        axis.set_xlabel("NDR")
    drawing.legend(figure, axes, 1)
    return figure


def table_predicted(predicted: pd.DataFrame) -> pd.DataFrame:
    """Correlation of accuracy with NDR to the oracle as text cells, a row per optimiser."""
    rows = predicted.assign(
        optimiser=predicted["optimiser"].map(NAMES), head=predicted["statistic"].map(STATISTICS)
    )
    return pivot(rows, {"optimiser": "Optimiser"}, "head", cell)


def table_shared(shared: pd.DataFrame) -> pd.DataFrame:
    """Correlation of two reward models' scores and of their errors as text cells."""
    heads = {"scores": "Scores", "errors": "Errors, given the oracle"}
    rows = shared.assign(head=shared["measure"].map(heads))
    return pivot(rows, {"models": "Pairs of reward models"}, "head", cell)


def table_texts(texts: pd.DataFrame) -> pd.DataFrame:
    """What policies say, a row per prompt and policy, with the oracle's utility."""
    who = {START: "initial policy", BEST_OF_N: "best-of-n"}
    penalty = texts["kl_coef"].map(penalised)
    first = texts["prompt"].ne(texts["prompt"].shift())
    return pd.DataFrame(
        {
            "Prompt": texts["prompt"].where(first, ""),
            "Policy": texts["optimiser"].map(who).fillna(penalty),
            "Response": texts["response"],
            "Oracle": texts["utility"],
        }
    )
