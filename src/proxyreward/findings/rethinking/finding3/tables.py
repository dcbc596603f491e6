"""Tables of Finding 3: accuracy on other prompts than those of the downstream test.

In: test-set scores, NDRs and prompts of `evidence`. Out: the coefficients of repeated draws, and
their summaries, small enough for Git. Called by the `finding3` stage and the notebook.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.finding3.prompts import compare
from proxyreward.findings.rethinking.repeats import coefficients, draw_errors
from proxyreward.metrics.testset import TestSet
from proxyreward.vocabulary import BEST_OF_N, INITIAL, JOINT, MAIN, PARAPHRASE, PPO, REWRITE

SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
STRATEGIES = (PARAPHRASE, REWRITE)
SEPARATE = "separate"
CELL = ("downstream", "accuracy_on")
KEYS = {
    "categories": ("optimiser", *CELL),
    "trainings": ("training", *CELL),
    "shares": ("strategy", "share", "optimiser"),
}


def compute(
    evidence: Evidence,
    *,
    draws: int,
    rng: np.random.Generator,
    n: int = 0,
    shares: Sequence[float] = SHARES,
) -> dict[str, pd.DataFrame]:
    """Spearman of accuracy and NDR for each draw and golden RM, and how prompts were changed.

    Every test set has two responses per prompt, drawn anew each time.

    Parameters
    ----------
    evidence : Evidence
    draws : int
        Repeated draws of each test set.
    rng : numpy.random.Generator
        Source of the draws.
    n : int
        Of best-of-n; 0 takes the largest.
    shares : sequence of float
        Shares of prompts to reword or replace, 0 to 1.

    Returns
    -------
    dict of DataFrame
        `categories` (downstream, accuracy_on, optimiser, draw, golden, coefficient);
        `trainings`, the same for PPO with the column training: one run on all prompts (`joint`)
        or one per category (`separate`), for the same reward models, no rows where there are no
        such policies; `shares` (strategy, share, optimiser, draw, golden, coefficient), where
        every prompt has one response of each writer to draw from, in all variants;
        `prompts`, of `finding3.prompts.compare`; `sizes`, one row.
    """
    tests, names = evidence.testset(), evidence.names()
    downstream = set(evidence.regret["category"])
    categories = [name for name in np.unique(tests.categories) if name in downstream]
    errors = {
        name: draw_errors(partial(tests.category(name).draw, 2), draws, rng) for name in categories
    }
    top = evidence.policies(BEST_OF_N, n=n, family=MAIN, policy=INITIAL)["n"].iloc[0]
    trainings = _trainings(evidence, errors)
    sizes = {
        "rms": len(names),
        "separate_rms": trainings["golden"].nunique(),
        "prompts": len(tests.categories),
        "responses": tests.labels.shape[2],
        "writers": len(evidence.testset(PARAPHRASE).sources),
        "draws": draws,
        "n": int(top),
    }
    return {
        "categories": _categories(evidence, errors, n),
        "trainings": trainings,
        "shares": _shares(evidence, tests, draws, shares, rng, n),
        "prompts": compare(evidence.prompts, rng),
        "sizes": pd.DataFrame([sizes]),
    }


def _categories(evidence: Evidence, errors: Mapping[str, np.ndarray], n: int) -> pd.DataFrame:
    tables = []
    for downstream in errors:
        ndr = {
            BEST_OF_N: evidence.ndr(BEST_OF_N, n=n, category=downstream),
            PPO: evidence.ndr(PPO, category=downstream),
        }
        tables += [
            coefficients(error, ndr, evidence.names(), downstream=downstream, accuracy_on=name)
            for name, error in errors.items()
        ]
    return pd.concat(tables, ignore_index=True)


def _trainings(evidence: Evidence, errors: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Joint and separate PPO of the reward models that were trained in both ways."""
    regret, names = evidence.regret, evidence.names()
    runs = regret[
        (regret["family"] == MAIN)
        & (regret["policy"] == INITIAL)
        & (regret["optimiser"] == PPO)
        & (regret["training"] == regret["category"])
    ]
    counts = runs[runs["golden"] == runs["proxy"]].groupby("proxy")["category"].nunique()
    places = [i for i, name in enumerate(names) if counts.get(name, 0) == len(errors)]
    if len(places) < 3:
        columns = ["optimiser", "statistic", "draw", "golden", "coefficient"]
        return pd.DataFrame(columns=[*KEYS["trainings"], *columns])
    kept = [names[i] for i in places]
    runs = runs[runs["golden"].isin(kept) & runs["proxy"].isin(kept)]
    same = np.ix_(places, places)
    tables = []
    for downstream in errors:
        joint = evidence.ndr(PPO, category=downstream)[same]
        separate = evidence.square(runs[runs["category"] == downstream], "ndr")
        tables += [
            coefficients(
                error[:, *same], {PPO: ndr}, kept,
                training=training, downstream=downstream, accuracy_on=name,
            )
            for training, ndr in ((JOINT, joint), (SEPARATE, separate))
            for name, error in errors.items()
        ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _shares(
    evidence: Evidence,
    tests: TestSet,
    draws: int,
    shares: Sequence[float],
    rng: np.random.Generator,
    n: int,
) -> pd.DataFrame:
    ndr = {BEST_OF_N: evidence.ndr(BEST_OF_N, n=n), PPO: evidence.ndr(PPO)}
    tables = []
    for strategy in STRATEGIES:
        changed = evidence.testset(strategy)
        places = [int(np.argmax(tests.sources == source)) for source in changed.sources]
        # The same writers, a response each: only the prompt differs between the two.
        kept = TestSet.of(tests.labels[..., places], tests.categories, changed.sources)
        for share in shares:
            errors = draw_errors(partial(_mixed, kept, changed, share), draws, rng)
            tables.append(
                coefficients(errors, ndr, evidence.names(), strategy=strategy, share=share)
            )
    return pd.concat(tables, ignore_index=True)


def _mixed(original: TestSet, changed: TestSet, share: float, rng: np.random.Generator) -> TestSet:
    return original.draw(2, rng).mix(changed.draw(2, rng), share, rng)
