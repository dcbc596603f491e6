"""How many pairs of a prompt's responses two models order alike, counted 64 at a time.

In: scores of the same responses. Out: numbers of pairs.

A model's order of k responses is a table of k x k bits, 1 where the first is above the second. A
pair that golden orders has one such bit; both order it alike where the model has the same. So the
pairs ordered alike are the ones that stay when two tables are joined by *and*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from proxyreward.metrics.ranking import Places


class Orders:
    """Orders of the same responses by several models.

    Parameters
    ----------
    places : Places
        Of scores (models, prompts, k).
    """

    def __init__(self, places: Places) -> None:
        self._last = places.last.astype(np.min_scalar_type(places.last.shape[-1]))
        self._tied = (places.first != places.last).any(axis=-1)

    @cached_property
    def pairs(self) -> np.ndarray:
        """Pairs that a model orders, (models, prompts)."""
        return _ones(self._above)

    def right(self, golden: Sequence[int], model: Sequence[int]) -> np.ndarray:
        """Pairs that golden orders and a model orders alike, ties half: (goldens, models, prompts).

        Golden models and models are given by number.
        """
        above = self._above[golden]
        found = _together(above, self._above[model])
        if not self._tied[model].any():
            return found
        return (found + _together(above, self._not_below[model])) / 2

    def clear(self, golden: Sequence[int], scores: np.ndarray, least: np.ndarray) -> np.ndarray:
        """Pairs that golden ties and whose scores by a model are more than `least` apart.

        Parameters
        ----------
        golden
            By number.
        scores : ndarray, shape (models, prompts, k)
        least : ndarray, shape (models,)

        Returns
        -------
        ndarray, shape (goldens, models, prompts)
        """
        found = np.zeros((len(golden), *scores.shape[:2]))
        for place, number in enumerate(golden):
            prompts = np.flatnonzero(self._tied[number])
            last = self._last[number, prompts]
            row, *pair = np.nonzero(np.triu(last[:, :, None] == last[:, None], 1))
            if len(row):
                one, other = (scores[:, prompts[row], each] for each in pair)
                far = abs(one - other) > least[:, None]
                starts = np.flatnonzero(np.diff(row, prepend=-1))
                found[place][:, prompts] = np.add.reduceat(far, starts, axis=1, dtype=float)
        return found

    @cached_property
    def _above(self) -> np.ndarray:
        return _table(self._last, np.greater)

    @cached_property
    def _not_below(self) -> np.ndarray:
        return _table(self._last, np.greater_equal)


def _table(last: np.ndarray, compare: Callable[..., np.ndarray]) -> np.ndarray:
    """Comparisons of all responses with all, in words of 64 bits: (models, prompts, words)."""
    outcome = compare(last[..., :, None], last[..., None, :])
    bits = np.packbits(outcome.reshape(*last.shape[:-1], -1), axis=-1)
    words = np.zeros((*bits.shape[:-1], -(-bits.shape[-1] // 8) * 8), dtype=np.uint8)
    words[..., : bits.shape[-1]] = bits
    return words.view(np.uint64)


def _together(golden: np.ndarray, model: np.ndarray) -> np.ndarray:
    """Ones that both tables have, (goldens, models, prompts)."""
    return np.array([_ones(table & model) for table in golden])


def _ones(table: np.ndarray) -> np.ndarray:
    return np.bitwise_count(table).sum(axis=-1, dtype=float)
