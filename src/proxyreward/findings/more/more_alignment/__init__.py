"""Calibration and alignment: Table 2 of paper more, its judge, its limits.

In: `mixtures`, the policies aligned with their reward models, and `evidence` of the part on paper
rethinking. Out: tables, figures and what the claims of Table 2, of the relation of ECE and
alignment, of the judge and of the limits compare. Called by the stage and the notebook
`more_alignment`.
"""

from proxyreward.findings.more.more_alignment.claims import measure, notes
from proxyreward.findings.more.more_alignment.figures import (
    plot_judged,
    plot_preferences,
    plot_ratios,
    plot_ties,
    plot_tuned,
    plot_weights,
)
from proxyreward.findings.more.more_alignment.printed import (
    counterparts,
    paper_judged,
    paper_policies,
)
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.findings.more.more_alignment.relation_figures import (
    plot_close_pairs,
    plot_coefficients,
    plot_models,
)
from proxyreward.findings.more.more_alignment.tables import compute
from proxyreward.findings.more.more_alignment.text import against_start, scaled_table, table2

__all__ = [
    "Rejection",
    "against_start",
    "compute",
    "counterparts",
    "measure",
    "notes",
    "paper_judged",
    "paper_policies",
    "plot_close_pairs",
    "plot_coefficients",
    "plot_judged",
    "plot_models",
    "plot_preferences",
    "plot_ratios",
    "plot_ties",
    "plot_tuned",
    "plot_weights",
    "scaled_table",
    "table2",
]
