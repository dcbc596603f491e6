"""One reward model on some preference sources, and what it says about test pairs of all of them.

A frozen `Mix` and a folder come in; the saved model, its steps and the scores of the test pairs go
out.  The `mixes` stage makes the items, the family runner calls :func:`train`.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.data.seeds import generator
from proxyreward.files import state
from proxyreward.models.build import Shape, build_reward_model, load_reward_model
from proxyreward.models.tokenizer import SCRATCH, encode, load_tokenizer
from proxyreward.reward.more import MixSettings, train_mixed
from proxyreward.reward.score import score_tokens
from proxyreward.reward.train import token_pairs

PAIR = ("chosen", "rejected")
TRAINING, TESTS, FOLDS = "training.parquet", "tests.parquet", "folds.npy"
SCORES = "scores.parquet"


@dataclass(frozen=True)
class Mix:
    """One reward model to train and test.

    Attributes
    ----------
    data
        Folder of the `sources` stage.
    sources
        Names of the sources that it learns from; none leaves it as it was built.
    splits
        Random parts of the only source that stand in for as many sources; 1 keeps it whole.
    tuned
        Settings with which copies of it are then trained on each source alone, and tested there;
        None trains none.
    fold
        The fold that is held out, whose pairs are the tests; None trains on all training pairs
        and tests on pairs of their own.
    conflict
        Degree to which the world's sources differ in the training labels; 1 takes the labels as
        they are.
    seed
        Of the initial weights and the batch order.
    """

    name: str
    data: str
    sources: tuple[str, ...]
    splits: int
    base: str
    shape: Shape
    settings: MixSettings
    tuned: MixSettings | None
    fold: int | None
    conflict: float
    seed: int


@lru_cache(maxsize=1)
def _read(data: str, tokenizer_from: str, fold: int | None, max_length: int, *states: tuple):
    """Training pairs and their tokens, test pairs and their tokens; kept for the next item.

    As long as the files are as they were: the items of a family read the same pairs, and tokens
    cost as much time as a small training.
    """
    folder = Path(data)
    training = pairs.read(folder / TRAINING)
    if fold is None:
        tests = pairs.read(folder / TESTS)
    else:
        inside = np.load(folder / FOLDS) == fold
        training, tests = training[~inside], training[inside]
    tokenizer = load_tokenizer(tokenizer_from)
    tokens = token_pairs(training, np.zeros(len(training), bool), tokenizer, max_length)
    asked = [encode(tokenizer, tests["prompt"], tests[c], max_length) for c in PAIR]
    return tokenizer, training, tokens, tests, asked


def tokenizer_of(item: Mix) -> str:
    """Folder or hub name of an item's tokenizer: its base's own, or that of the sources."""
    return f"{item.data}/tokenizer" if item.base == SCRATCH else item.base


def train(item: Mix, directory: Path) -> None:
    """Train and test one item.

    ``scores.parquet``: columns ``pair_id, chosen, rejected`` of the test pairs, and ``tuned``: the
    margin of the copy trained on the pair's own source (NaN if there is none).
    """
    words = tokenizer_of(item)
    tokenizer, training, tokens, tests, asked = _read(
        item.data, words, item.fold, item.shape.max_length, state(item.data), state(words)
    )
    source = training["source"].to_numpy()
    if item.conflict < 1:
        at = f"{item.conflict:g}"
        tokens = tokens.flip(np.array([meta["flipped_at"][at] for meta in training["meta"]]))

    def fit(model, names: tuple[str, ...], settings: MixSettings, folder: Path) -> None:
        number = {name: i for i, name in enumerate(names)}
        own = np.flatnonzero(np.isin(source, names))
        numbers = np.array([number[name] for name in source[own]])
        if names == item.sources and item.splits > 1:
            shuffled = generator(f"splits of {names[0]}", item.seed).permutation(len(own))
            numbers = shuffled % item.splits
            names = tuple(f"{names[0]} part {i + 1}" for i in range(item.splits))
        train_mixed(model, tokens.take(own), numbers, names, settings, item.seed, folder)

    def score(folder: Path, rows: np.ndarray) -> np.ndarray:
        model = load_reward_model(folder)
        each = [
            score_tokens(model, [side[i] for i in rows], tokenizer.pad_token_id) for side in asked
        ]
        return np.stack(each, axis=1)

    tokenizer.save_pretrained(directory)
    new = build_reward_model(item.base, item.shape, tokenizer, item.seed)
    if item.sources:
        fit(new, item.sources, item.settings, directory)
    else:
        new.save_pretrained(directory)
    found = pd.DataFrame({"pair_id": tests["pair_id"].to_numpy()})
    found[list(PAIR)] = score(directory, np.arange(len(tests)))
    found["tuned"] = np.float32(np.nan)
    for name in tests["source"].unique() if item.tuned else ():
        rows = np.flatnonzero(tests["source"] == name)
        with tempfile.TemporaryDirectory() as folder:
            fit(load_reward_model(directory), (name,), item.tuned, Path(folder))
            both = score(Path(folder), rows)
        found.loc[rows, "tuned"] = both[:, 0] - both[:, 1]
    found.to_parquet(directory / SCORES, index=False)
