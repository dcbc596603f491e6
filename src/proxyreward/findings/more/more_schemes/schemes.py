"""What each training scheme reaches on the test pairs, with common resamples.

In: margins and resamples of `mixtures`. Out: replicates of a metric, such
that any sum or difference of them is paired. Called by `tables` and `claims`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from proxyreward.findings.core.verdict import Quantity
from proxyreward.findings.more.mixtures import (
    FORMS,
    PAPER_FORM,
    STANDARD,
    Draws,
    Metric,
    Mixtures,
    accuracy,
    ece,
    interval,
    size,
)
from proxyreward.metrics.calibration import brier, log_loss
from proxyreward.metrics.resampling import Interval
from proxyreward.vocabulary import TOP

# "ece" has the form that decides; each of the `FORMS` can be asked for by its name as well.
METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "ece": ece(STANDARD),
    "ece_paper": ece(PAPER_FORM),
    "log_loss": log_loss,
    "brier": brier,
    "size": size,
}


@dataclass(frozen=True, eq=False)
class Schemes:
    """Metrics of every scheme in every resample.

    Attributes
    ----------
    mixtures, draws
        The reward models and the resamples of pairs and seeds.
    """

    mixtures: Mixtures
    draws: Draws
    _known: dict[tuple, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources of the test pairs."""
        return self.mixtures.sources

    @property
    def bases(self) -> tuple[str, ...]:
        """Bases, the smallest first."""
        return self.mixtures.bases

    def fewer(self, resamples: int) -> Schemes:
        """The same with the first resamples alone."""
        return Schemes(self.mixtures, self.draws.first(resamples))

    def has(self, scheme: str) -> bool:
        """Whether reward models of the scheme were trained."""
        return scheme == TOP or scheme in set(self.mixtures.rms["scheme"])

    def pairs(self, sources: tuple[str, ...]) -> int:
        """Number of test pairs of these sources."""
        return int(np.isin(self.mixtures.source, sources).sum())

    def value(
        self, metric: str, scheme: str, base: str, sources: tuple[str, ...], scaled: bool = False
    ) -> np.ndarray:
        """Mean of a metric over sources, shape (1 + resamples,); row 0 is the estimate.

        Parameters
        ----------
        metric : str
            A key of `METRICS` or of `FORMS`.
        scheme : str
            ``"top"`` or a scheme of `Mixtures.rms`.
        base : str
        sources : tuple of str
        scaled : bool
            After temperature scaling, see `Mixtures.scaled`.
        """
        return np.mean([self._one(metric, scheme, base, name, scaled) for name in sources], axis=0)

    def _one(self, metric: str, scheme: str, base: str, source: str, scaled: bool) -> np.ndarray:
        key = (metric, scheme, base, source, scaled)
        if key not in self._known:
            margin = self._margin(scheme, base, scaled)
            measure = ece(metric) if metric in FORMS else METRICS[metric]
            self._known[key] = self.draws.evaluate(measure, margin, source)
        return self._known[key]

    def _margin(self, scheme: str, base: str, scaled: bool) -> np.ndarray:
        key = (scheme, base, scaled)
        if key not in self._known:
            of = self.mixtures.scaled if scaled else self.mixtures.margin
            self._known[key] = of(scheme, base)
        return self._known[key]


def metric_quantity(metric: str, replicates: np.ndarray, n: int, paper: float = np.nan) -> Quantity:
    """Quantity of a metric, or of differences of it; see :func:`metric_interval`."""
    return Quantity(replicates, n, paper, recentre=_is_ece(metric))


def metric_interval(metric: str, replicates: np.ndarray) -> Interval:
    """Interval of a metric, or of differences of it; that of an ECE is recentred."""
    return interval(replicates, recentre=_is_ece(metric))


def _is_ece(metric: str) -> bool:
    return metric in FORMS or metric.startswith("ece")
