"""The one rule that turns measured quantities into verdicts.

In: the quantities of a finding, each with its interval, and the registry's criteria. Out: a
`Decision` for each claim and the table of all comparisons. Called by the stage `scorecard`.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from proxyreward.findings.core.criterion import Comparison, Group
from proxyreward.findings.core.quantity import LEVEL, Quantity
from proxyreward.findings.core.registry import BY_CODE, PRINTED, Claim, Registry
from proxyreward.findings.core.scorecard import Decision, Verdict
from proxyreward.metrics.estimates import Interval

if TYPE_CHECKING:
    from proxyreward.findings.core.controls import Control

Outcome = Literal["holds", "fails", "no difference", "open", "beside"]
STRENGTH: tuple[Outcome, ...] = ("fails", "no difference", "open", "holds")
SAID: dict[Outcome, tuple[str, str]] = {
    "holds": ("holds", "hold"),
    "fails": ("fails", "fail"),
    "no difference": ("shows no difference", "show no difference"),
    "open": ("is open", "are open"),
}
RIGHT = {">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal}
COLUMNS = [
    "claim", "group", "quantity", "estimate", "low", "high", "sign", "threshold", "margin",
    "confirm", "refute", "outcome", "n", "own", "paper",
]  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A comparison on one quantity, and the levels at which it may hold and fail."""

    name: str
    comparison: Comparison
    quantity: Quantity
    confirm: float
    refute: float

    @functools.cached_property
    def usual(self) -> Interval:
        """Interval of level 0.95, which tables show."""
        return self.quantity.interval(LEVEL)

    @functools.cached_property
    def outcome(self) -> Outcome:
        """Where the interval lies, at the level that the place in the claim asks for."""
        if self.comparison.sign == "beside":
            return "beside"
        confirm, refute = map(self.quantity.interval, (self.confirm, self.refute))
        # Where an end is NaN, nothing is beyond it and nothing within.
        sign, threshold = self.comparison.sign, self.comparison.threshold
        margin = self.comparison.margin or 0.0
        least, most = threshold - margin, threshold + margin
        if sign == ">":
            right, wrong = confirm.low > threshold, refute.high <= threshold
        elif sign == "<":
            right, wrong = confirm.high < threshold, refute.low >= threshold
        elif sign == ">=":
            right, wrong = confirm.low >= least, refute.high < least
        elif sign == "<=":
            right, wrong = confirm.high <= most, refute.low > most
        else:
            right, wrong = self._small(confirm), refute.low > most or refute.high < least
        strict = sign in (">", "<")
        if strict and self._small(refute):
            return "no difference"
        if right and not (strict and self._small(confirm)):
            return "holds" if not self.comparison.least or self._often_enough else "fails"
        return "fails" if wrong else "open"

    @property
    def right(self) -> int:
        """How many replicates are themselves on the right side of the threshold."""
        with np.errstate(invalid="ignore"):
            on = RIGHT[self.comparison.sign](self.quantity.values, self.comparison.threshold)
        return int(on.sum())  # NaN is on neither side

    @property
    def _often_enough(self) -> bool:
        return self.right >= round(self.comparison.least * self.quantity.n, 9)

    def _small(self, found: Interval) -> bool:
        """Whether an interval lies within what does not matter, if there is such a margin."""
        threshold, margin = self.comparison.threshold, self.comparison.margin
        return margin is not None and (
            threshold - margin <= found.low and found.high <= threshold + margin
        )

    @property
    def slack(self) -> float:
        """Distance of the estimate from the threshold to the right side, in interval lengths."""
        estimate, low, high = self.usual
        distance = estimate - self.comparison.threshold
        if self.comparison.sign == "~":
            distance = self.comparison.margin - abs(distance)
        elif self.comparison.sign[0] != ">":
            distance = -distance
        length = high - low
        return float(np.nan_to_num(distance / length if length > 0 else distance, nan=-np.inf))

    def row(self) -> tuple:
        """The values of :data:`COLUMNS` from `quantity` on."""
        rule = self.comparison
        margin = np.nan if rule.margin is None else rule.margin
        return (
            self.name, *self.usual, rule.sign, rule.threshold, margin, self.confirm, self.refute,
            self.outcome, self.quantity.n, self.quantity.own, self.quantity.paper,
        )  # fmt: skip

    def __str__(self) -> str:
        """Plain words: the quantity, its interval, the comparison and what follows."""
        estimate, low, high = self.usual
        if np.isnan(estimate):
            return f"{self.name} is undefined at this size"
        known = not (self.quantity.is_counted or np.isnan(low))
        interval = f" [{low:.3g}, {high:.3g}]" if known else ""
        value = f"{self.name} = {estimate:.3g}{interval}"
        return f"{value}, asked {self.comparison.rule}: {self.outcome}"


def judge(criteria: Sequence[Group], quantities: Mapping[str, Quantity]) -> list[list[Judged]]:
    """The comparisons of a criterion in groups all of which must hold; one of a group is enough.

    To say that all of k groups hold needs no correction, as each has to hold by itself; to say that
    one of them fails does, as the worst of k is picked: its interval has level 1 - 0.05 / k. Within
    a group of m it is the other way round: one that holds is picked, and the group fails only if
    all do. A group is empty where its quantities are not measured.
    """
    groups: list[list[tuple[str, Comparison]]] = []
    for group in criteria:
        found = [(name, c) for c in group.comparisons for name in c.matching(quantities)]
        groups += [found] if group.one_is_enough or not found else [[one] for one in found]
    refute = _corrected(len(groups))
    return [
        [Judged(*one, quantities[one[0]], _corrected(len(group)), refute) for one in group]
        for group in groups
    ]


def verdict_of(
    groups: Iterable[Sequence[Judged]],
    kind: str = PRINTED,
    control: Iterable[Sequence[Judged]] = (),
) -> Verdict:
    """Verdict on a claim all of whose groups must hold.

    One that fails, or shows no difference that matters, refutes it; if none shows a difference, the
    verdict says so. A definition, or what is so by construction, has its kind as its verdict if it
    holds.
    Before all that its positive control has to hold: where the effect that the experiment needs is
    missing, the claim cannot be tested, and where it is open, nothing can be concluded.
    """
    works = {_standing(group) for group in control}
    if works - {"holds", "open"}:
        return "not testable here"
    if "open" in works:
        return "inconclusive"
    found = {_standing(group) for group in groups}
    if found == {"no difference"}:
        return "no difference"
    if found & {"fails", "no difference"}:
        return "not reproduced"
    if "" in found:
        return "not testable here"
    if found != {"holds"}:
        return "inconclusive"
    return kind if kind in BY_CODE else "reproduced"


def decide(
    finding: str,
    quantities: Mapping[str, Quantity],
    registry: Registry,
    controls: Sequence["Control"] = (),
    controlled: Mapping[str, Quantity] | None = None,
) -> tuple[list[Decision], pd.DataFrame]:
    """Decide the claims of a finding.

    Parameters
    ----------
    finding
        Its name in the registry.
    quantities
        What it has measured, by name, over replicates.
    registry
        Criteria, as data.
    controls, controlled
        Positive controls of the whole project, and what was measured of them: a claim that rests on
        one has it beside its own.

    Returns
    -------
    list of Decision
        In the order of the registry.
    DataFrame
        Every comparison, with the columns of :data:`COLUMNS`: those of the positive control in
        groups -1, -2, …, those that decide in groups 1, 2, …, and in group 0, with outcome
        `beside`, what a claim shows beside them.
    """
    decisions, rows = [], []
    for claim in registry.measured_by(finding):
        control, groups = (judge(lines, quantities) for lines in (claim.control, claim.decide))
        shared = [Group((one.comparison,)) for one in controls if one.carries(claim.id)]
        control += judge(shared, controlled or {})
        decisions.append(_decision(claim, groups, control))
        decided = {part.name for group in groups for part in group}
        lines = [Comparison(line, "beside", np.nan) for line in claim.beside]
        names = dict.fromkeys(name for line in lines for name in line.matching(quantities))
        beside = [
            Group((Comparison(name, "beside", np.nan),)) for name in names if name not in decided
        ]
        numbered = [(-number, group) for number, group in enumerate(control, start=1)]
        numbered += list(enumerate(groups, start=1))
        numbered += [(0, group) for group in judge(beside, quantities)]
        rows += [(claim.id, number, *part.row()) for number, group in numbered for part in group]
    return decisions, pd.DataFrame(rows, columns=COLUMNS)


def _decision(claim: Claim, groups: list[list[Judged]], control: list[list[Judged]]) -> Decision:
    parts = [part for group in groups for part in group]
    verdict = verdict_of(groups, claim.kind, control)
    why = claim.why.get(verdict, "")
    if not parts:
        said = claim.note or "What it compares is not measured at this scale."
        return Decision(claim.id, verdict, *[np.nan] * 3, 0, np.nan, said, why)
    primary = Comparison(claim.primary, ">", 0) if claim.primary else parts[0].comparison
    named = set(primary.matching([part.name for part in parts]))
    # Of a group the part that is enough; of several groups the one closest to breaking the claim.
    decisive = [max(group, key=_strength) for group in groups if group]
    shown = min(decisive, key=lambda part: (part.name not in named, _strength(part)))
    told = [f"{shown}."]
    if len(parts) > 1:
        outcomes = [part.outcome for part in parts]
        counts = [(said, outcomes.count(outcome)) for outcome, said in SAID.items()]
        split = ", ".join(f"{count} {said[count > 1]}" for said, count in counts if count)
        told.append(f"Of {len(parts)} comparisons {split}.")
    if not all(groups):
        told.append("A part is not measured at this scale.")
    told += [f"Positive control: {part}." for group in control for part in group]
    if not all(control):
        told.append("The positive control is not measured at this scale.")
    (estimate, *ends), found = shown.usual, shown.quantity
    ends = [np.nan, np.nan] if found.is_counted else ends
    reason = " ".join([*told, claim.note]).strip()
    reason = reason[0].upper() + reason[1:]
    return Decision(claim.id, verdict, estimate, *ends, found.n, found.paper, reason, why)


def _standing(group: Sequence[Judged]) -> str:
    """Outcome of a group of which one is enough; empty if nothing is measured."""
    found = {part.outcome for part in group}
    if not found or "holds" in found:
        return "holds" if found else ""
    if "open" in found:
        return "open"
    return "no difference" if "no difference" in found else "fails"


def _strength(part: Judged) -> tuple[int, float]:
    return STRENGTH.index(part.outcome), part.slack


def _corrected(count: int) -> float:
    """Level of an interval that is one of `count`, any of which may be picked (Bonferroni)."""
    return 1 - (1 - LEVEL) / max(count, 1)
