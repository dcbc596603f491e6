"""Supervised training of a policy on demonstrations, by TRL's `SFTTrainer`.

A frame of (prompt, response) and settings come in, a causal model goes out: a new one that is
saved (the initial policies), or a given one trained further in place (`policy.rejection`).  Only
the response is learnt: the loss skips the prompt's tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from proxyreward.models.build import Shape, build_policy
from proxyreward.models.precision import Precision
from proxyreward.models.tokenizer import encode, encode_prompts
from proxyreward.models.training import fit, plain_training

IGNORED = -100  # the label that the loss skips
UNCUT = 1 << 30  # a length that no row exceeds


@dataclass(frozen=True)
class PolicySettings:
    """How a policy is trained on demonstrations."""

    epochs: float
    learning_rate: float
    batch_size: int
    precision: Precision = "fp32"


def encode_answers(
    tokenizer, prompts: Sequence[str], responses: Sequence[str], max_length: int
) -> tuple[list[list[int]], list[int]]:
    """Token rows as `models.tokenizer.encode` makes them, and where each row's response begins."""
    whole = encode(tokenizer, prompts, responses, UNCUT)
    heads = encode_prompts(tokenizer, prompts, UNCUT)
    rows = [row[-max_length:] for row in whole]
    # A row that lost its beginning has lost as many tokens of its prompt.
    kept = [max(len(h) - (len(w) - len(r)), 0) for h, w, r in zip(heads, whole, rows)]
    return rows, kept


def demonstration_dataset(demonstrations: pd.DataFrame, tokenizer, max_length: int):
    """Tokenised demonstrations with the prompt masked out of the labels."""
    from datasets import Dataset

    rows, kept = encode_answers(
        tokenizer, demonstrations["prompt"], demonstrations["response"], max_length
    )
    labels = [[IGNORED] * keep + row[keep:] for keep, row in zip(kept, rows)]
    return Dataset.from_dict(
        {"input_ids": rows, "labels": labels, "length": [len(row) for row in rows]}
    )


def _trainer_class():
    from transformers import Trainer
    from trl import SFTTrainer

    class PlainLossTrainer(SFTTrainer):
        """Takes the model's own loss.

        TRL's default cuts the vocabulary into tiles to save memory and adds up metrics that nobody
        reads here; for models as small as ours that costs as much again as the training itself.
        """

        compute_loss = Trainer.compute_loss

    return PlainLossTrainer


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
    from trl import SFTConfig

    arguments = SFTConfig(
        output_dir=str(directory),
        per_device_train_batch_size=settings.batch_size,
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        max_length=None,
        train_sampling_strategy="group_by_length",
        gradient_checkpointing=False,
        **plain_training(seed, settings.precision),
    )
    trainer = _trainer_class()(
        model=policy,
        args=arguments,
        train_dataset=demonstration_dataset(demonstrations, tokenizer, max_length),
        processing_class=tokenizer,
    )
    fit(trainer, directory)


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
