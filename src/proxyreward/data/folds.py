"""Folds for held-out evaluation, with whole groups of related conversations on one side.

In: prompts. Out: a group and a fold number per prompt; or which source the folds leave without
pairs to train on.
"""

import re
from collections.abc import Sequence

import numpy as np

from proxyreward.data import transcripts
from proxyreward.data.report import DataError
from proxyreward.data.seeds import generator


def conversation_groups(prompts: Sequence[str]) -> np.ndarray:
    """Group number of each prompt, int array ``(m,)``: same opening, same group.

    The opening is the first Human turn that is not the same in all prompts, so that a turn put
    before every conversation (a system prompt, say) does not join them all. Where no Human turn
    tells the prompts apart, whole prompts are compared. Texts are compared without case,
    punctuation and spacing. Data sets hold the same conversation at several lengths and ask several
    pairs about one opening; such pairs are not independent. Numbers follow first appearance.
    """
    talks = [transcripts.requests(prompt) for prompt in prompts]
    longest = max(map(len, talks), default=0)
    # A prompt that has ended before the others differs from them too: its slice is empty.
    turns = ([tuple(map(_key, talk[i : i + 1])) for talk in talks] for i in range(longest))
    keys = next((turn for turn in turns if len(set(turn)) > 1), map(_key, prompts))
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def _key(text: str) -> str:
    # A text of punctuation alone stands for itself, or all of them would fall together.
    return " ".join(re.findall(r"\w+", text.casefold())) or text


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
    if len(sizes) < 2:
        raise DataError(
            f"all {len(groups)} records have the same prompt; folds need at least 2 different "
            "conversations: give other or more data"
        )
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


def check_sources(
    prompts: Sequence[str], sources: Sequence[str], folds: np.ndarray, least: int = 1
) -> None:
    """Refuse folds that leave a source without pairs to train on.

    Parameters
    ----------
    prompts, sources : prompt of each pair and name of its source.
    folds : int array ``(m,)`` of :func:`assign`.
    least : pairs of each source that are to be left when any one fold is held out.

    Raises
    ------
    DataError
        Naming such a source, the one with the fewest different conversations.
    """
    groups, names = conversation_groups(prompts), np.asarray(sources, dtype=object)
    short = []
    for name in dict.fromkeys(sources):
        own = names == name
        left = own.sum() - np.bincount(folds[own]).max()
        if left < least:
            short.append((len(set(groups[own])), name, own.sum(), left))
    if short:
        # One huge conversation crowds the other sources out of its fold; the cause is named.
        conversations, name, pairs, left = min(short)
        raise DataError(
            f"source {name!r} has {conversations} different conversations in {pairs} pairs (pairs "
            f"that open alike count as one): holding out one fold leaves {left} pairs where "
            f"training needs {least}; give it more conversations, or take off the opening that "
            "they share"
        )
