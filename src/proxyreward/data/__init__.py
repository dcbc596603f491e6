"""Preference pairs: one schema, loaders for public formats, label flips and folds.

In: files or hub data sets in a published format. Out: a frame of pairs and a report of what was
kept and rejected. Called by the pipeline's stages; imports nothing else of this package.
"""
