"""A small training on three sources, for `test_more.py` and its two processes.

``accelerate launch --multi_gpu --num_processes 2 -m tests.reward.mixing FOLDER`` trains in two
processes, each scheme into a folder of its own.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from proxyreward.models.build import Shape, build_reward_model
from proxyreward.models.tokenizer import train_tokenizer
from proxyreward.reward.more import MixSettings, train_mixed
from proxyreward.reward.train import token_pairs
from proxyreward.world.mixture import mixture

NAMES = ("helpful", "harmless", "summarize")
SHAPE = Shape(hidden_size=16, layers=1, heads=2, max_length=64)
PLAIN = MixSettings(
    weighting="plain",
    order="balanced",
    resampled=24,
    pairs_per_source=4,
    epochs=1,
    learning_rate=1e-2,
    warmup_ratio=0.2,
)
SCHEMES = {
    "plain": PLAIN,
    "more": replace(PLAIN, weighting="min-norm"),
    "public-code": replace(PLAIN, weighting="public-code"),
    "upgrad": replace(PLAIN, weighting="upgrad"),
    "multitask": replace(PLAIN, order="mixed"),
    "as-is": replace(PLAIN, order="mixed", resampled=None, weighting="min-norm"),
}


def material():
    """Tokenised pairs, their sources as numbers, and the tokenizer."""
    frame, _ = mixture(dict.fromkeys(NAMES, 24), test_pairs=1, quality=2.0, seed=0)
    tokenizer = train_tokenizer(frame["prompt"] + " " + frame["chosen"], vocab_size=400)
    pairs = token_pairs(frame, np.zeros(len(frame), bool), tokenizer, SHAPE.max_length)
    return pairs, frame["source"].map(NAMES.index).to_numpy(), tokenizer


def fit(settings: MixSettings, folder: Path, seed: int = 0) -> Path:
    """Train and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs, source, tokenizer = material()
    model = build_reward_model("scratch", SHAPE, tokenizer, seed)
    train_mixed(model, pairs, source, NAMES, settings, seed, folder)
    return folder


if __name__ == "__main__":
    import torch
    from accelerate import PartialState

    # The launcher's own `--cpu` starts one process only; so each asks for the CPU by itself.
    os.environ["ACCELERATE_USE_CPU"] = "true"
    torch.set_num_threads(1)
    (Path(sys.argv[1]) / f"{PartialState(cpu=True).process_index}.rank").touch()
    for scheme in ("more", "plain"):
        fit(SCHEMES[scheme], Path(sys.argv[1]) / scheme)
