r"""Training of one reward model on labelled pairs.

Pairs in tokens and settings come in, a saved model goes out.  The `reward_models` stage calls it
once for each member of the family.

The loss is Bradley-Terry with a penalty on the scores (paper rethinking, eq. 4),

.. math:: -\log \sigma(r_w - r_l) + \ell_2 \, (r_w^2 + r_l^2) .

TRL's own `center_rewards_coefficient` penalises :math:`(r_w + r_l)^2`, which fixes the offset of
the scores but not their scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from proxyreward.models import training
from proxyreward.models.build import Shape, build_reward_model
from proxyreward.models.precision import Precision
from proxyreward.models.states import last_states
from proxyreward.models.tokenizer import encode
from proxyreward.reward.score import TOKENS_PER_BATCH

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class RewardSettings:
    """How a reward model is trained (paper rethinking, Table 8, at our sizes)."""

    epochs: float
    learning_rate: float
    batch_size: int
    warmup_ratio: float
    l2: float
    precision: Precision = "fp32"


@dataclass(frozen=True)
class TokenPairs:
    """Token rows of the preferred and of the other responses, in the order of the pairs."""

    chosen: list[list[int]]
    rejected: list[list[int]]
    pad_id: int

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, numbers: np.ndarray) -> TokenPairs:
        """Some of the pairs."""
        return TokenPairs(
            [self.chosen[i] for i in numbers], [self.rejected[i] for i in numbers], self.pad_id
        )

    def flip(self, flips: np.ndarray) -> TokenPairs:
        """The pairs; where ``flips`` is True the two responses change places."""
        sides = [
            (b, a) if flip else (a, b)
            for a, b, flip in zip(self.chosen, self.rejected, flips, strict=True)
        ]
        return TokenPairs([a for a, _ in sides], [b for _, b in sides], self.pad_id)


def token_pairs(pairs: pd.DataFrame, flips: np.ndarray, tokenizer, max_length: int) -> TokenPairs:
    """Tokenised pairs, flipped as :meth:`TokenPairs.flip` does it."""
    first = encode(tokenizer, pairs["prompt"], pairs["chosen"], max_length)
    second = encode(tokenizer, pairs["prompt"], pairs["rejected"], max_length)
    return TokenPairs(first, second, tokenizer.pad_token_id).flip(flips)


def pair_rewards(model, pairs: TokenPairs) -> tuple[Tensor, Tensor]:
    """Rewards of both responses, shape (2, pairs), chosen first, and the hidden states that the
    head reads them from, shape (2, pairs, width)."""
    import torch

    rows = pairs.chosen + pairs.rejected
    budget = TOKENS_PER_BATCH[model.device.type]
    numbers, hidden = zip(*last_states(model, rows, pairs.pad_id, budget))
    back = torch.from_numpy(np.argsort(np.concatenate(numbers))).to(model.device)
    pooled = torch.cat(hidden)[back]
    return model.score(pooled).float().view(2, -1), pooled.view(2, len(pairs), -1)


def ranking_loss(rewards: Tensor, l2: float) -> Tensor:
    """Mean loss of rewards of shape (2, pairs), see the module's docstring."""
    from torch.nn.functional import logsigmoid

    return (l2 * rewards.pow(2).sum(0) - logsigmoid(rewards[0] - rewards[1])).mean()


def train_reward_model(
    tokens: TokenPairs,
    tokenizer,
    base: str,
    shape: Shape,
    settings: RewardSettings,
    seed: int,
    directory: Path,
) -> None:
    """Train on all given pairs; save the model and its log to ``directory``.

    Parameters
    ----------
    tokens
        The pairs in tokens of the tokenizer, flipped already.
    base
        ``"scratch"`` or the name of a pretrained model.
    """
    model = build_reward_model(base, shape, tokenizer, seed)
    lengths = [max(map(len, rows)) for rows in zip(tokens.chosen, tokens.rejected)]
    batches = training.grouped_by_length(lengths, settings.batch_size, settings.epochs, seed)
    training.train(
        model,
        batches,
        lambda rows: ranking_loss(pair_rewards(model, tokens.take(rows))[0], settings.l2),
        learning_rate=settings.learning_rate,
        warmup_steps=round(settings.warmup_ratio * len(batches)),
        precision=settings.precision,
        seed=seed,
        directory=directory,
    )
    model.save_pretrained(directory)
