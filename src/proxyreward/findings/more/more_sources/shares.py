"""Does the largest source dominate a mixture that takes the sources as they are?

In: margins and common resamples of `mixtures`, sizes of the sources. Out: how much of a source's
own gain a mixture keeps. Called by `tables`, `claims` and the notebook `more_sources`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import Draws, Mixtures, accuracy
from proxyreward.metrics.pairs import ratio
from proxyreward.metrics.prediction import spearman
from proxyreward.vocabulary import MORE_AS_IS, MULTITASK, MULTITASK_AS_IS, RAW, TOP

SCHEMES = (MULTITASK_AS_IS, MULTITASK, MORE_AS_IS)


@dataclass(frozen=True)
class Shares:
    r"""Relative gain of mixtures on every source (middle base).

    .. math:: \frac{\mathrm{acc}_\mathrm{mix} - \mathrm{acc}_\mathrm{raw}}
              {\mathrm{acc}_\mathrm{top} - \mathrm{acc}_\mathrm{raw}}

    Attributes
    ----------
    share : ndarray, shape (sources,)
        Share of each source in all training pairs, as they are.
    gain : dict of ndarray, shape (1 + resamples, sources)
        By scheme: MultiTask and MORE on the sources as they are, and MultiTask on sources resampled
        to equal size. 1 is the gain of the source's own model; NaN where that has none.
    """

    share: np.ndarray
    gain: dict[str, np.ndarray]

    @classmethod
    def of(cls, mixtures: Mixtures, draws: Draws, statistics: pd.DataFrame) -> Shares:
        """Evaluate the mixtures; `statistics` is the table of the `sources` stage."""
        sizes = statistics[statistics["part"] == "training"].set_index("source")["pairs"]
        sizes = sizes.loc[list(mixtures.sources)].to_numpy(float)

        def reached(margin: np.ndarray) -> np.ndarray:
            return np.stack(
                [draws.evaluate(accuracy, margin, name) for name in mixtures.sources], axis=1
            )

        raw = reached(mixtures.margin(RAW))
        own = reached(mixtures.margin(TOP)) - raw
        gain = {scheme: ratio(reached(mixtures.margin(scheme)) - raw, own) for scheme in SCHEMES}
        return cls(sizes / sizes.sum(), gain)

    def association(self, values: np.ndarray) -> np.ndarray:
        """Spearman over sources of their share and values, shape (1 + resamples,)."""
        return spearman(np.broadcast_to(self.share, values.shape), values)
