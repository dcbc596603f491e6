"""What the claims of Finding 2, Table 2 and Figure 4 compare: sources and golden ranks.

In: the tables of `tables.compute`. Out: quantities, by the names that the registry's criteria use.
Called by the stage `finding2`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import LEVEL, Quantity
from proxyreward.findings.rethinking.finding2.coefficients import Coefficients, gather
from proxyreward.findings.rethinking.finding2.tables import (
    BEST_REGION,
    KEYS,
    ORIGIN,
    STATISTICS,
    paper_sources,
)
from proxyreward.findings.rethinking.repeats import summary
from proxyreward.vocabulary import BEST_OF_N, INITIAL, OPTIMISERS, PPO

THIRDS = ("upper", "middle", "lower")
MIXED = "with mixed pairs minus with"
RANGES, SDS = (f"{what} of Spearman over bins minus over sources" for what in ("range", "sd"))


def measure(
    tables: Mapping[str, pd.DataFrame],
    *,
    resamples: int,
    seed: int,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims of Finding 2, Table 2 and Figure 4 compare.

    The paper's models have no counterpart among our sources: beside a source stands the paper's
    number for the model that supports the claim most.

    Parameters
    ----------
    tables : mapping of DataFrame
        Of `finding2.compute`.
    resamples, seed : int
        Bootstrap resamples of draws and golden RMs, and their root.
    registry : Registry
        The paper's printed values.
    """
    coefficients = gather(tables, resamples, seed)
    printed = paper_sources(registry)
    found = _shifts(coefficients) | _pressure(coefficients, tables["pressure"])
    for optimiser in OPTIMISERS:
        found |= _spread(coefficients, optimiser, tables["sources"], printed)
        found |= _own_responses(coefficients, optimiser, printed)
        found |= _mixed_pairs(coefficients, optimiser, printed)
        found |= _region(coefficients, optimiser)
    return found


def notes(found: Mapping[str, Quantity]) -> dict[str, str]:
    """What stands beside a criterion, by claim."""
    told = {
        name: "{:.3f} [{:.3f}, {:.3f}]".format(*quantity.interval(LEVEL))
        for name, quantity in found.items()
    }
    sds = ", ".join(f"{name} {value}" for name, value in told.items() if SDS in name)
    [highest] = [value for name, value in told.items() if name.startswith("PPO: highest")]
    ahead = [quantity.values[0] < 0 for name, quantity in found.items() if MIXED in name]
    return {
        "rethinking.finding2.c1": f"A range grows with the number of things compared, an sd does "
        f"not: {sds}.",
        "rethinking.table2.c1": f"A single source is ahead in {sum(ahead)} of {len(ahead)} "
        "comparisons.",
        "rethinking.fig4.c2": f"By the highest Spearman instead of the mean it is {highest}.",
    }


def _spread(
    e: Coefficients, optimiser: str, sources: pd.DataFrame, printed: pd.DataFrame
) -> dict[str, Quantity]:
    """How far Spearman differs between bins, between sources and between draws."""
    single = f"source != '{ORIGIN}' and optimiser == '{optimiser}' and statistic == 'spearman'"
    drawn, paper = summary(sources.query(single), *KEYS["sources"]), printed.query(single)
    x, noise = OPTIMISERS.index(optimiser), drawn["sd"].mean()
    cells, by_source = e.cells[:, x], e.sources[e.single, x, 0]
    both, split = np.concatenate([cells, by_source]), len(cells)
    return {
        **e.over_draws(
            f"{NAMES[optimiser]}: {RANGES}",
            lambda means: np.ptp(means[:split]) - np.ptp(means[split:]),
            both,
            recentre=True,
        ),
        **e.over_draws(
            f"{NAMES[optimiser]}: {SDS}",
            lambda means: means[:split].std() - means[split:].std(),
            both,
            recentre=True,
        ),
        **e.over_draws(
            f"{NAMES[optimiser]}: range of Spearman over sources minus its mean sd over draws",
            lambda means: np.ptp(means) - noise,
            by_source,
            recentre=True,
            paper=np.ptp(paper["mean"]) - paper["sd"].mean(),
        ),
    }


def _own_responses(e: Coefficients, optimiser: str, printed: pd.DataFrame) -> dict[str, Quantity]:
    """Each other source against the responses of the policy that is optimised."""
    x, own = OPTIMISERS.index(optimiser), e.names.index(INITIAL)
    paper = _printed(printed, optimiser, "spearman").drop(ORIGIN)
    found = {}
    for i in e.single:
        if i != own:
            found |= e.over_draws(
                f"{NAMES[optimiser]}: Spearman with responses of {e.names[i]} minus with own",
                _difference,
                e.sources[[i, own], x, 0],
                paper=paper.drop(INITIAL).max() - paper[INITIAL],
            )
    return found


def _mixed_pairs(e: Coefficients, optimiser: str, printed: pd.DataFrame) -> dict[str, Quantity]:
    """The fixed pairs from mixed sources against each single source."""
    x, origin = OPTIMISERS.index(optimiser), e.names.index(ORIGIN)
    found = {}
    for s, (statistic, label) in enumerate(STATISTICS.items()):
        paper = _printed(printed, optimiser, statistic)
        for i in e.single:
            source = "own responses" if e.names[i] == INITIAL else e.names[i]
            found |= e.over_draws(
                f"{NAMES[optimiser]}: {label} {MIXED} {source}",
                _difference,
                e.sources[[origin, i], x, s],
                paper=paper[ORIGIN] - paper.drop(ORIGIN).min(),
            )
    return found


def _region(e: Coefficients, optimiser: str) -> dict[str, Quantity]:
    """Cells where the paper sees the strongest association, against the rest."""
    chosen, rejected = BEST_REGION[optimiser]
    inside, cells = e.region(chosen, rejected), e.cells[:, OPTIMISERS.index(optimiser)]
    where = f"with chosen in the {THIRDS[chosen]} and rejected in the {THIRDS[rejected]} third"
    found = {}
    for what, summarise in (("mean", np.mean), ("highest", np.max)):
        found |= e.over_draws(
            f"{NAMES[optimiser]}: {what} Spearman {where}, minus {what} elsewhere",
            partial(_gap, inside=inside, summarise=summarise),
            cells,
            recentre=summarise is np.max,
        )
    return found


def _shifts(e: Coefficients) -> dict[str, Quantity]:
    found = {}
    for side, places in (("chosen", e.chosen), ("rejected", e.rejected)):
        found |= e.over_draws(
            f"mean {side} bin under best-of-n minus under PPO, weighted by Spearman",
            partial(_weighted_shift, places=places),
            e.cells,
        )
    return found


def _pressure(e: Coefficients, pressure: pd.DataFrame) -> dict[str, Quantity]:
    """How much further PPO goes than best-of-n, mean over RMs."""
    texts = {
        "reward": "mean golden reward reached by PPO minus by best-of-n, in sd",
        "kl_bits": "KL divergence of PPO minus the bound of best-of-n, in bits",
    }
    found = {}
    for measured, name in texts.items():
        rows = pressure[pressure["measure"] == measured]
        wide = rows.pivot(index="rm", columns="optimiser", values="value")
        gaps = (wide[PPO] - wide[BEST_OF_N]).to_numpy()
        found |= e.over_draws(name, float, gaps[None])  # nothing is drawn
    return found


def _printed(printed: pd.DataFrame, optimiser: str, statistic: str) -> pd.Series:
    """The paper's means by source."""
    return printed.set_index(list(KEYS["sources"]))["mean"].xs((optimiser, statistic), level=[1, 2])


def _difference(means: np.ndarray) -> float:
    return float(means[0] - means[1])


def _gap(
    means: np.ndarray, inside: np.ndarray, summarise: Callable[[Sequence[float]], float]
) -> float:
    """Cells inside a region against those outside; NaN where there are none."""
    if not inside.any() or inside.all():
        return np.nan
    return float(summarise(means[inside]) - summarise(means[~inside]))


def _weighted_shift(means: np.ndarray, places: np.ndarray) -> float:
    """Mean place of best-of-n minus that of PPO; `means` has shape (cells, optimisers)."""
    weights = np.clip(means, 0, None)
    if not weights.any(axis=0).all():
        return np.nan
    of_best_of_n, of_ppo = places @ weights / weights.sum(axis=0)
    return float(of_best_of_n - of_ppo)
