"""Tables of the finding as short text cells.

In: the tables of `tables.compute` or of `printed`. Out: tables for the page. Called by the notebook
`more_alignment`.
"""

import pandas as pd

from proxyreward.findings.core.drawing import with_interval
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.more_alignment.judges import JUDGES
from proxyreward.findings.more.more_alignment.pool import AS_IS, SCALED
from proxyreward.findings.more.more_alignment.reader import DPO, DPO_MORE, START
from proxyreward.findings.more.more_alignment.rows import select
from proxyreward.vocabulary import HH, MORE, MULTITASK

NONE = "–"


def table2(policies: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """The paper's Table 2, a row for the start policy and for each reward model.

    Parameters
    ----------
    policies : DataFrame
        Of `more_alignment.compute`; or of :func:`paper_policies`, which
        has no intervals.
    judged : DataFrame
        ``base, win, tie, lose``, a row a base.
    """

    def cell(base: str, measure: str, source: str, of: str) -> str:
        rows = select(policies, base=base, measure=measure, source=source, of=of)
        [found] = rows.to_dict("records")
        if "low" not in found:
            return f"{found['estimate']:{'.4f' if measure == 'ece' else '.2f'}}"
        form = ".3f" if measure == "ece" else ".2f"
        return with_interval(found["estimate"], found["low"], found["high"], form)

    def perplexities(base: str, of: str) -> dict[str, str]:
        return {f"Perplexity, {source}": cell(base, "perplexity", source, of) for source in HH}

    bases = policies["base"].unique()
    counts = judged.set_index("base")[["win", "tie", "lose"]]
    shares = 100 * counts.div(counts.sum(axis=1), axis=0)
    rows = [
        {"Base": NONE, "Reward model": "none (start)", "ECE": NONE} | perplexities(bases[0], START)
    ]
    for base in bases:
        for scheme in (MULTITASK, MORE):
            told = {"Base": base, "Reward model": SCHEME_NAMES[scheme]}
            told |= {"ECE": cell(base, "ece", "both", scheme)} | perplexities(base, scheme)
            rows.append(told)
        rows[-1]["Win / tie / lose"] = " / ".join(f"{share:.0f}" for share in shares.loc[base])
    return pd.DataFrame(rows).fillna(NONE)


def scaled_table(scaled: pd.DataFrame) -> pd.DataFrame:
    """ECE before and after temperature scaling beside the alignment."""
    names = {
        AS_IS: "ECE as it is",
        SCALED: "ECE, one temperature",
        "utility": "Utility of the best of four",
    }
    rows = []
    for (base, of), own in scaled.groupby(["base", "of"], sort=False):
        values = own.set_index("what")[["estimate", "low", "high"]]
        cells = {name: with_interval(*values.loc[what], ".3f") for what, name in names.items()}
        of = SCHEME_NAMES.get(of, "MORE − MultiTask")
        rows.append({"Base": base, "Reward model": of} | cells)
    return pd.DataFrame(rows)


def against_start(judged: pd.DataFrame) -> pd.DataFrame:
    """How often each policy beats the start policy, prompts and seeds resampled, by judge."""
    names = SCHEME_NAMES | {DPO: "DPO", DPO_MORE: "DPO with weights of MORE"}
    told = select(judged, second=START).fillna({"base": ""})
    rows = []
    for (base, who), own in told.groupby(["base", "first"], sort=False):
        values = own.set_index("judge")[["rate", "boot_low", "boot_high"]]
        cells = {
            f"By {name}": with_interval(*values.loc[judge]) if judge in values.index else NONE
            for judge, name in JUDGES.items()
        }
        rows.append({"Base": base or NONE, "Policy": names[who]} | cells)
    return pd.DataFrame(rows)
