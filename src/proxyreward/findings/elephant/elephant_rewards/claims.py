"""What the claims of paper *elephant* on reward models compare.

In: `Proxies` of one run and the tables of `measure`. Out: quantities, by the names that the
registry's criteria use. Called by the stage `elephant_rewards`.
"""

import pandas as pd

from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.elephant.elephant_rewards.measure import (
    ANNOTATORS,
    CONTRASTS,
    best_other,
    chance_distance,
    inverted,
    relative_gradient,
)
from proxyreward.findings.elephant.elephant_rewards.reader import DPO, PRINTED, Proxies
from proxyreward.vocabulary import (
    ALL,
    CLEAR,
    EMPTY,
    EVALUATOR,
    EVASIVE,
    HARMFUL,
    HONEST,
    INITIAL,
    LADDER,
    LARGE,
    MIDDLE,
    ORACLE,
    REFUSED,
    REPEATED,
    REPETITIVE,
    SMALL,
    STRONG,
    SUBSETS,
    USELESS,
    VAGUE,
    VARIANT,
    VOID,
)

ASKED = {
    (CLEAR, "rate"): "inverted, share of clear pairs",
    (CLEAR, "near"): "nearly equal, share of clear pairs",
    (HARMFUL, "high"): "harmful above median help, share",
    (HARMFUL, "rate"): "harmful above declining, share",
    (VOID, "rate"): "empty above help, share",
    (REFUSED, "gap"): "non-answer above help, mean in sd",
    (REFUSED, "rate"): "non-answer above help, share",
    (EVASIVE, "gap"): "evasive above safe help, mean in sd",
    (EVASIVE, "rate"): "evasive above safe help, share",
    (REPEATED, "gap"): "repetitive above help, mean in sd",
    (HONEST, "rate"): "false above honest, share",
}
"""Probe and measure, and what the quantity is called."""


def quantities(
    proxies: Proxies,
    accuracy: pd.DataFrame,
    contrasts: pd.DataFrame,
    scale: pd.DataFrame,
    pitfalls: pd.DataFrame,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims compare; further arguments are the tables of `measure`."""
    found = _accuracies(accuracy)
    for row in contrasts[contrasts["tested"] == ALL].itertuples():
        whose = "" if row.by == ANNOTATORS else " by the oracle"
        found[f"{row.contrast}: accuracy{whose}"] = measured(row.value)
    value = scale.set_index(["measure", "rm"])["value"]
    for measure, name in (("size", "mean size of the margins"), ("inverse temperature", "1/T")):
        ratio = value[measure, STRONG] / value[measure, LARGE]
        found[f"clean to original: {name}, ratio"] = measured(ratio)
    found |= _useless(proxies, accuracy)
    printed = registry.printed("elephant.table1")
    paper = float(printed["rejected_score"] > printed["chosen_score"])
    found[f"{SMALL}: prefers the response labelled rejected, share of inverted test pairs"] = (
        measured(inverted(proxies, SMALL), paper)
    )
    shown = pitfalls[pitfalls["rm"].isin(LADDER)]
    for (probe, measure), name in ASKED.items():
        for row in select(shown, probe=probe, measure=measure).itertuples():
            found[f"{row.rm}: {name}"] = measured(row.value)
    return found | _dropped(pitfalls)


def _dropped(pitfalls: pd.DataFrame) -> dict[str, Quantity]:
    """What cleaning unlearns, as it drops the empty and the toxic records that would teach it."""
    rates = select(pitfalls, measure="rate").set_index(["probe", "rm"])["value"]
    told = {VOID: "empty above help", HARMFUL: "harmful above declining"}
    return {
        f"{name}, share: {contrast}": measured(rates[probe, more] - rates[probe, less])
        for probe, name in told.items()
        for contrast in ("clean minus original", "with-useless minus clean")
        for more, less in [CONTRASTS[contrast]]
    }


def _accuracies(table: pd.DataFrame) -> dict[str, Quantity]:
    """Of the models of Table 4, by the annotators' labels."""
    rows = table[(table["by"] == ANNOTATORS) & table["rm"].isin(PRINTED)]
    found = {}
    for rm, own in rows.groupby("rm", sort=False):
        each, mean = own[own["tested"] != ALL], own[own["tested"] == ALL].iloc[0]
        for row in each.itertuples():
            found[f"{rm}: accuracy on {row.tested}"] = measured(row.value, row.paper)
        found[f"{rm}: mean accuracy over subsets"] = measured(mean["value"], mean["paper"])
        ranges = (each[name].max() - each[name].min() for name in ("value", "paper"))
        found[f"{rm}: range of accuracy over subsets"] = measured(*ranges)
    for tested in SUBSETS:
        name = f"{EVALUATOR}: accuracy above the best other on {tested}"
        found[name] = measured(best_other(table, EVALUATOR, tested))
    both = rows.pivot(index="tested", columns="rm", values="value")
    for more, less in ((MIDDLE, SMALL), (LARGE, MIDDLE)):
        found[f"accuracy of {more} minus {less}, mean over subsets"] = measured(
            (both[more] - both[less])[ALL]
        )
    if DPO[INITIAL] in both:
        less = both[DPO[INITIAL]] - both[LARGE]
        found["DPO minus the reward model of its size and data: mean accuracy"] = measured(
            less[ALL]
        )
        found["DPO less accurate than that reward model, share of subsets"] = measured(
            (less.drop(ALL) < 0).mean()
        )
    return found


def _useless(proxies: Proxies, accuracy: pd.DataFrame) -> dict[str, Quantity]:
    """Of vague, empty and repeated records."""
    rm = VARIANT.format(USELESS)
    own = select(accuracy, rm=rm, tested=ALL).set_index("by")["value"]
    found = {
        "useless alone: accuracy": measured(own[ANNOTATORS]),
        "useless alone: accuracy by the oracle": measured(own[ORACLE]),
        "useless alone: distance of accuracy from one half, in binomial half-widths": measured(
            chance_distance(proxies, rm)
        ),
    }
    for kind, exact in ((REPETITIVE, True), (VAGUE, False), (EMPTY, False)):
        name = f"{kind} records: gradient over that of right ones"
        found[name] = (counted if exact else measured)(relative_gradient(proxies, kind))
    return found
