"""Supervised training of the initial policy on demonstrations, by TRL's `SFTTrainer`.

A frame of (prompt, response) and settings come in, a saved causal model goes out.  Only the
response is learnt: the loss skips the prompt's tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from proxyreward.models.build import Shape, build_policy
from proxyreward.models.tokenizer import encode, encode_prompts
from proxyreward.models.training import plain_training, write_log

IGNORED = -100  # the label that the loss skips
UNCUT = 1 << 30  # a length that no row exceeds


@dataclass(frozen=True)
class PolicySettings:
    """How the initial policy is trained."""

    epochs: float
    learning_rate: float
    batch_size: int


def demonstration_dataset(demonstrations: pd.DataFrame, tokenizer, max_length: int):
    """Tokenised demonstrations with the prompt masked out of the labels."""
    from datasets import Dataset

    whole = encode(tokenizer, demonstrations["prompt"], demonstrations["response"], UNCUT)
    heads = encode_prompts(tokenizer, demonstrations["prompt"], UNCUT)
    rows = [row[-max_length:] for row in whole]
    # A row that lost its beginning has lost as many tokens of its prompt.
    kept = [max(len(h) - (len(w) - len(r)), 0) for h, w, r in zip(heads, whole, rows)]
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


def train_policy(
    demonstrations: pd.DataFrame,
    tokenizer,
    base: str,
    shape: Shape,
    settings: PolicySettings,
    seed: int,
    directory: Path,
) -> None:
    """Train on demonstrations; save the model and the trainer's log to ``directory``."""
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
        **plain_training(seed),
    )
    trainer = _trainer_class()(
        model=build_policy(base, shape, tokenizer, seed),
        args=arguments,
        train_dataset=demonstration_dataset(demonstrations, tokenizer, shape.max_length),
        processing_class=tokenizer,
    )
    trainer.train()
    trainer.model.save_pretrained(directory)
    write_log(trainer.state.log_history, directory)
