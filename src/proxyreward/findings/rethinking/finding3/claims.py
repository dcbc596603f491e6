"""Claims of Finding 3, Table 3, Figure 5 and Tables 5 and 6.

In: the tables of `tables.compute`. Out: decisions for the scorecard. Called by the `finding3`
stage.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Decision, decide_claim, estimated, exact, one_of
from proxyreward.findings.rethinking.finding3.coefficients import Coefficients, gather
from proxyreward.findings.rethinking.finding3.summaries import (
    SAFETY,
    advantage,
    diagonal_maxima,
    mean_over_prompts,
    paper_categories,
    square,
)
from proxyreward.metrics.prediction import kendall, slope
from proxyreward.metrics.resampling import percentile_interval
from proxyreward.vocabulary import BEST_OF_N, OPTIMISERS, PARAPHRASE, PPO, REWRITE

# What the registry calls a high agreement of categories.
AGREEMENT = 0.8


def decide(
    tables: Mapping[str, pd.DataFrame],
    *,
    resamples: int,
    rng: np.random.Generator,
    registry: Registry,
) -> list[Decision]:
    """Decide the claims of Finding 3, Table 3, Figure 5 and Tables 5 and 6.

    Parameters
    ----------
    tables : mapping of DataFrame
        Of `finding3.compute`, the shares rising from 0 to 1.
    resamples : int
        Bootstrap resamples of draws and golden RMs, or of prompts.
    rng : numpy.random.Generator
        Source of the resamples.
    registry : Registry
        The paper's printed values.
    """
    found = gather(tables, resamples, rng)
    printed = {
        optimiser: square(rows)
        for optimiser, rows in paper_categories(registry).groupby("optimiser")
    }
    return [
        _mismatch(found),
        _same_category(found, printed),
        _ppo_without_advantage(found, printed),
        _separate_training(found),
        _flat_best_of_n(found),
        _falling_ppo(found),
        *_texts(tables["prompts"], resamples, rng),
    ]


def _mismatch(e: Coefficients) -> Decision:
    """One manipulation and optimiser with a lower coefficient is enough."""
    tests = len(OPTIMISERS) * (1 + len(e.strategies))
    candidates = {
        f"{NAMES[optimiser]}: same category minus other categories": (advantage, e.categories[x])
        for x, optimiser in enumerate(OPTIMISERS)
    }
    candidates |= {
        f"{NAMES[optimiser]}: prompts as they are minus all changed by {strategy}": (
            lambda means: float(means[0] - means[-1]),
            e.shares[s, :, x],
        )
        for s, strategy in enumerate(e.strategies)
        for x, optimiser in enumerate(OPTIMISERS)
    }
    parts = [
        estimated(f"Drop of Spearman, {name}", e.interval(*what, tests=tests), "above", 0.0)
        for name, what in candidates.items()
    ]
    note = (
        f"Any of {tests} comparisons is enough, so the interval has level 1 - 0.05/{tests}; "
        f"{sum(part.estimate > 0 for part in parts)} of them are drops."
    )
    return decide_claim("rethinking.finding3.c1", [one_of(parts)], e.rms, note=note)


def _same_category(e: Coefficients, printed: Mapping[str, np.ndarray]) -> Decision:
    matrix, paper = e.categories[OPTIMISERS.index(BEST_OF_N)], printed[BEST_OF_N]
    gap = estimated(
        "mean Spearman of the same category minus other categories",
        e.interval(advantage, matrix),
        "above",
        0.0,
    )
    # One category in k leads its column, or row, by chance.
    counts = [
        estimated(
            f"{name} led by their own category",
            e.interval(partial(diagonal_maxima, axis=axis), matrix),
            "above",
            1.0,
        )
        for axis, name in enumerate(("accuracy columns", "regret rows"))
    ]
    in_paper = [int(diagonal_maxima(paper, axis)) for axis in (0, 1)]
    note = f"Counts in the paper's table: {in_paper[0]} columns, {in_paper[1]} rows."
    return decide_claim(
        "rethinking.table3.c1",
        [gap, *counts],
        e.rms,
        paper_value=advantage(paper),
        scope=NAMES[BEST_OF_N],
        note=note,
    )


def _ppo_without_advantage(e: Coefficients, printed: Mapping[str, np.ndarray]) -> Decision:
    def less(statistic: Callable[[np.ndarray], float]) -> Callable[[np.ndarray], float]:
        return lambda means: statistic(means[0]) - statistic(means[1])

    gap = estimated(
        "advantage of the same category, best-of-n minus PPO",
        e.interval(less(advantage), e.categories),
        "above",
        0.0,
    )
    counts = estimated(
        "columns and rows led by their own category, best-of-n minus PPO",
        e.interval(less(_all_maxima), e.categories),
        "above",
        0.0,
    )
    own = estimated(
        "PPO's own advantage",
        e.interval(advantage, e.categories[OPTIMISERS.index(PPO)]),
        "above",
        0.0,
    )
    return decide_claim(
        "rethinking.table3.c2",
        [gap, counts],
        e.rms,
        paper_value=advantage(printed[BEST_OF_N]) - advantage(printed[PPO]),
        note=f"Beside the criterion: {own.describe()}.",
    )


def _separate_training(e: Coefficients) -> Decision:
    claim = "rethinking.table3.c3"
    if not e.trainings.size:
        reason = "Fewer than three reward models have PPO policies per category at this scale."
        return Decision(claim, "not testable here", *[np.nan] * 3, 0, np.nan, reason)
    gain = e.interval(lambda means: advantage(means[1]) - advantage(means[0]), e.trainings)
    part = estimated(
        "advantage of the same category, PPO per category minus joint PPO", gain, "above", 0.0
    )
    rms = e.trainings.shape[-1]
    note = f"Both with the {rms} reward models that were trained in both ways."
    return decide_claim(claim, [part], rms, scope=NAMES[PPO], note=note)


def _flat_best_of_n(e: Coefficients) -> Decision:
    parts = []
    for s, strategy in enumerate(e.strategies):
        steeper = e.interval(
            lambda means: abs(slope(e.levels, means[:, 1])) - abs(slope(e.levels, means[:, 0])),
            e.shares[s],
            recentre=True,
        )
        parts.append(
            estimated(f"{strategy}: |slope| under PPO minus best-of-n", steeper, "above", 0.0)
        )
        by_draw = np.nanmean(e.shares[s, :, OPTIMISERS.index(BEST_OF_N)], axis=-1)
        low, high = percentile_interval(by_draw[0])
        outside = max(low - by_draw[-1].mean(), by_draw[-1].mean() - high, 0.0)
        name = f"{strategy}: Spearman under best-of-n with all prompts changed, distance from the "
        parts.append(exact(f"{name}95 % of draws with none changed", outside, "within", 0.0))
    return decide_claim("rethinking.fig5.c1", parts, e.rms)


def _falling_ppo(e: Coefficients) -> Decision:
    parts = []
    for s, strategy in enumerate(e.strategies):
        values = e.shares[s, :, OPTIMISERS.index(PPO)]
        order = e.interval(lambda means: float(kendall(e.levels, means)), values)
        change = e.interval(lambda means: float(means[-1] - means[0]), values)
        parts += [
            estimated(f"{strategy}: Kendall of share and Spearman", order, "below", 0.0),
            estimated(f"{strategy}: Spearman at share 1 minus share 0", change, "below", 0.0),
        ]
    return decide_claim("rethinking.fig5.c2", parts, e.rms, scope=NAMES[PPO])


def _texts(
    prompts: pd.DataFrame, resamples: int, rng: np.random.Generator
) -> tuple[Decision, Decision]:
    gap = (prompts[PARAPHRASE] - prompts[REWRITE]).to_numpy()
    kept = (prompts["category"] == prompts["guess_rewrite"]).to_numpy(dtype=float)
    usual = (prompts["category"] == prompts["guess"]).mean()
    safe = (prompts["category"] != SAFETY).to_numpy()
    closer, closer_safe = (
        estimated(
            "similarity to the paraphrase minus to the rewrite",
            mean_over_prompts(values, resamples, rng),
            "above",
            0.0,
        )
        for values in (gap, gap[safe])
    )
    agreement = estimated(
        "share of rewrites that word counts place in the original's category",
        mean_over_prompts(kept, resamples, rng),
        "above",
        AGREEMENT,
    )
    safety = (
        "Both strategies make harmful requests harmless, which changes their meaning; without "
        f"{SAFETY}: {{}}."
    )
    placed = f"The same word counts place {usual:.1%} of held-out originals."
    return (
        decide_claim(
            "rethinking.table5.c1",
            [closer],
            len(gap),
            scope="Prompts",
            note=safety.format(closer_safe.describe()),
        ),
        decide_claim(
            "rethinking.table6.c1",
            [agreement, closer],
            len(gap),
            scope="Prompts",
            note=f"{placed} {safety.format(f'agreement {kept[safe].mean():.1%}')}",
        ),
    )


def _all_maxima(matrix: np.ndarray) -> float:
    return diagonal_maxima(matrix, 0) + diagonal_maxima(matrix, 1)
