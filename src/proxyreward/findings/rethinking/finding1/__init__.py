"""Finding 1: does the accuracy of a reward model predict the regret of optimising on it?

In: scores of test pairs, and the regret of best-of-n and PPO policies. Out: tables, figures and
the claims that they decide. Called by the `finding1` stage and by the notebook `finding1`.
"""

from proxyreward.findings.rethinking.finding1.claims import measure, notes
from proxyreward.findings.rethinking.finding1.figures import (
    plot_accuracy,
    plot_dynamics,
    plot_family,
    plot_ndr,
    plot_scatter,
    plot_table1,
)
from proxyreward.findings.rethinking.finding1.tables import (
    associations,
    compute,
    square,
    table1,
    under,
)

__all__ = [
    "associations",
    "compute",
    "measure",
    "notes",
    "plot_accuracy",
    "plot_dynamics",
    "plot_family",
    "plot_ndr",
    "plot_scatter",
    "plot_table1",
    "square",
    "table1",
    "under",
]
