"""Replicates by name, for the claims of the finding on over-rewarding.

In: the frames of `tables.compute`, the registry. Out: rows of replicates, their differences, and
the paper's numbers. Called by `claims`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.more_rewards.replicates import AS_TRAINED, READINGS
from proxyreward.findings.more.more_rewards.tables import paper_values
from proxyreward.vocabulary import HH, RAW


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

    def gap(
        self,
        metric: str,
        base: str,
        source: str,
        scheme: str,
        other: str,
        rewards: str = AS_TRAINED,
    ) -> np.ndarray:
        """Difference of a metric of two schemes."""
        one, two = (self.measure(metric, base, source, name, rewards) for name in (scheme, other))
        return one - two

    def outlier_gap(
        self,
        statistic: str,
        base: str,
        source: str,
        scheme: str,
        other: str,
        reading: str = READINGS[0],
    ) -> np.ndarray:
        """Difference of a statistic of outliers of two schemes."""
        one, two = (
            self.outliers(statistic, base, source, name, reading) for name in (scheme, other)
        )
        return one - two

    def printed_gap(
        self, statistic: str, table: str, source: str, scheme: str, other: str
    ) -> float:
        """The paper's difference, negative outliers as sizes; NaN if it prints none."""
        one, two = (
            self._printed.get((table, source, name, statistic), np.nan) for name in (scheme, other)
        )
        return float(abs(one) - abs(two))
