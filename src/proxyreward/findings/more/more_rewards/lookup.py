"""Replicates by name, for the claims of the finding on over-rewarding.

In: the frames of `tables.compute`, the registry. Out: rows of replicates, differences of ECE, and
the paper's numbers. Called by `claims`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Part, estimated
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import interval
from proxyreward.findings.more.more_rewards.replicates import AS_TRAINED, READINGS
from proxyreward.findings.more.more_rewards.tables import paper_values
from proxyreward.vocabulary import HH, RAW


def minus(scheme: str, baseline: str) -> str:
    """A difference of two schemes in words."""
    return f"{SCHEME_NAMES[scheme]} minus {SCHEME_NAMES[baseline]}"


@dataclass(frozen=True)
class Found:
    """Replicates, each of shape (1 + resamples,), and printed values by name."""

    frames: Mapping[str, pd.DataFrame]
    registry: Registry

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Bases, the smallest first."""
        return tuple(self.frames["measures"].index.unique("base"))

    @cached_property
    def sizes(self) -> pd.Series:
        """Numbers of test pairs, sources and seeds."""
        return self.frames["sizes"].iloc[0]

    @property
    def pairs(self) -> int:
        """Test pairs of Helpful and Harmless."""
        return int(sum(self.sizes[name] for name in HH))

    @cached_property
    def _printed(self) -> pd.Series:
        keys = ["table", "source", "scheme", "statistic"]
        return paper_values(self.registry).set_index(keys)["value"].sort_index()

    def measure(
        self, metric: str, base: str, source: str, scheme: str, rewards: str = AS_TRAINED
    ) -> np.ndarray:
        """A metric of `replicates.METRICS`."""
        return self.frames["measures"].loc[base, source, scheme, rewards, metric].to_numpy()

    def outliers(
        self, statistic: str, base: str, source: str, scheme: str, reading: str = READINGS[0]
    ) -> np.ndarray:
        """A statistic of outliers, that of negative ones as a size."""
        key = (base, source, scheme, reading, statistic)
        return abs(self.frames["outliers"].loc[key].to_numpy())

    def trained(self, base: str) -> list[str]:
        """Schemes with a training on a base."""
        index = self.frames["measures"].loc[base].index.unique("scheme")
        return [scheme for scheme in index if scheme != RAW]

    def means(self, metric: str, base: str) -> np.ndarray:
        """Means over both test sets of all trained schemes, shape (1 + resamples, schemes)."""
        names = self.trained(base)
        rows = [[self.measure(metric, base, source, name) for source in HH] for name in names]
        return np.mean(rows, axis=1).T

    def printed_gap(self, table: str, statistic: str, scheme: str, baseline: str) -> float:
        """The paper's difference on Helpful, negative outliers as sizes."""
        values = self._printed[table, HH[0]]
        return float(abs(values[scheme, statistic]) - abs(values[baseline, statistic]))

    def errors(
        self,
        base: str,
        scheme: str,
        baselines: Sequence[str],
        direction: str,
        metric: str = "ece",
        rewards: str = AS_TRAINED,
    ) -> list[Part]:
        """Differences of ECE on both test sets."""
        parts = []
        for source in HH:
            for baseline in baselines:
                own, other = (
                    self.measure(metric, base, source, name, rewards) for name in (scheme, baseline)
                )
                name = f"ECE, {base}, {source}, {minus(scheme, baseline)}"
                parts.append(estimated(name, interval(own - other, recentre=True), direction, 0.0))
        return parts
