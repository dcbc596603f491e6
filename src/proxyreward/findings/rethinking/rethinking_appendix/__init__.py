"""Appendix of paper *rethinking*: other families, the KL penalty, settings, data, best-of-n.

In: the tables of `evidence`, the training pairs, what was trained with which settings. Out: small
tables, figures and what the claims compare. Called by the stages `rethinking_appendix` and
`scorecard` and by the notebooks `rethinking_families`, `rethinking_kl` and `rethinking_setup`.
"""

from proxyreward.findings.rethinking.rethinking_appendix.claims import measure, notes
from proxyreward.findings.rethinking.rethinking_appendix.families import (
    TITLES,
    common_n,
    family_associations,
    family_pairs,
    mutual_accuracy,
)
from proxyreward.findings.rethinking.rethinking_appendix.figures import (
    plot_divergence,
    plot_families,
    plot_mutual_accuracy,
    plot_penalty,
    plot_runs,
    plot_steps,
)
from proxyreward.findings.rethinking.rethinking_appendix.penalties import penalty_associations
from proxyreward.findings.rethinking.rethinking_appendix.recipes import recipe_table
from proxyreward.findings.rethinking.rethinking_appendix.settings import settings_table
from proxyreward.findings.rethinking.rethinking_appendix.tables import association_table, compute

__all__ = [
    "TITLES",
    "association_table",
    "common_n",
    "compute",
    "family_associations",
    "family_pairs",
    "measure",
    "mutual_accuracy",
    "notes",
    "penalty_associations",
    "plot_divergence",
    "plot_families",
    "plot_mutual_accuracy",
    "plot_penalty",
    "plot_runs",
    "plot_steps",
    "recipe_table",
    "settings_table",
]
