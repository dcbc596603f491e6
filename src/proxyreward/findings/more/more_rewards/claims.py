"""What the claims of Figure 5, of Tables 1, 5 and 6, and on over-rewarding compare.

In: the replicates of `tables.compute`. Out: quantities, by the names that the registry's criteria
use. Called by the `more_rewards` stage.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations, product

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Quantity
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.more_rewards.growth import ALL_STEPS, SECOND_HALF
from proxyreward.findings.more.more_rewards.lookup import Found
from proxyreward.findings.more.more_rewards.replicates import AS_TRAINED, READINGS, SCALED, SIDES
from proxyreward.findings.more.more_rewards.tables import table_bases
from proxyreward.metrics.prediction import spearman
from proxyreward.metrics.resampling import ends
from proxyreward.vocabulary import HH, MORE, MULTITASK, RAW, SINGLE, TOP

CONTRASTS = ((MORE, TOP), (MORE, MULTITASK), (MULTITASK, TOP))
SHARE, MEANS = "share", tuple(f"{side}_mean" for side in SIDES)
PAPERS = "the form that the paper seems to use (5 bins of equal width, both orders)"
SIZES = ("small", "middle", "large")
WORDS = {
    SHARE: "outliers in % of pairs",
    MEANS[0]: "mean positive outlier",
    MEANS[1]: "mean size of negative outliers",
    "ece": "ECE",
    "size": "mean |dr|",
}


def measure(replicates: Mapping[str, pd.DataFrame], registry: Registry) -> dict[str, Quantity]:
    """Measure what the claims of the finding compare.

    Parameters
    ----------
    replicates : mapping of DataFrame
        Of `more_rewards.compute`.
    registry : Registry
        The paper's printed values.
    """
    e = Found(replicates, registry)
    found: dict[str, Quantity] = {}
    for place, (table, base) in zip(SIZES, table_bases(e.bases).items(), strict=True):
        where = f"{place} base {base}"
        found |= _contrasts(e, where, table, base) | _growth(e, where, base)
        found |= _across_schemes(e, where, base)
    return found


def notes(replicates: Mapping[str, pd.DataFrame], registry: Registry) -> dict[str, str]:
    """What stands beside a criterion, by claim."""
    e = Found(replicates, registry)
    small, middle, large = table_bases(e.bases).values()
    calibration = {"table1.c3": large, "table5.c1": small, "table6.c1": middle}
    extremes = {"table5.c2": small, "table6.c2": middle, "table1.c2": large}
    told = {claim: _calibration_elsewhere(e, base) for claim, base in calibration.items()}
    told |= {claim: _outliers_elsewhere(e, base) for claim, base in extremes.items()}
    told["finding.overrewarding.c1"] = _growth_elsewhere(e)
    told["finding.overrewarding.c2"] = (
        f"With the ECE in {PAPERS} Spearman on the middle base is "
        f"{_association(e, middle, 'ece_paper')[0]:.2f}."
    )
    return {f"more.{claim}": note for claim, note in told.items()}


def _contrasts(e: Found, where: str, table: str, base: str) -> dict[str, Quantity]:
    """Differences of two schemes on each test set, paired in every resample."""
    found = {}
    for source, (one, other) in product(HH, CONTRASTS):
        difference = f"{SCHEME_NAMES[one]} minus {SCHEME_NAMES[other]}"
        for statistic, text in WORDS.items():
            of = e.outlier_gap if statistic in (SHARE, *MEANS) else e.gap
            found[f"{where}, {source}: {text}, {difference}"] = Quantity(
                of(statistic, base, source, one, other),
                e.pairs,
                e.printed_gap(statistic, table, source, one, other),
                recentre=statistic == "ece",
            )
    return found


def _growth(e: Found, where: str, base: str) -> dict[str, Quantity]:
    """How steadily reward differences rise under the plain loss; `n` counts the runs."""
    runs = {MULTITASK: int(e.sizes["seeds"])}
    runs[SINGLE] = runs[MULTITASK] * int(e.sizes["sources"])
    return {
        f"{where}, {SCHEME_NAMES[scheme]}: Spearman of step and mean |dr|": Quantity(
            e.frames["trends"].loc[base, scheme, ALL_STEPS].to_numpy(), count
        )
        for scheme, count in runs.items()
    }


def _across_schemes(e: Found, where: str, base: str) -> dict[str, Quantity]:
    """Size, ECE and accuracy over all schemes that were trained on a base."""
    name = f"{where}: Spearman of mean |dr| and ECE over schemes"
    found = {name: Quantity(_association(e, base, "ece"), len(e.trained(base)))}
    accuracy = dict(zip(e.trained(base), e.means("accuracy", base).T, strict=True))
    for one, other in combinations(accuracy, 2):
        name = f"{where}: accuracy, {SCHEME_NAMES[one]} minus {SCHEME_NAMES[other]}"
        found[name] = Quantity(accuracy[one] - accuracy[other], e.pairs)
    return found


def _association(e: Found, base: str, metric: str) -> np.ndarray:
    """Over schemes, means of Helpful and Harmless, in every resample."""
    return spearman(e.means("size", base), e.means(metric, base))


def _calibration_elsewhere(e: Found, base: str) -> str:
    def below(metric: str, rewards: str = AS_TRAINED) -> str:
        return _below_zero(
            e.gap(metric, base, source, *pair, rewards) for source in HH for pair in CONTRASTS[:2]
        )

    return (
        f"With one temperature for each reward model {below('ece', SCALED)} differences are below "
        f"0; in {PAPERS} {below('ece_paper')}."
    )


def _outliers_elsewhere(e: Found, base: str) -> str:
    first, second = READINGS

    def below(reading: str, unit: str = "") -> str:
        return _below_zero(
            e.outlier_gap(mean + unit, base, source, *pair, reading)
            for mean in MEANS
            for source in HH
            for pair in CONTRASTS[:2]
        )

    return (
        f"Boxes are drawn {first}; with {second} {below(second)} differences of means are below "
        f"0, and in sd of all margins {below(first, '_sd')}."
    )


def _growth_elsewhere(e: Found) -> str:
    late = [
        e.frames["trends"].loc[base, scheme, SECOND_HALF].to_numpy()
        for base in e.bases
        for scheme in (MULTITASK, SINGLE)
    ]

    def grown(base: str) -> str:
        last, first = (
            sum(e.measure("size", base, source, scheme) for source in HH)
            for scheme in (MULTITASK, RAW)
        )
        ratio = last / first
        low, high = ends(ratio[1:], ratio[0], 0.95, recentre=False)
        return f"{ratio[0]:.2f} [{low:.2f}, {high:.2f}] ({base})"

    return (
        f"Over the second half of the steps {_below_zero(-values for values in late)} rise. On the "
        "test pairs mean |dr| of MultiTask over that of the untrained reward model is "
        f"{', '.join(map(grown, e.bases))}."
    )


def _below_zero(values: Iterable[np.ndarray]) -> str:
    estimates = [value[0] for value in values]
    return f"{sum(estimate < 0 for estimate in estimates)} of {len(estimates)}"
