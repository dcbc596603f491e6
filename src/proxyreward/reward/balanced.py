"""In which order the pairs of several sources are trained on.

The source of each row comes in, row numbers go out; training then reads the rows in this order.
Callers: the trainers of `more` and of `policy.dpo`.
"""

from __future__ import annotations

import numpy as np

from proxyreward.data.seeds import generator


def resampled(sources: np.ndarray, per_source: int, seed: int) -> list[np.ndarray]:
    """Row numbers of each source, ``per_source`` of them, in random order.

    A larger source is cut to a random part; a smaller one is gone through again, each time in a
    new order, so that no row occurs twice more often than another.

    Parameters
    ----------
    sources : ndarray of int, shape (rows,)
        Source of each row, numbered from 0 without gaps.

    Raises
    ------
    ValueError
        If a source has no row.
    """
    rng = generator("resampled sources", seed)
    found = []
    for source in range(sources.max() + 1):
        rows = np.flatnonzero(sources == source)
        if not len(rows):
            raise ValueError(f"source {source} has no row; number the sources without gaps")
        rounds = -(-per_source // len(rows))
        found.append(np.concatenate([rng.permutation(rows) for _ in range(rounds)])[:per_source])
    return found


def balanced_order(sources: np.ndarray, per_source: int, seed: int, epochs: int = 1) -> np.ndarray:
    """Rows of all sources in turn, shape ``(epochs * sources * per_source,)``.

    Whatever the batch size ``sources * m``, each batch holds m rows of every source; so does each
    part of it that a process gets. Every epoch has the same rows of each source in another order.

    Parameters as in :func:`resampled`.

    >>> balanced_order(np.array([0, 0, 0, 1]), per_source=2, seed=0).tolist()
    [1, 3, 0, 3]
    """
    rows = resampled(sources, per_source, seed)
    rng = generator("later epochs", seed)
    later = [[rng.permutation(own) for own in rows] for _ in range(epochs - 1)]
    return np.concatenate([np.stack(each, axis=1).ravel() for each in (rows, *later)])


def mixed_order(
    sources: np.ndarray, per_source: int | None, seed: int, epochs: int = 1
) -> np.ndarray:
    """Rows of all sources, anew in random order in every epoch.

    Sources are resampled to equal sizes, or (None) taken as they are.
    """
    if per_source is None:
        rows = np.arange(len(sources))
    else:
        rows = np.concatenate(resampled(sources, per_source, seed))
    rng = generator("mixed sources", seed)
    return np.concatenate([rng.permutation(rows) for _ in range(epochs)])
