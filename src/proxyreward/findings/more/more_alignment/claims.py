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
from proxyreward.findings.core.reading import select
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import PAPER_FORM
from proxyreward.findings.more.more_alignment import relation
from proxyreward.findings.more.more_alignment.measure import GAP, ONE_TEXT, SCALED, SCHEMES, in_form
from proxyreward.vocabulary import ALL, HH, MORE, MULTITASK, ORACLE

CONTROLLED = {ORACLE: "the oracle"} | {scheme: SCHEME_NAMES[scheme] for scheme in SCHEMES}
PRINTED = "in the form of the printed numbers"
PRINTED_ECE = in_form("ece", PAPER_FORM)
EVERY = "mean of bases"


def quantities(
    tables: Mapping[str, pd.DataFrame],
    furthest: pd.DataFrame,
    controls: pd.DataFrame,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims of this finding compare.

    `tables` go by the names of the functions that measured them, `furthest` is that of `relation`,
    `controls` that of `Rejection`.
    """
    found = _table2(tables["policies"]) | _wins(tables["judged"]) | _judges(tables)
    found |= _controls(controls) | _gains(tables["gains"])
    found |= _relations(tables["relations"]) | _close(tables["agreements"], furthest, registry)
    return found | _expectations(tables["tuned"], tables["preferences"])


def _table2(policies: pd.DataFrame) -> dict[str, Quantity]:
    """Calibration of the reward models, and perplexities before and after alignment."""
    names = {
        ("ece", "both", GAP): ": ECE of MORE minus MultiTask",
        (PRINTED_ECE, "both", GAP): f": ECE {PRINTED}, MORE minus MultiTask",
    }
    for source in HH:
        names["perplexity", source, GAP] = f": {source} perplexity of MORE minus MultiTask"
        names[ONE_TEXT, source, GAP] = f": {source} perplexity as one text, MORE minus MultiTask"
    for scheme in SCHEMES:
        name = f", {SCHEME_NAMES[scheme]}: harmless perplexity minus that before"
        names["perplexity", "harmless", f"{scheme} from start"] = name
    keys = ["measure", "source", "of"]
    by_key = policies.set_index(["base", *keys])[["value", "paper"]]
    every = policies.groupby(keys)[["value", "paper"]].mean()  # over bases
    places = {base: by_key.loc[base] for base in policies["base"].unique()}
    places[EVERY] = every
    found = {
        base + name: measured(*rows.loc[key])
        for base, rows in places.items()
        for key, name in names.items()
    }
    after = [("perplexity", "harmless", f"{scheme} from start") for scheme in SCHEMES]
    mean = measured(*every.loc[after].mean())
    return found | {f"{EVERY} and schemes: harmless perplexity minus that before": mean}


def _wins(judged: pd.DataFrame) -> dict[str, Quantity]:
    """How often MORE wins against MultiTask, by each judge."""
    rates, found = select(judged, source=ALL, what="rate"), {}
    for judge, name in (
        ("utility", "among decided comparisons"),
        ("oracle", "by the oracle"),
        ("judge", "by a reward model"),
    ):
        won = select(rates, first=MORE, second=MULTITASK, judge=judge)
        for row in won.itertuples():
            found[f"{row.base}: share of wins of MORE {name}"] = measured(row.value, row.paper)
        mean = won[["value", "paper"]].mean()
        found[f"{EVERY}: share of wins of MORE {name}"] = measured(*mean)
    return found


def _controls(controls: pd.DataFrame) -> dict[str, Quantity]:
    """How often aligned policies win over the policy before, a tie as half of a win."""
    value, found = controls.set_index("name")["value"], {}
    for scheme, name in CONTROLLED.items():
        start = f"policy aligned to {name}: share of wins over the policy before"
        found[f"{start} by the oracle"] = measured(value[f"{scheme} by oracle"])
        if scheme != ORACLE:
            found[f"{start} by its own reward model"] = measured(value[f"{scheme} by own"])
    return found


def _gains(gains: pd.DataFrame) -> dict[str, Quantity]:
    """What the policies of rejection sampling have gained to the oracle."""
    own = select(gains, judge="oracle").set_index("of")["value"]
    return {
        f"policy aligned to {name}: gain by the oracle in sd": measured(own[scheme])
        for scheme, name in CONTROLLED.items()
    }


def _judges(tables: Mapping[str, pd.DataFrame]) -> dict[str, Quantity]:
    """How far tie rates are from the share of pairs whose two verdicts disagree."""
    found = {}
    for who, table, tie in (
        ("judges that know a score", tables["judged"], "tie"),
        ("judges with noise or a preferred position", tables["ties"], "ties"),
    ):
        name = f"{who}: largest deviation of the tie rate from the share of disagreeing verdicts"
        disagree = select(table, what="disagree")["value"].to_numpy()
        found[name] = counted(abs(select(table, what=tie)["value"] - disagree).max())
    return found


def _relations(relations: pd.DataFrame) -> dict[str, Quantity]:
    """How calibration and accuracy go with alignment over many reward models."""
    by_utility = select(relations, alignment="utility")
    of = by_utility.set_index(["given", "pool", "what"])["value"]
    partial = of["accuracy", relation.TRAINED, "ece"]
    found = {"partial Spearman of -ECE and alignment given accuracy": measured(partial)}
    for name, pool, what in (
        ("-ECE and alignment over trained reward models", relation.TRAINED, "ece"),
        ("accuracy and alignment over trained reward models", relation.TRAINED, "accuracy"),
        ("-ECE and alignment after temperature scaling", relation.TRAINED, SCALED),
        ("-ECE and alignment with the untrained models", relation.EVERY, "ece"),
        (f"-ECE {PRINTED} and alignment", relation.TRAINED, PRINTED_ECE),
        ("-ECE and utility over policies of rejection sampling", relation.ALIGNED, "ece"),
    ):
        found[f"Spearman of {name}"] = measured(of["nothing", pool, what])
    for row in select(relations, alignment="ndr", what="ece", given="nothing").itertuples():
        name = f"{NAMES.get(row.pool, row.pool)}: Spearman of -ECE and NDR of label-flip models"
        found[name] = measured(row.value)
    return found


def _close(
    agreements: pd.DataFrame, furthest: pd.DataFrame, registry: Registry
) -> dict[str, Quantity]:
    """What calibration and accuracy leave open between models of equal accuracy.

    The paper's pair of equal accuracy is that of the base Pythia-2.8B.
    """
    share, rate = (
        select(agreements, ece="ece", what=what).set_index("pool")["value"]
        for what in ("share", "rate")
    )
    differ = (furthest["at_least"] > 0.5).sum()
    table2 = registry.printed("more.table2")
    printed = {
        base: row["gpt4"]["win"] / (row["gpt4"]["win"] + row["gpt4"]["lose"])
        for base, row in table2.items()
        if isinstance(row, Mapping) and "gpt4" in row
    }
    paper, mean = printed["Pythia-2.8B"], float(np.mean(list(printed.values())))
    row = furthest.iloc[0] if len(furthest) else dict.fromkeys(furthest, np.nan)
    within, most = "within a point of accuracy", "most striking pair of models"
    lower = f"{within} in which the lower ECE wins"
    return {
        f"mean share of wins of the lower ECE, models {within}": measured(
            rate[relation.TRAINED], mean
        ),
        f"mean share of wins of the lower ECE, policies {within}": measured(rate[relation.ALIGNED]),
        f"share of pairs of models {lower}": measured(share[relation.TRAINED]),
        f"share of pairs of policies {lower}": measured(share[relation.ALIGNED]),
        f"count of pairs of models {within} whose choices differ in worth": measured(differ),
        f"{most}: share of wins of the better choice": measured(row["rate"], paper),
        f"{most}: accuracy of the better less that of the worse": measured(row["accuracy"]),
        f"{most}: share right of the better where one alone is": measured(row["right"]),
    }


def _expectations(tuned: pd.DataFrame, preferences: pd.DataFrame) -> dict[str, Quantity]:
    """What the authors expect of a short training on one source, and of DPO."""
    found = {}
    for row in select(tuned, when="after", of=GAP).itertuples():
        what = f"{row.source}: accuracy after tuning to it"
        if row.source == "mean":
            what = "mean accuracy after tuning to a source"
        found[f"{what}, from MultiTask minus from MORE"] = measured(-row.value)
    gaps = select(preferences, source="mean", of=GAP).set_index("measure")["value"]
    for form, name in (("ece", ""), (PRINTED_ECE, f" {PRINTED}")):
        name = f"mean ECE of DPO's implicit reward{name}, with weights of MORE minus plain"
        found[name] = measured(gaps[form])
    return found
