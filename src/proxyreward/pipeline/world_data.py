"""The embedded world as files: what people would write, ask and prefer, before any model.

Sizes and a seed come in; parquet files go into the folder of the `data` stage, its only caller.
"""

from pathlib import Path

import pandas as pd

from proxyreward.data import pairs
from proxyreward.data.construction import construct
from proxyreward.data.seeds import generator, number
from proxyreward.data.transcripts import last_request
from proxyreward.pipeline.params import World
from proxyreward.vocabulary import PAIRS_APART
from proxyreward.world.build import build, pairs_apart
from proxyreward.world.prompts import find
from proxyreward.world.questions import ask


def texts(frame: pd.DataFrame, *columns: str) -> list[str]:
    """Whole conversations: the prompt with each of the given responses."""
    return [f"{p} {r}" for column in columns for p, r in zip(frame["prompt"], frame[column])]


def write_world(sizes: World, seed: int, folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Write everything but the training pairs.

    Files: ``demonstrations``, ``prompts`` (where policies are optimised), ``bench`` (labelled
    test pairs), ``questions`` and ``answers`` (the accuracy prompts and what writers say to
    them), ``validation`` (held-out pairs), ``construction.csv`` (how the pairs were chosen),
    ``pairs_apart`` (training pairs of the family that learns from no other).

    Returns
    -------
    The training pairs, and texts for the tokenizer.
    """
    corpus = build(sizes.demonstrations, sizes.pairs, sizes.bench_prompts, sizes.pool_prompts, seed)
    tested = corpus.bench["prompt"].head(sizes.test_prompts).map(last_request)
    questions, answers = ask(
        tested.map(find).tolist(),
        sizes.responses_per_source,
        generator("questions", seed),
    )
    rules = {"max_words": sizes.max_words, "validation_share": sizes.validation_share}
    training, validation, steps = construct(corpus.pairs, **rules, seed=seed)
    others = pairs_apart(sizes.pairs_apart, corpus.bench, seed)
    apart, *_ = construct(others, **rules, seed=number("pairs apart", seed))
    tables = {"demonstrations": corpus.demonstrations, "prompts": corpus.prompts}
    for name, table in (tables | {"questions": questions, "answers": answers}).items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    pairs.write(corpus.bench, folder / "bench.parquet")
    pairs.write(validation, folder / "validation.parquet")
    pairs.write(apart, folder / PAIRS_APART)
    steps.to_csv(folder / "construction.csv", index=False, lineterminator="\n")
    return training, texts(corpus.demonstrations, "response")
