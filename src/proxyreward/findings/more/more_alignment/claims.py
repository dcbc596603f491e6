"""Claims of Table 2, of the finding on calibration and alignment, of the judge and of the limits.

In: the tables of `tables.compute`. Out: decisions for the scorecard. Called by the stage
`more_alignment`.

Where the ECE has several forms, the standard one decides; a note says so where the form that the
paper's printed numbers point to has another sign.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import (
    Decision,
    Part,
    decide_claim,
    estimated,
    invariant,
)
from proxyreward.findings.more.more_alignment.aligned import FROM_START, GAP
from proxyreward.findings.more.more_alignment.extensions import AFTER, MEAN
from proxyreward.findings.more.more_alignment.judges import ALL
from proxyreward.findings.more.more_alignment.printed import paper_judged, paper_policies
from proxyreward.findings.more.more_alignment.relation_claims import (
    accuracy_suffices,
    correlation,
    equal_accuracy,
    other_optimisers,
)
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.metrics.resampling import Interval
from proxyreward.vocabulary import HH, MORE, MULTITASK

ROUNDING = 1e-12
Tables = Mapping[str, pd.DataFrame]


def decide(tables: Tables, *, registry: Registry) -> list[Decision]:
    """Decide the claims of `more.table2`, `ece_alignment`, `appendix.judge` and `limitations`.

    Parameters
    ----------
    tables : mapping of DataFrame
        Of `more_alignment.compute`.
    registry : Registry
        The paper's printed values.
    """
    return [
        _lower_ece(tables, registry),
        _wins(tables, registry),
        _perplexity(tables, registry, "c3", "helpful"),
        _perplexity(tables, registry, "c4", "harmless"),
        _below_start(tables, registry),
        equal_accuracy(tables),
        correlation(tables),
        accuracy_suffices(tables, registry),
        _judge(tables),
        other_optimisers(tables),
        _good_start(tables),
        _preferences(tables),
    ]


def _lower_ece(tables: Tables, registry: Registry) -> Decision:
    rows = select(tables["policies"], measure="ece", of=GAP)
    printed = select(tables["policies"], measure="ece, paper's form", of=GAP)
    return decide_claim(
        "more.table2.c1",
        [_below(f"{row.base}: ECE of MORE minus MultiTask", row) for row in rows.itertuples()],
        len(HH) * _sizes(tables)["pairs"],
        paper_value=_paper(tables, registry, "ece", "both", GAP),
        scope="Mean of both test sets",
        note=_other_form(rows, printed),
    )


def _wins(tables: Tables, registry: Registry) -> Decision:
    every = select(tables["judged"], first=MORE, second=MULTITASK, source=ALL)
    rows = select(every, judge="utility")
    parts = [
        estimated(
            f"{row.base}: share of wins among decided comparisons",
            Interval(row.rate, row.low, row.high),
            "above",
            0.5,
        )
        for row in rows.itertuples()
    ]
    others = "; ".join(
        f"{name} {', '.join(f'{rate:.3f}' for rate in select(every, judge=judge)['rate'])}"
        for judge, name in (("oracle", "the oracle"), ("judge", "a reward model"))
    )
    boot = ", ".join(f"[{row.boot_low:.3f}, {row.boot_high:.3f}]" for row in rows.itertuples())
    note = (
        "Exact binomial intervals of the comparisons of all seeds, which share prompts; with "
        f"prompts and seeds resampled {boot}. By other judges: {others}."
    )
    first = rows.iloc[0]
    return decide_claim(
        "more.table2.c2",
        parts,
        int(first["win"] + first["lose"]),
        paper_value=float(paper_judged(_bases(tables), registry)["rate"].iloc[0]),
        scope="Judged by the utility to the prompt's source",
        note=note,
    )


def _perplexity(tables: Tables, registry: Registry, claim: str, source: str) -> Decision:
    rows = select(tables["policies"], measure="perplexity", source=source, of=GAP)
    whole = select(
        tables["policies"], measure="perplexity of all as one text", source=source, of=GAP
    )
    note = "As one text, every token counting the same: " + ", ".join(
        f"{row.base} {row.estimate:+.3f}" for row in whole.itertuples()
    )
    return decide_claim(
        f"more.table2.{claim}",
        [
            _below(f"{row.base}: {source} perplexity of MORE minus MultiTask", row)
            for row in rows.itertuples()
        ],
        _sizes(tables)["pairs"],
        paper_value=_paper(tables, registry, "perplexity", source, GAP),
        scope="Preferred responses of the test pairs",
        note=f"{note}.",
    )


def _below_start(tables: Tables, registry: Registry) -> Decision:
    of_source = select(tables["policies"], measure="perplexity", source="harmless")
    parts = [
        _below(f"{row.base}, {scheme}: harmless perplexity minus that before", row)
        for scheme in (MULTITASK, MORE)
        for row in select(of_source, of=f"{scheme} {FROM_START}").itertuples()
    ]
    printed = [
        _paper(tables, registry, "perplexity", "harmless", of) for of in (MULTITASK, "start")
    ]
    return decide_claim(
        "more.table2.c5",
        parts,
        _sizes(tables)["pairs"],
        paper_value=printed[0] - printed[1],
        scope="Every reward model",
    )


def _judge(tables: Tables) -> Decision:
    judged, noisy = tables["judged"], tables["ties"]
    counts = judged["win"] + judged["tie"] + judged["lose"]
    parts = [
        invariant(
            "judges that know a score, tie rate minus share of disagreeing verdicts",
            abs(judged["tie"] / counts - judged["disagree"]).max(),
            ROUNDING,
        ),
        invariant(
            "judges with noise or a preference for a position",
            abs(noisy["ties"] - noisy["disagree"]).max(),
            ROUNDING,
        ),
    ]
    return decide_claim(
        "more.appendix.judge.c1",
        parts,
        int(counts[judged["source"] == ALL].sum()),
        scope="Every pair judged twice",
    )


def _good_start(tables: Tables) -> Decision:
    of = select(tables["tuned"], when=AFTER, of=GAP).set_index("source")
    mean = of.loc[MEAN]
    # MORE >= MultiTask; `within` allows equality.
    part = estimated(
        "accuracy after tuning from MultiTask minus from MORE",
        Interval(-mean["estimate"], -mean["high"], -mean["low"]),
        "within",
        0.0,
    )
    each = ", ".join(f"{name} {-row['estimate']:+.3f}" for name, row in of.drop(MEAN).iterrows())
    return decide_claim(
        "more.limitations.c2",
        [part],
        (len(of) - 1) * _sizes(tables)["pairs"],
        scope="Mean of the sources, half a pass over each",
        note=f"By source: {each}.",
    )


def _preferences(tables: Tables) -> Decision:
    rows = select(tables["preferences"], of=GAP, source=MEAN).set_index("measure")
    sources = select(tables["preferences"], measure="ece", of=GAP)["source"].nunique() - 1
    printed = rows.loc[["ece, paper's form"]]
    return decide_claim(
        "more.limitations.c3",
        [_below("ECE of DPO with weights of MORE minus plain DPO", rows.loc["ece"])],
        sources * _sizes(tables)["pairs"],
        scope="Implicit reward, mean of the sources",
        note=_other_form(rows.loc[["ece"]], printed),
    )


def _other_form(ours: pd.DataFrame, printed: pd.DataFrame) -> str:
    """What the other form of the ECE gives, if one of the signs differs."""
    if (np.sign(ours["estimate"].to_numpy()) == np.sign(printed["estimate"].to_numpy())).all():
        return ""
    told = ", ".join(f"{value:+.4f}" for value in printed["estimate"])
    return f"In the form that the printed ECEs point to: {told}."


def _below(name: str, row) -> Part:
    return estimated(name, Interval(row.estimate, row.low, row.high), "below", 0.0)


def _sizes(tables: Tables) -> Mapping[str, int]:
    return {name: int(value) for name, value in tables["sizes"].iloc[0].items()}


def _bases(tables: Tables) -> tuple[str, ...]:
    return tuple(tables["policies"]["base"].unique())


def _paper(tables: Tables, registry: Registry, measure: str, source: str, of: str) -> float:
    """The paper's value for the smallest base, whose part is shown."""
    rows = paper_policies(_bases(tables), registry)
    [value] = select(rows, base=_bases(tables)[0], measure=measure, source=source, of=of)[
        "estimate"
    ]
    return float(value)
