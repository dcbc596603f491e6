"""Tables of Finding 2: accuracy by the source and by the golden rank of the test responses.

In: the test-set scores and NDRs of `evidence`. Out: the coefficients of repeated draws, and their
summaries, small enough for Git. Called by the `finding2` stage and the notebook.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.repeats import coefficients, draw_errors, summary
from proxyreward.metrics.testset import TestSet
from proxyreward.vocabulary import ALL, BEST_OF_N, INITIAL, JOINT, MAIN, PPO

ORIGIN = "origin"
STATISTICS = {"spearman": "Spearman", "mrr": "MRR"}
KEYS = {
    "sources": ("source", "optimiser", "statistic"),
    "bins": ("chosen", "rejected", "optimiser", "statistic"),
}
HIGH, MIDDLE, LOW = range(3)
# Thirds of chosen and rejected where the paper sees the strongest association.
BEST_REGION = {BEST_OF_N: (MIDDLE, LOW), PPO: (HIGH, MIDDLE)}
_PRINTED = {BEST_OF_N: "bon", PPO: "ppo"}
_PRINTED_ROWS = {INITIAL: "Llama3-8B*", ORIGIN: "Origin"}


def compute(
    evidence: Evidence, *, draws: int, bins: int, rng: np.random.Generator, n: int = 0
) -> dict[str, pd.DataFrame]:
    """Coefficient of accuracy and NDR for each draw and golden RM, and how far policies got.

    Parameters
    ----------
    evidence : Evidence
    draws : int
        Repeated draws of each test set.
    bins : int
        Bins of the golden order of a prompt's responses, 0 the best.
    rng : numpy.random.Generator
        Source of the draws.
    n : int
        Of best-of-n; 0 takes the largest.

    Returns
    -------
    dict of DataFrame
        `sources` (source, optimiser, statistic, draw, golden, coefficient): two responses per
        prompt from one source, or, for the source `origin`, the fixed pair from mixed sources;
        `bins` (chosen, rejected, optimiser, statistic, draw, golden, coefficient): one response
        from each of two bins; `pressure` (measure, optimiser, rm, value): the KL divergence of
        each policy in bits, and the mean golden reward that each golden RM gives to the policies
        of its proxies, in sd of the initial policy; `sizes`, one row.
    """
    tests, names = evidence.testset(), evidence.names()
    ndr = {BEST_OF_N: evidence.ndr(BEST_OF_N, n=n), PPO: evidence.ndr(PPO)}
    ours = {
        source: draw_errors(partial(tests.source(source).draw, 2), draws, rng)
        for source in dict.fromkeys(tests.sources)
    }
    # One fixed pair a prompt: every draw is the same.
    ours[ORIGIN] = np.repeat(original_pairs(evidence, tests).error()[None], draws, axis=0)
    sources = [
        coefficients(errors, ndr, names, tuple(STATISTICS), source=source)
        for source, errors in ours.items()
    ]
    cells = []
    for chosen, rejected in zip(*np.triu_indices(bins, 1), strict=True):
        errors = draw_errors(partial(tests.rank_bins, bins, chosen, rejected), draws, rng)
        cells.append(coefficients(errors, ndr, names, chosen=chosen, rejected=rejected))
    sizes = {
        "rms": len(names),
        "prompts": tests.labels.shape[1],
        "responses": tests.labels.shape[2],
        "draws": draws,
        "bins": bins,
        "n": int(_policies(evidence, BEST_OF_N, n)["n"].iloc[0]),
    }
    return {
        "sources": pd.concat(sources, ignore_index=True),
        "bins": pd.concat(cells, ignore_index=True),
        "pressure": _pressure(evidence, n),
        "sizes": pd.DataFrame([sizes]),
    }


def original_pairs(evidence: Evidence, tests: TestSet) -> TestSet:
    """The pairs from mixed sources that belong to the prompts of `tests`."""
    return TestSet.of(evidence.pairs()[:, : tests.labels.shape[1]])


def summarise(tables: Mapping[str, pd.DataFrame], golden: str = "") -> dict[str, pd.DataFrame]:
    """What figures show: `sources` and `bins` over draws, the other tables as they are.

    Parameters
    ----------
    tables : mapping of DataFrame
        From :func:`compute`.
    golden : str
        One golden RM; none takes the mean over all.

    Raises
    ------
    ValueError
        If there is no such golden RM; lists those that there are.
    """
    known = tables["sources"]["golden"].unique().tolist()
    if golden and golden not in known:
        raise ValueError(f"no golden RM {golden!r}; choose one of {known}, or '' for all")
    found = dict(tables)
    for name, keys in KEYS.items():
        chosen = tables[name]["golden"].isin([golden] if golden else known)
        found[name] = summary(tables[name][chosen], *keys)
    return found


def paper_sources(registry: Registry) -> pd.DataFrame:
    """The paper's Table 2 in our words: source, optimiser, statistic, mean, sd.

    Its own policy is our source `initial`; its other models have no counterpart here and keep
    their names. The row of mixed sources has no sd.
    """
    ours = {printed: source for source, printed in _PRINTED_ROWS.items()}
    rows = []
    for row, cells in registry.entry("rethinking.table2").values.items():
        for optimiser, prefix in _PRINTED.items():
            for statistic in STATISTICS:
                cell = cells.get(f"{prefix}_{statistic}")
                if cell is None:
                    continue
                cell = cell if isinstance(cell, Mapping) else {"mean": cell, "pm": np.nan}
                key = (ours.get(row, row), optimiser, statistic)
                rows.append((*key, cell["mean"], cell["pm"]))
    return pd.DataFrame(rows, columns=[*KEYS["sources"], "mean", "sd"])


def table2(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `sources` or :func:`paper_sources` as short text cells, a row per source."""
    text = [
        f"{row.mean:.2f}" + (f" ± {row.sd:.2f}" if row.sd > 0 else "") for row in rows.itertuples()
    ]
    column = rows["optimiser"].map(NAMES) + ", " + rows["statistic"].map(STATISTICS)
    cells = rows.assign(Source=rows["source"].map(source_name), cell=text, column=column)
    wide = cells.pivot(index="Source", columns="column", values="cell")
    return wide.reindex(index=cells["Source"].unique(), columns=column.unique()).reset_index()


def source_name(source: str) -> str:
    """What a figure calls a source."""
    return {INITIAL: "own policy*", ORIGIN: "mixed (Origin)"}.get(source, source)


def third(place: int, bins: int) -> int:
    """Third of the golden order (0 the best) in which the middle of a bin lies.

    >>> [third(place, 5) for place in range(5)]
    [0, 0, 1, 2, 2]
    """
    return 3 * (2 * place + 1) // (2 * bins)


def _pressure(evidence: Evidence, n: int) -> pd.DataFrame:
    rows = []
    for optimiser in (BEST_OF_N, PPO):
        policies = _policies(evidence, optimiser, n)
        others = policies[policies["golden"] != policies["proxy"]]
        reward = others.groupby("golden", sort=False)["golden_reward"].mean()
        curves = evidence.curves[evidence.curves["optimiser"] == optimiser]
        if optimiser == BEST_OF_N:
            curves = curves[curves["step"] == policies["n"].iloc[0]]
        kl = curves.sort_values("step").groupby("proxy", sort=False)["kl_bits"].last()
        for measure, values in (("reward", reward), ("kl_bits", kl)):
            rows += [(measure, optimiser, rm, value) for rm, value in values.items()]
    return pd.DataFrame(rows, columns=["measure", "optimiser", "rm", "value"])


def _policies(evidence: Evidence, optimiser: str, n: int) -> pd.DataFrame:
    return evidence.policies(
        optimiser, n=n, family=MAIN, policy=INITIAL, kl_coef=0.0, training=JOINT, category=ALL
    )
