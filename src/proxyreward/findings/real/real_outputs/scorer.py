"""A scorer of responses that learns from pairs: a reward model, or the linear one on word counts.

A frozen `Scorer` and a folder come in; scores of responses go out. The stage `real_outputs` makes
the items, the family runner calls :func:`score`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.data.flips import flipped
from proxyreward.files import state
from proxyreward.findings.core import wordcounts
from proxyreward.models.build import Shape, load_reward_model
from proxyreward.models.tokenizer import SCRATCH, encode, load_tokenizer
from proxyreward.reward.score import score_tokens
from proxyreward.reward.train import RewardSettings, token_pairs, train_reward_model

RESPONSES, TOKENIZER, SCORES = "responses.parquet", "tokenizer", "scores.npy"
EVERYTHING = -1
"""Fold of pairs that no prompt is held out from."""


@dataclass(frozen=True)
class Scorer:
    """One scorer to train and to ask.

    Attributes
    ----------
    data
        Folder with a tokenizer, the responses, and pairs with their folds.
    source
        Name of the pairs.
    flip_rate, flip_seed
        Share of the labels that are turned.
    fold
        Fold of prompts whose pairs it does not see; it scores their responses, or those of all
        prompts if None.
    shape
        Of the reward model; None is the linear model on word counts.
    """

    name: str
    data: str
    source: str
    flip_rate: float
    flip_seed: int
    fold: int | None
    shape: Shape | None
    settings: RewardSettings
    seed: int


def pair_files(data: Path, source: str) -> tuple[Path, Path]:
    """Files of the pairs of a source and of their folds."""
    return data / f"{source}.parquet", data / f"{source}-folds.npy"


def score(item: Scorer, directory: Path) -> None:
    """Train, then write ``scores.npy``: a score for each response, NaN for prompts of other folds.

    The flips are drawn over all pairs, so that those of a fold do not depend on which fold is out.
    """
    data = Path(item.data)
    known, folds = pair_files(data, item.source)
    turned = flipped(len(fold := np.load(folds)), item.flip_rate, item.flip_seed)
    responses = pd.read_parquet(data / RESPONSES)
    asked = np.full(len(responses), True) if item.fold is None else responses["fold"] == item.fold
    asked = np.flatnonzero(asked)
    learnt = np.flatnonzero(fold != item.fold)
    fit = _word_counts if item.shape is None else _reward_model
    found = np.full(len(responses), np.nan, np.float32)
    found[asked] = fit(item, known, learnt, turned[learnt], responses, asked, directory)
    np.save(directory / SCORES, found)


def _word_counts(item, known, learnt, turned, responses, asked, directory) -> np.ndarray:
    """Margins over a response without words, whose vector is 0."""
    frame = pairs.read(known).iloc[learnt]
    sides = frame[["chosen", "rejected"]].to_numpy()
    sides = np.where(turned[:, None], sides[:, ::-1], sides)
    frame = frame.assign(chosen=sides[:, 0], rejected=sides[:, 1])
    test = pd.DataFrame({"chosen": responses["text"].iloc[asked], "rejected": ""})
    return wordcounts.margins(frame, test)


def _reward_model(item, known, learnt, turned, responses, asked, directory) -> np.ndarray:
    data = Path(item.data)
    words, length = data / TOKENIZER, item.shape.max_length
    tokenizer, tokens = _tokens(known, words, length, state(known), state(words))
    tokens = tokens.take(learnt).flip(turned)
    given = SCRATCH, item.shape, item.settings, item.seed, directory
    train_reward_model(tokens, tokenizer, *given)
    file = data / RESPONSES
    rows = _responses(file, words, length, state(file), state(words))
    model = load_reward_model(directory)
    return score_tokens(model, [rows[number] for number in asked], tokenizer.pad_token_id)


@lru_cache(maxsize=1)
def _tokens(frame: Path, words: Path, max_length: int, *states: tuple):
    """The tokenizer and all pairs in its tokens, kept for the next scorer, which reads the same."""
    tokenizer, found = load_tokenizer(words), pairs.read(frame)
    return tokenizer, token_pairs(found, np.zeros(len(found), bool), tokenizer, max_length)


@lru_cache(maxsize=1)
def _responses(file: Path, words: Path, max_length: int, *states: tuple) -> list[list[int]]:
    frame = pd.read_parquet(file)
    return encode(load_tokenizer(words), frame["prompt"], frame["text"], max_length)
