"""What the claims of Finding 4 have in common: coefficients as arrays, and parts of criteria.

In: the long tables of `draws.compute`. Out: arrays, intervals and parts. Called by `claims` and
`metric_claims`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.core.verdict import Decision, Part, decide_claim, exact
from proxyreward.findings.rethinking.repeats import Resampled, as_array
from proxyreward.metrics.resampling import Interval


@dataclass(frozen=True)
class Coefficients(Resampled):
    """Coefficients by draw and golden RM."""

    tables: Mapping[str, pd.DataFrame]

    @property
    def goldens(self) -> int:
        """Number of golden RMs."""
        return int(self.tables["sizes"]["rms"].iloc[0])

    def metric(self, name: str, optimiser: str, statistic: str = "spearman") -> np.ndarray:
        """A metric of Table 4, shape `(draws, goldens)`."""
        rows = self.tables["metrics"].query("metric == @name and statistic == @statistic")
        return by_draw(rows, optimiser)


def by_draw(table: pd.DataFrame, optimiser: str, *by: str) -> np.ndarray:
    """The coefficients of one optimiser as `(*by, draws, goldens)`."""
    return as_array(table[table["optimiser"] == optimiser], *by)


def magnitude(difference: Interval) -> Interval:
    """Interval of an absolute value; resampling the absolute value itself would push it up."""
    estimate, *ends = (abs(value) for value in difference)
    low = 0.0 if difference.low <= 0 <= difference.high else min(ends)
    return Interval(estimate, low, max(ends))


def includes_zero(name: str, interval: Interval) -> Part:
    """Part that holds if the interval includes 0."""
    text = f"{name} {interval.estimate:.3g} [{interval.low:.3g}, {interval.high:.3g}]"
    away = float(np.max([interval.low, -interval.high, 0.0]))
    return exact(f"{text}, whose distance from 0 is", away, "within", 0.0)


def every(
    claim_id: str,
    parts: Sequence[Part],
    n: int,
    paper: Mapping[str, float] | None = None,
    note: str = "",
) -> Decision:
    """Decide that every part holds, and tell the weakest of many.

    The verdict on a conjunction is that of its weakest part.
    """
    weakest = min(parts, key=_standing)
    held, failed = (
        sum(part.verdict == verdict for part in parts)
        for verdict in ("reproduced", "not reproduced")
    )
    count = (
        f"This is the weakest of {len(parts)} comparisons, all of which must hold: {held} hold, "
        f"{failed} fail, {len(parts) - held - failed} are open."
    )
    return decide_claim(
        claim_id,
        [weakest],
        n,
        paper_value=(paper or {}).get(weakest.name, np.nan),
        note=f"{count} {note}".strip(),
    )


def _standing(part: Part) -> tuple[int, float]:
    """Order of parts from failing to holding."""
    order = ("not reproduced", "inconclusive", "reproduced").index(part.verdict)
    margin = (part.estimate - part.threshold) * (1 if part.direction == "above" else -1)
    return order, float(np.nan_to_num(margin, nan=-np.inf))
