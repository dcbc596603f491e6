"""What the claims about training schemes compare.

They are those of Figures 2 and 4, Tables 3 and 4, appendix B and the setup of paper *more*. In:
replicates, tables, identities and the time of a step. Out: quantities, by the names that the
registry's criteria use. Called by the `more_schemes` stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Claim, Registry
from proxyreward.findings.core.verdict import Quantity, counted
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.more_schemes.contrasts import (
    LABELS,
    Contrast,
    accuracy_contrasts,
    ece_contrasts,
)
from proxyreward.findings.more.more_schemes.identities import PAIRS_PER_SOURCE, SOURCES
from proxyreward.findings.more.more_schemes.printed import Printed
from proxyreward.findings.more.more_schemes.schemes import Schemes, metric_quantity
from proxyreward.findings.more.more_schemes.tables import loss_ratio
from proxyreward.vocabulary import MORE, MORE_AS_IS, MULTITASK, MULTITASK_AS_IS, PUBLIC_CODE

IDENTITIES = {
    "step": "largest difference of parameters after a step with equal weights and a plain one",
    "gradient": "largest difference of the gradients of the two losses, all parameters",
    "head": "largest difference of the closed head gradient from automatic differentiation",
}
CHANGE = "mean ECE of MORE minus MultiTask, without resampling less that with"
WITH, WITHOUT = (
    f"{what} resampling: mean ECE of MORE minus MultiTask" for what in ("with", "without")
)


def measure(
    schemes: Schemes,
    few: Schemes,
    tables: Mapping[str, pd.DataFrame],
    registry: Registry,
    seed: int,
) -> dict[str, Quantity]:
    """Measure what the claims of this finding compare.

    Parameters
    ----------
    schemes, few : Schemes
        All resamples, and fewer of them for the ECE in the paper's form, which decides nothing.
    tables : mapping of DataFrame
        `steps` of `tables.compute`; `times` of `tables.step_times`, without a row where none was
        measured; `identities` of `identities.compare`.
    registry : Registry
        The paper's printed values.
    seed : int
        Root of the resamples of steps.
    """
    which = schemes.sources, schemes.bases
    printed = Printed(registry, *which)
    found = _contrasted([*accuracy_contrasts(*which), *ece_contrasts(*which)], schemes, printed)
    found |= _contrasted(ece_contrasts(*which, "ece_paper"), few, printed)
    found |= _steps(schemes, tables["steps"], seed) | _times(tables["times"])
    deviation = tables["identities"].set_index("quantity")["deviation"]
    batch = SOURCES * PAIRS_PER_SOURCE
    found |= {text: counted(deviation[name], batch) for name, text in IDENTITIES.items()}
    return found | _without_resampling(schemes)


def notes(
    found: Mapping[str, Quantity], tables: Mapping[str, pd.DataFrame], registry: Registry
) -> dict[str, str]:
    """What stands beside a criterion, by claim."""
    told = {claim.id: _turned(claim, found) for claim in registry.measured_by("more_schemes")}
    steps = tables["steps"].set_index("scheme")
    of_more = steps.loc[[MORE]]
    shorter = np.average(of_more["shorter"], weights=of_more["steps"])
    told["more.fig2.c2"] = f"In the mean over steps the ratio is {shorter:.2f}."
    if PUBLIC_CODE in steps.index:
        longest = steps.loc[PUBLIC_CODE, "longest"]
        told["more.fig2.c2"] += f" The weights of the authors' program reach {longest:.2f}."
    timed = [
        f"[{row.low:.3f}, {row.high:.3f}] ({row.base})" for row in tables["times"].itertuples()
    ]
    if timed:
        shared = told["more.appendix.setup.c1"]
        said = f"{shared} Over the benchmark's repeats the ratio lies in {', '.join(timed)}."
        told["more.appendix.setup.c1"] = said.strip()
    told["more.table4.c1"] = "The control without resampling was not trained at this scale."
    if WITHOUT in found:
        told["more.table4.c1"] = (
            f"The two differences are {found[WITH].values[0]:.4f} and "
            f"{found[WITHOUT].values[0]:.4f}."
        )
    return told


def _contrasted(
    contrasts: Iterable[Contrast], schemes: Schemes, printed: Printed
) -> dict[str, Quantity]:
    return {
        contrast.name: metric_quantity(
            contrast.metric,
            np.asarray(contrast.of(schemes)),
            schemes.pairs(contrast.sources),
            float(contrast.of(printed)),
        )
        for contrast in contrasts
    }


def _steps(schemes: Schemes, steps: pd.DataFrame, seed: int) -> dict[str, Quantity]:
    of_more, resamples = steps[steps["scheme"] == MORE], len(schemes.draws.pairs) - 1
    lengths = (
        "largest ratio over steps of the head gradient's length under the weights to that under "
        "equal ones"
    )
    found = {lengths: counted(of_more["longest"].max(), int(of_more["steps"].sum()))}
    for row in of_more.itertuples():
        values = loss_ratio(schemes.mixtures, MORE, row.base, resamples, seed)
        found[f"{row.base}: mean ratio of weighted to plain loss"] = Quantity(values, row.steps)
    return found


def _times(times: pd.DataFrame) -> dict[str, Quantity]:
    """Of one machine, whatever the replicate; the benchmark has an interval of its own."""
    return {
        f"{row.base}: time of a step of MORE over one of MultiTask": counted(
            row.ratio, int(row.repeats)
        )
        for row in times.itertuples()
    }


def _without_resampling(schemes: Schemes) -> dict[str, Quantity]:
    """With sources as they are; nothing where that control was not trained."""
    if not schemes.has(MORE_AS_IS):
        return {}
    base, pairs = schemes.mixtures.middle, schemes.pairs(schemes.sources)

    def less(metric: str, first: str, second: str) -> np.ndarray:
        one, other = (
            schemes.value(metric, scheme, base, schemes.sources) for scheme in (first, second)
        )
        return one - other

    ece = {WITH: less("ece", MORE, MULTITASK), WITHOUT: less("ece", MORE_AS_IS, MULTITASK_AS_IS)}
    ece[CHANGE] = ece[WITHOUT] - ece[WITH]
    found = {name: metric_quantity("ece", values, pairs) for name, values in ece.items()}
    for scheme, unequal in {MULTITASK: MULTITASK_AS_IS, MORE: MORE_AS_IS}.items():
        name = f"{SCHEME_NAMES[scheme]}: mean accuracy without resampling minus with"
        found[name] = metric_quantity("accuracy", less("accuracy", unequal, scheme), pairs)
    return found


def _turned(claim: Claim, found: Mapping[str, Quantity]) -> str:
    """How many differences of ECE have another sign in the paper's form; empty if none has."""
    comparisons = [comparison for group in claim.decide for comparison in group.comparisons]
    names = {name for comparison in comparisons for name in comparison.matching(found)}
    usual, papers = (f": {LABELS[metric]} of" for metric in ("ece", "ece_paper"))
    signs = [
        [found[form].values[0] > 0 for form in (name, name.replace(usual, papers))]
        for name in names
        if usual in name
    ]
    turned = sum(one != other for one, other in signs)
    if not turned:
        return ""
    return (
        f"In the form of the ECE that the paper's numbers point to, {turned} of {len(signs)} "
        "differences have the other sign."
    )
