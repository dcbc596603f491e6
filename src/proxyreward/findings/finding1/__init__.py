"""Finding 1: does the accuracy of a reward model predict the regret of optimising on it?

In: scores of a pool of samples and of a test set of pairs. Out: four tables, five figures and the
claims that the best-of-n half decides. Called by the `finding1` and `scorecard` stages and by the
notebook `finding1`.
"""

from proxyreward.findings.finding1.claims import decide
from proxyreward.findings.finding1.figures import (
    plot_accuracy,
    plot_dynamics,
    plot_family,
    plot_ndr,
    plot_scatter,
    plot_table1,
)
from proxyreward.findings.finding1.tables import (
    associations,
    at_n,
    compute,
    n_grid,
    square,
    table1,
)

__all__ = [
    "associations",
    "at_n",
    "compute",
    "decide",
    "n_grid",
    "plot_accuracy",
    "plot_dynamics",
    "plot_family",
    "plot_ndr",
    "plot_scatter",
    "plot_table1",
    "square",
    "table1",
]
