"""What the claims of Finding 2, Table 2 and Figure 4 compare: sources and golden ranks.

In: the tables of `measure.estimates` and `measure.pressure`. Out: quantities, by the names that the
registry's criteria use. Called by the stage `finding2`.
"""

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.finding2.measure import (
    BEST_REGION,
    ORIGIN,
    POOL,
    printed_sources,
    third,
)
from proxyreward.findings.rethinking.repeats import STATISTICS
from proxyreward.vocabulary import BEST_OF_N, INITIAL, OPTIMISERS, PPO

THIRDS = ("upper", "middle", "lower")
PRESSURE = {
    "reward": "mean golden reward reached by PPO minus by best-of-n, in sd",
    "kl_bits": "KL divergence of PPO minus the bound of best-of-n, in bits",
}


def quantities(
    sources: pd.DataFrame, bins: pd.DataFrame, pressure: pd.DataFrame, registry: Registry
) -> dict[str, Quantity]:
    """What the claims compare, from the tables of `measure.estimates` and `measure.pressure`.

    The paper's models have no counterpart among our sources: beside a source stands the paper's
    number for the model that supports the claim most.
    """
    ours, paper = _by_source(sources), _by_source(printed_sources(registry))
    cells = bins.pivot(index=["chosen", "rejected"], columns="optimiser", values="value")
    reached = pressure.pivot(index="measure", columns="optimiser", values="value")
    further = reached[PPO] - reached[BEST_OF_N]
    found = _shifts(cells) | {text: measured(further[key]) for key, text in PRESSURE.items()}
    for optimiser in OPTIMISERS:
        drawn = ours[optimiser].drop(POOL)
        own = (
            _spread(drawn, paper[optimiser], cells[optimiser])
            | _gaps(drawn, paper[optimiser])
            | _region(cells[optimiser], *BEST_REGION[optimiser])
            | _pool(ours[optimiser])
        )
        found |= {f"{NAMES[optimiser]}: {name}": quantity for name, quantity in own.items()}
    return found


def _by_source(table: pd.DataFrame) -> pd.DataFrame:
    """A row per source, columns optimiser, statistic, measure."""
    columns = ["optimiser", "statistic", "measure"]
    wide = table.pivot(index="source", columns=columns, values="value")
    return wide.reindex(table["source"].unique())


def _pool(ours: pd.DataFrame) -> dict[str, Quantity]:
    """The policy's samples for the downstream prompts, all pairs, against mixed pairs."""
    means = ours["spearman", "mean"]
    gap = measured(means[POOL] - means[ORIGIN])
    return {"Spearman with all pairs of the pool minus with mixed pairs": gap}


def _spread(ours: pd.DataFrame, paper: pd.DataFrame, cells: pd.Series) -> dict[str, Quantity]:
    """How far Spearman differs between bins, between sources and between draws."""
    single, printed = (table["spearman"].drop(ORIGIN) for table in (ours, paper))
    means = single["mean"].to_numpy()
    return {
        "range of Spearman over bins minus over sources": measured(np.ptp(cells) - np.ptp(means)),
        "sd of Spearman over bins minus over sources": measured(cells.std(ddof=0) - means.std()),
        "range of Spearman over sources minus its mean sd over draws": measured(
            np.ptp(means) - single["sd"].mean(), np.ptp(printed["mean"]) - printed["sd"].mean()
        ),
    }


def _gaps(ours: pd.DataFrame, paper: pd.DataFrame) -> dict[str, Quantity]:
    """Other sources against the own responses of the policy, and mixed pairs against each."""
    means, printed = (table["spearman", "mean"].drop(ORIGIN) for table in (ours, paper))
    best = printed.drop(INITIAL).max() - printed[INITIAL]
    found = {
        f"Spearman with responses of {source} minus with own": measured(mean - means[INITIAL], best)
        for source, mean in means.drop(INITIAL).items()
    }
    for statistic, label in STATISTICS.items():
        means, printed = (table[statistic, "mean"] for table in (ours, paper))
        best = printed[ORIGIN] - printed.drop(ORIGIN).min()
        for source, mean in means.drop(ORIGIN).items():
            name = "own responses" if source == INITIAL else source
            gap = measured(means[ORIGIN] - mean, best)
            found[f"{label} with mixed pairs minus with {name}"] = gap
        single = (side[ORIGIN] - side.drop(ORIGIN).mean() for side in (means, printed))
        found[f"{label} with mixed pairs minus mean of single sources"] = measured(*single)
    return found


def _region(cells: pd.Series, chosen: int, rejected: int) -> dict[str, Quantity]:
    """Cells where the paper sees the strongest association, against the rest."""
    bins = int(cells.index.get_level_values("rejected").max()) + 1
    inside = np.array(
        [(third(a, bins), third(b, bins)) == (chosen, rejected) for a, b in cells.index]
    )
    where = f"with chosen in the {THIRDS[chosen]} and rejected in the {THIRDS[rejected]} third"
    # A mean or a highest cell of none is NaN.
    return {
        f"{what} Spearman {where}, minus {what} elsewhere": measured(
            cells[inside].agg(summarise) - cells[~inside].agg(summarise)
        )
        for what, summarise in (("mean", "mean"), ("highest", "max"))
    }


def _shifts(cells: pd.DataFrame) -> dict[str, Quantity]:
    """Mean bin of best-of-n minus that of PPO, positive coefficients as weights: of each side of a
    pair, and of both."""
    weights = cells.clip(lower=0)
    found, shifts = {}, []
    for side in ("chosen", "rejected"):
        places = cells.index.get_level_values(side)
        means = weights.mul(places, axis=0).sum(skipna=False) / weights.sum(skipna=False)
        name = f"mean {side} bin under best-of-n minus under PPO, weighted by Spearman"
        shifts.append(means[BEST_OF_N] - means[PPO])
        found[name] = measured(shifts[-1])
    both = measured(np.mean(shifts))
    return found | {"mean bin under best-of-n minus under PPO, weighted by Spearman": both}
