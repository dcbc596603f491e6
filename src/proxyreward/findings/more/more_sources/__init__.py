"""Paper *more*, Figure 6 and eq. 6-9: does MORE profit from more, and more diverse, sources?

In: the margins and steps of `mixtures`, sizes of the sources. Out: calibration against the number
of sources with its controls, lengths of combined head gradients, MORE's weights, the hold of the
largest source, five figures and what the claims compare. Called by the `more_sources` stage and by
the notebook `more_sources`.
"""

from proxyreward.findings.more.more_sources.claims import measure, notes
from proxyreward.findings.more.more_sources.controls import FEWER, Controls
from proxyreward.findings.more.more_sources.curves import ECE, MEASURES, SCALED, Curves
from proxyreward.findings.more.more_sources.figures import (
    plot_curves,
    plot_forms,
    plot_norms,
    plot_shares,
    plot_weights,
)
from proxyreward.findings.more.more_sources.gradients import Norms
from proxyreward.findings.more.more_sources.tables import (
    compute,
    curve_rows,
    forms_table,
    norm_rows,
    paper_top,
)

__all__ = [
    "ECE",
    "FEWER",
    "MEASURES",
    "SCALED",
    "Controls",
    "Curves",
    "Norms",
    "compute",
    "curve_rows",
    "forms_table",
    "measure",
    "norm_rows",
    "notes",
    "paper_top",
    "plot_curves",
    "plot_forms",
    "plot_norms",
    "plot_shares",
    "plot_weights",
]
