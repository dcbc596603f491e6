"""From estimates and thresholds to verdicts, and the scorecard file.

In: the parts of a claim's criterion, each an estimate with its interval. Out: a `Decision` with
the scorecard's fields. Called by every finding; the scorecard stage writes the file.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from proxyreward.files import write_whole
from proxyreward.findings.core import scorecard
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.scorecard import VERDICTS, Verdict
from proxyreward.metrics.resampling import Interval

Direction = Literal["above", "below", "within"]


@dataclass(frozen=True)
class Decision:
    """One row of the scorecard.

    `n` counts the units that carry the estimate: golden RMs where there is an interval, otherwise
    what the reason names. A number that does not exist is NaN, and null in the file.
    """

    claim_id: str
    verdict: Verdict
    estimate: float
    ci_low: float
    ci_high: float
    n: int
    paper_value: float
    reason: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"{self.claim_id}: verdict {self.verdict!r} is none of {VERDICTS}")
        if not self.reason:
            raise ValueError(f"{self.claim_id}: a verdict needs a reason")


@dataclass(frozen=True)
class Part:
    """One comparison of a criterion: a measured quantity against a threshold.

    `above` and `below` are strict, `within` allows equality; the whole interval decides.
    A counted quantity has no sampling error: both ends lie at its estimate (see :func:`exact`).
    """

    name: str
    estimate: float
    ci_low: float
    ci_high: float
    direction: Direction
    threshold: float
    counted: bool = False

    @property
    def verdict(self) -> Verdict:
        """Interval on the right side, on the wrong side, or across the threshold."""
        if np.isnan([self.estimate, self.ci_low, self.ci_high]).any():
            return "inconclusive"
        if self.direction == "above":
            right, wrong = self.ci_low > self.threshold, self.ci_high <= self.threshold
        elif self.direction == "below":
            right, wrong = self.ci_high < self.threshold, self.ci_low >= self.threshold
        else:
            right, wrong = self.ci_high <= self.threshold, self.ci_low > self.threshold
        return "reproduced" if right else "not reproduced" if wrong else "inconclusive"

    def describe(self) -> str:
        """Plain words: the quantity, its interval, the threshold and what follows."""
        if np.isnan(self.estimate):
            return f"{self.name} is undefined at this size"
        interval = "" if self.counted else f" [{self.ci_low:.3g}, {self.ci_high:.3g}]"
        outcome = {"reproduced": "holds", "not reproduced": "fails"}.get(self.verdict, "open")
        sign = {"above": ">", "below": "<", "within": "≤"}[self.direction]
        return f"{self.name} {self.estimate:.3g}{interval} {sign} {self.threshold:.3g}: {outcome}"


def estimated(name: str, interval: Interval, direction: Direction, threshold: float) -> Part:
    """Part whose quantity carries a bootstrap interval."""
    return Part(name, *interval, direction, threshold)


def exact(name: str, value: float, direction: Direction, threshold: float) -> Part:
    """Part whose quantity is counted, not sampled."""
    return Part(name, *[float(value)] * 3, direction, threshold, counted=True)


def invariant(name: str, deviation: float, tolerance: float) -> Part:
    """Definition checked as an identity: its largest deviation must stay within the tolerance."""
    return exact(f"{name}: largest deviation", deviation, "within", tolerance)


def conjunction(verdicts: Iterable[Verdict | None]) -> Verdict:
    """Verdict on a criterion all of whose parts must hold; None is a part not run yet."""
    found = list(verdicts)
    if "not reproduced" in found:
        return "not reproduced"
    return "reproduced" if found and set(found) == {"reproduced"} else "inconclusive"


def one_of(parts: Sequence[Part]) -> Part:
    """The part that decides a criterion which holds if one of its parts does.

    That is the part with the best verdict, and among those the one whose interval keeps the
    largest distance from its threshold: reproduced if one part is, not reproduced if all are.
    Picking the best of k needs intervals of level 1 - 0.05 / k (Bonferroni), or chance alone
    would soon find one.
    """

    def standing(part: Part) -> tuple[int, float]:
        rank = ("not reproduced", "inconclusive", "reproduced").index(part.verdict)
        above = part.direction == "above"
        margin = part.ci_low - part.threshold if above else part.threshold - part.ci_high
        return rank, -np.inf if np.isnan(margin) else margin

    return max(parts, key=standing)


def decide_claim(
    claim_id: str,
    parts: Sequence[Part],
    n: int,
    *,
    shown: Part | None = None,
    paper_value: float = np.nan,
    scope: str = "",
    missing: str = "",
    note: str = "",
) -> Decision:
    """Decide a claim whose criterion is the conjunction of `parts`.

    Parameters
    ----------
    claim_id : str
        Id in the registry.
    parts : sequence of Part
        Everything measured.
    n : int
        Units that carry the estimate.
    shown : Part, optional
        Part whose numbers go into the row; default the first.
    paper_value : float
        The paper's number for the shown part.
    scope : str
        What the parts cover, put before them in the reason, such as "Best-of-n".
    missing : str
        A part of the criterion that has not been run; without it the claim can be refuted but
        not reproduced.
    note : str
        A sentence put at the end of the reason; it does not decide.
    """
    shown = shown or parts[0]
    known: list[Verdict | None] = [part.verdict for part in parts]
    verdict = conjunction([*known, None] if missing else known)
    reason = "; ".join(part.describe() for part in parts) + "."
    if scope:
        reason = f"{scope}: {reason}"
    if missing and verdict != "not reproduced":
        state = "holds so far" if conjunction(known) == "reproduced" else "is open so far"
        reason += f" What was run {state}; {missing} is not run yet."
    if note:
        reason = f"{reason} {note}"
    ends = (np.nan, np.nan) if shown.counted else (shown.ci_low, shown.ci_high)
    return Decision(claim_id, verdict, shown.estimate, *ends, n, paper_value, reason)


def write_scorecard(path: Path, decisions: Iterable[Decision], registry: Registry) -> None:
    """Write decisions as JSON, sorted by claim, same decisions giving the same bytes.

    Raises
    ------
    ValueError
        If a claim is decided twice or not in the registry, or its numbers contradict each other.
    """
    rows = sorted(decisions, key=lambda decision: decision.claim_id)
    records = [{key: _plain(value) for key, value in asdict(row).items()} for row in rows]
    scorecard.check(records, registry)
    text = json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, text + "\n")


def read_scorecard(path: Path, registry: Registry | None = None) -> list[Decision]:
    """Read what :func:`write_scorecard` wrote; null becomes NaN.

    Errors as of `scorecard.read`.
    """
    return [
        Decision(**{key: np.nan if value is None else value for key, value in row.items()})
        for row in scorecard.read(path, registry)
    ]


def _plain(value: object) -> object:
    """JSON form: six significant digits, null for a number that does not exist."""
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
