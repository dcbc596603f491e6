"""Finding 4: do more responses per prompt make a test set predict regret better?

In: the scores and regrets of `Evidence`. Out: Table 4, Figures 6, 7, 14 and 15 and their claims.
Called by the stage and the notebook `finding4`.
"""

from proxyreward.findings.rethinking.finding4.claims import measure, notes
from proxyreward.findings.rethinking.finding4.draws import SECOND_POLICY, compute
from proxyreward.findings.rethinking.finding4.figures import plot_responses, plot_table4
from proxyreward.findings.rethinking.finding4.tables import (
    cells,
    larger_sizes,
    readings,
    small_sizes,
    summarise,
)

__all__ = [
    "SECOND_POLICY",
    "cells",
    "compute",
    "larger_sizes",
    "measure",
    "notes",
    "plot_responses",
    "plot_table4",
    "readings",
    "small_sizes",
    "summarise",
]
