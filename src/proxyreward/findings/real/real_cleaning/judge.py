"""A judge of real pairs: what it learns from, and its margins on pairs that it has not seen.

A frozen `Judge` and a folder come in; margins, and the model where there is one, go out. The stage
`real_cleaning` makes the items, the family runner calls :func:`judge`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.files import state
from proxyreward.findings.core import wordcounts
from proxyreward.models.build import Shape, load_reward_model
from proxyreward.models.tokenizer import SCRATCH, load_tokenizer
from proxyreward.reward.score import score_pairs
from proxyreward.reward.train import RewardSettings, token_pairs, train_reward_model

PAIRS, FOLDS, TOKENIZER = "pairs.parquet", "folds.npy", "tokenizer"
MARGINS = "margins.parquet"


@dataclass(frozen=True)
class Judge:
    """One judge to train and ask.

    Attributes
    ----------
    data
        Folder with the pairs of one source, their folds and a tokenizer.
    out
        Folds that it does not see; it judges their pairs.
    labels
        File with a number for each pair: 1 as labelled, -1 with the label turned, 0 left out; None
        takes all pairs as they are labelled.
    shape
        Of the reward model; None is the linear model on word counts.
    """

    name: str
    data: str
    out: tuple[int, ...]
    labels: str | None
    shape: Shape | None
    settings: RewardSettings
    seed: int


def judge(item: Judge, directory: Path) -> None:
    """Train on the other folds; write ``margins.parquet``: columns ``pair_id, margin``.

    The margin of a pair is the score of its chosen response, as labelled first, less that of the
    rejected one.
    """
    frame = pairs.read(Path(item.data) / PAIRS)
    unseen = np.isin(np.load(Path(item.data) / FOLDS), item.out)
    labels = np.load(item.labels) if item.labels else np.ones(len(frame), int)
    learnt = np.flatnonzero(~unseen & (labels != 0))
    fit = _word_counts if item.shape is None else _reward_model
    margin = fit(item, frame, learnt, labels[learnt] < 0, unseen, directory)
    found = {"pair_id": np.flatnonzero(unseen), "margin": margin}
    pd.DataFrame(found).to_parquet(directory / MARGINS, index=False)


def _word_counts(item, frame, learnt, turned, unseen, directory) -> np.ndarray:
    known = frame.iloc[learnt]
    sides = known[["chosen", "rejected"]].to_numpy()
    sides = np.where(turned[:, None], sides[:, ::-1], sides)
    return wordcounts.margins(known.assign(chosen=sides[:, 0], rejected=sides[:, 1]), frame[unseen])


def _reward_model(item, frame, learnt, turned, unseen, directory) -> np.ndarray:
    words = Path(item.data) / TOKENIZER
    read = Path(item.data) / PAIRS, words
    tokenizer, tokens = _tokens(*read, item.shape.max_length, *map(state, read))
    tokens = tokens.take(learnt).flip(turned)
    given = SCRATCH, item.shape, item.settings, item.seed, directory
    train_reward_model(tokens, tokenizer, *given)
    model = load_reward_model(directory)
    scores = score_pairs(model, tokenizer, frame[unseen], item.shape.max_length)
    return scores[:, 0] - scores[:, 1]


@lru_cache(maxsize=1)
def _tokens(frame: Path, words: Path, max_length: int, *states: tuple):
    """The tokenizer and all pairs in its tokens, kept for the next judge, which reads the same."""
    tokenizer, found = load_tokenizer(words), pairs.read(frame)
    return tokenizer, token_pairs(found, np.zeros(len(found), bool), tokenizer, max_length)
