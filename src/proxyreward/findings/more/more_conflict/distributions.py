"""How differently the rewards of one-source models are distributed on the same pairs.

In: margins and rewards of `mixtures`. Out: distances of distribution functions, spreads and tests.
Called by `tables` and `claims`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.findings.more.more_conflict.transfer import margin_of, models, scheme_of


@dataclass(frozen=True)
class Distributions:
    """One-source models of the middle base on the test pairs of one source.

    Attributes
    ----------
    distance : dict
        For each two sources the distance of the :class:`Standardised` margins of their models,
        mean over seeds, shape (1 + resamples,); row 0 is the estimate.
    mean, sd : ndarray, shape (1 + resamples, 1 + sources)
        Of the rewards of both responses, by model, the untrained one first; first seed, so seeds
        are not resampled.
    """

    distance: dict[tuple[str, str], np.ndarray]
    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def of(cls, mixtures: Mixtures, draws: Draws, tested: str) -> Distributions:
        """Evaluate the models on a source."""
        sources, own = mixtures.sources, mixtures.source == tested
        counts = draws.pairs[:, own]
        samples = {
            name: [Standardised.of(row[own], counts) for row in margin_of(mixtures, name)]
            for name in sources
        }
        distance = {}
        for one, other in combinations(sources, 2):
            seeds = zip(samples[one], samples[other], strict=True)
            each = [first.distance(second) for first, second in seeds]
            distance[one, other] = np.einsum("sr,rs->r", each, draws.seeds)
        rewards = [rewards_of(mixtures, model)[own] for model in models(mixtures)]
        share = counts / counts.sum(axis=1, keepdims=True)
        mean, square = (
            share @ np.stack([(both**power).mean(axis=1) for both in rewards], axis=1)
            for power in (1, 2)
        )
        return cls(distance, mean, np.sqrt(square - mean**2))


def rewards_of(mixtures: Mixtures, model: str) -> np.ndarray:
    """Rewards of the chosen and the rejected response, shape (pairs, 2), rows as in the margins.

    Middle base, first seed.
    """
    name = mixtures.names(scheme_of(model))[0]
    wide = mixtures.rewards.pivot(index="pair_id", columns="side", values=name)
    return wide.loc[mixtures.margins["pair_id"], [0, 1]].to_numpy(float)


@dataclass(frozen=True)
class Standardised:
    """The distribution function of a sample brought to mean 0 and variance 1, in every resample.

    Attributes
    ----------
    values : ndarray, shape (pairs,)
        The sample as it is, in rising order.
    mean, sd : ndarray, shape (resamples, 1)
    function : ndarray, shape (resamples, pairs + 1)
        The distribution function before the first value and at each value.
    """

    values: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    function: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, counts: np.ndarray) -> Standardised:
        """From values, shape (pairs,), and how often each counts, shape (resamples, pairs)."""
        order = values.argsort(kind="stable")
        values, share = values[order], counts[:, order] / counts.sum(axis=1, keepdims=True)
        mean = share @ values
        sd = np.sqrt(np.maximum(share @ values**2 - mean**2, 0))
        function = np.cumulative_sum(share, axis=1, include_initial=True)
        return cls(values, mean[:, None], sd[:, None], function)

    def distance(self, other: Standardised) -> np.ndarray:
        r"""Kolmogorov-Smirnov distance of the two standardised samples, shape (resamples,).

        .. math:: \sup_z |F_1(\mu_1 + \sigma_1 z) - F_2(\mu_2 + \sigma_2 z)|

        It compares shapes alone: neither a shift nor another scale matters. In 0..1; chance alone
        makes it positive, in a resample once more.
        """
        return np.maximum(self._lead(other), other._lead(self))

    def _lead(self, other: Standardised) -> np.ndarray:
        """Largest excess over the other function; it lies where this one steps up."""
        same = other.mean + other.sd * ((self.values - self.mean) / self.sd)
        place = np.searchsorted(other.values, same, side="right")
        return (self.function[:, 1:] - np.take_along_axis(other.function, place, axis=1)).max(
            axis=1
        )


def rank_tests(mixtures: Mixtures, base: str | None = None) -> pd.DataFrame:
    """Do the margins of the one-source models have the same location on a test source?

    Kruskal and Wallis's test takes the models' margins as independent samples, Friedman's
    compares the models pair by pair of responses.

    Returns
    -------
    DataFrame
        tested, seed; kruskal, kruskal_p, friedman, friedman_p: statistic and p of both tests.
    """
    from scipy.stats import friedmanchisquare, kruskal

    rows = []
    margins = [margin_of(mixtures, name, base) for name in mixtures.sources]
    for tested in mixtures.sources:
        own = mixtures.source == tested
        for seed in range(mixtures.seeds):
            groups = [margin[seed, own] for margin in margins]
            rows.append((tested, seed, *kruskal(*groups), *friedmanchisquare(*groups)))
    columns = ["tested", "seed", "kruskal", "kruskal_p", "friedman", "friedman_p"]
    return pd.DataFrame(rows, columns=columns)
