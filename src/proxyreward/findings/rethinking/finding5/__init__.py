"""Finding 5: does accuracy reveal how far a policy overoptimises its reward model?

In: scores of a pool of samples and of a test set of pairs. Out: tables of measured and expected
degrees of overoptimisation, five figures and the claims of Figure 8 and appendix 8.9. Called by
the `finding5` stage and the notebook `finding5`.
"""

from proxyreward.findings.rethinking.finding5.claims import measure, notes
from proxyreward.findings.rethinking.finding5.figures import (
    plot_deviations,
    plot_measured,
    plot_pressure,
    plot_residuals,
    plot_theory,
)
from proxyreward.findings.rethinking.finding5.tables import (
    KINDS,
    by_golden,
    chosen,
    compute,
    deviations,
)
from proxyreward.findings.rethinking.finding5.theory import pressure

__all__ = [
    "KINDS",
    "by_golden",
    "chosen",
    "compute",
    "deviations",
    "measure",
    "notes",
    "plot_deviations",
    "plot_measured",
    "plot_pressure",
    "plot_residuals",
    "plot_theory",
    "pressure",
]
