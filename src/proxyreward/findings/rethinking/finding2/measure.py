"""Accuracy by the source and by the golden rank of the test responses, and what it tells of regret.

In: the test-set scores and NDRs of `evidence`. Out: the coefficients of repeated draws, and tables
of their means. Called by the stage `finding2`, and by the notebook for other draws or another n.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking import repeats
from proxyreward.findings.rethinking.evidence import PLAIN, Evidence
from proxyreward.findings.rethinking.repeats import STATISTICS
from proxyreward.metrics.testset import TestSet
from proxyreward.vocabulary import BEST_OF_N, INITIAL, MAIN, OPTIMISERS, PPO

ORIGIN, POOL = "origin", "pool"
SOURCE_KEYS = ["source", "optimiser", "statistic"]
HIGH, MIDDLE, LOW = range(3)
# Thirds of chosen and rejected where the paper sees the strongest association.
BEST_REGION = {BEST_OF_N: (MIDDLE, LOW), PPO: (HIGH, MIDDLE)}


def draw(
    evidence: Evidence, *, draws: int, bins: int, rng: np.random.Generator, n: int = 0
) -> dict[str, pd.DataFrame]:
    """Coefficient of accuracy and NDR for each draw of a test set and golden RM.

    Parameters
    ----------
    draws : of each test set, from `rng`.
    bins : of the golden order of a prompt's responses, 0 the best.
    n : of best-of-n; 0 takes the largest.

    Returns
    -------
    dict of DataFrame
        `sources` (source, optimiser, statistic, draw, golden, coefficient): two responses per
        prompt from one source, for the source `origin` the fixed pair from mixed sources, and for
        `pool` all pairs of the policy's samples for each downstream prompt;
        `bins` (chosen, rejected, optimiser, statistic, draw, golden, coefficient): one response
        from each of two bins; `sizes`, one row.
    """
    tests, names, ndr = evidence.testset(), evidence.names(), repeats.ndrs(evidence, n)
    errors = {
        source: [tests.source(source).draw(2, rng).error() for _ in range(draws)]
        for source in dict.fromkeys(tests.sources)
    }
    # One fixed pair for each of the prompts: every draw is the same.
    errors[ORIGIN] = draws * [TestSet.of(evidence.pairs()[:, : tests.labels.shape[1]]).error()]
    errors[POOL] = draws * [evidence.own_accuracy()]
    sources = [
        repeats.coefficients(error, ndr, names, tuple(STATISTICS), source=source)
        for source, error in errors.items()
    ]
    cells = []
    for chosen, rejected in zip(*np.triu_indices(bins, 1), strict=True):
        error = [tests.rank_bins(bins, chosen, rejected, rng).error() for _ in range(draws)]
        cells.append(repeats.coefficients(error, ndr, names, chosen=chosen, rejected=rejected))
    rms, prompts, responses = tests.labels.shape
    sizes = {"rms": rms, "prompts": prompts, "responses": responses, "draws": draws, "bins": bins}
    sizes["n"] = int(evidence.policies(BEST_OF_N, n=n, family=MAIN, **PLAIN)["n"].iloc[0])
    return {
        "sources": pd.concat(sources, ignore_index=True),
        "bins": pd.concat(cells, ignore_index=True),
        "sizes": pd.DataFrame([sizes]),
    }


def estimates(drawn: Mapping[str, pd.DataFrame], golden: str = "") -> dict[str, pd.DataFrame]:
    """Means over golden RMs, or of one of them, and over draws, of the tables of :func:`draw`.

    Returns
    -------
    dict of DataFrame
        `sources` (source, optimiser, statistic, measure, value), `measure` being the `mean` over
        draws or the `sd` from draw to draw; `bins` (chosen, rejected, optimiser, value).

    Raises
    ------
    ValueError
        If there is no such golden RM; lists those that there are.
    """
    known = drawn["sources"]["golden"].unique().tolist()
    if golden and golden not in known:
        raise ValueError(f"no golden RM {golden!r}; choose one of {known}, or '' for all")
    sources, bins = (
        drawn[name][drawn[name]["golden"].isin([golden] if golden else known)]
        for name in ("sources", "bins")
    )
    return {
        "sources": repeats.summary(sources, *SOURCE_KEYS),
        "bins": repeats.overall(bins, "chosen", "rejected", "optimiser"),
    }


def pressure(evidence: Evidence, n: int = 0) -> pd.DataFrame:
    """How far the optimisers go: means over reward models; n as of :func:`draw`.

    Returns
    -------
    DataFrame
        measure, optimiser, value: `reward`, the mean golden reward that a golden RM gives to the
        policies of its proxies, in sd of the initial policy; `kl_bits`, the KL divergence of a
        policy, for best-of-n a bound.
    """
    rows = []
    for optimiser in OPTIMISERS:
        policies = evidence.policies(optimiser, n=n, family=MAIN, **PLAIN)
        others = policies[policies["golden"] != policies["proxy"]]
        reward = others.groupby("golden")["golden_reward"].mean().mean()
        curves = evidence.curves[evidence.curves["optimiser"] == optimiser]
        if optimiser == BEST_OF_N:
            curves = curves[curves["step"] == policies["n"].iloc[0]]
        kl_bits = curves.sort_values("step").groupby("proxy")["kl_bits"].last().mean()
        rows += [("reward", optimiser, reward), ("kl_bits", optimiser, kl_bits)]
    return pd.DataFrame(rows, columns=["measure", "optimiser", "value"])


def printed_sources(registry: Registry) -> pd.DataFrame:
    """The paper's Table 2 in our words: source, optimiser, statistic, measure, value.

    Its own policy is our source `initial`; its other models have no counterpart here and keep
    their names. The row of mixed sources has no sd.
    """
    names = {"Llama3-8B*": INITIAL, "Origin": ORIGIN}
    return repeats.printed(registry, "rethinking.table2", "source", names)


def third(place: int, bins: int) -> int:
    """Third of the golden order (0 the best) in which the middle of a bin lies.

    >>> [third(place, 5) for place in range(5)]
    [0, 0, 1, 2, 2]
    """
    return 3 * (2 * place + 1) // (2 * bins)
