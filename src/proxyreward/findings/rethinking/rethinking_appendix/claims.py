"""Claims of the appendix: Figures 12 and 13, Tables 7 and 8, data set, best-of-n.

In: `Evidence` and the tables of `tables.compute`. Out: decisions for the scorecard. Called by the
stage `rethinking_appendix`.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import (
    Decision,
    Part,
    decide_claim,
    estimated,
    exact,
    invariant,
)
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.rethinking_appendix.divergence import kl_integral
from proxyreward.findings.rethinking.rethinking_appendix.families import (
    common_n,
    difference,
    matrices,
)
from proxyreward.findings.rethinking.rethinking_appendix.penalty_claims import decide_penalty
from proxyreward.metrics.best_of_n import kl_bound
from proxyreward.metrics.prediction import by_golden, off_diagonal
from proxyreward.metrics.resampling import Interval, mean_known
from proxyreward.vocabulary import ARCHITECTURES, PARTS

BALANCED = 0.1  # of a pooled sd: the registry's
PAPER_BITS = 8.8804  # KL of best-of-1280: the registry's, four decimals
NOT_YET = (
    "Not yet: this needs reward models that others have published, a capable policy and a judge "
    "of its answers; everything at this scale is trained from random weights."
)


def decide(
    evidence: Evidence,
    tables: Mapping[str, pd.DataFrame],
    *,
    resamples: int,
    rng: np.random.Generator,
    registry: Registry,
) -> list[Decision]:
    """Decide every claim of the appendix that this package covers.

    Parameters
    ----------
    evidence : Evidence
    tables : mapping of DataFrame
        `runs`, `recipes` and `dataset` of `rethinking_appendix.compute`.
    resamples : int
        Bootstrap resamples.
    rng : numpy.random.Generator
    registry : Registry
        The paper's printed values.

    Returns
    -------
    list of Decision
    """
    return [
        *_families(evidence, resamples, rng),
        *(_not_yet(f"rethinking.fig13.{claim}") for claim in ("c1", "c2")),
        *decide_penalty(evidence, tables["runs"], resamples, rng, registry),
        _recipes(tables["recipes"]),
        *_dataset(tables["dataset"].iloc[0]),
        _divergence(registry),
    ]


def _not_yet(claim_id: str) -> Decision:
    return Decision(claim_id, "not testable here", np.nan, np.nan, np.nan, 0, np.nan, NOT_YET)


def _families(evidence: Evidence, resamples: int, rng: np.random.Generator) -> list[Decision]:
    n = common_n(evidence)
    (accuracy_a, ndr_a), (accuracy_p, ndr_p) = (
        matrices(evidence, family, n) for family in (ARCHITECTURES, PARTS)
    )
    size = min(len(accuracy_a), len(accuracy_p))

    def parts_minus_architectures(
        name: str,
        statistic: Callable[[np.ndarray], float],
        values: Sequence[np.ndarray],
        direction: str,
    ) -> Part:
        found = difference(statistic, *values, resamples, rng, recentre=statistic is np.std)
        return estimated(f"{name}, data parts minus architectures", found, direction, 0.0)

    spearman = [
        by_golden("spearman", accuracy_p, ndr_p),
        by_golden("spearman", accuracy_a, ndr_a),
    ]
    mutual = [off_diagonal(accuracy_p), off_diagonal(accuracy_a)]
    return [
        decide_claim(
            "rethinking.fig12.c1",
            [parts_minus_architectures("Spearman", mean_known, spearman, "below")],
            size,
            scope=f"Best-of-{n}",
        ),
        decide_claim(
            "rethinking.fig12.c2",
            [
                parts_minus_architectures("mean mutual accuracy", np.mean, mutual, "above"),
                parts_minus_architectures("sd of mutual accuracy", np.std, mutual, "below"),
            ],
            size,
        ),
    ]


def _recipes(recipes: pd.DataFrame) -> Decision:
    parts = []
    for row in recipes.itertuples():
        deviation = abs(row.settings - 1) if row.items else np.nan
        parts.append(invariant(f"different settings of {row.family} against 1", deviation, 0))
    return decide_claim("rethinking.table8.c1", parts, int(recipes["items"].sum()), scope="Items")


def _dataset(row: pd.Series) -> list[Decision]:
    ends = float(row["ci_low"]), float(row["ci_high"])
    low = 0.0 if ends[0] <= 0 <= ends[1] else min(map(abs, ends))
    gap = Interval(float(abs(row["gap"])), low, max(map(abs, ends)))
    return [
        decide_claim(
            "rethinking.appendix.datasets.c1",
            [estimated("|length gap| in pooled sd", gap, "below", BALANCED)],
            int(row["pairs"]),
            scope="Training pairs",
        ),
        decide_claim(
            "rethinking.appendix.datasets.c2",
            [exact("duplicate prompt strings", row["duplicates"], "within", 0)],
            int(row["pairs"]),
            scope="Training pairs",
        ),
    ]


def _divergence(registry: Registry) -> Decision:
    top = int(registry.printed("rethinking.appendix.details", "bon_n"))
    ns = [2**k for k in range(11) if 2**k < top] + [top]
    formula = [np.log2(n) - (n - 1) / n * np.log2(np.e) for n in ns]
    integral = [kl_integral(n) for n in ns]
    parts = [
        invariant("our KL against the formula", abs(kl_bound(ns) - formula).max(), 1e-12),
        invariant(
            "the formula against integration", abs(np.subtract(formula, integral)).max(), 1e-8
        ),
        invariant(f"at n = {top}, bits", abs(formula[-1] - PAPER_BITS), 5e-5),
    ]
    return decide_claim(
        "rethinking.appendix.details.c1", parts, len(ns), scope=f"Values of n up to {top}"
    )
