"""All that Figures 1, 3 and 7 of paper *more* are decided on, evaluated once.

In: `mixtures` with common resamples. Out: one object. Called by the `more_conflict` stage; read by
`tables` and `claims`.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.findings.more.more_conflict.distributions import Distributions
from proxyreward.findings.more.more_conflict.transfer import Transfer
from proxyreward.vocabulary import HH

HARMLESS = HH[1]  # the test source of Figure 3
ALL = "all"  # the mean over bases


@dataclass(frozen=True)
class Conflict:
    """The one-source reward models of every base.

    Attributes
    ----------
    mixtures : Mixtures
    transfers : dict
        :class:`Transfer` of each base, and their mean under `ALL`.
    harmless : Distributions
        Of the middle base on the source of Figure 3.
    """

    mixtures: Mixtures
    transfers: dict[str, Transfer]
    harmless: Distributions

    @classmethod
    def of(cls, mixtures: Mixtures, draws: Draws) -> Conflict:
        """Evaluate the models on the resamples."""
        each = {base: Transfer.of(mixtures, draws, base) for base in mixtures.bases}
        mean = {ALL: Transfer.mean_of(list(each.values()))}
        return cls(mixtures, each | mean, Distributions.of(mixtures, draws, HARMLESS))
