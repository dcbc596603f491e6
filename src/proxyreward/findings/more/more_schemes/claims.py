"""What the claims about training schemes compare.

In: tables of `measure` and `identities`. Out: quantities, by the names that the registry's criteria
use. Called by the stage `more_schemes`.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import pandas as pd

from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import OVER_CONFIDENT
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
    cells: pd.DataFrame,
    steps: pd.DataFrame,
    times: pd.DataFrame,
    identities: pd.DataFrame,
    factors: Mapping[str, float],
) -> dict[str, Quantity]:
    """Measure what the claims of this finding compare.

    `cells`, `steps` and `times` are those of `measure`, `identities` that of `identities.compare`,
    `factors` that of `mixtures.over_confidence`.
    """
    bases, names = list(cells["base"].unique()), list(cells["source"].unique())
    trained = cells[~cells["scaled"]]
    others = trained[~trained["source"].isin([*HH, MEAN])]
    mean = others.groupby(["scheme", "metric", "base"])[["value", "paper"]].mean().reset_index()
    rows = pd.concat([trained, mean.assign(source=OTHERS)])
    rows = rows.set_index(["metric", "base", "source"]).sort_index()
    by = {scheme: own[["value", "paper"]] for scheme, own in rows.groupby("scheme")}
    labels = {base: f"base {base}" for base in bases}  # criteria call the ends by their rank
    labels |= {bases[-1]: "largest base", bases[0]: "smallest base"}
    names.remove(MEAN)
    found = _accuracies(by, labels, names) | _calibration(by, labels, names)
    found |= _without_resampling(by, bases[-1]) | _steps(steps)
    for base, factor in factors.items():
        found[f"{labels[base]}: {OVER_CONFIDENT}"] = measured(factor)
    what = "time of a step of MORE over one of MultiTask"
    for row in times.itertuples():  # of one machine, whatever the replicate
        found[f"{row.base}: {what}"] = counted(row.ratio)
    for row in times.sort_values("ratio").tail(1).itertuples():
        found[f"lower end of the largest {what}"] = counted(row.low)
        found[f"upper end of the largest {what}"] = counted(row.high)
    return found | {row.quantity: counted(row.deviation) for row in identities.itertuples()}


def _accuracies(
    by: Mapping[str, pd.DataFrame], labels: Mapping[str, str], sources: Sequence[str]
) -> dict[str, Quantity]:
    """Differences of accuracies; `by` has ours and the paper's by scheme."""
    bases, found = list(labels), {}
    lost, gap = (by[one].loc["accuracy"] - by[MULTITASK].loc["accuracy"] for one in (TOP, MORE))
    for name in sources:
        small, large = lost.loc[bases[0], name], lost.loc[bases[-1], name]
        found[f"smallest base, {name}: accuracy of Top minus MultiTask"] = small
        if name in HH:
            text = "accuracy of Top minus MultiTask at the smallest base, less that at the largest"
            found[f"{name}: {text}"] = small - large
        else:
            found[f"largest base, {name}: accuracy of MultiTask minus Top"] = -large
    for base, label in labels.items():
        found[f"{label}, mean: accuracy of MultiTask minus MORE"] = -gap.loc[base, MEAN]
    for scheme, (first, second) in product((MULTITASK, MORE), pairwise(bases)):
        one, other = (by[scheme].loc["accuracy", base, MEAN] for base in (second, first))
        name = f"{SCHEME_NAMES[scheme]}: mean accuracy at {second} minus at {first}"
        found[name] = one - other
    return {name: measured(*gap) for name, gap in found.items()}


def _calibration(
    by: Mapping[str, pd.DataFrame], labels: Mapping[str, str], sources: Sequence[str]
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
    for first, second, *over in compared:
        less = by[first] - by[second]
        what = f"of {SCHEME_NAMES[first]} minus {SCHEME_NAMES[second]}"
        for (metric, text), asked in zip(ECES.items(), over, strict=True):
            for (base, label), source in product(labels.items(), asked):
                name = f"{label}, {source}: {text} {what}"
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

    equal, as_is = gap(MORE, MULTITASK, "ece"), gap(MORE_AS_IS, MULTITASK_AS_IS, "ece")
    of_both, accuracy = "mean ECE of MORE minus MultiTask", "mean accuracy without resampling"
    found = {
        f"with resampling: {of_both}": equal,
        f"without resampling: {of_both}": as_is,
        f"{of_both}, without resampling less that with": as_is - equal,
        f"MultiTask: {accuracy} minus with": gap(MULTITASK_AS_IS, MULTITASK, "accuracy"),
        f"MORE: {accuracy} minus with": gap(MORE_AS_IS, MORE, "accuracy"),
    }
    return {name: measured(value) for name, value in found.items()}
