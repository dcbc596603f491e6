"""Claims about the training schemes: Figures 2 and 4, Tables 3 and 4, appendix B and the setup.

In: replicates, tables, identities and the time of a step. Out: the comparisons behind each claim,
and decisions for the scorecard. Called by the `more_schemes` stage.

All parts of a criterion must hold. One that fails refutes the claim, so a part of k fails only if
its interval of level 1 - 0.05 / k lies on the wrong side: among many parts, chance alone would
soon find one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import (
    Decision,
    Direction,
    Part,
    decide_claim,
    estimated,
    exact,
    invariant,
)
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.more_schemes.contrasts import (
    Value,
    accuracy_contrasts,
    ece_contrasts,
    others,
)
from proxyreward.findings.more.more_schemes.identities import PAIRS_PER_SOURCE, SOURCES
from proxyreward.findings.more.more_schemes.printed import Printed
from proxyreward.findings.more.more_schemes.schemes import Schemes, metric_interval
from proxyreward.metrics.resampling import Interval
from proxyreward.vocabulary import HH, MORE, MORE_AS_IS, MULTITASK, MULTITASK_AS_IS, PUBLIC_CODE

POINT = 0.01  # of accuracy: what counts as comparable
LIKE = 0.1  # how far the mean ratio of two losses may lie from 1
DEARER = 1.1  # time of a step of MORE over one of MultiTask
SAME = 1e-6  # gradients of two losses
ROUNDED = 1e-5  # steps are written to six digits
LISTED = 3  # parts that a reason spells out


@dataclass(frozen=True)
class Criterion:
    """What decides a claim: parts all of which must hold.

    `n` counts what `unit` names; `paper` holds the paper's number for parts that have one.
    """

    parts: list[Part]
    n: int
    unit: str = "test pairs"
    paper: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    missing: str = ""


def criteria(
    schemes: Schemes,
    few: Schemes,
    tables: Mapping[str, pd.DataFrame],
    registry: Registry,
) -> dict[str, Criterion]:
    """Every comparison behind every claim of this finding, by the claim's id.

    Parameters
    ----------
    schemes, few : Schemes
        All resamples, and fewer of them for the ECE in the paper's form.
    tables : mapping of DataFrame
        `steps` of `tables.compute`; `times` of `tables.step_times`, without a row where none was
        measured; `identities` of `identities.compare`.
    registry : Registry
        The paper's printed values.
    """
    printed = Printed(registry, schemes.sources, schemes.bases)
    found = _about_accuracy(schemes, printed) | _about_ece(schemes, few, printed)
    found |= _about_steps(tables["steps"]) | _about_identities(tables["identities"])
    found["table4.c1"] = _without_resampling(schemes)
    found["appendix.setup.c1"] = _at_low_cost(found["table3.c2"], tables["times"])
    claims = [claim.id for claim in registry.claims("more")]
    return {name: found[own] for name in claims if (own := name.removeprefix("more.")) in found}


def decide(found: Mapping[str, Criterion]) -> list[Decision]:
    """Decide each claim; a reason spells out the parts that matter most."""
    return [_decision(name, criterion) for name, criterion in found.items()]


def parts_table(found: Mapping[str, Criterion]) -> pd.DataFrame:
    """Every comparison: claim, part, estimate, low, high, direction, threshold, verdict, paper."""
    rows = [
        (name, part.name, part.estimate, part.ci_low, part.ci_high, part.direction, part.threshold,
         part.verdict, criterion.paper.get(part.name, np.nan))
        for name, criterion in found.items() for part in criterion.parts
    ]  # fmt: skip
    names = ["claim", "part", *Interval._fields, "direction", "threshold", "verdict", "paper"]
    return pd.DataFrame(rows, columns=names)


def _about_accuracy(schemes: Schemes, printed: Printed) -> dict[str, Criterion]:
    ours, paper = accuracy_contrasts(schemes), accuracy_contrasts(printed)
    rules: dict[str, tuple[Direction, float]] = {
        "fig4.c6": ("below", POINT),
        # Equality is enough: MORE is behind by no more than 0.
        "table3.c1": ("within", 0.0),
    }
    found = {}
    for name, contrasts in ours.items():
        sources = {"fig4.c2": others(schemes.sources), "fig4.c3": HH}.get(name, schemes.sources)
        direction, threshold = rules.get(name, ("above", 0.0))
        found[name] = Criterion(
            _parts("accuracy", contrasts, direction, threshold, folded=name == "fig4.c6"),
            schemes.pairs(sources),
            paper=paper[name],
        )
    return found


def _about_ece(schemes: Schemes, few: Schemes, printed: Printed) -> dict[str, Criterion]:
    ours, paper = ece_contrasts(schemes), ece_contrasts(printed)
    in_papers_form = ece_contrasts(few, "ece_paper")
    found = {}
    for name, contrasts in ours.items():
        signs = [(contrasts[part][0] > 0, in_papers_form[name][part][0] > 0) for part in contrasts]
        turned = sum(one != other for one, other in signs)
        note = (
            f"In the form of the ECE that the paper's numbers point to, {turned} of "
            f"{len(signs)} differences have the other sign."
        )
        found[name] = Criterion(
            _parts("ece", contrasts),
            schemes.pairs(HH if name == "fig4.c8" else schemes.sources),
            paper=paper[name],
            note=note if turned else "",
        )
    return found


def _about_steps(steps: pd.DataFrame) -> dict[str, Criterion]:
    of_more = steps[steps["scheme"] == MORE]
    count = int(of_more["steps"].sum())
    shorter = np.average(of_more["shorter"], weights=of_more["steps"])
    note = f"In the mean over steps the ratio is {shorter:.2f}."
    other = steps[steps["scheme"] == PUBLIC_CODE]
    if len(other):
        note += f" The weights of the authors' program reach {other['longest'].item():.2f}."
    lengths = exact(
        "largest ratio over steps of the head gradient's length under the weights to that under "
        "equal ones",
        of_more["longest"].max(),
        "within",
        1 + ROUNDED,
    )
    losses = [
        estimated(
            f"{row.base}: weighted over plain loss, how far its mean is from 1",
            _folded(Interval(row.estimate - 1, row.low - 1, row.high - 1)),
            "within",
            LIKE,
        )
        for row in of_more.itertuples()
    ]
    ratios = ", ".join(f"{row.estimate:.3f}" for row in of_more.itertuples())
    return {
        "fig2.c2": Criterion([lengths], count, "steps", note=note),
        "appendix.decomposition.c2": Criterion(
            losses, count, "steps", note=f"The ratios are {ratios}; steps and seeds are resampled."
        ),
    }


def _about_identities(identities: pd.DataFrame) -> dict[str, Criterion]:
    deviation = identities.set_index("quantity")["deviation"]
    n, unit = SOURCES * PAIRS_PER_SOURCE, "pairs in a batch"
    gradients = {
        "gradient": "largest difference of the gradients of the two losses, all parameters",
        "head": "largest difference of the closed head gradient from automatic differentiation",
    }
    return {
        "fig2.c1": Criterion(
            [invariant("parameters after a step", deviation["step"], 0.0)], n, unit
        ),
        "appendix.decomposition.c1": Criterion(
            [exact(text, deviation[name], "below", SAME) for name, text in gradients.items()],
            n,
            unit,
        ),
    }


def _without_resampling(schemes: Schemes) -> Criterion:
    """With sources as they are; no parts where that control was not trained."""
    pairs = schemes.pairs(schemes.sources)
    if not schemes.has(MORE_AS_IS):
        return Criterion([], pairs)
    base, as_is = schemes.mixtures.middle, {MULTITASK: MULTITASK_AS_IS, MORE: MORE_AS_IS}

    def value(metric: str, scheme: str) -> np.ndarray:
        return schemes.value(metric, scheme, base, schemes.sources)

    with_it = value("ece", MORE) - value("ece", MULTITASK)
    without = value("ece", MORE_AS_IS) - value("ece", MULTITASK_AS_IS)
    parts = [
        estimated(
            f"{base}: mean ECE of MORE minus MultiTask with resampling, times that without",
            metric_interval("ece", with_it * without),
            "above",
            0.0,
        )
    ]
    for scheme, unequal in as_is.items():
        change = metric_interval("accuracy", value("accuracy", unequal) - value("accuracy", scheme))
        parts.append(
            exact(
                f"size of the change of mean accuracy of {SCHEME_NAMES[scheme]}",
                abs(change.estimate),
                "within",
                (change.high - change.low) / 2,
            )
        )
    note = (
        f"The two differences are {with_it[0]:.4f} and {without[0]:.4f}; a product above 0 says "
        "that they have one sign. A change of accuracy has to lie within half its interval."
    )
    return Criterion(parts, pairs, note=note)


def _at_low_cost(calibrated: Criterion, times: pd.DataFrame) -> Criterion:
    """The mean ECE of table3.c2, and the time of a step."""
    ratios = ", ".join(f"{row.ratio:.3f} ({row.base})" for row in times.itertuples())
    told = f"A step takes {ratios} times as long. " if ratios else ""
    clocked = [
        estimated(
            f"{row.base}: time of a step of MORE over one of MultiTask",
            Interval(row.ratio, row.low, row.high),
            "below",
            DEARER,
        )
        for row in times.itertuples()
    ]
    return Criterion(
        [*calibrated.parts, *clocked],
        calibrated.n,
        paper=calibrated.paper,
        note=(told + calibrated.note).strip(),
        missing="" if clocked else "the benchmark of a step",
    )


def _parts(
    metric: str,
    contrasts: Mapping[str, Value],
    direction: Direction = "above",
    threshold: float = 0.0,
    folded: bool = False,
) -> list[Part]:
    """Parts with intervals of level 0.95, those that fail by it with one of level 1 - 0.05 / k."""

    def part(name: str, replicates: Value, level: float) -> Part:
        found = metric_interval(metric, np.asarray(replicates), level)
        return estimated(name, _folded(found) if folded else found, direction, threshold)

    found = []
    for name, replicates in contrasts.items():
        usual = part(name, replicates, 0.95)
        fails = usual.verdict == "not reproduced"
        found.append(part(name, replicates, 1 - 0.05 / len(contrasts)) if fails else usual)
    return found


def _folded(interval: Interval) -> Interval:
    """Interval of the absolute value."""
    ends = abs(interval.low), abs(interval.high)
    return Interval(
        abs(interval.estimate), 0.0 if interval.low < 0 < interval.high else min(ends), max(ends)
    )


def _decision(name: str, criterion: Criterion) -> Decision:
    parts, note = criterion.parts, criterion.note
    if not parts:
        reason = "The control without resampling was not trained at this scale."
        return Decision(name, "not testable here", *[np.nan] * 3, 0, np.nan, reason)
    decisive = _decisive(parts)
    listed = list(parts) if len(parts) <= LISTED else decisive[:LISTED]
    if len(parts) > LISTED:
        verdicts = [part.verdict for part in parts]
        counts = [verdicts.count(v) for v in ("reproduced", "not reproduced", "inconclusive")]
        told = "Of {} parts {} hold, {} fail and {} are open.".format(len(parts), *counts)
        note = f"{told} {note}".strip()
    shown = decisive[0]
    return decide_claim(
        name,
        listed,
        criterion.n,
        shown=shown,
        paper_value=float(criterion.paper.get(shown.name, np.nan)),
        scope=f"{criterion.n} {criterion.unit}",
        missing=criterion.missing,
        note=note,
    )


def _decisive(parts: Sequence[Part]) -> list[Part]:
    """The parts whose verdict is that of the whole, the furthest on the wrong side first."""
    groups = [
        [part for part in parts if part.verdict == verdict]
        for verdict in ("not reproduced", "inconclusive", "reproduced")
    ]
    return sorted(next(group for group in groups if group), key=_slack)


def _slack(part: Part) -> float:
    """Distance from the threshold to the right side, in lengths of the interval."""
    distance = part.estimate - part.threshold
    distance = distance if part.direction == "above" else -distance
    length = part.ci_high - part.ci_low
    return float(np.nan_to_num(distance / length if length > 0 else distance, nan=-np.inf))
