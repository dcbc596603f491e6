"""Stage `data`: preference pairs from the world or from real files, and a tokenizer for them.

In: nothing, or the files that `data.name` points to.  Out: ``outputs/<scale>/data/``; for real
pairs also the load report in ``results/<scale>/data/``.
"""

import json
import sys

import numpy as np
import pandas as pd

from proxyreward.data import folds, pairs
from proxyreward.data.load import load_pairs
from proxyreward.models.tokenizer import make_tokenizer
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, results
from proxyreward.world.build import build


def texts(frame: pd.DataFrame, *columns: str) -> list[str]:
    """Whole conversations: the prompt with each of the given responses."""
    return [f"{p} {r}" for column in columns for p, r in zip(frame["prompt"], frame[column])]


def run(params: Params) -> None:
    """Write pairs, folds and tokenizer; for the world also demonstrations, bench and prompts."""
    folder = outputs(params, "data")
    folder.mkdir(parents=True, exist_ok=True)
    if params.data.source == "world":
        sizes = params.world
        corpus = build(
            sizes.demonstrations, sizes.pairs, sizes.bench_prompts, sizes.pool_prompts, params.seed
        )
        frame, read = corpus.pairs, texts(corpus.demonstrations, "response")
        corpus.demonstrations.to_parquet(folder / "demonstrations.parquet", index=False)
        corpus.prompts.to_parquet(folder / "prompts.parquet", index=False)
        pairs.write(corpus.bench, folder / "bench.parquet")
    else:
        real = params.data
        frame, report = load_pairs(
            real.source, real.name, real.subset, real.split, real.max_records
        )
        print(report, file=sys.stderr)
        read = texts(frame, "chosen", "rejected")
        told = json.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n"
        (results(params, "data") / "report.json").write_text(told, encoding="utf-8")
    pairs.write(frame, folder / "pairs.parquet")
    if params.reward.folds:
        held_out = folds.assign(frame["prompt"], params.reward.folds, params.seed)
        np.save(folder / "folds.npy", held_out)
    tokenizer = make_tokenizer(params.model.base, read, params.tokenizer.vocab_size)
    tokenizer.save_pretrained(folder / "tokenizer")


if __name__ == "__main__":
    main("data", run)
