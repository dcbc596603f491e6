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
from proxyreward.findings.rethinking.truth.measure import (
    EACH,
    ERRORS,
    EXCESS,
    GOLDEN,
    NDR,
    OWN,
    SCORES,
)
from proxyreward.vocabulary import ALL, APART, BEST_OF_N, MAIN, ORACLE, PPO, START

if TYPE_CHECKING:
    from matplotlib.figure import Figure

JUDGES = {
    OWN: ("its own reward model", "#0072B2"),
    GOLDEN: ("other reward models, as golden", "#E69F00"),
    APART: ("reward models trained apart", "#009E73"),
    ORACLE: ("the oracle", "black"),
}


GOLDENS = {
    MAIN: ("of the proxy's family", "#E69F00"),
    APART: ("trained apart", "#009E73"),
}
SIGNS = {
    NDR: "NDR by the golden model",
    SCORES: "Correlation of scores",
    EXCESS: "Its excess over models apart",
    ERRORS: "Correlation of errors, given the oracle",
}


def plot_reached(reached: pd.DataFrame) -> "Figure":
    """Value of policies to each kind of judge: best-of-n over n, PPO over the KL coefficient."""
    figure, axes = drawing.canvas(3.9, 1, 2, sharex=False)
    best, ppo = axes[0]
    known = [judge for judge in JUDGES if judge in set(reached["judge"])]
    for shift, judge in zip(np.linspace(-0.2, 0.2, len(known)), known, strict=True):
        label, colour = JUDGES[judge]
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
        for judge in (OWN, GOLDEN, ORACLE):
            label, colour = JUDGES[judge]
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
    """NDR of each reward model's policy, by each kind of judge, by optimiser."""
    figure, axes = drawing.canvas(1.6 + 0.32 * len(labels), 1, 2, sharex=False)
    axes[0, 0].set_ylabel("Share of flipped labels")
    for axis, optimiser in zip(axes[0], (BEST_OF_N, PPO), strict=True):
        height = drawing.rows_on(axis, list(labels.values()))
        for shift, judge in ((0.2, GOLDEN), (0.0, APART), (-0.2, ORACLE)):
            label, colour = JUDGES[judge]
            rows = kept[(kept["optimiser"] == optimiser) & (kept["judge"] == judge)]
            if len(rows):
                rows = rows.set_index("proxy").loc[list(labels)]
                drawing.dots(axis, height + shift, rows, colour, label)
        for end in (0, 1):
            axis.axvline(end, color="grey", linewidth=0.8)
        axis.set_title(NAMES[optimiser], fontsize=LARGE, weight="normal")
        axis.set_xlabel("NDR")
    drawing.legend(figure, axes, 1)
    return figure


def plot_judged(judged: pd.DataFrame) -> "Figure":
    """Hidden regret of golden-proxy pairs by what one can know of it without an oracle."""
    figure, axes = drawing.canvas(3.9, 1, 2, sharex=False)
    for axis, sign in zip(axes[0], (SCORES, EXCESS), strict=True):
        for family, (label, colour) in GOLDENS.items():
            rows = judged[judged["family"] == family]
            axis.scatter(
                rows[sign],
                rows["hidden"],
                s=16,
                color=colour,
                alpha=0.7,
                label=f"golden model {label}",
            )
        axis.axhline(0, color="grey", linewidth=0.8)
        axis.set_xlabel(SIGNS[sign])
    axes[0, 0].set_ylabel("Hidden regret")
    drawing.legend(figure, axes, 2)
    return figure


def table_foretold(foretold: pd.DataFrame) -> pd.DataFrame:
    """Spearman of each sign with the hidden regret as text cells, by kind of golden model."""
    names = {ALL: "all", EACH: "one at a time (mean)"}
    names |= {family: label for family, (label, _) in GOLDENS.items()}
    rows = foretold.assign(goldens=foretold["goldens"].map(names), head=foretold["sign"].map(SIGNS))
    return pivot(rows, {"goldens": "Golden models"}, "head", cell)


def table_predicted(predicted: pd.DataFrame) -> pd.DataFrame:
    """Correlation of accuracy with NDR to the oracle as text cells, by optimiser and test set."""
    rows = predicted.assign(
        optimiser=predicted["optimiser"].map(NAMES),
        test_set=predicted["test_set"].map({"pairs": "labelled pairs", OWN: "own samples"}),
        head=predicted["statistic"].map(STATISTICS),
    )
    return pivot(rows, {"optimiser": "Optimiser", "test_set": "Test set"}, "head", cell)


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
