"""Finding 2: the source of the test responses against their golden rank.

In: the test-set scores and NDRs of `evidence`. Out: the coefficients of repeated draws, tables,
two figures and what the claims of Finding 2, Table 2 and Figure 4 compare. Called by the `finding2`
stage and by the notebook `finding2`.
"""

from proxyreward.findings.rethinking.finding2.claims import measure, notes
from proxyreward.findings.rethinking.finding2.figures import plot_bins, plot_sources
from proxyreward.findings.rethinking.finding2.tables import (
    compute,
    paper_sources,
    summarise,
    table2,
)

__all__ = [
    "compute",
    "measure",
    "notes",
    "paper_sources",
    "plot_bins",
    "plot_sources",
    "summarise",
    "table2",
]
