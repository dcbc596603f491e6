"""Claims of Finding 2, Table 2 and Figure 4.

In: the tables of `tables.compute`. Out: decisions for the scorecard. Called by the `finding2`
stage.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Decision, Part, decide_claim, estimated, one_of
from proxyreward.findings.rethinking.finding2.coefficients import Coefficients, gather
from proxyreward.findings.rethinking.finding2.tables import (
    BEST_REGION,
    KEYS,
    ORIGIN,
    STATISTICS,
    paper_sources,
    source_name,
)
from proxyreward.findings.rethinking.repeats import summary
from proxyreward.metrics.resampling import bootstrap
from proxyreward.vocabulary import BEST_OF_N, INITIAL, OPTIMISERS, PPO


def decide(
    tables: Mapping[str, pd.DataFrame],
    *,
    resamples: int,
    rng: np.random.Generator,
    registry: Registry,
) -> list[Decision]:
    """Decide the claims of Finding 2, Table 2 and Figure 4.

    Parameters
    ----------
    tables : mapping of DataFrame
        Of `finding2.compute`.
    resamples : int
        Bootstrap resamples of draws and golden RMs.
    rng : numpy.random.Generator
        Source of the resamples.
    registry : Registry
        The paper's printed values.
    """
    found = gather(tables, resamples, rng)
    printed = paper_sources(registry).set_index(list(KEYS["sources"]))["mean"]
    # Rows show best-of-n, so the paper's value is that of best-of-n as well.
    single = printed.drop(ORIGIN, level="source").xs((BEST_OF_N, "spearman"), level=[1, 2])
    ahead = float(single.drop(INITIAL).max() - single[INITIAL])
    own = _own_against_others(found)
    once = (
        f"One other source is enough, so the intervals have level 1 - 0.05/{len(found.single) - 1}."
    )
    return [
        _rank_against_source(found),
        decide_claim("rethinking.finding2.c2", own, found.rms, paper_value=ahead, note=once),
        _mixed_against_single(found, printed),
        decide_claim("rethinking.table2.c2", own, found.rms, paper_value=ahead, note=once),
        _source_matters(found, tables["sources"], float(np.ptp(single))),
        _best_of_n_cells(found),
        _ppo_cells(found),
        _pressure(found, tables["pressure"]),
    ]


def _rank_against_source(e: Coefficients) -> Decision:
    parts, spreads = [], []
    for x, optimiser in enumerate(OPTIMISERS):
        cells, sources = e.cells[:, x], e.sources[e.single, x, 0]
        both, split = np.concatenate([cells, sources]), len(cells)
        parts.append(
            e.part(
                f"{NAMES[optimiser]}: range of Spearman over bins minus range over sources",
                lambda means, at=split: np.ptp(means[:at]) - np.ptp(means[at:]),
                both,
                recentre=True,
            )
        )
        sds = [np.nanmean(values, axis=(1, 2)).std() for values in (cells, sources)]
        spreads.append(f"{NAMES[optimiser]} {sds[0]:.3f} against {sds[1]:.3f}")
    note = (
        f"There are {split} cells and {len(e.single)} sources, and a range grows with their "
        f"number; the sd over cells and over sources does not: {', '.join(spreads)}."
    )
    return decide_claim("rethinking.finding2.c1", parts, e.rms, note=note)


def _own_against_others(e: Coefficients) -> list[Part]:
    """For each optimiser, the other source that compares best with the policy's own responses."""
    own = e.names.index(INITIAL)
    others = [i for i in e.single if i != own]
    return [
        one_of(
            [
                e.part(
                    f"{NAMES[optimiser]}: Spearman of {e.names[i]} minus own policy's",
                    _difference,
                    e.sources[[i, own], x, 0],
                    tests=len(others),
                )
                for i in others
            ]
        )
        for x, optimiser in enumerate(OPTIMISERS)
    ]


def _mixed_against_single(e: Coefficients, printed: pd.Series) -> Decision:
    """One comparison in which a single source is no better than the mixed pairs is enough."""
    origin = e.names.index(ORIGIN)
    tests = len(e.single) * len(OPTIMISERS) * len(STATISTICS)
    parts = [
        e.part(
            f"{NAMES[optimiser]}: {label} of mixed pairs minus {source_name(e.names[i])}",
            _difference,
            e.sources[[origin, i], x, s],
            tests=tests,
        )
        for i in e.single
        for x, optimiser in enumerate(OPTIMISERS)
        for s, label in enumerate(STATISTICS.values())
    ]
    paper = (printed[ORIGIN] - printed.drop(ORIGIN, level="source")).max()
    wins = sum(part.estimate < 0 for part in parts)
    note = (
        f"A single source is ahead in {wins} of {tests} comparisons. One is enough, so the "
        f"interval has level 1 - 0.05/{tests}."
    )
    return decide_claim(
        "rethinking.table2.c1", [one_of(parts)], e.rms, paper_value=float(paper), note=note
    )


def _source_matters(e: Coefficients, sources: pd.DataFrame, paper: float) -> Decision:
    spread = summary(sources, *KEYS["sources"]).query("statistic == 'spearman'")
    single = spread[spread["source"] != ORIGIN]
    parts = [
        e.part(
            f"{NAMES[optimiser]}: range of Spearman over sources against the mean sd over draws",
            np.ptp,
            e.sources[e.single, x, 0],
            single.loc[single["optimiser"] == optimiser, "sd"].mean(),
            recentre=True,
        )
        for x, optimiser in enumerate(OPTIMISERS)
    ]
    return decide_claim("rethinking.table2.c3", parts, e.rms, paper_value=paper)


def _best_of_n_cells(e: Coefficients) -> Decision:
    cells, inside = e.cells[:, OPTIMISERS.index(BEST_OF_N)], e.region(*BEST_REGION[BEST_OF_N])
    best = e.part(
        "highest Spearman with chosen in the middle third and rejected in the lower third, minus "
        "highest elsewhere",
        lambda means: _gap(means, inside, np.max),
        cells,
        tests=2,
        recentre=True,
    )
    mean = e.part(
        "mean Spearman of these cells minus mean of the rest",
        lambda means: _gap(means, inside, np.mean),
        cells,
        tests=2,
    )
    decisive = one_of([best, mean])
    other = mean if decisive is best else best
    note = (
        "Either reading is enough, so the intervals have level 1 - 0.05/2; the other one: "
        f"{other.describe()}."
    )
    return decide_claim("rethinking.fig4.c1", [decisive], e.rms, scope=NAMES[BEST_OF_N], note=note)


def _ppo_cells(e: Coefficients) -> Decision:
    inside = e.region(*BEST_REGION[PPO])
    part = e.part(
        "mean Spearman with chosen in the upper third and rejected in the middle third, minus "
        "mean of the rest",
        lambda means: _gap(means, inside, np.mean),
        e.cells[:, OPTIMISERS.index(PPO)],
    )
    return decide_claim("rethinking.fig4.c2", [part], e.rms, scope=NAMES[PPO])


def _pressure(e: Coefficients, pressure: pd.DataFrame) -> Decision:
    shifts = [
        e.part(
            f"mean {side} bin under best-of-n minus under PPO, weighted by Spearman",
            lambda means, at=places: _weighted_shift(means, at),
            e.cells,
        )
        for side, places in (("chosen", e.chosen), ("rejected", e.rejected))
    ]
    texts = {
        "reward": "mean golden reward reached by PPO minus by best-of-n, in sd",
        "kl_bits": "KL divergence of PPO minus the bound of best-of-n, in bits",
    }
    reached = []
    for measure, text in texts.items():
        rows = pressure[pressure["measure"] == measure]
        wide = rows.pivot(index="rm", columns="optimiser", values="value")
        gap = (wide[PPO] - wide[BEST_OF_N]).to_numpy()
        interval = bootstrap(
            lambda rms, gap=gap: gap[rms].mean(), len(gap), e.resamples, e.rng, 1 - 0.05 / 2
        )
        reached.append(estimated(text, interval, "above", 0.0))
    decisive = one_of(reached)
    other = next(part for part in reached if part is not decisive)
    note = (
        "Negative coefficients weigh nothing. Reward, in sd of the initial policy, stands for "
        "the golden percentile; reward or KL is enough (level 1 - 0.05/2), and the other one: "
        f"{other.describe()}."
    )
    return decide_claim("rethinking.fig4.c3", [*shifts, decisive], e.rms, note=note)


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
