"""Training schemes on diverse sources: Raw, Top, MultiTask and MORE (paper *more*).

In: the margins of `mixtures`. Out: tables, figures and what the claims of Figures 2 and 4, Tables 3
and 4, appendix B and the setup compare. Called by the `more_schemes` stage and by the notebook of
that name.
"""

from proxyreward.findings.more.more_schemes.claims import measure, notes
from proxyreward.findings.more.more_schemes.figures import (
    plot_differences,
    plot_forms,
    plot_schemes,
)
from proxyreward.findings.more.more_schemes.identities import compare
from proxyreward.findings.more.more_schemes.printed import Printed, paper_base
from proxyreward.findings.more.more_schemes.schemes import Schemes
from proxyreward.findings.more.more_schemes.tables import (
    FEW,
    cells,
    compute,
    differences,
    step_times,
)
from proxyreward.findings.more.more_schemes.text import (
    identities_table,
    slips,
    steps_table,
    table3,
    table4,
    times_table,
)

__all__ = [
    "FEW",
    "Printed",
    "Schemes",
    "cells",
    "compare",
    "compute",
    "differences",
    "identities_table",
    "measure",
    "notes",
    "paper_base",
    "plot_differences",
    "plot_forms",
    "plot_schemes",
    "slips",
    "step_times",
    "steps_table",
    "table3",
    "table4",
    "times_table",
]
