"""Paper *more*, Figures 1, 3 and 7: reward models on one source, tested on all.

In: the margins and rewards of `mixtures`. Out: accuracy of every one-source reward model on every
source, distributions of its rewards, four figures and what the claims of Figures 1, 3 and 7
compare. Called by the `more_conflict` stage and by the notebook `more_conflict`.
"""

from proxyreward.findings.more.more_conflict.claims import measure, notes
from proxyreward.findings.more.more_conflict.conflict import ALL, Conflict
from proxyreward.findings.more.more_conflict.figures import (
    plot_differences,
    plot_losses,
    plot_pairs,
    plot_rewards,
    plot_signs,
    plot_transfer,
)
from proxyreward.findings.more.more_conflict.tables import (
    compute,
    margins_table,
    paper_raw,
    shown_bases,
    transfer_table,
)

__all__ = [
    "ALL",
    "Conflict",
    "compute",
    "margins_table",
    "measure",
    "notes",
    "paper_raw",
    "plot_differences",
    "plot_losses",
    "plot_pairs",
    "plot_rewards",
    "plot_signs",
    "plot_transfer",
    "shown_bases",
    "transfer_table",
]
