"""Finding 3: accuracy measured on other prompts than those of the downstream test.

In: test-set scores, NDRs and prompts of `evidence`. Out: the coefficients of repeated draws,
tables, three figures and what the claims of Finding 3, Table 3, Figure 5 and Tables 5 and 6
compare. Called by the `finding3` stage and by the notebook `finding3`.
"""

from proxyreward.findings.rethinking.finding3.claims import measure, notes
from proxyreward.findings.rethinking.finding3.figures import (
    plot_categories,
    plot_prompts,
    plot_shares,
)
from proxyreward.findings.rethinking.finding3.summaries import (
    advantages,
    examples,
    paper_categories,
    summarise,
    table3,
)
from proxyreward.findings.rethinking.finding3.tables import SHARES, STRATEGIES, compute

__all__ = [
    "SHARES",
    "STRATEGIES",
    "advantages",
    "compute",
    "examples",
    "measure",
    "notes",
    "paper_categories",
    "plot_categories",
    "plot_prompts",
    "plot_shares",
    "summarise",
    "table3",
]
