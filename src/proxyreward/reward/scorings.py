"""Scores of one reward model on what it is asked about.

A frozen `Scoring` or `HeldOut` and a folder come in; the model's scores of files of responses, or
of pairs that it has not seen, go out.  Callers: the `scores` and `evaluation` stages, through the
family runner.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.files import state
from proxyreward.models.build import load_reward_model
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.reward.score import Asked, distinct_rows, score_asked, score_pairs

PAIRS = "pairs.parquet"


@dataclass(frozen=True)
class Scoring:
    """One reward model (``name``) and the files of prompts and responses that it scores."""

    name: str
    tokenizer: str  # folder, or name on the hub
    model: str
    model_hash: str  # so that a model's scores are redone when it is
    responses: tuple[str, ...]  # parquet files, each row a prompt and a response
    max_length: int


def run(item: Scoring, directory: Path) -> None:
    """Write ``<name of the file>.npy``, float32, one score a row, for each file."""
    model = load_reward_model(item.model)
    for path in item.responses:
        asked = _asked(path, item.tokenizer, item.max_length, state(path), state(item.tokenizer))
        np.save(directory / f"{Path(path).stem}.npy", score_asked(model, asked))


@lru_cache(maxsize=4)
def _asked(path: str, tokenizer_from: str, max_length: int, *states: tuple) -> Asked:
    """Tokens of a file's distinct rows.

    Kept for the next reward model, as long as the files are as they were: they take as long as the
    scores of a small one.
    """
    tokenizer = load_tokenizer(tokenizer_from)
    asked = pd.read_parquet(path, columns=["prompt", "response"])
    return distinct_rows(tokenizer, asked["prompt"], asked["response"], max_length)


@dataclass(frozen=True)
class HeldOut:
    """One reward model and the pairs it has not seen: a fold, or (None) the labelled test pairs."""

    name: str
    data: str
    model: str
    model_hash: str
    fold: int | None
    max_length: int


def held_out(item: HeldOut, directory: Path) -> None:
    """Write the scores of unseen pairs: columns ``pair_id, chosen, rejected``."""
    data = Path(item.data)
    if item.fold is None:
        frame = pairs.read(data / "bench.parquet")
    else:
        frame = pairs.read(data / "pairs.parquet")
        frame = frame[np.load(data / "folds.npy") == item.fold]
    tokenizer = load_tokenizer(data / "tokenizer")
    scores = score_pairs(load_reward_model(item.model), tokenizer, frame, item.max_length)
    columns = {"pair_id": frame["pair_id"], "chosen": scores[:, 0], "rejected": scores[:, 1]}
    pd.DataFrame(columns).to_parquet(directory / PAIRS, index=False)
