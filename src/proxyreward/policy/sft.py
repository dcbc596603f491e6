"""Supervised training of a policy on demonstrations.

A frame of (prompt, response) and settings come in, a causal model goes out: a new one that is
saved (the initial policies), or a given one trained further in place (`policy.rejection`).  Only
the response is learnt: the loss skips the prompt's tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.models import training
from proxyreward.models.build import Shape, build_policy
from proxyreward.models.precision import Precision
from proxyreward.models.tokenizer import encode_answers
from proxyreward.policy.perplexity import answer_distributions, answer_tensors, of_answers

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class PolicySettings:
    """How a policy is trained on demonstrations."""

    epochs: float
    learning_rate: float
    batch_size: int
    precision: Precision = "fp32"


def train_further(
    policy,
    demonstrations: pd.DataFrame,
    tokenizer,
    settings: PolicySettings,
    max_length: int,
    seed: int,
    directory: Path,
) -> None:
    """Train a policy on demonstrations, in place; write the trainer's log to ``directory``.

    Parameters
    ----------
    policy
        A causal model, new or trained before.
    max_length
        Longest prompt and response together, in tokens; a longer prompt loses its beginning.
    seed
        Of the batch order.
    """
    rows, starts = encode_answers(
        tokenizer, demonstrations["prompt"], demonstrations["response"], max_length
    )
    batches = training.grouped_by_length(
        list(map(len, rows)), settings.batch_size, settings.epochs, seed
    )

    def loss(numbers: np.ndarray) -> Tensor:
        """Mean negative log-likelihood of the tokens of the responses."""
        asked = [rows[i] for i in numbers], [starts[i] for i in numbers]
        ids, answer = answer_tensors(*asked, tokenizer.pad_token_id, policy.device)
        _, log_probs = answer_distributions(policy, ids, answer)
        return -of_answers(log_probs, ids, answer).sum() / len(log_probs)

    training.train(
        policy,
        batches,
        loss,
        learning_rate=settings.learning_rate,
        warmup_steps=0,
        precision=settings.precision,
        seed=seed,
        directory=directory,
    )


def train_policy(
    demonstrations: pd.DataFrame,
    tokenizer,
    base: str,
    shape: Shape,
    settings: PolicySettings,
    seed: int,
    directory: Path,
) -> None:
    """Train a new policy on demonstrations; save it and the trainer's log to ``directory``."""
    policy = build_policy(base, shape, tokenizer, seed)
    train_further(policy, demonstrations, tokenizer, settings, shape.max_length, seed, directory)
    policy.save_pretrained(directory)
