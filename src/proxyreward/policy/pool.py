"""The pool of samples from which every best-of-n policy is computed.

A frozen `PoolItem` (some test prompts) and a folder come in; a parquet file of responses goes
out.  Callers: the `samples` stage through the family runner, and `read` by all that use the pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.models.build import load_policy
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.policy.sampling import sample

FILE = "pool.parquet"


@dataclass(frozen=True)
class PoolItem:
    """Responses of one policy to the test prompts ``first`` to ``first + prompts - 1``."""

    name: str
    data: str
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
    prompts = pd.read_parquet(data / "prompts.parquet")
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


def read(directory: Path) -> pd.DataFrame:
    """The whole pool of a `samples` folder, ordered by prompt and sample."""
    parts = [pd.read_parquet(path) for path in sorted(Path(directory).glob(f"*/{FILE}"))]
    return pd.concat(parts).sort_values(["prompt_id", "sample_id"], ignore_index=True)
