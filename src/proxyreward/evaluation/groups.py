"""Pairs of golden and other models that have scored the same responses, taken together.

In: scores. Out: blocks of responses that serve many pairs of models at once, so that what belongs
to one model is worked out once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from proxyreward.evaluation.scores import Block, Scores

MOST = 1000
"""Of a prompt with more responses the first so many count: pairs grow with their square."""


class Group(NamedTuple):
    """Models that share their blocks.

    Attributes
    ----------
    goldens, models
        Names.
    names
        All of these once, in the order of the values of the blocks.
    blocks
        As :meth:`Scores.blocks` gives them, cut to `MOST` responses.
    """

    goldens: tuple[str, ...]
    models: tuple[str, ...]
    names: tuple[str, ...]
    blocks: list[Block]

    def places(self, names: Sequence[str]) -> list[int]:
        """Where the values of some models are."""
        return [self.names.index(name) for name in names]


def groups(scores: Scores, goldens: Sequence[str], models: Sequence[str]) -> Iterator[Group]:
    """All pairs of a golden and a model, by the responses that the two have scored."""
    for first in alike(scores, goldens):
        for second in alike(scores, models):
            names = tuple(dict.fromkeys(first + second))
            blocks = [_cut(block) for block in scores.blocks(*names)]
            yield Group(first, second, names, blocks)


def wide(part: np.ndarray, prompts: np.ndarray, count: int) -> np.ndarray:
    """Values of some prompts (prompts, ...) among all, (count, ...), NaN for the others."""
    if len(prompts) == count:
        return part
    found = np.full((count, *part.shape[1:]), np.nan)
    found[prompts] = part
    return found


def _cut(block: Block) -> Block:
    return Block(block.prompts, block.rows[:, :MOST], block.values[..., :MOST])


def alike(scores: Scores, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Names of models that lack the same scores, together."""
    found: dict[bytes, list[str]] = {}
    for name in dict.fromkeys(names):
        found.setdefault(np.packbits(np.isnan(scores.of(name))).tobytes(), []).append(name)
    return [tuple(alike) for alike in found.values()]
