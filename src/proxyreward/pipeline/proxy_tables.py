"""What the reward models of paper *elephant* are asked, and the tables of what they answer.

In: cleaned test pairs, labelled pairs, probes, and scores. Out: frames for ``results/``. Called by
the stage `proxies`.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.data.cleaning import ACTION, DROP, SWAP
from proxyreward.data.variants import as_pairs
from proxyreward.models.build import load_reward_model
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.reward.gradients import gradient_norm
from proxyreward.reward.train import token_pairs
from proxyreward.vocabulary import TEST, TRAIN, TYPES
from proxyreward.world.probes import probes

TESTS, BENCH, PROBED = "tests", "bench", "probes"
SIDES = dict.fromkeys((TESTS, BENCH), ("chosen", "rejected")) | {PROBED: ("better", "worse")}
"""What reward models are asked about, and the columns of the two responses of a pair."""
PER_TYPE = 200
"""Pairs of a type on which the gradient is taken."""
Scores = Mapping[str, np.ndarray]
"""Of each reward model, shape (2, pairs)."""


def frames(data: Path, cleaning: Path, count: int, seed: int) -> dict[str, pd.DataFrame]:
    """All pairs that are asked about: cleaned tests, labelled pairs, and `count` of each probe."""
    return {
        TESTS: pairs.read(cleaning / "tests.parquet"),
        BENCH: pairs.read(data / "bench.parquet"),
        PROBED: probes(count, seed),
    }


def write_asked(asked: Mapping[str, pd.DataFrame], folder: Path) -> dict[str, Path]:
    """A file with columns prompt and response for each frame; returns their paths.

    Rows are the first responses of all pairs, then the second.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.parquet" for name in asked}
    for name, frame in asked.items():
        parts = [
            frame[["prompt", side]].set_axis(["prompt", "response"], axis=1) for side in SIDES[name]
        ]
        pd.concat(parts, ignore_index=True).to_parquet(paths[name], index=False)
    return paths


def read_scores(folders: Mapping[str, Path], name: str) -> Scores:
    """Scores of a file of :func:`write_asked`; `folders` are those of the models' scores."""
    return {rm: np.load(folder / f"{name}.npy").reshape(2, -1) for rm, folder in folders.items()}


def answers(asked: Mapping[str, pd.DataFrame], scores: Mapping[str, Scores]) -> dict:
    """Margins on the tests, on the labelled pairs with their category, and scores of probes."""
    bench = asked[BENCH]
    category = bench["meta"].map(lambda meta: meta["category"])
    return {
        "margins": margins(asked[TESTS][["pair_id", "source"]], scores[TESTS]),
        BENCH: margins(bench[["pair_id"]].assign(category=category), scores[BENCH]),
        PROBED: both_scores(asked[PROBED], scores[PROBED]),
    }


def margins(keys: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    """Columns that name the pairs, then of each model the score of the first side less that of the
    second, float32."""
    found = {name: (first - second).astype(np.float32) for name, (first, second) in scores.items()}
    return pd.concat([keys.reset_index(drop=True), pd.DataFrame(found)], axis=1)


def both_scores(frame: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    """The probes with the scores of both responses, ``better:<rm>`` and ``worse:<rm>``."""
    found = {
        f"{side}:{name}": score.astype(np.float32)
        for name, both in scores.items()
        for side, score in zip(SIDES[PROBED], both, strict=True)
    }
    return pd.concat([frame, pd.DataFrame(found)], axis=1)


def truth(records: pd.DataFrame, tests: pd.DataFrame) -> pd.DataFrame:
    """Of each cleaned test pair: pair_id, source, type, and the oracle's margin of its label.

    `tests` are those of `records` that cleaning keeps, in their order.
    """
    action = records["type"].map(ACTION)
    kept = records[(records["split"] == TEST) & (action != DROP)]
    sign = np.where(action[kept.index] == SWAP, -1.0, 1.0)
    columns = {"type": kept["type"].to_numpy(), "margin": sign * kept["margin"].to_numpy()}
    return tests[["pair_id", "source"]].assign(**columns)


def located(rms: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    """The table of models with median and sd of their scores on `bench`, which has no probes."""
    of = [scores[name] for name in rms["rm"]]
    return rms.assign(median=[np.median(one) for one in of], sd=[one.std() for one in of])


def gradients(records: pd.DataFrame, model: Path, tokenizer: Path, length: int) -> pd.DataFrame:
    """Length of the gradient on training records of each type, as labelled: type, pairs, norm."""
    words, rm = load_tokenizer(tokenizer), load_reward_model(model)
    training, rows = records[records["split"] == TRAIN], []
    for kind in TYPES:
        frame = as_pairs(training[training["type"] == kind].head(PER_TYPE))
        if len(frame):
            tokens = token_pairs(frame, np.zeros(len(frame), bool), words, length)
            rows.append((kind, len(frame), gradient_norm(rm, tokens)))
    return pd.DataFrame(rows, columns=["type", "pairs", "norm"])
