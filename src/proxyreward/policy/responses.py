"""What policies say to test prompts.

A policy and prompts come in, a frame of responses goes out, or a file of them; or a frozen
`Speaker` and a folder, for a policy that is saved.  Callers: all that align policies, and the stage
of paper *elephant*, which compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from proxyreward.models.build import load_policy
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.policy.sampling import sample

RESPONSES = "responses.parquet"


class Sampling(Protocol):
    """How responses are drawn."""

    temperature: float
    max_new_tokens: int
    max_length: int


class Asking(Sampling, Protocol):
    """Which prompts a policy is tested on, see `Speaker`."""

    prompts: str
    test_samples: int
    seed: int


@dataclass(frozen=True)
class Speaker:
    """One saved policy that responds to prompts.

    Attributes
    ----------
    data
        Folder of the `data` stage, for its tokenizer.
    policy
        Folder of the policy.
    policy_hash
        So that an item is redone when its policy is.
    prompts
        Parquet file of test prompts: ``prompt_id, source, prompt``.
    test_samples
        Responses to each of these.
    seed
        Equal for policies that are compared.
    """

    name: str
    data: str
    policy: str
    policy_hash: str
    prompts: str
    test_samples: int
    temperature: float
    max_new_tokens: int
    max_length: int
    seed: int


def respond(
    policy, tokenizer, prompts: pd.DataFrame, samples: int, item: Sampling, seed: int
) -> pd.DataFrame:
    """Responses to each prompt: columns ``prompt_id, sample_id, source, prompt, response``.

    The samples of a prompt lie together. How they are drawn, the `item` says.
    """
    texts, _ = sample(
        policy,
        tokenizer,
        prompts["prompt"].tolist(),
        samples,
        item.temperature,
        item.max_new_tokens,
        item.max_length,
        seed,
    )
    asked = prompts.loc[prompts.index.repeat(samples), ["prompt_id", "source", "prompt"]]
    asked.insert(1, "sample_id", np.tile(np.arange(samples), len(prompts)))
    said = asked.assign(response=[text for row in texts for text in row])
    return said.reset_index(drop=True)


def write_responses(policy, tokenizer, item: Asking, directory: Path) -> pd.DataFrame:
    """Write ``responses.parquet``: what a policy says to the item's prompts."""
    prompts = pd.read_parquet(item.prompts)
    said = respond(policy, tokenizer, prompts, item.test_samples, item, item.seed)
    said.to_parquet(directory / RESPONSES, index=False)
    return said


def speak(item: Speaker, directory: Path) -> None:
    """Write what a saved policy says, see :func:`write_responses`."""
    tokenizer = load_tokenizer(f"{item.data}/tokenizer")
    write_responses(load_policy(item.policy), tokenizer, item, directory)
