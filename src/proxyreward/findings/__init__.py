"""From score arrays to tables, figures and verdicts, a folder per finding.

In: arrays of scores and the claims registry. Out: small tables, figures, decisions on claims.
Called by the `finding*` and `scorecard` stages and by the notebooks.

Folders: `core`, what all findings share: the registry of claims, verdicts, and the parts of
figures; `rethinking` and `more`, the findings on these papers; `real`, the pages on pairs that
people judged. They and the findings in them are namespace packages.
"""
