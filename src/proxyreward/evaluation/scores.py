"""Scores of responses by several models, as arrays: what everything in `evaluation` computes on.

In: arrays that `reading` makes of files. Out: views of them without holes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Block(NamedTuple):
    """Prompts with equally many responses that all of the asked models have scored.

    Attributes
    ----------
    prompts : ndarray, shape (prompts,)
        Their numbers, rising.
    rows : ndarray, shape (prompts, k)
        The rows of their responses.
    values : ndarray, shape (models, prompts, k)
        Scores, all finite.
    """

    prompts: np.ndarray
    rows: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Scores:
    """Scores of responses to prompts; the rows of a prompt lie together, in the order of the file.

    Attributes
    ----------
    models
        Names, each once.
    values : ndarray, shape (models, rows)
        Scores, NaN where a model has none; never infinite.
    prompt : ndarray, shape (rows,)
        Number of the prompt of each row, rising from 0 without a gap.
    prompt_ids : ndarray of str, shape (prompts,)
    response_ids : ndarray of str, shape (rows,)
        Unique within a prompt.
    category, cluster : ndarray of str, shape (prompts,), or None
        What a prompt belongs to; intervals are over clusters where they are known, else prompts.
    length : ndarray, shape (rows,), or None
        Length of each response, in characters if its text was given; NaN where unknown.
    position : ndarray, shape (rows,), or None
        Place of a response among those of its prompt in the file, from 0; None where a format has
        no order of responses: pairs of a chosen and a rejected one, or verdicts.
    goldens
        Names of the models that are taken for the truth; none for each in turn.
    raters : ndarray, shape (raters, rows), or None
        What single raters gave, NaN where one gave nothing. Their mean is then a model, `RATERS`,
        and golden.
    verdicts
        Whether the scores are strengths that pairwise verdicts give: responses with the same wins
        tie.
    """

    models: tuple[str, ...]
    values: np.ndarray
    prompt: np.ndarray
    prompt_ids: np.ndarray
    response_ids: np.ndarray
    position: np.ndarray | None
    goldens: tuple[str, ...] = ()
    category: np.ndarray | None = None
    cluster: np.ndarray | None = None
    length: np.ndarray | None = None
    raters: np.ndarray | None = None
    verdicts: bool = False

    @property
    def prompts(self) -> int:
        """How many prompts there are."""
        return len(self.prompt_ids)

    def of(self, model: str) -> np.ndarray:
        """Scores of one model, shape (rows,)."""
        return self.values[self.models.index(model)]

    def with_models(self, names: Sequence[str], values: np.ndarray) -> Scores:
        """These scores and further models', shape (models, rows)."""
        both = np.concatenate([self.values, np.asarray(values, dtype=float)])
        return dataclasses.replace(self, models=(*self.models, *names), values=both)

    def blocks(self, *models: str, least: int = 2) -> list[Block]:
        """The responses that all these models have scored, by how many a prompt has, rising.

        Prompts with fewer than `least` such responses are in no block.
        """
        values = np.stack([self.of(model) for model in models])
        kept = np.flatnonzero(~np.isnan(values).any(axis=0))
        counts = np.bincount(self.prompt[kept], minlength=self.prompts)
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        found = []
        for k in np.unique(counts[counts >= least]):
            prompts = np.flatnonzero(counts == k)
            rows = kept[first[prompts][:, None] + np.arange(k)]
            found.append(Block(prompts, rows, values.take(rows, axis=1)))
        return found


def equal_pairs(values: np.ndarray) -> int:
    """Pairs of equal values within rows, (prompts, responses)."""
    ascending = np.sort(values, axis=1)
    starts = np.ones(values.shape, dtype=bool)
    starts[:, 1:] = ascending[:, 1:] != ascending[:, :-1]
    sizes = np.diff(np.flatnonzero(starts), append=starts.size)
    return int((sizes * (sizes - 1) // 2).sum())


RATERS = "raters"
"""The model that is the mean of several raters."""
