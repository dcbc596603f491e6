"""What the claims of the appendix compare: Figures 12 and 13, Tables 7 and 8, data, best-of-n.

In: `Evidence`, the tables of `tables.compute` and the training pairs. Out: quantities, by the names
that the registry's criteria use. Called by the stage `rethinking_appendix`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Quantity, counted
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.repeats import OverDraws
from proxyreward.findings.rethinking.rethinking_appendix.dataset import GAP, resampled_gap
from proxyreward.findings.rethinking.rethinking_appendix.divergence import kl_integral
from proxyreward.findings.rethinking.rethinking_appendix.families import (
    common_n,
    difference,
    matrices,
)
from proxyreward.findings.rethinking.rethinking_appendix.penalty_claims import (
    measure_penalty,
    told_collapse,
)
from proxyreward.metrics.best_of_n import kl_bound
from proxyreward.metrics.prediction import by_golden, off_diagonal
from proxyreward.metrics.resampling import mean_known
from proxyreward.vocabulary import ARCHITECTURES, PARTS

FINDING = "rethinking_appendix"
NOT_YET = (
    "Not yet: this needs reward models that others have published, a capable policy and a judge "
    "of its answers; everything at this scale is trained from random weights."
)


def measure(
    evidence: Evidence,
    tables: Mapping[str, pd.DataFrame],
    training: pd.DataFrame,
    *,
    resamples: int,
    seed: int,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims of the appendix compare.

    Parameters
    ----------
    evidence : Evidence
    tables : mapping of DataFrame
        `runs` and `recipes` of `rethinking_appendix.compute`.
    training : DataFrame
        The pairs that the reward models are trained on.
    resamples, seed : int
        Bootstrap resamples, and their root.
    registry : Registry
        The paper's printed values.
    """
    over = OverDraws(FINDING, resamples, seed)
    return {
        **_families(evidence, resamples, seed),
        **measure_penalty(evidence, tables["runs"], over, registry),
        **_recipes(tables["recipes"]),
        **_dataset(training, resamples, seed),
        **_divergence(registry),
    }


def notes(found: Mapping[str, Quantity]) -> dict[str, str]:
    """What stands beside a criterion, by claim."""
    return {
        "rethinking.fig13.c1": NOT_YET,
        "rethinking.fig13.c2": NOT_YET,
        "rethinking.table7.c4": told_collapse(found),
    }


def _families(evidence: Evidence, resamples: int, seed: int) -> dict[str, Quantity]:
    n, found = common_n(evidence), {}
    parts, architectures = (matrices(evidence, family, n) for family in (PARTS, ARCHITECTURES))
    spearman = [by_golden("spearman", *each) for each in (parts, architectures)]
    mutual = [off_diagonal(accuracy) for accuracy, _ in (parts, architectures)]
    for what, statistic, values in (
        ("Spearman of accuracy and NDR", mean_known, spearman),
        ("mean mutual accuracy", np.mean, mutual),
        ("sd of mutual accuracy", np.std, mutual),
    ):
        name = f"{what}, data parts minus architectures"
        drawn = difference(statistic, *values, resamples, generator(f"{FINDING} {name}", seed))
        found[name] = Quantity(drawn, min(map(len, values)), recentre=statistic is np.std)
    return found


def _recipes(recipes: pd.DataFrame) -> dict[str, Quantity]:
    """Settings beyond the first of each family; undefined where nothing was trained."""
    return {
        f"{row.family}: different settings beyond one": counted(
            row.settings - 1 if row.items else np.nan, row.items
        )
        for row in recipes.itertuples()
    }


def _dataset(training: pd.DataFrame, resamples: int, seed: int) -> dict[str, Quantity]:
    return {
        GAP: resampled_gap(training, resamples, seed),
        "prompts that occurred before": counted(
            training["prompt"].duplicated().sum(), len(training)
        ),
    }


def _divergence(registry: Registry) -> dict[str, Quantity]:
    top = int(registry.printed("rethinking.appendix.details", "bon_n"))
    ns = [2**k for k in range(11) if 2**k < top] + [top]
    formula = np.array([np.log2(n) - (n - 1) / n * np.log2(np.e) for n in ns])
    integral = [kl_integral(n) for n in ns]
    return {
        f"KL of best-of-{top}, bits": counted(formula[-1], 1),
        "largest deviation of our KL from the formula, bits": counted(
            abs(kl_bound(ns) - formula).max(), len(ns)
        ),
        "largest deviation of the formula from integration, bits": counted(
            abs(formula - integral).max(), len(ns)
        ),
    }
