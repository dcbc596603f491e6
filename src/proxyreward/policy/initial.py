"""The initial policies as a family, so that they are resumable like every other model.

A frozen `InitialPolicy` and a folder come in; a saved model and its log go out.  Caller: the
`policy` stage, through the family runner.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from proxyreward.models.build import Shape
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.policy.sft import PolicySettings, train_policy


@dataclass(frozen=True)
class InitialPolicy:
    """An initial policy to train; ``data`` is the folder of the `data` stage."""

    name: str
    data: str
    seed: int
    base: str
    shape: Shape
    settings: PolicySettings


def train(item: InitialPolicy, directory: Path) -> None:
    """Train an initial policy and save it to ``directory``."""
    data = Path(item.data)
    train_policy(
        pd.read_parquet(data / "demonstrations.parquet"),
        load_tokenizer(data / "tokenizer"),
        item.base,
        item.shape,
        item.settings,
        item.seed,
        directory,
    )
