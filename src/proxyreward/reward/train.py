"""Training of one reward model on labelled pairs, by TRL's `RewardTrainer`.

A frame of pairs, an array of label flips and settings come in, a saved model goes out.  The
`reward_models` stage calls it once for each member of the family.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.models.build import Shape, build_reward_model
from proxyreward.models.precision import Precision
from proxyreward.models.tokenizer import encode
from proxyreward.models.training import fit, plain_training


@dataclass(frozen=True)
class RewardSettings:
    """How a reward model is trained (paper rethinking, Table 8, at our sizes)."""

    epochs: float
    learning_rate: float
    batch_size: int
    warmup_ratio: float
    l2: float
    precision: Precision = "fp32"


def preference_dataset(pairs: pd.DataFrame, flips: np.ndarray, tokenizer, max_length: int):
    """Tokenised pairs for the trainer; where ``flips`` is True the two responses change places."""
    from datasets import Dataset

    first = encode(tokenizer, pairs["prompt"], pairs["chosen"], max_length)
    second = encode(tokenizer, pairs["prompt"], pairs["rejected"], max_length)
    chosen = [b if flip else a for a, b, flip in zip(first, second, flips, strict=True)]
    rejected = [a if flip else b for a, b, flip in zip(first, second, flips, strict=True)]
    length = [max(len(a), len(b)) for a, b in zip(first, second)]
    return Dataset.from_dict({"chosen_ids": chosen, "rejected_ids": rejected, "length": length})


def _trainer_class():
    from trl import RewardTrainer

    class SquaredRewardTrainer(RewardTrainer):
        """Adds ``l2 * mean(r_w**2 + r_l**2)`` to the Bradley-Terry loss (rethinking, eq. 4).

        TRL's own `center_rewards_coefficient` penalises ``(r_w + r_l)**2``, which fixes the
        offset of the scores but not their scale.
        """

        def __init__(self, *args, l2: float, **kwargs):
            super().__init__(*args, **kwargs)
            self.l2 = l2

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            loss, outputs = super().compute_loss(
                model, inputs, return_outputs=True, num_items_in_batch=num_items_in_batch
            )
            # Half of the rows are chosen and half rejected, so the mean over pairs is twice this.
            loss = loss + self.l2 * 2 * outputs.logits.float().pow(2).mean()
            return (loss, outputs) if return_outputs else loss

    return SquaredRewardTrainer


def train_reward_model(
    pairs: pd.DataFrame,
    flips: np.ndarray,
    tokenizer,
    base: str,
    shape: Shape,
    settings: RewardSettings,
    seed: int,
    directory: Path,
) -> None:
    """Train on all given pairs; save the model and the trainer's log to ``directory``.

    Parameters
    ----------
    pairs
        Frame in the schema of `data.pairs`.
    flips
        Which labels are flipped, boolean, shape ``(len(pairs),)``.
    base
        ``"scratch"`` or the name of a pretrained model.
    """
    import math

    from trl import RewardConfig

    model = build_reward_model(base, shape, tokenizer, seed)
    dataset = preference_dataset(pairs, flips, tokenizer, shape.max_length)
    steps = math.ceil(len(dataset) / settings.batch_size) * settings.epochs
    arguments = RewardConfig(
        output_dir=str(directory),
        per_device_train_batch_size=settings.batch_size,
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=round(settings.warmup_ratio * steps),
        max_length=None,
        train_sampling_strategy="group_by_length",
        remove_unused_columns=False,  # the sampler reads the length
        gradient_checkpointing=False,
        **plain_training(seed, settings.precision),
    )
    trainer = _trainer_class()(
        model=model,
        args=arguments,
        train_dataset=dataset,
        processing_class=tokenizer,
        l2=settings.l2,
    )
    fit(trainer, directory)
    model.save_pretrained(directory)
