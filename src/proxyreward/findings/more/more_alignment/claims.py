"""What the claims of Table 2, on calibration and alignment, on the judge and the limits compare.

In: the tables of `tables.compute`. Out: quantities, by the names that the registry's criteria use;
replicates of the pipeline tell how well they are known. Called by the stage `more_alignment`.

Where the ECE has several forms, the standard one decides; a note says so where the form that the
paper's printed numbers point to has another sign.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Quantity, counted
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.more_alignment.aligned import FROM_START, GAP, SCHEMES
from proxyreward.findings.more.more_alignment.extensions import AFTER, MEAN
from proxyreward.findings.more.more_alignment.judges import ALL
from proxyreward.findings.more.more_alignment.pool import ALIGNED, AS_IS, EVERY, SCALED, TRAINED
from proxyreward.findings.more.more_alignment.printed import paper_judged, paper_policies
from proxyreward.findings.more.more_alignment.reader import START
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.vocabulary import HH, MORE, MULTITASK, PPO

PAPERS = "In the form that the printed ECEs point to"
Tables = Mapping[str, pd.DataFrame]


def measure(tables: Tables, registry: Registry) -> dict[str, Quantity]:
    """Measure what the claims of this finding compare.

    Parameters
    ----------
    tables : mapping of DataFrame
        Of `more_alignment.compute`.
    registry : Registry
        The paper's printed values.
    """
    pairs = int(tables["sizes"]["pairs"].iloc[0])  # of a source
    found = _table2(tables["policies"], registry, pairs) | _wins(tables["judged"], registry)
    return found | _judges(tables) | _relations(tables) | _expectations(tables, pairs)


def notes(tables: Tables, registry: Registry) -> dict[str, str]:
    """What stands beside a criterion, by claim."""
    told = {
        "table2.c1": _other_form(tables["policies"]),
        "table2.c2": _other_judges(tables["judged"]),
        "table2.c3": _as_one_text(tables["policies"], "helpful"),
        "table2.c4": _as_one_text(tables["policies"], "harmless"),
        "finding.ece_alignment.c1": _agreement(tables["alternatives"]),
        "finding.ece_alignment.c2": _controls(tables),
        "finding.ece_alignment.c3": _most_striking(tables["furthest"], registry),
        "limitations.c1": _other_optimisers(tables),
        "limitations.c2": _by_source(tables["tuned"]),
        "limitations.c3": _other_form(select(tables["preferences"], source=MEAN)),
    }
    return {f"more.{claim}": note for claim, note in told.items()}


def _table2(policies: pd.DataFrame, registry: Registry, pairs: int) -> dict[str, Quantity]:
    """Calibration of the reward models, and perplexities before and after alignment."""
    keys, found = ["measure", "source", "of"], {}
    paper = paper_policies(_bases(policies), registry)
    gaps = [("ECE", ("ece", "both", GAP), len(HH) * pairs)]
    gaps += [(f"{source} perplexity", ("perplexity", source, GAP), pairs) for source in HH]
    for base in _bases(policies):
        ours, printed = (
            select(table, base=base).set_index(keys)["estimate"] for table in (policies, paper)
        )
        for what, key, n in gaps:
            name = f"{base}: {what} of MORE minus MultiTask"
            found[name] = _estimated(ours[key], n, printed[key])
        for scheme in SCHEMES:
            name = f"{base}, {SCHEME_NAMES[scheme]}: harmless perplexity minus that before"
            value = ours["perplexity", "harmless", f"{scheme} {FROM_START}"]
            after, before = (printed["perplexity", "harmless", of] for of in (scheme, START))
            found[name] = _estimated(value, pairs, after - before)
    return found


def _wins(judged: pd.DataFrame, registry: Registry) -> dict[str, Quantity]:
    rows = select(judged, first=MORE, second=MULTITASK, source=ALL, judge="utility")
    printed = paper_judged(_bases(rows), registry)["rate"]
    return {
        f"{row.base}: share of wins of MORE among decided comparisons": _estimated(
            row.rate, row.win + row.lose, paper
        )
        for row, paper in zip(rows.itertuples(), printed, strict=True)
    }


def _judges(tables: Tables) -> dict[str, Quantity]:
    """How far tie rates are from the share of pairs whose two verdicts disagree."""
    judged, noisy = tables["judged"], tables["ties"]
    pairs = judged["win"] + judged["tie"] + judged["lose"]
    deviations = {
        "judges that know a score": judged["tie"] / pairs - judged["disagree"],
        "judges with noise or a preferred position": noisy["ties"] - noisy["disagree"],
    }
    asked = int(pairs[judged["source"] == ALL].sum())
    return {
        f"{who}: largest deviation of the tie rate from the share of disagreeing verdicts": counted(
            abs(deviation).max(), asked
        )
        for who, deviation in deviations.items()
    }


def _relations(tables: Tables) -> dict[str, Quantity]:
    """How calibration and accuracy go with alignment over many reward models."""
    of = select(tables["relations"], alignment="utility", what=AS_IS, given="").set_index("pool")
    models, spearman = of["rms"].astype(int), of["estimate"]
    equal = tables["alternatives"].set_index(["pool", "what"])["estimate"][TRAINED]
    # `furthest` holds intervals that allow for how many pairs there are to choose from.
    apart = sum(row.low > 0.5 for row in tables["furthest"].itertuples())
    return {
        "share of pairs of models within a point of accuracy in which the lower ECE wins": (
            _estimated(equal["share"], models[TRAINED])
        ),
        "partial Spearman of -ECE and alignment given accuracy": _estimated(
            equal["partial"], models[TRAINED]
        ),
        "Spearman of -ECE and alignment over trained reward models": _estimated(
            spearman[TRAINED], models[TRAINED]
        ),
        "count of pairs of models within a point of accuracy whose choices differ in worth": (
            Quantity(np.array([apart], dtype=float), len(tables["close_pairs"]))
        ),
        "Spearman of -ECE and utility over policies of rejection sampling": _estimated(
            spearman[ALIGNED], models[ALIGNED]
        ),
    }


def _expectations(tables: Tables, pairs: int) -> dict[str, Quantity]:
    """What the authors expect of a short training on one source, and of DPO."""
    tuned, preferences = tables["tuned"], tables["preferences"]
    everywhere = (tuned["source"].nunique() - 1) * pairs  # the mean stands beside the sources
    [gain] = select(tuned, when=AFTER, of=GAP, source=MEAN)["estimate"]
    [ece] = select(preferences, measure="ece", of=GAP, source=MEAN)["estimate"]
    return {
        "mean accuracy after tuning to a source, from MultiTask minus from MORE": _estimated(
            -gain, everywhere
        ),
        "mean ECE of DPO's implicit reward, with weights of MORE minus plain": _estimated(
            ece, everywhere
        ),
    }


def _estimated(value: float, n: int, paper: float = np.nan) -> Quantity:
    return Quantity(np.array([value], dtype=float), int(n), float(paper))


def _bases(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(table["base"].unique())


def _other_form(table: pd.DataFrame) -> str:
    """What the other form of the ECE gives, if one of the signs differs."""
    ours, printed = (
        select(table, measure=measure, of=GAP)["estimate"].to_numpy()
        for measure in ("ece", "ece, paper's form")
    )
    if (np.sign(ours) == np.sign(printed)).all():
        return ""
    return f"{PAPERS}: {', '.join(f'{value:+.4f}' for value in printed)}."


def _other_judges(judged: pd.DataFrame) -> str:
    rows = select(judged, first=MORE, second=MULTITASK, source=ALL)
    told = "; ".join(
        f"{name} {', '.join(f'{rate:.3f}' for rate in select(rows, judge=judge)['rate'])}"
        for judge, name in (("oracle", "the oracle"), ("judge", "a reward model"))
    )
    return f"The judge is the utility to the prompt's source; by other judges: {told}."


def _as_one_text(policies: pd.DataFrame, source: str) -> str:
    rows = select(policies, measure="perplexity of all as one text", source=source, of=GAP)
    told = ", ".join(f"{row.base} {row.estimate:+.3f}" for row in rows.itertuples())
    return f"As one text, every token counting the same: {told}."


def _agreement(alternatives: pd.DataFrame) -> str:
    trained, aligned = (
        f"{row.agree:.0f} of {row.pairs:.0f}"
        for row in select(alternatives, what="share").itertuples()
    )
    return (
        f"The lower ECE wins in {trained} pairs of models, and among the policies that were "
        f"trained in {aligned}."
    )


def _controls(tables: Tables) -> str:
    rows = select(tables["relations"], alignment="utility").fillna({"given": ""})
    rows = rows.set_index(["pool", "what", "given"])["estimate"]
    note = (
        f"Accuracy has {rows[TRAINED, 'accuracy', '']:.3f}; -ECE has "
        f"{rows[TRAINED, AS_IS, 'accuracy']:.3f} given accuracy, {rows[TRAINED, SCALED, '']:.3f} "
        "after temperature scaling, which leaves every choice and so all alignment as it is, "
        f"{rows[EVERY, AS_IS, '']:.3f} with the untrained models, and "
        f"{rows[ALIGNED, AS_IS, '']:.3f} over the policies that were trained."
    )
    models = tables["reward_models"].query("scheme != 'raw'")
    paper = -models[["paper", "utility"]].corr("spearman").iloc[0, 1]
    turned = paper * rows[TRAINED, AS_IS, ""] < 0
    return f"{note} {PAPERS} it has {paper:.3f}." if turned else note


def _most_striking(furthest: pd.DataFrame, registry: Registry) -> str:
    """Empty without a pair of models; the paper's pair is that of the base Pythia-2.8B."""
    if furthest.empty:
        return ""
    row = furthest.iloc[0]
    printed = registry.printed("more.table2", "Pythia-2.8B", "gpt4")
    paper = printed["win"] / (printed["win"] + printed["lose"])
    return (
        f"In the most striking one the choice of {row['better']} beats that of {row['worse']} in "
        f"{row['rate']:.3f} of the decided prompts (policies of the paper's pair: {paper:.3f}). "
        f"Accuracy differs by {abs(100 * row['accuracy']):.1f} points; of the test pairs that only "
        f"one of the two gets right the former gets {row['right']:.3f}."
    )


def _other_optimisers(tables: Tables) -> str:
    keys = {"what": AS_IS, "given": ""}
    best = select(tables["relations"], alignment="utility", pool=TRAINED, **keys).iloc[0]
    told = [f"best of four over {best['rms']} trained reward models {best['estimate']:.3f}"]
    for row in select(tables["optimisers"], **keys).itertuples():
        name = NAMES[PPO] if row.optimiser == PPO else f"best-of-{row.n}"
        told.append(f"{name} {row.estimate:.3f} ({row.rms} label-flip models)")
    return (
        "A direction is claimed for rejection sampling alone; without one: "
        f"{'; '.join(told)}. Alignment is utility, for label-flip models the NDR."
    )


def _by_source(tuned: pd.DataFrame) -> str:
    rows = select(tuned, when=AFTER, of=GAP)
    rows = rows[rows["source"] != MEAN]
    told = ", ".join(f"{row.source} {-row.estimate:+.3f}" for row in rows.itertuples())
    return f"By source: {told}."
