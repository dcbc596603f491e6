"""Folds for held-out evaluation, with whole groups of related conversations on one side.

In: prompts. Out: a group and a fold number per prompt. Called by the evaluation on real pairs.
"""

import re
from collections.abc import Sequence

import numpy as np

from proxyreward.data import transcripts
from proxyreward.data.report import DataError
from proxyreward.data.seeds import generator


def conversation_groups(prompts: Sequence[str]) -> np.ndarray:
    """Group number of each prompt, int array ``(m,)``: same opening, same group.

    The opening is the first Human turn, compared without case, punctuation and spacing. Data sets
    hold the same conversation at several lengths and ask several pairs about one opening; such
    pairs are not independent. Numbers follow first appearance.
    """
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(_key(prompt), len(numbers)) for prompt in prompts], dtype=np.int64
    )


def _key(prompt: str) -> str:
    opening = transcripts.first_request(prompt)
    # An opening of punctuation alone stands for itself, or all of them would fall together.
    return " ".join(re.findall(r"\w+", opening.casefold())) or opening


def assign(prompts: Sequence[str], folds: int, seed: int) -> np.ndarray:
    """Fold number 0 … folds − 1 of each prompt, int array ``(m,)``.

    Groups of :func:`conversation_groups` are never divided. In random order, the largest first,
    each goes to the fold that is smallest so far, so fold sizes differ by at most the size of the
    largest group.

    Raises
    ------
    DataError
        If ``folds`` is below 2 or above the number of groups.
    """
    groups = conversation_groups(prompts)
    sizes = np.bincount(groups)
    if not 2 <= folds <= len(sizes):
        raise DataError(
            f"folds is {folds}; with {len(sizes)} different conversations choose 2 to {len(sizes)}"
        )
    shuffled = generator("folds", seed).permutation(len(sizes))
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    fold_of_group = np.empty(len(sizes), dtype=np.int64)
    filled = np.zeros(folds, dtype=np.int64)
    for group in order:
        fold = int(np.argmin(filled))
        fold_of_group[group] = fold
        filled[fold] += sizes[group]
    return fold_of_group[groups]
