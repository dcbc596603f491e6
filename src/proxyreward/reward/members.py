"""One member of a family of reward models: what it is trained on, and the training.

A frozen `Member` and a folder come in; a saved model and its training log go out.  The
`reward_models` stage makes the members, the family runner calls :func:`train`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proxyreward.data import flips, pairs
from proxyreward.data.parts import first_parts
from proxyreward.models.build import Shape
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.reward.train import RewardSettings, train_reward_model


@dataclass(frozen=True)
class Member:
    """One reward model to train.

    Attributes
    ----------
    name
        Of the model and its folder.
    data
        Folder of the `data` stage.
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
    flip_rate: float
    flip_seed: int
    fold: int | None
    parts: tuple[int, int]
    seed: int
    base: str
    shape: Shape
    settings: RewardSettings


def train(member: Member, directory: Path) -> None:
    """Train one member and save it to ``directory``."""
    data = Path(member.data)
    frame = pairs.read(data / "pairs.parquet")
    flipped = flips.flipped(len(frame), member.flip_rate, member.flip_seed)
    kept = first_parts(len(frame), *member.parts, member.flip_seed)
    if member.fold is not None:
        kept &= np.load(data / "folds.npy") != member.fold
    train_reward_model(
        frame[kept],
        flipped[kept],
        load_tokenizer(data / "tokenizer"),
        member.base,
        member.shape,
        member.settings,
        member.seed,
        directory,
    )
