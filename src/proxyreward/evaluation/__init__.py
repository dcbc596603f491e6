"""Which reward model is safe to optimise against: scores of responses in, a report out.

`reading` makes `Scores` of files, `measures`, `curves`, `nulls`, `ceiling`, `symptoms` and `tiers`
compute, `result` is what they find, and `report` shows it.
"""
