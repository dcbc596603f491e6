"""What the claims about training schemes compare.

In: tables of `measure` and `identities`. Out: quantities, by the names that the registry's criteria
use. Called by the stage `more_schemes`.
"""

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.vocabulary import (
    HH,
    MORE,
    MORE_AS_IS,
    MULTITASK,
    MULTITASK_AS_IS,
    PUBLIC_CODE,
    RAW,
    TOP,
)

LENGTHS = "of the head gradient's length under the weights to that under equal ones"
ECES = {"ece": "ECE", "ece_paper": "ECE in the paper's form"}
MEAN, OTHERS = "mean", "mean of the others"  # of all sources, of all but Helpful and Harmless


def quantities(
    cells: pd.DataFrame, steps: pd.DataFrame, times: pd.DataFrame, identities: pd.DataFrame
) -> dict[str, Quantity]:
    """Measure what the claims of this finding compare.

    `cells`, `steps` and `times` are those of `measure`, `identities` that of `identities.compare`.
    """
    keys = ["metric", "scheme", "base", "source"]
    trained = cells[~cells["scaled"]]
    others = trained[~trained["source"].isin([*HH, MEAN])]
    mean = others.groupby(keys[:3])[["value", "paper"]].mean().reset_index().assign(source=OTHERS)
    reached = pd.concat([trained, mean]).set_index(keys)[["value", "paper"]].sort_index()
    bases, sources = list(cells["base"].unique()), list(cells["source"].unique())
    sources.remove(MEAN)
    found = _accuracies(reached, bases, sources) | _calibration(reached, bases, sources)
    found |= _without_resampling(reached, bases[len(bases) // 2]) | _steps(steps)
    what = "time of a step of MORE over one of MultiTask"
    for row in times.itertuples():  # of one machine, whatever the replicate
        found[f"{row.base}: {what}"] = counted(row.ratio)
    for row in times.sort_values("ratio").tail(1).itertuples():
        found[f"lower end of the largest {what}"] = counted(row.low)
        found[f"upper end of the largest {what}"] = counted(row.high)
    return found | {row.quantity: counted(row.deviation) for row in identities.itertuples()}


def _less(
    reached: pd.DataFrame, metric: str, first: str, second: str, base: str, source: str
) -> np.ndarray:
    """The metric of the first scheme minus that of the second: ours, the paper's."""
    one, other = (reached.loc[(metric, scheme, base, source)] for scheme in (first, second))
    return (one - other).to_numpy()


def _labels(bases: Sequence[str]) -> dict[str, str]:
    """What criteria call bases: the ends by their rank."""
    labels = {base: f"base {base}" for base in bases}
    return labels | {bases[-1]: "largest base", bases[0]: "smallest base"}


def _accuracies(
    reached: pd.DataFrame, bases: Sequence[str], sources: Sequence[str]
) -> dict[str, Quantity]:
    small, large, found = bases[0], bases[-1], {}
    lost = {
        (base, name): _less(reached, "accuracy", TOP, MULTITASK, base, name)
        for base, name in product((small, large), sources)
    }
    for name in sources:
        found[f"smallest base, {name}: accuracy of Top minus MultiTask"] = lost[small, name]
        if name in HH:
            text = "accuracy of Top minus MultiTask at the smallest base, less that at the largest"
            found[f"{name}: {text}"] = lost[small, name] - lost[large, name]
        else:
            found[f"largest base, {name}: accuracy of MultiTask minus Top"] = -lost[large, name]
    for base, label in _labels(bases).items():
        gap = _less(reached, "accuracy", MULTITASK, MORE, base, MEAN)
        found[f"{label}, mean: accuracy of MultiTask minus MORE"] = gap
    for scheme, (first, second) in product((MULTITASK, MORE), pairwise(bases)):
        one, other = (reached.loc[("accuracy", scheme, base, MEAN)] for base in (second, first))
        name = f"{SCHEME_NAMES[scheme]}: mean accuracy at {second} minus at {first}"
        found[name] = one - other
    return {name: measured(*gap) for name, gap in found.items()}


def _calibration(
    reached: pd.DataFrame, bases: Sequence[str], sources: Sequence[str]
) -> dict[str, Quantity]:
    """Differences of the ECE; in the paper's form, which decides nothing, not on each source."""
    compared = [
        *((RAW, scheme, sources, [MEAN]) for scheme in (TOP, MULTITASK, MORE)),
        (MULTITASK, TOP, sources, [MEAN]),
        (MULTITASK, MORE, [*HH, MEAN], [*HH, MEAN]),
        (TOP, MORE, HH, HH),
        (MORE, TOP, [OTHERS], [OTHERS]),
    ]
    found = {}
    for (base, label), (first, second, *over) in product(_labels(bases).items(), compared):
        what = f"of {SCHEME_NAMES[first]} minus {SCHEME_NAMES[second]}"
        for (metric, text), asked in zip(ECES.items(), over, strict=True):
            for source in asked:
                gap = _less(reached, metric, first, second, base, source)
                found[f"{label}, {source}: {text} {what}"] = measured(*gap)
    return found


def _steps(steps: pd.DataFrame) -> dict[str, Quantity]:
    value = steps.set_index(["scheme", "measure", "base"])["value"].sort_index()
    largest, longest = (value[scheme, "gradient, largest"].max() for scheme in (MORE, PUBLIC_CODE))
    mean = value[MORE, "gradient, mean"].mean()
    return {
        f"largest ratio over steps {LENGTHS}": counted(largest),
        f"mean ratio over steps {LENGTHS}": measured(mean),
        f"authors' program: largest ratio over steps {LENGTHS}": measured(longest),
    } | {
        f"{base}: mean ratio of weighted to plain loss": measured(ratio)
        for base, ratio in value[MORE, "loss"].items()
    }


def _without_resampling(reached: pd.DataFrame, middle: str) -> dict[str, Quantity]:
    """With sources as they are, on the base that has this control."""
    pairs = {"with": (MORE, MULTITASK), "without": (MORE_AS_IS, MULTITASK_AS_IS)}
    gaps = {what: _less(reached, "ece", *pair, middle, MEAN)[0] for what, pair in pairs.items()}
    of_both = "mean ECE of MORE minus MultiTask"
    found = {f"{what} resampling: {of_both}": gap for what, gap in gaps.items()}
    found[f"{of_both}, without resampling less that with"] = gaps["without"] - gaps["with"]
    for scheme, unequal in {MULTITASK: MULTITASK_AS_IS, MORE: MORE_AS_IS}.items():
        name = f"{SCHEME_NAMES[scheme]}: mean accuracy without resampling minus with"
        found[name] = _less(reached, "accuracy", unequal, scheme, middle, MEAN)[0]
    return {name: measured(value) for name, value in found.items()}
