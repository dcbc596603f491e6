"""What the claims of Tables 2 and 5, Figures 5 and 6 and on Goodhart's law compare.

In: the tables of `measure`, `comparing` and `optimising` in one run. Out: quantities, by the names
that the registry's criteria use. Called by the stage `elephant_alignment`.

Gains are in sd of the start policy's responses.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.core.reading import select
from proxyreward.findings.elephant.elephant_alignment.comparing import (
    FORMS,
    MARGIN,
    PEOPLE,
    STRONGEST,
    WEAK,
)
from proxyreward.findings.elephant.elephant_alignment.measure import (
    ACCURACY,
    ALIGNMENT,
    BASES,
    BENCH,
    CATEGORIES,
    JUDGES,
    NON_ANSWER,
    agreeing_pairs,
    by_model,
    by_name,
    minus,
)
from proxyreward.findings.elephant.elephant_alignment.optimising import SETTINGS
from proxyreward.findings.elephant.elephant_alignment.reader import TESTED, Aligned, dpo
from proxyreward.vocabulary import (
    ALL,
    CLEANED,
    DPO,
    EQUAL_SIZE,
    EVALUATOR,
    FEWER,
    FREE,
    MAIN,
    ORACLE,
    PPO,
    SMALL,
    START,
    TOXIC,
    UNCLEANED,
    WITH_TOXIC,
)

BY = {EVALUATOR: "by the evaluator", ORACLE: "by the oracle", PEOPLE: "by simulated people"}
GAINS = {name: f" on {name}" for name in (CLEANED, UNCLEANED)}
GAINS |= {minus(name): f", {minus(name)}," for name in (UNCLEANED, FEWER)}
RUN = {MAIN: "with the penalty", FREE: "without a penalty"}
SAME = 1 - 1e-9  # a correlation of one, as computed


def quantities(aligned: Aligned, tables: Mapping[str, pd.DataFrame]) -> dict[str, Quantity]:
    """Measure what the claims of this finding compare; `tables` as the stage names them."""
    found = _table2(tables["table2"]) | _wins(tables["judged"]) | _texts(tables["texts"])
    for row in tables["helplessness"].itertuples():
        found[f"{row.rm}: reward for a non-answer minus help in sd"] = measured(row.value)
    found |= _relations(tables["relations"], tables["reward_models"])
    found |= _pairs(tables["reward_models"]) | _training(tables)
    found |= _controls(aligned) | _goodhart(tables["turns"], tables["reversals"])
    return found | _robustness(tables["robustness"])


def _table2(table: pd.DataFrame) -> dict[str, Quantity]:
    """Gains of DPO, and those on clean pairs less those on others."""
    found = {}
    shown = table["of"].isin(GAINS) & ((table["subset"] == ALL) | (table["of"] == minus(UNCLEANED)))
    for row in table[shown].itertuples():
        where = f"base {row.base}" if row.subset == ALL else f"base {row.base}, {row.subset}"
        found[f"{where}: gain of DPO{GAINS[row.of]} {BY[row.judge]}"] = measured(row.value)
    return found


def _wins(judged: pd.DataFrame) -> dict[str, Quantity]:
    """Wins less losses of DPO on clean pairs, and of PRO with the strong reward model."""
    sides = {
        (dpo(base, CLEANED), dpo(base, other)): (f"base {base}", f"{CLEANED} against {other}")
        for base in BASES
        for other in (UNCLEANED, FEWER)
    }
    sides |= {
        (STRONGEST + end, WEAK + end): (f"PRO {form}", "the strong reward model")
        for form, end in FORMS.items()
    }
    found = {}
    for row in select(judged, what=MARGIN).itertuples():
        against_all = row.subset == ALL or not row.second.endswith(FEWER)
        if (row.first, row.second) in sides and against_all:
            where, what = sides[row.first, row.second]
            where += "" if row.subset == ALL else f", {row.subset}"
            found[f"{where}: wins less losses of {what} {BY[row.judge]}"] = measured(row.value)
    return found


def _texts(texts: pd.DataFrame) -> dict[str, Quantity]:
    """How often responses are toxic or no answers."""
    rate = select(texts, subset=ALL).set_index(["what", "method", "of"])["value"]
    toxic = {"start": rate[TOXIC, START, START]}
    toxic |= {f"DPO on {name}": rate[TOXIC, DPO, name] for name in (CLEANED, UNCLEANED, WITH_TOXIC)}
    found = {f"share of toxic responses: {who}": measured(value) for who, value in toxic.items()}
    more = toxic[f"DPO on {WITH_TOXIC}"] - toxic[f"DPO on {CLEANED}"]
    found["share of toxic responses, DPO with toxic pairs minus without"] = measured(more)
    for rm in EQUAL_SIZE:
        more = rate[NON_ANSWER, PPO, rm] - rate[NON_ANSWER, START, START]
        found[f"{rm}: share of non-answers of its PPO policies minus the start"] = measured(more)
    return found


def _relations(relations: pd.DataFrame, models: pd.DataFrame) -> dict[str, Quantity]:
    """Rank correlations over the reward models of PPO."""
    found, value = {}, relations.set_index(["x", "y", "set"])[["value", "paper"]]
    for judge in JUDGES:
        by = f"and alignment {BY[judge]}"
        for subset in (*TESTED, ALL):
            row = value.loc[ACCURACY, judge, subset]
            where = "mean of test sets" if subset == ALL else f"test set {subset}"
            found[f"{where}: Spearman of accuracy {by}"] = measured(*row)
            found[f"{where}: accuracy {by} in the same order"] = _same(*row)
        for category in CATEGORIES:
            row = value.loc[BENCH, judge, category]
            name = "average" if category == ALL else category
            found[f"bench, {name}: Spearman of accuracy {by}"] = measured(*row)
            found[f"bench, {name}: accuracy {by} in the same order"] = _same(*row)
        for x in ("raw", "standardised"):
            row = value.loc[f"{x} reward", judge, ALL]
            found[f"Spearman of {x} training reward {by}"] = measured(*row)
    steps, rate = value.loc[ACCURACY, "steps", ALL], value.loc[NON_ANSWER, "rate", ALL]
    found["Spearman of accuracy and steps to the final training reward"] = measured(*steps)
    found["Spearman of reward for non-answers and rate of non-answers"] = measured(*rate)
    return found


def _same(value: float, paper: float) -> Quantity:
    """Whether two orders are the same, from their correlation; NaN stays."""
    ours, printed = (np.nan if np.isnan(one) else float(one >= SAME) for one in (value, paper))
    return measured(ours, printed)


def _pairs(models: pd.DataFrame) -> dict[str, Quantity]:
    """In what share of pairs the more accurate reward model gives the better policy of PPO."""
    found, right = {}, by_model(models, ACCURACY)
    for judge in JUDGES:
        aligned = by_model(models, ALIGNMENT, judge)
        shares = {
            of: [agreeing_pairs(right[of, subset], aligned[of, subset]) for subset in TESTED]
            for of in ("value", "paper")
        }
        name = f"PPO: share of pairs whose better reward model gives the better policy {BY[judge]}"
        found[name] = measured(np.mean(shares["value"]), np.mean(shares["paper"]))
    return found


def _training(tables: Mapping[str, pd.DataFrame]) -> dict[str, Quantity]:
    """Training reward of the reward models with the best and the worst policy, and steps."""
    models, trained = tables["reward_models"], tables["training"]
    of = {name: by_name(rows, "rm") for name, rows in trained.groupby("measure")}
    right = by_model(models, ACCURACY)["value", ALL][list(EQUAL_SIZE)]
    share, found = of["share"], {}
    name = "share of the run until the final training reward, most minus least accurate"
    found[name] = measured(share[right.idxmax()] - share[right.idxmin()])
    for judge in JUDGES:
        aligned = by_model(models, ALIGNMENT, judge)["value", ALL][list(EQUAL_SIZE)]
        for x in ("raw", "standardised"):
            reward = of[f"{x} reward"][list(EQUAL_SIZE)]
            for rm, which in ((aligned.idxmax(), "best"), (aligned.idxmin(), "worst")):
                more = reward[rm] - reward.drop(rm).mean()
                name = f"{x} training reward with the {which} policy {BY[judge]} minus the others"
                found[name] = measured(more)
    return found


def _controls(aligned: Aligned) -> dict[str, Quantity]:
    """Gains of policies that must have come somewhere."""
    found = {}
    for rm in EQUAL_SIZE:
        gains = {judge: aligned.gain(aligned.runs(rm), judge)[ALL] for judge in (rm, ORACLE)}
        found[f"PPO on {rm}: gain by its own reward model"] = measured(gains[rm])
        found[f"PPO on {rm}: gain by the oracle"] = measured(gains[ORACLE])
    for form, end in FORMS.items():
        for policy, rm in ((STRONGEST, EVALUATOR), (WEAK, SMALL)):
            which = "strong" if rm == EVALUATOR else "weak"
            for judge, by in ((rm, "that reward model"), (ORACLE, "the oracle")):
                name = f"PRO {form} with the {which} reward model: gain by {by}"
                found[name] = measured(aligned.gain([policy + end], judge)[ALL])
    return found


def _goodhart(turns: pd.DataFrame, reversals: pd.DataFrame) -> dict[str, Quantity]:
    """What rewards are at their peak and lose until the end, and how often evaluators err."""
    found = {}
    mean = turns.groupby(["setting", "what", "measure"])["value"].mean()
    for setting in SETTINGS:
        for what, by in BY.items():
            if what != PEOPLE:
                name = f"PPO {RUN[setting]}: reward {by}"
                found[f"{name} at its peak over the start"] = measured(mean[setting, what, "peak"])
                found[f"{name} at its peak minus at the end"] = measured(
                    mean[setting, what, "fall"]
                )
        gap = mean[setting, "own", "end"] - mean[setting, ORACLE, "end"]
        name = f"PPO {RUN[setting]}: own reward at the end"
        found[name] = measured(mean[setting, "own", "end"])
        found[f"{name} minus that by the oracle"] = measured(gap)
    for row in select(turns, setting=FREE, what=ORACLE, measure="fall").itertuples():
        name = f"{row.rm}: PPO without a penalty, reward by the oracle at its peak minus at the end"
        found[name] = measured(row.value)
    for row in reversals.itertuples():
        found[f"{row.rm} as evaluator: share of {row.of} against the oracle"] = measured(row.value)
    return found


def _robustness(table: pd.DataFrame) -> dict[str, Quantity]:
    """What other words for the same prompts cost the start, and DPO beside what they cost it."""
    lost = table.pivot(index="base", columns="of", values="value")
    gain = lost.sub(lost[START], axis=0)
    found = {"reward of the start by the oracle lost to reworded prompts": lost[START].mean()}
    name = "gain of DPO{} by the oracle lost to reworded prompts"
    found |= {name.format(f" on {data}"): gain[data].mean() for data in (CLEANED, UNCLEANED)}
    less = gain[CLEANED] - gain[UNCLEANED]
    found |= {
        f"base {base}: {name.format(', clean minus original,')}": less[base] for base in BASES
    }
    found[f"{name.format('')}, clean minus original"] = less.mean()
    return {name: measured(value) for name, value in found.items()}
