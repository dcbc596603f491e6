"""What a reward model trained on one source does on the others, in every resample.

In: margins and common resamples of `mixtures`. Out: arrays whose differences are paired. Called by
`tables` and `claims`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.vocabulary import RAW, SINGLE


@dataclass(frozen=True)
class Transfer:
    """The one-source reward models of one base on the test pairs of every source.

    Models are in the order of :func:`models`; row 0 of the first axis is the estimate.

    Attributes
    ----------
    sources
    accuracy : ndarray, shape (1 + resamples, 1 + sources, sources)
        By model and test source; a tie counts half.
    mean : ndarray, same shape
        Mean margin, in units of the reward.
    agreement : ndarray, shape (1 + resamples, sources, sources)
        Share of the test pairs on which the models of two sources choose the same response; mean
        over test sources. Models of different seeds are compared, as those of one seed share their
        initial weights; with one seed the diagonal is NaN.
    """

    sources: tuple[str, ...]
    accuracy: np.ndarray
    mean: np.ndarray
    agreement: np.ndarray

    @classmethod
    def of(cls, mixtures: Mixtures, draws: Draws, base: str) -> Transfer:
        """Evaluate the models of a base."""
        sources = mixtures.sources
        margins = np.stack([margin_of(mixtures, model, base) for model in models(mixtures)])
        trained = margins[1:]
        both = trained[:, None] * np.roll(trained, 1, axis=1)[None]

        def by_source(values: np.ndarray) -> np.ndarray:
            return np.stack([averaged(draws, values, name) for name in sources], axis=-1)

        agreement = by_source(right(both)).mean(axis=-1)
        # Seed s of one source with s + 1 of the other, and the other way round.
        agreement = (agreement + agreement.swapaxes(1, 2)) / 2
        if mixtures.seeds == 1:
            agreement[:, range(len(sources)), range(len(sources))] = np.nan
        return cls(sources, by_source(right(margins)), by_source(margins), agreement)

    @classmethod
    def mean_of(cls, transfers: Sequence[Transfer]) -> Transfer:
        """Mean over bases; that of margins mixes units."""
        parts = (
            np.mean([getattr(transfer, name) for transfer in transfers], axis=0)
            for name in ("accuracy", "mean", "agreement")
        )
        return cls(transfers[0].sources, *parts)

    @property
    def loss(self) -> np.ndarray:
        """Accuracy of each model less that of the source's own model, shape of `accuracy`."""
        own = self.accuracy[:, 1:].diagonal(axis1=1, axis2=2)
        return self.accuracy - own[:, None]

    @property
    def gain(self) -> np.ndarray:
        """Accuracy of each trained model less that of the untrained, (..., sources, sources)."""
        return self.accuracy[:, 1:] - self.accuracy[:, :1]

    @property
    def shift(self) -> np.ndarray:
        """Mean margin of each trained model less that of the untrained one, shape as `gain`."""
        return self.mean[:, 1:] - self.mean[:, :1]

    @property
    def elsewhere(self) -> list[tuple[int, int]]:
        """Places (trained, tested) of different sources."""
        count = len(self.sources)
        return [(k, d) for k in range(count) for d in range(count) if k != d]


def models(mixtures: Mixtures) -> tuple[str, ...]:
    """The untrained model, then a model for each source."""
    return (RAW, *mixtures.sources)


def margin_of(mixtures: Mixtures, model: str, base: str | None = None) -> np.ndarray:
    """Margins of one of the `models`, shape (seeds, pairs)."""
    return mixtures.margin(scheme_of(model), base)


def scheme_of(model: str) -> str:
    """Scheme, in the tables of `mixtures`, of one of the `models`."""
    return model if model == RAW else f"{SINGLE}-{model}"


def right(margin: np.ndarray) -> np.ndarray:
    """1 where the margin is positive, 1/2 for a tie."""
    return (np.sign(margin) + 1) / 2


def averaged(draws: Draws, values: np.ndarray, tested: str) -> np.ndarray:
    """Mean of values on the pairs of a source and over seeds, in every resample.

    Parameters
    ----------
    draws : Draws
    values : ndarray, shape (..., seeds, pairs)
        One value, such as whether the pair is ordered rightly, for each pair.
    tested : str
        The source.

    Returns
    -------
    ndarray, shape (1 + resamples, ...)
        As :meth:`Draws.evaluate` gives it for one array, for many in one product.
    """
    own = draws.source == tested
    counts = draws.pairs[:, own]
    each = values[..., own] @ counts.T / counts.sum(axis=1)
    return np.einsum("...sr,rs->r...", each, draws.seeds)
