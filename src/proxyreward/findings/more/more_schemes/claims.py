"""What the claims about training schemes compare.

In: tables of `measure` and `identities`. Out: quantities, by the names that the registry's criteria
use. Called by the stage `more_schemes`.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import pandas as pd

from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.more.confidence import OVER_CONFIDENT
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
# Of all sources, of Helpful and Harmless, of the others.
MEAN, BOTH, OTHERS = "mean", "mean of helpful and harmless", "mean of the others"
EVERY, CONFIDENT = "every base", "most confident base"
VALUES = ["value", "paper"]
COMPARED = [
    *((RAW, scheme, [MEAN]) for scheme in (TOP, MULTITASK, MORE)),
    (MULTITASK, TOP, [MEAN]),
    (MULTITASK, MORE, [*HH, BOTH, MEAN]),
    (TOP, MORE, [BOTH]),
    (MORE, TOP, [OTHERS]),
]


def quantities(
    cells: pd.DataFrame,
    steps: pd.DataFrame,
    times: pd.DataFrame,
    identities: pd.DataFrame,
    factors: Mapping[str, float],
) -> dict[str, Quantity]:
    """Measure what the claims of this finding compare.

    `cells`, `steps` and `times` are those of `measure`, `identities` that of `identities.compare`,
    `factors` that of `confidence.over_confidence`.
    """
    bases, names = list(cells["base"].unique()), list(cells["source"].unique())
    names.remove(MEAN)
    rows = _with_means(cells[~cells["scaled"]], min(factors, key=factors.get))
    rows = rows.set_index(["metric", "base", "source"]).sort_index()
    by = {scheme: own[VALUES] for scheme, own in rows.groupby("scheme")}
    found = _accuracies(by, bases, names) | _calibration(by, bases)
    found |= _without_resampling(by, bases[-1]) | _steps(steps)
    for base, factor in factors.items():
        found[f"{_label(base, bases)}: {OVER_CONFIDENT}"] = measured(factor)
    what = "time of a step of MORE over one of MultiTask"
    for row in times.itertuples():  # of one machine, whatever the replicate
        found[f"{row.base}: {what}"] = counted(row.ratio)
    for row in times.sort_values("ratio").tail(1).itertuples():
        found[f"lower end of the largest {what}"] = counted(row.low)
        found[f"upper end of the largest {what}"] = counted(row.high)
    return found | {row.quantity: counted(row.deviation) for row in identities.itertuples()}


def _with_means(cells: pd.DataFrame, confident: str) -> pd.DataFrame:
    """Cells, their means of sources and of bases, and those of the most confident base again."""
    alone, both = cells["source"] != MEAN, cells["source"].isin(HH)
    keys = ["scheme", "metric", "base", "source"]
    tables = [
        cells,
        cells[both].assign(source=BOTH).groupby(keys)[VALUES].mean().reset_index(),
        cells[alone & ~both].assign(source=OTHERS).groupby(keys)[VALUES].mean().reset_index(),
    ]
    rows = pd.concat(tables)
    every = rows.assign(base=EVERY).groupby(keys)[VALUES].mean().reset_index()
    return pd.concat([rows, every, rows[rows["base"] == confident].assign(base=CONFIDENT)])


def _label(base: str, bases: Sequence[str]) -> str:
    """What criteria call a base: the ends go by their rank."""
    ends = {bases[-1]: "largest base", bases[0]: "smallest base"}
    return base if base in (EVERY, CONFIDENT) else ends.get(base, f"base {base}")


def _accuracies(
    by: Mapping[str, pd.DataFrame], bases: Sequence[str], sources: Sequence[str]
) -> dict[str, Quantity]:
    """Differences of accuracies; `by` has ours and the paper's by scheme."""
    found, (small, large) = {}, (bases[0], bases[-1])
    lost, gap = (by[one].loc["accuracy"] - by[MULTITASK].loc["accuracy"] for one in (TOP, MORE))
    for name in (*sources, MEAN):
        found[f"smallest base, {name}: accuracy of Top minus MultiTask"] = lost.loc[small, name]
    for name in (*HH, BOTH):
        text = "accuracy of Top minus MultiTask at the smallest base, less that at the largest"
        found[f"{name}: {text}"] = lost.loc[small, name] - lost.loc[large, name]
    for name in (*sources, OTHERS):
        if name not in HH:
            found[f"largest base, {name}: accuracy of MultiTask minus Top"] = -lost.loc[large, name]
    for base in bases:
        name = f"{_label(base, bases)}, mean: accuracy of MultiTask minus MORE"
        found[name] = -gap.loc[base, MEAN]
    found["mean of bases and sources: accuracy of MultiTask minus MORE"] = -gap.loc[EVERY, MEAN]
    for scheme in (MULTITASK, MORE):
        mean = by[scheme].loc["accuracy"].xs(MEAN, level="source")
        name = f"{SCHEME_NAMES[scheme]}: mean accuracy at"
        for first, second in pairwise(bases):
            found[f"{name} {second} minus at {first}"] = mean.loc[second] - mean.loc[first]
        found[f"{name} the largest base minus at the smallest"] = mean.loc[large] - mean.loc[small]
    return {name: measured(*gap) for name, gap in found.items()}


def _calibration(by: Mapping[str, pd.DataFrame], bases: Sequence[str]) -> dict[str, Quantity]:
    """Differences of the ECE; that in the paper's form decides nothing."""
    found = {}
    for first, second, over in COMPARED:
        less = by[first] - by[second]
        what = f"of {SCHEME_NAMES[first]} minus {SCHEME_NAMES[second]}"
        for (metric, text), base, source in product(ECES.items(), (*bases, EVERY, CONFIDENT), over):
            name = f"{_label(base, bases)}, {source}: {text} {what}"
            found[name] = measured(*less.loc[metric, base, source])
    return found


def _steps(steps: pd.DataFrame) -> dict[str, Quantity]:
    value = steps.set_index(["scheme", "measure", "base"])["value"].sort_index()
    largest, authors = (value[name, "gradient, largest"].max() for name in (MORE, PUBLIC_CODE))
    found = {
        f"largest ratio over steps {LENGTHS}": counted(largest),
        f"mean ratio over steps {LENGTHS}": measured(value[MORE, "gradient, mean"].mean()),
        f"authors' program: largest ratio over steps {LENGTHS}": measured(authors),
    }
    for base, ratio in value[MORE, "loss"].items():
        found[f"{base}: mean ratio of weighted to plain loss"] = measured(ratio)
    return found


def _without_resampling(by: Mapping[str, pd.DataFrame], main: str) -> dict[str, Quantity]:
    """With sources as they are, on the base that has this control."""

    def gap(first: str, second: str, metric: str) -> float:
        return (by[first] - by[second]).at[(metric, main, MEAN), "value"]

    found = {}
    for metric, text in (("ece", "mean ECE"), ("accuracy", "mean accuracy")):
        of_both = f"{text} of MORE minus MultiTask"
        equal, as_is = gap(MORE, MULTITASK, metric), gap(MORE_AS_IS, MULTITASK_AS_IS, metric)
        found[f"with resampling: {of_both}"] = equal
        found[f"without resampling: {of_both}"] = as_is
        found[f"{of_both}, without resampling less that with"] = as_is - equal
    text = "mean accuracy without resampling minus with"
    found[f"MultiTask: {text}"] = gap(MULTITASK_AS_IS, MULTITASK, "accuracy")
    found[f"MORE: {text}"] = gap(MORE_AS_IS, MORE, "accuracy")
    return {name: measured(value) for name, value in found.items()}
