"""Figures of PPO on its way, of evaluators that err, and of non-answers, for readers.

In: tables of `optimising`, `comparing` and `measure`; those over replicates have columns `estimate,
low, high`. Out: closed matplotlib figures and frames of text cells. Called by the notebook
`elephant_alignment`.
"""

from itertools import product
from typing import TYPE_CHECKING

import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import LARGE, SMALL
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.text import pivot
from proxyreward.findings.elephant.elephant_alignment.comparing import POLICIES, RESPONSES
from proxyreward.findings.elephant.elephant_alignment.measure import (
    ACCURACY,
    ALIGNMENT,
    MODELS,
    NON_ANSWER,
)
from proxyreward.findings.elephant.elephant_alignment.optimising import (
    KL,
    REWARDS,
    SETTINGS,
    SMOOTHING,
    smoothed,
)
from proxyreward.findings.elephant.elephant_alignment.show import LINE, RM_COLOURS
from proxyreward.vocabulary import ALL, EQUAL_SIZE, EVALUATOR, MAIN, ORACLE, PPO, START

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = {
    "raw reward": "Raw training reward",
    "standardised reward": "Training reward, sd of the start",
    "steps": "Steps to 90 %",
    "loss": "Loss",
}
OF = {POLICIES: ("#0072B2", "two policies"), RESPONSES: ("#E69F00", "single responses")}


def plot_training(traces: pd.DataFrame, factor: float = SMOOTHING) -> "Figure":
    """Training reward and loss over steps (Figure 5): smoothed, mean of runs, over each raw run.

    `factor` is what a moving average keeps of its last value, see `optimising.SMOOTHING`.
    """
    figure, axes = drawing.canvas(3.6, 1, 2, sharey=False)
    for axis, (name, text) in zip(
        axes[0], {"reward": "training reward, sd of the start", "loss": "loss"}.items(), strict=True
    ):
        averages = traces.assign(ema=smoothed(traces, name, factor))
        for rm in EQUAL_SIZE:
            own = select(averages, rm=rm)
            for _, run in own.groupby("run"):
                axis.plot(run["step"], run[name], color=RM_COLOURS[rm], alpha=0.25, linewidth=0.8)
            mean = own.groupby("step")["ema"].mean()
            axis.plot(mean, color=RM_COLOURS[rm], linewidth=2.2, label=f"{rm} ({MODELS[rm]})")
        axis.set(xlabel="PPO step", title="")
        axis.set_title(text, fontsize=LARGE, weight="normal")
    drawing.legend(figure, axes[0, 0], 2)
    return figure


def training_table(training: pd.DataFrame) -> pd.DataFrame:
    """What the training curves come to, a row for each reward model, with intervals."""
    rows = training[training["measure"].isin(MEASURES)]
    rows = rows.assign(rm=[f"{rm} ({MODELS[rm]})" for rm in rows["rm"]])
    return pivot(rows, {"rm": "Reward model"}, "measure", names=MEASURES)


def plot_training_reward(training: pd.DataFrame, models: pd.DataFrame) -> "Figure":
    """The training reward, raw and standardised, against the alignment that came of it."""
    aligned = select(models, measure=ALIGNMENT, set=ALL).set_index(["judge", "rm"])
    figure, axes = drawing.canvas(3.8, 1, 2, sharex=False)
    for axis, measure in zip(axes[0], ("raw reward", "standardised reward"), strict=True):
        reward = select(training, measure=measure).set_index("rm")["estimate"]
        for rm, (judge, hollow) in product(EQUAL_SIZE, ((EVALUATOR, False), (ORACLE, True))):
            label = "" if hollow else f"{rm} ({MODELS[rm]})"
            row = aligned.loc[[(judge, rm)]]
            drawing.dots(
                axis, [reward[rm]], row, RM_COLOURS[rm], label, upright=True, hollow=hollow
            )
        axis.axhline(0, **LINE)
        axis.set_xlabel(MEASURES[measure].replace(", ", ",\n"))
    axes[0, 0].set_ylabel("gain of the policy, sd\n(hollow: by the oracle)")
    drawing.legend(figure, axes[0, 0], 2)
    return figure


def plot_way(way: pd.DataFrame) -> "Figure":
    """Rewards over the KL divergence, with and without a penalty, by three judges."""
    titles = {"own": "its own", "evaluator": "the evaluator", ORACLE: "the oracle"}
    told = {MAIN: "with the penalty", "free": "without a penalty"}
    figure, axes = drawing.canvas(5.2, 2, 3, sharex="row", sharey="row")
    for (row, setting), (column, what) in product(enumerate(SETTINGS), enumerate(REWARDS)):
        axis = axes[row, column]
        for rm in EQUAL_SIZE:
            own = select(way, setting=setting, rm=rm)
            kl, reward = (select(own, what=name).sort_values("point") for name in (KL, what))
            label = f"{rm} ({MODELS[rm]})"
            drawing.curve(axis, kl["estimate"], reward, RM_COLOURS[rm], label, marker=".")
        axis.axhline(0, **LINE)
        axis.tick_params(labelsize=SMALL)
        if row == 0:
            axis.set_title(f"by {titles[what]}", fontsize=LARGE, weight="normal")
        if column == 0:
            axis.set_ylabel(f"{told[setting]}\nreward, sd", fontsize=SMALL)
    figure.supxlabel("KL divergence from the start, nats", fontsize=LARGE)
    drawing.legend(figure, axes[0, 0], 2)
    return figure


def plot_reversals(reversals: pd.DataFrame, models: pd.DataFrame) -> "Figure":
    """How often each reward model as evaluator contradicts the oracle, against its accuracy."""
    right = 100 * select(models, measure=ACCURACY, set=ALL).set_index("rm")["estimate"]
    order = right.sort_values().index
    figure, [[axis]] = drawing.canvas(4.0)
    for of, (colour, label) in OF.items():
        own = select(reversals, of=of).set_index("rm").loc[order]
        axis.plot(right[order], 100 * own["estimate"], color=colour, alpha=0.35, linewidth=1)
        drawing.dots(axis, right[order], own, colour, label, unit=100, upright=True)
    top = 100 * reversals.groupby("rm")["high"].max().fillna(
        reversals.groupby("rm")["estimate"].max()
    )
    for rm in order:
        axis.annotate(
            rm, (right[rm], top[rm]), (0, 4), textcoords="offset points", rotation=60,
            fontsize=SMALL, ha="left", va="bottom",
        )  # fmt: skip
    axis.axhline(50, **LINE, linestyle=":")
    axis.set(xlabel="accuracy of the evaluator, mean of test sets, %", ylim=(0, 75))
    axis.set_ylabel("says better where\nthe oracle says worse, %")
    drawing.legend(figure, axis)
    return figure


def plot_non_answers(helplessness: pd.DataFrame, texts: pd.DataFrame) -> "Figure":
    """How often PPO policies give non-answers, against how their reward model likes these."""
    liked = helplessness.set_index("rm")["estimate"]
    rates = select(texts, what=NON_ANSWER, subset=ALL)
    start = 100 * select(rates, of=START)["estimate"].iloc[0]
    figure, [[axis]] = drawing.canvas(3.6)
    for rm in EQUAL_SIZE:
        own = select(rates, method=PPO, of=rm)
        label = f"{rm} ({MODELS[rm]})"
        drawing.dots(axis, [liked[rm]], own, RM_COLOURS[rm], label, unit=100, upright=True)
    axis.axhline(start, **LINE, linestyle="--", label="start policy")
    axis.axvline(0, **LINE)
    axis.set_xlabel("reward for a non-answer minus that for help, sd")
    axis.set(ylabel="non-answers of the policy, %")
    axis.set_ylim(bottom=0)
    drawing.legend(figure, axis)
    return figure
