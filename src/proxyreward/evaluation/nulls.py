"""Null scorers, which look at no content: what a metric gives for nothing.

In: scores. Out: the same with the null scorers beside the models.
"""

from __future__ import annotations

import numpy as np

from proxyreward.data.report import DataError
from proxyreward.evaluation.scores import Scores

PREFIX = "null:"
FIRST = f"{PREFIX}first"
STREAM = 7507
"""Beside the seed, so that no scores drawn from the same seed are those of ``null:random``."""


def with_nulls(scores: Scores, seed: int = 0) -> tuple[Scores, tuple[str, ...]]:
    """These scores and those of the null scorers, and the names of the latter.

    ``null:longer`` and ``null:shorter`` prefer by length, only where lengths are known (a response
    of unknown length has no score by them); ``null:constant`` ties everything; ``null:random``
    draws normal numbers; ``null:first`` prefers what stands earlier in a file that has an order.

    Raises
    ------
    DataError
        If a model has the name of one of them.
    """
    rows = len(scores.prompt)
    found = {
        "constant": np.zeros(rows),
        "random": np.random.default_rng((seed, STREAM)).normal(size=rows),
    }
    if scores.position is not None:
        found["first"] = -scores.position.astype(float)
    if scores.length is not None and not np.isnan(scores.length).all():
        found = {"longer": scores.length, "shorter": -scores.length, **found}
    names = tuple(PREFIX + name for name in found)
    for taken in set(names) & set(scores.models):
        raise DataError(f"the model {taken!r} has the name of a null scorer; rename it")
    return scores.with_models(names, np.stack(list(found.values()))), names
