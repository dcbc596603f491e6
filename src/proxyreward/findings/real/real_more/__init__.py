"""Does MORE help on real preference pairs? What the page on five real sources shows.

In: what the `sources` and `mixes` stages wrote at a scale of real pairs. Out: tables and figures.
Called by the notebook `real_more`.
"""

from proxyreward.findings.real.real_more.figures import (
    plot_differences,
    plot_transfer,
    plot_values,
    plot_weights,
)
from proxyreward.findings.real.real_more.sources import held, kept, longer_wins, person_wins
from proxyreward.findings.real.real_more.tables import (
    MEAN,
    SCHEMES,
    differences,
    foreign,
    form_table,
    forms,
    meaning,
    summary,
    trainings,
    transfer,
    transfer_table,
    value_table,
    values,
    weight_course,
    weights,
)

__all__ = [
    "MEAN",
    "SCHEMES",
    "differences",
    "foreign",
    "form_table",
    "forms",
    "held",
    "kept",
    "longer_wins",
    "meaning",
    "person_wins",
    "plot_differences",
    "plot_transfer",
    "plot_values",
    "plot_weights",
    "summary",
    "trainings",
    "transfer",
    "transfer_table",
    "value_table",
    "values",
    "weight_course",
    "weights",
]
