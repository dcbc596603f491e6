"""What the claims about training schemes compare.

In: tables of `measure` and `identities`. Out: quantities, by the names that the registry's criteria
use. Called by the stage `more_schemes`.
"""

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


def quantities(
    cells: pd.DataFrame, steps: pd.DataFrame, times: pd.DataFrame, identities: pd.DataFrame
) -> dict[str, Quantity]:
    """Measure what the claims of this finding compare.

    `cells`, `steps` and `times` are those of `measure`, `identities` that of `identities.compare`.
    """
    reached = _Reached(cells)
    found = _accuracies(reached) | _calibration(reached) | _steps(steps)
    what = "time of a step of MORE over one of MultiTask"
    for row in times.itertuples():  # of one machine, whatever the replicate
        found[f"{row.base}: {what}"] = counted(row.ratio)
    for row in times.nlargest(1, "ratio").itertuples():
        found[f"lower end of the largest {what}"] = counted(row.low)
        found[f"upper end of the largest {what}"] = counted(row.high)
    found |= {row.quantity: counted(row.deviation) for row in identities.itertuples()}
    return found | _without_resampling(reached)


class _Reached:
    """Cells as trained, to be added and subtracted: arrays (ours, the paper's)."""

    def __init__(self, cells: pd.DataFrame):
        keys = ["metric", "scheme", "base", "source"]
        self.values = cells[~cells["scaled"]].set_index(keys)[["value", "paper"]].sort_index()
        self.bases = list(cells["base"].unique())
        self.sources = [name for name in cells["source"].unique() if name != "mean"]
        self.others = [name for name in self.sources if name not in HH]
        # Criteria name bases by rank.
        self.labels = {base: f"base {base}" for base in self.bases}
        self.labels |= {self.bases[-1]: "largest base", self.bases[0]: "smallest base"}

    def of(self, metric: str, scheme: str, base: str, *sources: str) -> np.ndarray:
        """A metric in the mean over sources."""
        asked = [(metric, scheme, base, source) for source in sources]
        return self.values.loc[asked].to_numpy().mean(axis=0)

    def less(self, metric: str, first: str, second: str, base: str, *sources: str) -> np.ndarray:
        """The metric of the first scheme minus that of the second."""
        one, other = (self.of(metric, scheme, base, *sources) for scheme in (first, second))
        return one - other


def _accuracies(reached: _Reached) -> dict[str, Quantity]:
    small, large = reached.bases[0], reached.bases[-1]
    found = {}
    for name in reached.sources:
        lost = reached.less("accuracy", TOP, MULTITASK, small, name)
        found[f"smallest base, {name}: accuracy of Top minus MultiTask"] = lost
    for name in reached.others:
        gained = reached.less("accuracy", MULTITASK, TOP, large, name)
        found[f"largest base, {name}: accuracy of MultiTask minus Top"] = gained
    for name in HH:
        lost, later = (reached.less("accuracy", TOP, MULTITASK, b, name) for b in (small, large))
        text = "accuracy of Top minus MultiTask at the smallest base, less that at the largest"
        found[f"{name}: {text}"] = lost - later
    for base, label in reached.labels.items():
        lost = reached.less("accuracy", MULTITASK, MORE, base, "mean")
        found[f"{label}, mean: accuracy of MultiTask minus MORE"] = lost
    for scheme, (first, second) in product((MULTITASK, MORE), pairwise(reached.bases)):
        one, other = (reached.of("accuracy", scheme, base, "mean") for base in (second, first))
        found[f"{SCHEME_NAMES[scheme]}: mean accuracy at {second} minus at {first}"] = one - other
    return {name: measured(*gap) for name, gap in found.items()}


def _calibration(reached: _Reached) -> dict[str, Quantity]:
    """Differences of the ECE; in the paper's form, which decides nothing, not on each source."""
    single, others = [(name, [name]) for name in reached.sources], reached.others
    mean, hh = [("mean", ["mean"])], [(name, [name]) for name in HH]
    compared = [
        *((RAW, scheme, single, mean) for scheme in (TOP, MULTITASK, MORE)),
        (MULTITASK, TOP, single, mean),
        (MULTITASK, MORE, hh + mean, hh + mean),
        (TOP, MORE, hh, hh),
        (MORE, TOP, *2 * ([("mean of the others", others)],)),
    ]
    found = {}
    for base, (first, second, *over) in product(reached.bases, compared):
        what = f"of {SCHEME_NAMES[first]} minus {SCHEME_NAMES[second]}"
        for (metric, text), asked in zip(ECES.items(), over, strict=True):
            for label, sources in asked:
                gap = reached.less(metric, first, second, base, *sources)
                found[f"{reached.labels[base]}, {label}: {text} {what}"] = measured(*gap)
    return found


def _steps(steps: pd.DataFrame) -> dict[str, Quantity]:
    value = steps.set_index(["scheme", "measure", "base"])["value"].sort_index()
    found = {f"largest ratio over steps {LENGTHS}": counted(value[MORE, "gradient, largest"].max())}
    found[f"mean ratio over steps {LENGTHS}"] = measured(value[MORE, "gradient, mean"].mean())
    if PUBLIC_CODE in value:
        longest = value[PUBLIC_CODE, "gradient, largest"].max()
        found[f"authors' program: largest ratio over steps {LENGTHS}"] = measured(longest)
    for base, ratio in value[MORE, "loss"].items():
        found[f"{base}: mean ratio of weighted to plain loss"] = measured(ratio)
    return found


def _without_resampling(reached: _Reached) -> dict[str, Quantity]:
    """With sources as they are; nothing where that control was not trained."""
    trained = reached.values.reset_index().query("scheme == @MORE_AS_IS")
    if trained.empty:
        return {}
    base = trained["base"].iloc[0]
    gaps = [
        reached.less("ece", *pair, base, "mean")[0]
        for pair in ((MORE, MULTITASK), (MORE_AS_IS, MULTITASK_AS_IS))
    ]
    of_both = "mean ECE of MORE minus MultiTask"
    found = {f"{what} resampling: {of_both}": g for what, g in zip(("with", "without"), gaps)}
    found[f"{of_both}, without resampling less that with"] = gaps[1] - gaps[0]
    for scheme, unequal in {MULTITASK: MULTITASK_AS_IS, MORE: MORE_AS_IS}.items():
        name = f"{SCHEME_NAMES[scheme]}: mean accuracy without resampling minus with"
        found[name] = reached.less("accuracy", unequal, scheme, base, "mean")[0]
    return {name: measured(value) for name, value in found.items()}
