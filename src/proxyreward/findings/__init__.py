"""From score arrays to tables, figures and verdicts, one package per finding.

In: arrays of scores and the claims registry. Out: small tables, figures, decisions on claims.
Called by the `finding*` and `scorecard` stages and by the notebooks.
"""
