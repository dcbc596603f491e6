"""Claims on calibration and alignment over many reward models.

In: the tables of `tables.compute`. Out: decisions. Called by `claims`.
"""

from collections.abc import Mapping

import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Decision, Part, decide_claim, estimated, exact, one_of
from proxyreward.findings.more.more_alignment.pool import ALIGNED, AS_IS, EVERY, SCALED, TRAINED
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.metrics.resampling import Interval
from proxyreward.vocabulary import PPO

Tables = Mapping[str, pd.DataFrame]


def equal_accuracy(tables: Tables) -> Decision:
    """At equal accuracy, does the lower ECE go with the better alignment?"""
    told = tables["alternatives"].set_index(["pool", "what"])
    trained, aligned = (told.loc[(pool, "share")] for pool in (TRAINED, ALIGNED))
    share = _above(
        f"share of {trained['pairs']:.0f} pairs of models within a point of accuracy in which the "
        "lower ECE wins",
        trained,
        0.5,
    )
    partial = _above(
        "partial Spearman of -ECE and alignment given accuracy",
        told.loc[(TRAINED, "partial")],
        0.0,
    )
    decisive = one_of([share, partial])
    other = partial if decisive is share else share
    note = (
        f"Either is enough, so the intervals have level 1 - 0.05/2; the other one: "
        f"{other.describe()}. Kinds of reward models, test pairs and prompts are resampled: pairs "
        "of models are not independent. If they were, the share would have the interval "
        f"[{trained['binomial_low']:.3f}, {trained['binomial_high']:.3f}]. Among the policies that "
        f"were trained, {aligned['agree']:.0f} of {aligned['pairs']:.0f} pairs agree."
    )
    return decide_claim(
        "more.finding.ece_alignment.c1",
        [decisive],
        _models(tables, TRAINED),
        scope="Trained reward models, best of four",
        note=note,
    )


def correlation(tables: Tables) -> Decision:
    """Does calibration go with alignment over many reward models?"""
    rows = select(tables["relations"], alignment="utility").set_index(["pool", "what", "given"])

    def of(pool: str, what: str, given: str = "") -> str:
        return f"{rows.loc[(pool, what, given), 'estimate']:.3f}"

    note = (
        f"Accuracy has {of(TRAINED, 'accuracy')}; given accuracy -ECE has "
        f"{of(TRAINED, AS_IS, 'accuracy')}. After temperature scaling, which leaves every choice "
        f"and so all alignment as it is, -ECE has {of(TRAINED, SCALED)}. With the untrained models "
        f"{of(EVERY, AS_IS)}, over the policies that were trained {of(ALIGNED, AS_IS)}"
    )
    models = tables["reward_models"].query("scheme != 'raw'")
    paper = -models[["paper", "utility"]].corr("spearman").iloc[0, 1]
    other = ""
    if paper * rows.loc[(TRAINED, AS_IS, ""), "estimate"] < 0:
        other = f" In the form that the printed ECEs point to it has {paper:.3f}."
    return decide_claim(
        "more.finding.ece_alignment.c2",
        [_above("Spearman of -ECE and alignment", rows.loc[(TRAINED, AS_IS, "")], 0.0)],
        _models(tables, TRAINED),
        scope="Trained reward models, best of four",
        note=f"{note}.{other}",
    )


def accuracy_suffices(tables: Tables, registry: Registry) -> Decision:
    """Do reward models of equal accuracy differ in alignment?"""
    found, pairs = tables["furthest"], len(tables["close_pairs"])
    claim = "more.finding.ece_alignment.c3"
    # The base whose two models the paper finds equally accurate.
    printed = registry.printed("more.table2", "Pythia-2.8B", "gpt4")
    paper = printed["win"] / (printed["win"] + printed["lose"])
    if found.empty:
        none = exact("pairs of models of equal accuracy", 0, "above", 0)
        return decide_claim(claim, [none], 0, paper_value=paper)
    parts = [
        estimated(
            f"how often the choice of {row.better} beats that of {row.worse}",
            Interval(row.rate, row.low, row.high),
            "above",
            0.5,
        )
        for row in found.itertuples()
    ]
    best = one_of(parts)
    row = found.iloc[parts.index(best)]
    note = (
        f"Accuracy differs by {abs(100 * row['accuracy']):.1f} points; of the test pairs that only "
        f"one of the two gets right, the former gets {row['right']:.3f} [{row['right_low']:.3f}, "
        f"{row['right_high']:.3f}]. It is the most striking of {pairs} pairs "
        f"within a point of accuracy, so the interval has level 1 - 0.05/{pairs}."
    )
    return decide_claim(
        claim,
        [best],
        int(tables["sizes"]["asked"].iloc[0]),
        paper_value=paper,
        scope="Best of four, by the utility to the prompt's source",
        note=note,
    )


def other_optimisers(tables: Tables) -> Decision:
    """Does it under rejection sampling, and what of other optimisers?"""
    rows = select(tables["relations"], alignment="utility", what=AS_IS, given="").set_index("pool")
    others = [("best of four, trained reward models", rows.loc[TRAINED])]
    for row in select(tables["optimisers"], what=AS_IS, given="").to_dict("records"):
        name = NAMES[PPO] if row["optimiser"] == PPO else f"best-of-{row['n']}"
        others.append((f"{name}, label-flip family", row))
    told = "; ".join(
        f"{name} {row['estimate']:.3f} [{row['low']:.3f}, {row['high']:.3f}] ({row['rms']} models)"
        for name, row in others
    )
    note = (
        "A direction is claimed for rejection sampling alone. Without one: "
        f"{told}. Alignment is utility, in the label-flip family the NDR, mean over golden models."
    )
    return decide_claim(
        "more.limitations.c1",
        [_above("Spearman of -ECE and utility of the policies", rows.loc[ALIGNED], 0.0)],
        _models(tables, ALIGNED),
        scope="Rejection sampling, MultiTask and MORE",
        note=note,
    )


def _above(name: str, row, threshold: float) -> Part:
    return estimated(name, Interval(row.estimate, row.low, row.high), "above", threshold)


def _models(tables: Tables, pool: str) -> int:
    return int(select(tables["relations"], pool=pool)["rms"].iloc[0])
