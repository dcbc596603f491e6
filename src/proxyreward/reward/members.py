"""One member of a family of reward models: what it is trained on, and the training.

A frozen `Member` and a folder come in; a saved model and its training log go out.  The
`reward_models` stage makes the members, the family runner calls :func:`train`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from proxyreward.data import flips, pairs
from proxyreward.data.parts import first_parts
from proxyreward.files import state
from proxyreward.models.build import Shape
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.reward.train import RewardSettings, token_pairs, train_reward_model


@dataclass(frozen=True)
class Member:
    """One reward model to train.

    Attributes
    ----------
    name
        Of the model and its folder.
    data
        Folder of the `data` stage, which has the tokenizer and the folds.
    pairs
        File of pairs.
    flip_rate
        Share of flipped labels; nested over the family through `flip_seed`.
    fold
        The fold that is held out; None trains on all pairs.
    parts
        ``(k, K)``: trains on the first k of K parts of the pairs, cut through `flip_seed`.
    seed
        Of the initial weights and the batch order.
    """

    name: str
    data: str
    pairs: str
    flip_rate: float
    flip_seed: int
    fold: int | None
    parts: tuple[int, int]
    seed: int
    base: str
    shape: Shape
    settings: RewardSettings


@lru_cache(maxsize=1)
def _read(frame: Path, tokenizer_from: Path, max_length: int, *states: tuple):
    """The tokenizer and all pairs in its tokens, kept for the next member, which reads the same.

    As long as the files are as they were: tokens cost a tenth of a small training.
    """
    tokenizer, found = load_tokenizer(tokenizer_from), pairs.read(frame)
    return tokenizer, token_pairs(found, np.zeros(len(found), bool), tokenizer, max_length)


def train(member: Member, directory: Path) -> None:
    """Train one member and save it to ``directory``."""
    data = Path(member.data)
    read = Path(member.pairs), data / "tokenizer"
    tokenizer, tokens = _read(*read, member.shape.max_length, *map(state, read))
    flipped = flips.flipped(len(tokens), member.flip_rate, member.flip_seed)
    kept = first_parts(len(tokens), *member.parts, member.flip_seed)
    if member.fold is not None:
        kept &= np.load(data / "folds.npy") != member.fold
    train_reward_model(
        tokens.flip(flipped).take(np.flatnonzero(kept)),
        tokenizer,
        member.base,
        member.shape,
        member.settings,
        member.seed,
        directory,
    )
