"""All that Figure 6 and eq. 6-9 of paper *more* are decided on, evaluated once.

In: `mixtures` with common resamples, sizes of the sources. Out: one object. Called by the
`more_sources` stage; read by `tables` and `claims`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import FORMS, PAPER_FORM, STANDARD, Draws, Mixtures
from proxyreward.findings.more.more_sources.curves import (
    ECE,
    MEASURES,
    SCALED,
    Curves,
    contrasts,
)
from proxyreward.findings.more.more_sources.gradients import Norms, mean_weights
from proxyreward.findings.more.more_sources.shares import Shares
from proxyreward.vocabulary import MORE, PUBLIC_CODE

FEWER = 200  # resamples of what does not decide


@dataclass(frozen=True)
class Controls:
    """MORE on different numbers of sources, and what could explain it.

    Attributes
    ----------
    mixtures : Mixtures
    curves : dict
        :class:`Curves` by measure; that of the scaled ECE on `FEWER` resamples.
    forms : dict
        By form and measure, :func:`contrasts` on `FEWER` resamples: all forms of the ECE, and the
        standard and the paper's after temperature scaling.
    alone : dict
        By base, the contrast of MORE with the model on the test source, standard form.
    norms : Norms
    weights : dict
        Mean weight of each source, by scheme and base: MORE on every base, and the public code.
    shares : Shares
    """

    mixtures: Mixtures
    curves: dict[str, Curves]
    forms: dict[tuple[str, str], dict[str, np.ndarray]]
    alone: dict[str, np.ndarray]
    norms: Norms
    weights: dict[tuple[str, str], np.ndarray]
    shares: Shares

    @classmethod
    def of(
        cls,
        mixtures: Mixtures,
        draws: Draws,
        statistics: pd.DataFrame,
        rng: np.random.Generator,
    ) -> Controls:
        """Evaluate everything; `statistics` is the table of the `sources` stage."""
        few = draws.first(FEWER)
        asked = [(form, ECE) for form in FORMS] + [(STANDARD, SCALED), (PAPER_FORM, SCALED)]
        schemes = [(MORE, base) for base in mixtures.bases] + [(PUBLIC_CODE, mixtures.middle)]
        return cls(
            mixtures,
            {m: Curves.of(mixtures, few if m == SCALED else draws, m) for m in MEASURES},
            {(form, m): contrasts(mixtures, few, m, form) for form, m in asked},
            {base: contrasts(mixtures, draws, base=base)["top"] for base in mixtures.bases},
            Norms.of(mixtures, draws, rng),
            {found: mean_weights(mixtures, draws, rng, *found) for found in schemes},
            Shares.of(mixtures, draws, statistics),
        )
