"""Pools of samples: of the downstream prompts for best-of-n, of the accuracy prompts for test sets.

A frozen `PoolItem` (some prompts) and a folder come in; a parquet file of responses goes out.
Callers: the `samples` stage through the family runner, and `read` by all that use a pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.models.build import load_policy
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.policy.sampling import sample
from proxyreward.vocabulary import INITIAL

FILE = "pool.parquet"


@dataclass(frozen=True)
class PoolItem:
    """Responses of one policy to the prompts ``first`` to ``first + prompts - 1`` of a file."""

    name: str
    data: str
    asked: str  # file of the data folder
    policy: str
    first: int
    prompts: int
    per_prompt: int
    temperature: float
    max_new_tokens: int
    max_length: int
    seed: int


def draw(item: PoolItem, directory: Path) -> None:
    """Sample the item's responses: columns ``prompt_id, sample_id, response, ended``."""
    data = Path(item.data)
    prompts = pd.read_parquet(data / item.asked)
    prompts = prompts.iloc[item.first : item.first + item.prompts]
    texts, ended = sample(
        load_policy(item.policy),
        load_tokenizer(data / "tokenizer"),
        prompts["prompt"].tolist(),
        item.per_prompt,
        item.temperature,
        item.max_new_tokens,
        item.max_length,
        item.seed,
    )
    frame = pd.DataFrame(
        {
            "prompt_id": np.repeat(prompts["prompt_id"].to_numpy(), item.per_prompt),
            "sample_id": np.tile(np.arange(item.per_prompt), len(prompts)),
            "response": [text for row in texts for text in row],
            "ended": [end for row in ended for end in row],
        }
    )
    frame.to_parquet(directory / FILE, index=False)


def read(directory: Path, name: str) -> pd.DataFrame:
    """The pool of that name in a `samples` folder, ordered by prompt and sample."""
    parts = [pd.read_parquet(path) for path in sorted(Path(directory).glob(f"{name}-*/{FILE}"))]
    return pd.concat(parts).sort_values(["prompt_id", "sample_id"], ignore_index=True)


def answers(data: Path, samples: Path) -> pd.DataFrame:
    """All answers to the accuracy prompts, the initial policy's beside the writers'.

    Columns ``variant, prompt_id, source, sample_id, prompt, response``; by variant and prompt,
    the writers in order and the policy, source `initial`, last. It answers the originals alone.
    """
    written = pd.read_parquet(data / "answers.parquet")
    questions = pd.read_parquet(data / "questions.parquet")
    originals = questions[questions["variant"] == questions["variant"].iloc[0]]
    own = read(samples, "tests").merge(originals, on="prompt_id").assign(source=INITIAL)
    order = {name: i for i, name in enumerate(questions["variant"].unique())}
    both = pd.concat([written, own[written.columns]], ignore_index=True)
    # A stable sort keeps the order of sources and samples within a prompt.
    return both.sort_values(
        ["variant", "prompt_id"],
        key=lambda column: column.map(order) if column.name == "variant" else column,
        kind="stable",
        ignore_index=True,
    )
