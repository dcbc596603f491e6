"""What the claims of Table 2, on calibration and alignment, on the judge and the limits compare.

In: the tables of `measure` and `relation` in one run. Out: quantities, by the names that the
registry's criteria use. Called by the stage `more_alignment`.

The standard ECE decides; in the form that the paper's printed numbers point to it stands beside.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import PAPER_FORM
from proxyreward.findings.more.more_alignment.measure import (
    AFTER,
    BOTH,
    FROM_START,
    GAP,
    MEAN,
    ONE_TEXT,
    SCHEMES,
    START,
    in_form,
    select,
)
from proxyreward.findings.more.more_alignment.relation import (
    ACCURACY,
    ALIGNED,
    AS_IS,
    EVERY,
    NDR,
    NOTHING,
    SCALED,
    TRAINED,
)
from proxyreward.vocabulary import ALL, HH, MORE, MULTITASK, PPO

PRINTED = "in the form of the printed numbers"
PRINTED_ECE = in_form(AS_IS, PAPER_FORM)


def quantities(
    tables: Mapping[str, pd.DataFrame], furthest: pd.DataFrame, registry: Registry
) -> dict[str, Quantity]:
    """Measure what the claims of this finding compare.

    Parameters
    ----------
    tables : mapping of DataFrame
        By the names of the functions that measured them.
    furthest : DataFrame
        Of `relation.furthest`.
    registry : Registry
        The paper's printed values.
    """
    found = _table2(tables["policies"]) | _wins(tables["judged"]) | _judges(tables)
    found |= _relations(tables["relations"]) | _close(tables["agreements"], furthest, registry)
    return found | _expectations(tables["tuned"], tables["preferences"])


def _table2(policies: pd.DataFrame) -> dict[str, Quantity]:
    """Calibration of the reward models, and perplexities before and after alignment."""
    found = {}
    names = {
        ("ece", BOTH, GAP): "{}: ECE of MORE minus MultiTask",
        (PRINTED_ECE, BOTH, GAP): f"{{}}: ECE {PRINTED}, MORE minus MultiTask",
    }
    for source in HH:
        names["perplexity", source, GAP] = f"{{}}: {source} perplexity of MORE minus MultiTask"
        one_text = f"{{}}: {source} perplexity as one text, MORE minus MultiTask"
        names[ONE_TEXT, source, GAP] = one_text
    for scheme in SCHEMES:
        name = f"{{}}, {SCHEME_NAMES[scheme]}: harmless perplexity minus that before"
        names["perplexity", "harmless", f"{scheme} {FROM_START}"] = name
    for base, rows in policies.groupby("base", sort=False):
        rows = rows.set_index(["measure", "source", "of"])
        for key, name in names.items():
            found[name.format(base)] = measured(*rows.loc[key, ["value", "paper"]])
    return found


def _wins(judged: pd.DataFrame) -> dict[str, Quantity]:
    """How often MORE wins against MultiTask, by each judge, and both against the start."""
    names = {
        "utility": "{}: share of wins of MORE among decided comparisons",
        "oracle": "{}: share of wins of MORE by the oracle",
        "judge": "{}: share of wins of MORE by a reward model",
    }
    rates = select(judged, source=ALL, what="rate")
    rows = select(rates, first=MORE, second=MULTITASK)
    found = {
        name.format(row.base): measured(row.value, row.paper)
        for judge, name in names.items()
        for row in select(rows, judge=judge).itertuples()
    }
    for scheme in SCHEMES:
        for row in select(rates, first=scheme, second=START, judge="oracle").itertuples():
            name = f"{row.base}, {SCHEME_NAMES[scheme]}: share of wins over the policy before"
            found[f"{name} by the oracle"] = measured(row.value)
    return found


def _judges(tables: Mapping[str, pd.DataFrame]) -> dict[str, Quantity]:
    """How far tie rates are from the share of pairs whose two verdicts disagree."""
    judges = {
        "judges that know a score": (tables["judged"], "tie"),
        "judges with noise or a preferred position": (tables["ties"], "ties"),
    }
    found = {}
    for who, (table, tie) in judges.items():
        rates, disagree = (
            select(table, what=what)["value"].to_numpy() for what in (tie, "disagree")
        )
        name = f"{who}: largest deviation of the tie rate from the share of disagreeing verdicts"
        found[name] = counted(abs(rates - disagree).max())
    return found


def _relations(relations: pd.DataFrame) -> dict[str, Quantity]:
    """How calibration and accuracy go with alignment over many reward models."""
    names = {
        "partial Spearman of -ECE and alignment given accuracy": (TRAINED, AS_IS, ACCURACY),
        "Spearman of -ECE and alignment over trained reward models": (TRAINED, AS_IS, NOTHING),
        "Spearman of accuracy and alignment over trained reward models": (
            TRAINED, ACCURACY, NOTHING
        ),
        "Spearman of -ECE and alignment after temperature scaling": (TRAINED, SCALED, NOTHING),
        "Spearman of -ECE and alignment with the untrained models": (EVERY, AS_IS, NOTHING),
        f"Spearman of -ECE {PRINTED} and alignment": (TRAINED, PRINTED_ECE, NOTHING),
        "Spearman of -ECE and utility over policies of rejection sampling": (
            ALIGNED, AS_IS, NOTHING
        ),
    }  # fmt: skip
    of = select(relations, alignment="utility").set_index(["pool", "what", "given"])["value"]
    found = {name: measured(of[key]) for name, key in names.items()}
    for row in select(relations, alignment=NDR, what=AS_IS, given=NOTHING).itertuples():
        optimiser = NAMES[PPO] if row.pool == PPO else row.pool
        found[f"{optimiser}: Spearman of -ECE and NDR of label-flip models"] = measured(row.value)
    return found


def _close(
    agreements: pd.DataFrame, furthest: pd.DataFrame, registry: Registry
) -> dict[str, Quantity]:
    """What calibration and accuracy leave open between models of equal accuracy.

    The paper's pair of equal accuracy is that of the base Pythia-2.8B.
    """
    share = select(agreements, ece=AS_IS, what="share").set_index("pool")["value"]
    within = "within a point of accuracy"
    printed = registry.printed("more.table2", "Pythia-2.8B", "gpt4")
    paper = printed["win"] / (printed["win"] + printed["lose"])
    row = furthest.iloc[0] if len(furthest) else dict.fromkeys(furthest, np.nan)
    most = "most striking pair of models"
    return {
        f"share of pairs of models {within} in which the lower ECE wins": measured(share[TRAINED]),
        f"share of pairs of policies {within} in which the lower ECE wins": measured(
            share[ALIGNED]
        ),
        f"count of pairs of models {within} whose choices differ in worth": measured(
            (furthest["at_least"] > 0.5).sum()
        ),
        f"{most}: share of wins of the better choice": measured(row["rate"], paper),
        f"{most}: accuracy of the better less that of the worse": measured(row["accuracy"]),
        f"{most}: share right of the better where one alone is": measured(row["right"]),
    }


def _expectations(tuned: pd.DataFrame, preferences: pd.DataFrame) -> dict[str, Quantity]:
    """What the authors expect of a short training on one source, and of DPO."""
    gains = select(tuned, when=AFTER, of=GAP).set_index("source")["value"]
    after, ece = "from MultiTask minus from MORE", "mean ECE of DPO's implicit reward"
    found = {f"mean accuracy after tuning to a source, {after}": measured(-gains[MEAN])}
    for source, gain in gains.drop(MEAN).items():
        found[f"{source}: accuracy after tuning to it, {after}"] = measured(-gain)
    gaps = select(preferences, source=MEAN, of=GAP).set_index("measure")["value"]
    found[f"{ece}, with weights of MORE minus plain"] = measured(gaps[AS_IS])
    found[f"{ece} {PRINTED}, with weights of MORE minus plain"] = measured(gaps[PRINTED_ECE])
    return found
