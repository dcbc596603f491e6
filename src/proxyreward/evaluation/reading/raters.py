"""Which model's scores come from several raters.

In: numbers of models and raters of each row. Out: the model, if there is one.
"""

from __future__ import annotations

import numpy as np

from proxyreward.data.report import DataError, short_name


def rated(model: np.ndarray, rater: np.ndarray, names: np.ndarray, golden: tuple[str, ...]) -> int:
    """The model that several raters have scored, -1 if none has.

    Parameters
    ----------
    model, rater : ndarray, shape (rows,)
        Numbers; -1 for no rater.
    golden
        Decides where several models have several raters.

    Raises
    ------
    DataError
        If a further model has several raters, or some rows of the model name none.
    """
    known = rater >= 0
    pairs = np.unique(np.stack([model[known], rater[known]]), axis=1)[0]
    several = np.flatnonzero(np.bincount(pairs, minlength=len(names)) > 1)
    if not len(several):
        return -1
    asked = [k for k in several if names[k] in golden]
    found = int((asked or several)[0])
    if len(several) > 1:
        other = short_name(names[next(k for k in several if k != found)])
        first = short_name(names[found])
        raise DataError(
            f"models {first!r} and {other!r}: have several raters each; average the scores of all "
            "but one"
        )
    if (~known[model == found]).any():
        raise DataError(
            f"model {short_name(names[found])!r}: some rows name a rater and some none; fill the "
            "column `rater`"
        )
    return found


def mean(raters: np.ndarray) -> np.ndarray:
    """Mean of what raters gave, shape (rows,); NaN where none gave anything.

    Parameters
    ----------
    raters : ndarray, shape (raters, rows)
    """
    known = ~np.isnan(raters)
    count = known.sum(axis=0)
    total = np.where(known, raters, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
