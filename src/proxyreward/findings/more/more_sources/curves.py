"""Calibration of MORE against the number of its sources, in every resample.

In: margins and common resamples of `mixtures`. Out: arrays whose differences are paired. Called by
`tables`, `claims` and the notebook `more_sources`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proxyreward.findings.more.mixtures import (
    FORMS,
    STANDARD,
    Draws,
    Mixtures,
    accuracy,
    ece,
    size,
    temperature_scaled,
)
from proxyreward.metrics.checks import one_of
from proxyreward.vocabulary import ADDED, FIXED_TOTAL, HH, MORE, TOP

ECE, SCALED, SIZE, ACCURACY = "ece", "scaled", "size", "accuracy"
MEASURES = (ECE, SCALED, SIZE, ACCURACY)


@dataclass(frozen=True)
class Curves:
    """A measure on Helpful and Harmless (last axis); row 0 of the first axis is the estimate.

    Attributes
    ----------
    counts : tuple of int
        Numbers of sources K, from 2.
    added : ndarray, shape (1 + resamples, orders, counts, 2)
        MORE on K sources of equal size; order 0 is the paper's. All orders share their ends.
    fixed : ndarray, shape (1 + resamples, counts, 2)
        MORE on K sources, the paper's order, that together have as many pairs as two.
    top : ndarray, shape (1 + resamples, 2)
        The model trained on the test source alone.
    """

    counts: tuple[int, ...]
    added: np.ndarray
    fixed: np.ndarray
    top: np.ndarray

    @classmethod
    def of(
        cls, mixtures: Mixtures, draws: Draws, measure: str = ECE, form: str = STANDARD
    ) -> Curves:
        """Evaluate the controls of the middle base; measure and form as in :func:`evaluated`."""
        counts = tuple(range(2, len(mixtures.sources) + 1))

        def value(margin: np.ndarray) -> np.ndarray:
            return evaluated(margin, draws, measure, form)

        ends = {k: value(mixtures.added(k)) for k in (counts[0], counts[-1])}
        added = [
            [ends[k] if k in ends else value(mixtures.added(k, order)) for k in counts]
            for order in orders(mixtures)
        ]
        fixed = [value(mixtures.margin(FIXED_TOTAL, k=k)) for k in counts[1:]]
        return cls(
            counts,
            np.moveaxis(np.array(added), 2, 0),
            np.stack([ends[counts[0]], *fixed], axis=1),
            value(mixtures.margin(TOP)),
        )

    @property
    def mean(self) -> np.ndarray:
        """Mean over orders: where each source is added in each round once, only K is left."""
        return self.added.mean(axis=1)


def evaluated(
    margin: np.ndarray, draws: Draws, measure: str = ECE, form: str = STANDARD
) -> np.ndarray:
    """A measure of margins on Helpful and Harmless in every resample, (1 + resamples, 2).

    Parameters
    ----------
    margin : ndarray, shape (seeds, pairs)
    measure : {"ece", "scaled", "size", "accuracy"}
        ECE; ECE after :func:`temperature_scaled`, with a temperature for each test source (fitted
        over all sources it would depend on how many of them the model has seen, hence on K); mean
        |margin|; accuracy.
    form : str
        One of `FORMS` of the ECE.

    Raises
    ------
    ValueError
        If there is no such measure or form; lists those that there are.
    """
    one_of("measure", measure, MEASURES)
    one_of("form", form, tuple(FORMS))
    metric = {SIZE: size, ACCURACY: accuracy}.get(measure) or ece(form)
    if measure == SCALED:
        margin = margin.copy()
        for name in HH:
            own = draws.source == name
            margin[:, own] = temperature_scaled(margin[:, own])
    return np.stack([draws.evaluate(metric, margin, name) for name in HH], axis=1)


def contrasts(
    mixtures: Mixtures,
    draws: Draws,
    measure: str = ECE,
    form: str = STANDARD,
    base: str | None = None,
) -> dict[str, np.ndarray]:
    """MORE on all sources minus the model on the test source (``top``) and MORE on ``two`` sources.

    Each of shape (1 + resamples, 2); ``two`` is known on the middle base only.
    """
    every = evaluated(mixtures.margin(MORE, base), draws, measure, form)
    found = {"top": every - evaluated(mixtures.margin(TOP, base), draws, measure, form)}
    if base in (None, mixtures.middle):
        found["two"] = every - evaluated(mixtures.added(2), draws, measure, form)
    return found


def orders(mixtures: Mixtures) -> list[int]:
    """Orders of adding the sources, the paper's first."""
    rms = mixtures.rms
    return sorted(rms.loc[rms["scheme"] == ADDED, "order"].unique())
