"""Scores of one reward model on what it is asked about.

A frozen `Scoring` or `HeldOut` and a folder come in; the model's scores of the pool and the
accuracy test set, or its margins on pairs it has not seen, go out.  Callers: the `scores` and
`evaluation` stages, through the family runner.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.models.build import load_reward_model
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.reward.score import score, score_pairs

POOL, BENCH, MARGINS = "pool.npy", "bench.npy", "margins.parquet"


@dataclass(frozen=True)
class Scoring:
    """One reward model (``name``) and the folders of what it scores."""

    name: str
    data: str
    model: str
    model_hash: str  # so that a model's scores are redone when it is
    responses: str
    max_length: int


def run(item: Scoring, directory: Path) -> None:
    """Write ``pool.npy`` (prompts, samples) and ``bench.npy`` (pairs, 2), both float32."""
    data = Path(item.data)
    tokenizer = load_tokenizer(data / "tokenizer")
    model = load_reward_model(item.model)
    bench = pairs.read(data / "bench.parquet")
    np.save(directory / BENCH, score_pairs(model, tokenizer, bench, item.max_length))
    asked = pd.read_parquet(item.responses)
    scores = score(model, tokenizer, asked["prompt"], asked["response"], item.max_length)
    np.save(directory / POOL, scores.reshape(asked["prompt_id"].nunique(), -1))


@dataclass(frozen=True)
class HeldOut:
    """One reward model and the pairs it has not seen: a fold, or (None) the accuracy test set."""

    name: str
    data: str
    model: str
    model_hash: str
    fold: int | None
    max_length: int


def held_out(item: HeldOut, directory: Path) -> None:
    """Write the margins of unseen pairs: columns ``pair_id, margin``."""
    data = Path(item.data)
    if item.fold is None:
        frame = pairs.read(data / "bench.parquet")
    else:
        frame = pairs.read(data / "pairs.parquet")
        frame = frame[np.load(data / "folds.npy") == item.fold]
    tokenizer = load_tokenizer(data / "tokenizer")
    scores = score_pairs(load_reward_model(item.model), tokenizer, frame, item.max_length)
    margins = pd.DataFrame({"pair_id": frame["pair_id"], "margin": scores[:, 0] - scores[:, 1]})
    margins.to_parquet(directory / MARGINS, index=False)
