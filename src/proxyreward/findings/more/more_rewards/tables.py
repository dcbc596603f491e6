"""Tables of the finding on over-rewarding: estimates, intervals, and what the paper prints.

In: margins and steps of `Mixtures`. Out: replicates of every quantity, their summaries, small
enough for Git, and the paper's Tables 1, 5 and 6 in our words. Called by the
`more_rewards` stage and the notebook.
"""

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixtures import Draws, Mixtures, interval
from proxyreward.findings.more.more_rewards.growth import growth, trends
from proxyreward.findings.more.more_rewards.replicates import (
    SCHEMES,
    all_extremes,
    factors,
    frame,
    measures,
)
from proxyreward.metrics.checks import one_of
from proxyreward.vocabulary import HH, MORE, MULTITASK, TOP

CONTRASTS = ((MORE, MULTITASK), (MORE, TOP), (MULTITASK, TOP))
# The paper's tables of outliers, its smallest base first.
TABLES = ("more.table5", "more.table6", "more.table1")
_STATISTICS = {
    "ece": "ece",
    "pos_count": "positive_count",
    "pos_mean": "positive_mean",
    "neg_count": "negative_count",
    "neg_mean": "negative_mean",
}


def compute(mixtures: Mixtures, draws: Draws, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Everything that is summarised and decided.

    Parameters
    ----------
    mixtures : Mixtures
    draws : Draws
        Resamples of test pairs and seeds.
    rng : numpy.random.Generator
        Of the resamples of training steps.

    Returns
    -------
    dict of DataFrame
        Replicates, indexed by `KEYS`, with a column for each resample: `measures`, `outliers`,
        `factors`, `trends`. As they are: `growth`, and `sizes`, one row.
    """
    pairs = {name: int((mixtures.source == name).sum()) for name in HH}
    sizes = {"sources": len(mixtures.sources), "seeds": mixtures.seeds}
    sizes |= {"resamples": len(draws.seeds) - 1}
    return {
        "measures": measures(mixtures, draws),
        "outliers": all_extremes(mixtures, draws),
        "factors": factors(mixtures, draws),
        "trends": frame(trends(mixtures, draws, rng), "trends"),
        "growth": growth(mixtures),
        "sizes": pd.DataFrame([pairs | sizes]),
    }


def summarise(replicates: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Estimate and 95 % interval of every row.

    Two tables are added: `means` of Helpful and Harmless, and `contrasts` of two schemes.
    """
    measured = replicates["measures"]
    tables = replicates | {
        "means": measured.groupby(["base", "scheme", "rewards", "metric"], sort=False).mean(),
        "contrasts": contrasts(measured),
    }
    return {
        name: table if name in ("growth", "sizes") else _intervals(table)
        for name, table in tables.items()
    }


def contrasts(measures: pd.DataFrame) -> pd.DataFrame:
    """Differences of two of the paper's schemes, resample by resample."""
    by_scheme = {scheme: measures.xs(scheme, level="scheme") for scheme in SCHEMES}
    return pd.concat(
        {pair: by_scheme[pair[0]] - by_scheme[pair[1]] for pair in CONTRASTS},
        names=["scheme", "baseline"],
    )


def tally(contrasts: pd.DataFrame, scheme: str, baseline: str) -> pd.DataFrame:
    """How many differences lie below 0, and how many beyond their interval on either side.

    Parameters
    ----------
    contrasts : DataFrame
        Of :func:`summarise`.
    scheme, baseline : str

    Returns
    -------
    DataFrame
        ``below, clear, all`` by metric and rewards.
    """
    own = contrasts[(contrasts["scheme"] == scheme) & (contrasts["baseline"] == baseline)]
    counts = {
        "below": own["estimate"] < 0,
        "clear": (own["low"] > 0) | (own["high"] < 0),
        "all": own["estimate"].notna(),
    }
    return own.assign(**counts).groupby(["metric", "rewards"])[list(counts)].sum()


def table_bases(bases: tuple[str, ...]) -> dict[str, str]:
    """Our base for each of `TABLES`: the smallest, the middle and the largest."""
    return dict(zip(TABLES, (bases[0], bases[len(bases) // 2], bases[-1])))


def chosen_base(bases: tuple[str, ...], base: str) -> tuple[str, str]:
    """A base and the paper's table for it; an empty name means the middle one.

    Raises
    ------
    ValueError
        If there is no such base; lists those that there are.
    """
    base = base or bases[len(bases) // 2]
    one_of("base", base, bases)
    return base, {name: table for table, name in table_bases(bases).items()}[base]


def paper_values(registry: Registry) -> pd.DataFrame:
    """`TABLES` as printed: ``table, source, scheme, statistic, value``.

    `statistic` is ``ece``, one of the paper's four on outliers in our words, or ``share``: both
    counts together over the test pairs of its Table 4, in percent.
    """
    schemes = {"Top": TOP, "Single": TOP, "MultiTask": MULTITASK, "MORE": MORE}
    rows = []
    for table in TABLES:
        for source in HH:
            pairs = registry.printed("more.table4", f"Anthropic {source.title()}", "test")
            for name, cells in registry.printed(table, source.title()).items():
                own = {_STATISTICS[key]: value for key, value in cells.items()}
                own["share"] = 100 * (own["positive_count"] + own["negative_count"]) / pairs
                rows += [(table, source, schemes[name], *cell) for cell in own.items()]
    return pd.DataFrame(rows, columns=["table", "source", "scheme", "statistic", "value"])


def _intervals(replicates: pd.DataFrame) -> pd.DataFrame:
    metric = replicates.index.get_level_values(-1).astype(str)
    rows = [
        interval(row, recentre=name.startswith("ece"))
        for name, row in zip(metric, replicates.to_numpy())
    ]
    found = pd.DataFrame(rows, columns=["estimate", "low", "high"], index=replicates.index)
    return found.reset_index()
