"""What the claims of Finding 3, Table 3, Figure 5 and Tables 5 and 6 compare: changes of prompts.

In: the tables of `tables.compute`. Out: quantities, by the names that the registry's criteria use.
Called by the stage `finding3`.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import LEVEL, Quantity
from proxyreward.findings.rethinking.finding3.coefficients import Coefficients, gather
from proxyreward.findings.rethinking.finding3.summaries import (
    SAFETY,
    advantage,
    diagonal_maxima,
    paper_categories,
    square,
)
from proxyreward.metrics.prediction import kendall, slope
from proxyreward.vocabulary import OPTIMISERS, PARAPHRASE, PPO, REWRITE

ADVANTAGE = "Spearman in the same category minus in others"
LED = {"accuracy columns": 0, "regret rows": 1}
PER_CATEGORY = "same-category advantage under PPO per category minus under joint PPO"
CLOSER = "similarity to the paraphrase minus to the rewrite"
PLACED, HELD_OUT = (
    f"share of {texts} that word counts place in their category"
    for texts in ("rewrites", "held-out originals")
)
WITHOUT = f", without {SAFETY}"


def measure(
    tables: Mapping[str, pd.DataFrame],
    *,
    resamples: int,
    seed: int,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims of Finding 3, Table 3, Figure 5 and Tables 5 and 6 compare.

    Parameters
    ----------
    tables : mapping of DataFrame
        Of `finding3.compute`, the shares rising from 0 to 1.
    resamples, seed : int
        Bootstrap resamples of draws and golden RMs, or of prompts, and their root.
    registry : Registry
        The paper's printed values.
    """
    coefficients, printed = gather(tables, resamples, seed), paper_categories(registry)
    paper = [square(printed[printed["optimiser"] == optimiser]) for optimiser in OPTIMISERS]
    found = _between(coefficients, paper) | _separate_training(coefficients)
    for x, optimiser in enumerate(OPTIMISERS):
        found |= _same_category(coefficients, optimiser, paper[x])
        found |= _all_changed(coefficients, optimiser)
    return found | _shares(coefficients) | _texts(coefficients, tables["prompts"])


def notes(found: Mapping[str, Quantity]) -> dict[str, str]:
    """What stands beside a criterion, by claim."""

    def told(name: str) -> str:
        return "{:.3g} [{:.3g}, {:.3g}]".format(*found[name].interval(LEVEL))

    columns, rows = (f"{told(_led(PPO, what))} {what}" for what in LED)
    trained = found.get(PER_CATEGORY)
    return {
        "rethinking.table3.c2": f"Under PPO alone the advantage is "
        f"{told(f'{NAMES[PPO]}: {ADVANTAGE}')}, with {columns} and {rows} led.",
        "rethinking.table3.c3": (
            f"Both with the {trained.n} reward models that were trained in both ways."
            if trained
            else "Fewer than three reward models have PPO policies per category at this scale."
        ),
        "rethinking.table5.c1": f"Without {SAFETY} it is {told(CLOSER + WITHOUT)}.",
        "rethinking.table6.c1": f"The {HELD_OUT} is {told(HELD_OUT)}; the share of rewrites "
        f"without {SAFETY} {told(PLACED + WITHOUT)}.",
    }


def _same_category(e: Coefficients, optimiser: str, paper: np.ndarray) -> dict[str, Quantity]:
    """How much better the same category predicts, and how often it predicts best."""
    matrix = e.categories[OPTIMISERS.index(optimiser)]
    found = e.over_draws(
        f"{NAMES[optimiser]}: {ADVANTAGE}", advantage, matrix, paper=advantage(paper)
    )
    for what, axis in LED.items():
        found |= e.over_draws(
            _led(optimiser, what),
            partial(diagonal_maxima, axis=axis),
            matrix,
            paper=diagonal_maxima(paper, axis),
        )
    return found


def _between(e: Coefficients, paper: list[np.ndarray]) -> dict[str, Quantity]:
    """The same under best-of-n minus under PPO."""
    found = {}
    for what, statistic in (
        ("same-category advantage", advantage),
        ("columns and rows led by their own category", _all_maxima),
    ):
        found |= e.over_draws(
            f"{what}, best-of-n minus PPO",
            lambda means, of=statistic: of(means[0]) - of(means[1]),
            e.categories,
            paper=statistic(paper[0]) - statistic(paper[1]),
        )
    return found


def _separate_training(e: Coefficients) -> dict[str, Quantity]:
    if not e.trainings.size:
        return {}
    return e.over_draws(
        PER_CATEGORY, lambda means: advantage(means[1]) - advantage(means[0]), e.trainings
    )


def _all_changed(e: Coefficients, optimiser: str) -> dict[str, Quantity]:
    x, found = OPTIMISERS.index(optimiser), {}
    for s, strategy in enumerate(e.strategies):
        found |= e.over_draws(
            f"{NAMES[optimiser]}, {strategy}: Spearman with all prompts changed minus with none",
            lambda means: float(means[-1] - means[0]),
            e.shares[s, :, x],
        )
    return found


def _shares(e: Coefficients) -> dict[str, Quantity]:
    """How Spearman goes as more and more prompts are changed."""

    def steeper(means: np.ndarray) -> float:
        of_best_of_n, of_ppo = (abs(slope(e.levels, line)) for line in means.T)
        return of_ppo - of_best_of_n

    found = {}
    for s, strategy in enumerate(e.strategies):
        name = f"{strategy}: |slope of Spearman in the share changed|, PPO minus best-of-n"
        found |= e.over_draws(name, steeper, e.shares[s], recentre=True)
        found |= e.over_draws(
            f"{NAMES[PPO]}, {strategy}: Kendall of the share changed and Spearman",
            lambda means: float(kendall(e.levels, means)),
            e.shares[s, :, OPTIMISERS.index(PPO)],
        )
    return found


def _texts(e: Coefficients, prompts: pd.DataFrame) -> dict[str, Quantity]:
    """Means over prompts, which are resampled in place of golden RMs."""
    safe, closer = prompts["category"] != SAFETY, prompts[PARAPHRASE] - prompts[REWRITE]
    placed = prompts["category"] == prompts["guess_rewrite"]
    measured = {
        CLOSER: closer,
        CLOSER + WITHOUT: closer[safe],
        PLACED: placed,
        PLACED + WITHOUT: placed[safe],
        HELD_OUT: prompts["category"] == prompts["guess"],
    }
    found = {}
    for name, values in measured.items():
        found |= e.over_draws(name, float, values.to_numpy(dtype=float)[None])
    return found


def _led(optimiser: str, what: str) -> str:
    return f"{NAMES[optimiser]}: {what} led by their own category"


def _all_maxima(matrix: np.ndarray) -> float:
    return diagonal_maxima(matrix, 0) + diagonal_maxima(matrix, 1)
