"""Over-rewarding: how large the schemes' reward differences are, and how well calibrated.

In: margins and training steps of `Mixtures`. Out: tables, figures and the claims of Figure 5, of
Tables 1, 5 and 6 and of the finding that they serve. Called by the `more_rewards` stage and by the
notebook `more_rewards`.
"""

from proxyreward.findings.more.more_rewards.claims import measure, notes
from proxyreward.findings.more.more_rewards.diagrams import (
    cancelled,
    form_name,
    reliability_bins,
    rescaled,
)
from proxyreward.findings.more.more_rewards.figures import (
    plot_calibration,
    plot_outliers,
    plot_size_and_error,
    plot_sizes,
    plot_temperature,
)
from proxyreward.findings.more.more_rewards.pictures import (
    plot_boxes,
    plot_growth,
    plot_reliability,
    plot_rescaled,
)
from proxyreward.findings.more.more_rewards.tables import (
    chosen_base,
    compute,
    paper_values,
    summarise,
    table_bases,
    tally,
)
from proxyreward.findings.more.more_rewards.text import form_table, outlier_table, temperature_table

__all__ = [
    "cancelled",
    "chosen_base",
    "compute",
    "form_name",
    "form_table",
    "measure",
    "notes",
    "outlier_table",
    "paper_values",
    "plot_boxes",
    "plot_calibration",
    "plot_growth",
    "plot_outliers",
    "plot_reliability",
    "plot_rescaled",
    "plot_size_and_error",
    "plot_sizes",
    "plot_temperature",
    "reliability_bins",
    "rescaled",
    "summarise",
    "table_bases",
    "tally",
    "temperature_table",
]
