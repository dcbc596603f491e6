"""What the real preference sources hold, and how often two rules without a model are right.

In: the loaders' reports and the statistics of the `sources` stage, and the groups of the test
pairs. Out: tables, and accuracies to set beside those of reward models. Called by the notebook
`real_more`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.real.real_more.tables import MEAN

REASONS = {
    "contexts_differ": "the two transcripts answer different prompts",
    "synthetic": "a language model wrote a reply",
    "turn_marker": "the text holds a turn marker",
    "unranked": "nobody ranked the replies",
    "tie": "tie",
}


def kept(reports: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """What each loader kept of what it read: source, file, read, kept, left out, why.

    Parameters
    ----------
    reports
        Content of ``reports.json``: for each source the report of its load. `read` counts
        comparisons, of which a record of the file can hold several. Left out are those that were
        rejected, and sound ones that were not asked for.
    """
    rows = []
    for source, report in reports.items():
        every = report["rejected"] | report["passed"]
        found = {reason: count for reason, count in every.items() if count}
        why = "; ".join(
            f"{count} × {REASONS.get(reason, reason.replace('_', ' '))}"
            for reason, count in found.items()
        )
        counts = report["read"], report["kept"], sum(found.values())
        rows.append((source, report["file"], *counts, why or "–"))
    return pd.DataFrame(rows, columns=["source", "file", "read", "kept", "left out", "why"])


def held(statistics: pd.DataFrame, mixtures: Mixtures) -> pd.DataFrame:
    """Sizes and lengths of each source, with its conversations.

    Parameters
    ----------
    statistics
        Content of ``statistics.csv``, one row a source.
    mixtures
        Its `group` tells which pairs share their opening request.

    Returns
    -------
    DataFrame
        source, pairs, prompts, conversations; prompt_words, chosen_words, rejected_words (means);
        longer_chosen, the share of pairs whose chosen response is the longer.
    """
    table = statistics.drop(columns=["ties", "part"])
    conversations = mixtures.margins.groupby("source")["group"].nunique()
    table.insert(3, "conversations", table["source"].map(conversations))
    return table


def longer_wins(statistics: pd.DataFrame) -> dict[str, float]:
    """Accuracy of the rule that the longer response is better, by source and in the mean over them.

    Responses of equal length count half.
    """
    found = dict(zip(statistics["source"], statistics["longer_chosen"]))
    return found | {MEAN: float(statistics["longer_chosen"].mean())}


def person_wins(statistics: pd.DataFrame, source: str = "squality") -> float:
    """Accuracy on SQuALITY of a rule that prefers a person's summary and else tosses a coin.

    Each prompt has a summary by a person and two by models. In the published file people always
    prefer the person's, which gives two right answers a prompt; what is left of the pairs compares
    the two models. NaN without that source.
    """
    row = statistics[statistics["source"] == source]
    if row.empty:
        return np.nan
    return float((0.5 + row["prompts"] / row["pairs"]).iloc[0])
