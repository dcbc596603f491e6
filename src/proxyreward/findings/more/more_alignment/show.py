"""Figures and tables of the finding on calibration and alignment for readers.

In: tables of `measure` and `relation` as the stage wrote them; those over replicates have columns
`estimate, low, high`. Out: closed matplotlib figures and frames of text cells. Called by the
notebook `more_alignment`.

`form` is that of the ECE: ``standard``, or ``paper`` for the one that the printed numbers point to.
"""

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.findings.core import drawing
from proxyreward.findings.core.drawing import LARGE, NAMES
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.text import ABSENT, cell, pivot
from proxyreward.findings.more.mixture_drawing import SCHEME_COLOURS, SCHEME_NAMES, draw_floor
from proxyreward.findings.more.mixtures import STANDARD, counterparts
from proxyreward.findings.more.more_alignment.measure import (
    GAP,
    SCALED,
    SCHEMES,
    floor_of,
    in_form,
)
from proxyreward.findings.more.more_alignment.relation import ALIGNED, TRAINED
from proxyreward.vocabulary import (
    ALL,
    DPO,
    DPO_MORE,
    HH,
    MORE,
    MULTITASK,
    ORACLE,
    RAW,
    SINGLE,
    START,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTCOMES = {  # colour and name of each
    "win": ("#D55E00", "MORE wins"),
    "tie": ("#d0d4da", "tie"),
    "lose": ("#0072B2", "MultiTask wins"),
}
POLICIES = SCHEME_NAMES | {ORACLE: "the oracle", DPO: "DPO", DPO_MORE: "DPO with weights of MORE"}
POLICY_COLOURS = SCHEME_COLOURS | {DPO: SCHEME_COLOURS[MULTITASK], DPO_MORE: SCHEME_COLOURS[MORE]}
OTHER = "other recipes"
GROUPS = {OTHER: "#CC79A7"} | {s: SCHEME_COLOURS[s] for s in (RAW, SINGLE, MULTITASK, MORE)}
LINE = {"color": "#5f6b7a", "linewidth": 1, "zorder": 0}


def plot_ratios(policies: pd.DataFrame, form: str = STANDARD) -> "Figure":
    """MORE relative to MultiTask in the three measured columns of Table 2, beside the paper's."""
    columns = {
        "ECE of the\nreward model": (in_form("ece", form), "both"),
        "perplexity,\nhelpful": ("perplexity", "helpful"),
        "perplexity,\nharmless": ("perplexity", "harmless"),
    }
    bases = policies["base"].unique()
    labels = [f"{base}\n({name})" for base, name in counterparts(bases).items()]
    figure, axes = drawing.canvas(1.5 + 0.55 * len(bases), 1, 3, sharex=False)
    for axis, (title, (measure, source)) in zip(axes[0], columns.items(), strict=True):
        rows = select(policies, measure=measure, source=source, of="ratio")
        height = drawing.rows_on(axis, labels)
        drawing.dots(axis, height, rows, SCHEME_COLOURS[MORE], "ours, 95 %")
        drawing.papers(axis, rows["paper"], height, "black")
        axis.axvline(1, **LINE)
        axis.set_title(title, fontsize=LARGE, weight="normal")
        axis.margins(x=0.12)
    axes[0, 1].set_xlabel("MORE relative to MultiTask (1 = no difference)")
    drawing.legend(figure, axes[0, 0])
    return figure


def plot_tuned(tuned: pd.DataFrame) -> "Figure":
    """Accuracy on each source before and after a short training on it, from either scheme."""
    shown = {f"{when} the training": select(tuned, when=when) for when in ("before", "after")}
    figure, axes = _by_source(shown, SCHEMES, "accuracy, 95 %", sharex=True)
    for axis in axes:
        axis.axvline(0.5, **LINE)
    drawing.legend(figure, axes[0])
    return figure


def plot_preferences(preferences: pd.DataFrame, form: str = STANDARD) -> "Figure":
    """ECE, with its floor, and accuracy of DPO's implicit reward, plain and weighted by MORE."""
    measures = {"ECE (low is good)": in_form("ece", form), "accuracy": "accuracy"}
    shown = {title: select(preferences, measure=measure) for title, measure in measures.items()}
    figure, axes = _by_source(shown, (DPO, DPO_MORE), "implicit reward, 95 %")
    chance = select(preferences, measure=floor_of(in_form("ece", form)))
    draw_floor(axes[0], chance.loc[chance["of"] != GAP, "estimate"].max())
    axes[0].set_xlim(left=0)
    drawing.legend(figure, axes[0])
    return figure


def _by_source(
    shown: Mapping[str, pd.DataFrame], schemes: tuple[str, str], what: str, *, sharex: bool = False
) -> tuple["Figure", np.ndarray]:
    """A panel a table by title, a row a source, two schemes in each."""
    sources = next(iter(shown.values()))["source"].unique()
    figure, axes = drawing.canvas(1.4 + 0.5 * len(sources), 1, 2, sharex=sharex)
    for axis, (title, table) in zip(axes[0], shown.items(), strict=True):
        height = drawing.rows_on(axis, list(sources))
        for shift, scheme in zip((0.14, -0.14), schemes, strict=True):
            own = select(table, of=scheme).set_index("source").loc[sources]
            drawing.dots(axis, height + shift, own, POLICY_COLOURS[scheme], POLICIES[scheme])
        axis.set_title(title, fontsize=LARGE, weight="normal")
        axis.set_xlabel(what)
    return figure, axes[0]


def plot_weights(steps: pd.DataFrame, smooth: int = 1) -> "Figure":
    """Weights of the sources in DPO with the weights of MORE, mean of the seeds of one run.

    `steps` are `Rejection.preference_steps`, `smooth` those of a running mean.
    """
    weights = steps.filter(like="weight_").join(steps["step"]).groupby("step").mean().dropna()
    figure, [[axis]] = drawing.canvas(3.4)
    for name, values in weights.items():
        running = values.rolling(smooth, min_periods=1, center=True).mean()
        axis.plot(weights.index, running, label=str(name).removeprefix("weight_"))
    axis.axhline(1 / weights.shape[1], color="black", linestyle="--", label="plain DPO")
    axis.set(xlabel="step", ylabel="weight of the source", ylim=(0, None))
    drawing.legend(figure, axis)
    return figure


def plot_models(
    models: pd.DataFrame, candidates: pd.DataFrame, alignment: str = "utility", form: str = STANDARD
) -> "Figure":
    """Alignment of every reward model of one run against its ECE, before and after scaling.

    Of the `candidates` that run's level is drawn; `alignment` is ``utility`` or ``oracle``.
    """
    scheme = models["scheme"].str.replace(rf"{SINGLE}-.*", SINGLE, regex=True)
    group = scheme.where(scheme.isin(GROUPS), OTHER)
    [chance] = select(candidates, measure=alignment, what="chance")["own"]
    figure, axes = drawing.canvas(4.2, 1, 2, sharex=False)
    titles = {"ece": "as it is", SCALED: "one temperature each"}
    for axis, (what, title) in zip(axes[0], titles.items(), strict=True):
        for name, colour in GROUPS.items():
            own = models[group == name]
            x, y = own[in_form(what, form)], own[alignment]
            label = SCHEME_NAMES.get(name, name)
            axis.plot(x, y, "o", color=colour, ms=5, alpha=0.8, label=label)
        axis.axhline(chance, color="black", linestyle="--", linewidth=1, label="any candidate")
        draw_floor(axis, models[floor_of(in_form(what, form))].max())
        axis.set_title(title, fontsize=LARGE, weight="normal")
        axis.set_xlabel("ECE (low is good)")
        axis.set_xlim(left=-0.005)
    who = {"utility": "utility of the best candidate", "oracle": "oracle on the best candidate"}
    axes[0, 0].set_ylabel(who[alignment])
    drawing.legend(figure, axes[0, 0])
    return figure


def plot_close_pairs(close: pd.DataFrame, form: str = STANDARD) -> "Figure":
    """Who wins in pairs of equal accuracy of one run, against the difference in ECE."""
    gap = close[in_form("ece", form)]
    decided = (close["win"] + close["lose"]).where(lambda count: count > 0)
    # Each pair is drawn once, the model with the lower ECE first.
    won = close["win"].where(gap >= 0, close["lose"]) / decided
    figure, [[axis]] = drawing.canvas(3.8)
    for chosen, colour, label in (
        (won > 0.5, SCHEME_COLOURS[SINGLE], "lower ECE wins"),
        (~(won > 0.5), GROUPS[OTHER], "higher ECE wins, or neither"),
    ):
        axis.plot(abs(gap)[chosen], won[chosen], "o", ms=4, alpha=0.6, color=colour, label=label)
    fifths = pd.qcut(abs(gap), 5, labels=False, duplicates="drop")
    means = pd.DataFrame({"x": abs(gap), "y": won}).groupby(fifths).mean()
    axis.plot(means["x"], means["y"], "o-", color="black", label="mean of each fifth")
    axis.axhline(0.5, **LINE)
    draw_floor(axis, close[floor_of(in_form("ece", form))].max())
    axis.set(xlabel="difference in ECE", ylabel="wins of the lower ECE\namong decided prompts")
    drawing.legend(figure, axis)
    return figure


def plot_coefficients(
    relations: pd.DataFrame, alignment: str = "utility", form: str = STANDARD
) -> "Figure":
    """How accuracy and calibration go with alignment, by every way of optimising."""
    pools = {ALIGNED: "rejection\nsampling", TRAINED: "best candidate,\nsame family"}
    for pool in select(relations, alignment="ndr")["pool"].unique():
        pools[pool] = f"{NAMES.get(pool, pool)},\nlabel flips"
    ece, scaled = in_form("ece", form), in_form(SCALED, form)
    drawn = (
        ("accuracy", "accuracy", "nothing", "black"),
        ("−ECE", ece, "nothing", SCHEME_COLOURS[MORE]),
        ("−ECE, given accuracy", ece, "accuracy", SCHEME_COLOURS[MORE]),
        ("−ECE, scaled", scaled, "nothing", SCHEME_COLOURS[MULTITASK]),
        ("−ECE, scaled, given accuracy", scaled, "accuracy", SCHEME_COLOURS[MULTITASK]),
    )
    rows = relations[relations["alignment"].isin([alignment, "ndr"])]
    figure, [[axis]] = drawing.canvas(1.6 + 0.85 * len(pools))
    height = drawing.rows_on(axis, list(pools.values()))
    shifts = np.linspace(0.3, -0.3, len(drawn))
    for shift, (label, what, given, colour) in zip(shifts, drawn, strict=True):
        own = select(rows, what=what, given=given).set_index("pool").loc[list(pools)]
        mark = {"marker": "s", "hollow": True} if given == "accuracy" else {}
        drawing.dots(axis, height + shift, own, colour, label, **mark)
    axis.axvline(0, **LINE)
    axis.set_xlim(-1.05, 1.05)
    axis.set_xticks([-1, -0.5, 0, 0.5, 1])
    axis.set_xlabel("Spearman with alignment, 95 %")
    drawing.legend(figure, axis)
    return figure


def table2(
    policies: pd.DataFrame, judged: pd.DataFrame, form: str = STANDARD, *, printed: bool = False
) -> pd.DataFrame:
    """Table 2, a row for the start policy and each reward model; as `printed`, or our numbers.

    Ours stand beside the same comparison by the oracle.
    """
    if printed:
        policies, judged = (
            table.assign(estimate=table["paper"], low=np.nan) for table in (policies, judged)
        )
    bases = counterparts(policies["base"].unique())
    main = select(judged, first=MORE, second=MULTITASK, source=ALL)
    shares = main.set_index(["judge", "base", "what"])["estimate"]
    judges = {"utility": "Win / tie / lose"}
    if not printed:
        judges["oracle"] = "By the oracle"
    ours = policies.set_index(["base", "of", "measure", "source"])
    columns = {"ECE": (in_form("ece", form), "both", ".4f" if printed else ".3f")}
    columns |= {f"Perplexity, {source}": ("perplexity", source, ".2f") for source in HH}
    rows = []
    for base, of in [(next(iter(bases)), START), *product(bases, SCHEMES)]:
        named = {"Base": bases[base] if printed else base, "Reward model": SCHEME_NAMES.get(of)}
        row = named if of != START else {"Base": ABSENT, "Reward model": "none (start)"}
        for head, (measure, source, digits) in columns.items():
            key = (base, of, measure, source)
            row[head] = cell(ours.loc[key], digits) if key in ours.index else ABSENT
        for judge, head in judges.items():
            outcomes = (f"{100 * shares[judge, base, what]:.0f}" for what in OUTCOMES)
            row[head] = " / ".join(outcomes) if of == MORE else ABSENT
        rows.append(row)
    return pd.DataFrame(rows)


def scaled_table(policies: pd.DataFrame, form: str = STANDARD) -> pd.DataFrame:
    """ECE before and after temperature scaling beside the alignment."""
    names = {
        in_form("ece", form): "ECE as it is",
        in_form(SCALED, form): "ECE, one temperature",
        "utility": "Utility of the best candidate",
    }
    who = SCHEME_NAMES | {GAP: "MORE − MultiTask"}
    rows = policies[policies["measure"].isin(names) & policies["of"].isin([*SCHEMES, GAP])]
    heads = {"base": "Base", "of": "Reward model"}
    return pivot(rows.replace({"of": who}), heads, "measure", lambda row: cell(row, ".3f"), names)
