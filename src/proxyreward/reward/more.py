r"""Reward models trained on several preference sources: plain mixing and MORE.

Pairs of several sources and a weighting come in; a saved model and a table of its steps go out.
The `mixes` stage trains all its reward models here.

MORE (paper more, eq. 7) minimises :math:`\sum_i \lambda_i L_i`, where :math:`L_i` is the mean
ranking loss of the pairs of source i in a batch, and takes the weights from the simplex such that
the combined gradient of the reward head is as short as can be (eq. 9). The head is linear, hence
its gradient needs no backward pass: with :math:`\delta_b = h(x, y_w) - h(x, y_l)`

.. math:: g_i = -\frac{1}{|B_i|} \sum_{b \in B_i} \sigma(-w^\top \delta_b) \, \delta_b .
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from proxyreward.models.precision import Precision
from proxyreward.models.training import fit, plain_training
from proxyreward.reward.balanced import balanced_order, mixed_order
from proxyreward.reward.min_norm import min_norm
from proxyreward.reward.score import TOKENS_PER_BATCH, batches_by_length

STEPS = "steps.csv"
# The share of the newest gradient in the running average of the public code.
NEWEST = 0.99

Weighting = Literal["plain", "min-norm", "public-code"]
Order = Literal["balanced", "mixed"]


@dataclass(frozen=True)
class MixSettings:
    """How a reward model is trained on several sources (paper more, section 5.1).

    Attributes
    ----------
    weighting
        ``plain``: every pair counts the same, the usual ranking loss. ``min-norm``: MORE, with one
        weight a source from the gradients of the whole sub-batch (eq. 9). ``public-code``: MORE as
        the authors' published program runs it: the gradients of micro-batches of one pair a
        source, averaged over time and scaled to unit length, give each micro-batch weights of its
        own.
    order
        ``balanced``: every batch holds ``pairs_per_source`` pairs of each source. ``mixed``:
        batches drawn at random from all pairs.
    resampled
        Pairs of each source after resampling to equal size; None takes the sources as they are
        (then the order is mixed).
    pairs_per_source
        A batch has this times the number of sources.
    """

    weighting: Weighting
    order: Order
    resampled: int | None
    pairs_per_source: int
    learning_rate: float
    warmup_ratio: float
    precision: Precision = "fp32"


def rows_in_order(source: np.ndarray, settings: MixSettings, seed: int) -> np.ndarray:
    """Row numbers in the order of training."""
    if settings.order == "mixed":
        return mixed_order(source, settings.resampled, seed)
    if settings.resampled is None:
        raise ValueError("sources as they are cannot fill balanced batches; take order 'mixed'")
    return balanced_order(source, settings.resampled, seed)


def head_gradients(delta, margin, source, sources: int, reduce: Callable = lambda sums: sums):
    """Gradient of each source's ranking loss with respect to the linear reward head.

    Parameters
    ----------
    delta : Tensor, shape (pairs, width)
        Differences of the pooled hidden states, chosen minus rejected.
    margin : Tensor, shape (pairs,)
        Differences of the rewards.
    source : Tensor of int, shape (pairs,)
    reduce
        Sums a tensor over processes.

    Returns
    -------
    gradients : Tensor of double, shape (sources, width)
        0 for a source without a pair in the batch.
    counts : Tensor of double, shape (sources,)
        Pairs of each source in the global batch.
    """
    import torch

    pull = -torch.sigmoid(-margin.detach().double())[:, None] * delta.detach().double()
    parts = torch.cat([pull, torch.ones_like(pull[:, :1])], dim=1)
    sums = reduce(parts.new_zeros(sources, parts.shape[1]).index_add_(0, source, parts))
    counts = sums[:, -1]
    return sums[:, :-1] / counts.clamp(min=1)[:, None], counts


def source_weights(gradients: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Min-norm weights of the sources in a batch, shape ``(sources,)``; 0 for an absent source."""
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = min_norm(gradients[present] @ gradients[present].T)
    return weights


def micro_weights(gradients: np.ndarray, average: np.ndarray | None):
    """Weights of micro-batches as in the public code.

    Parameters
    ----------
    gradients : ndarray, shape (micro-batches, sources, width)
    average : ndarray, shape (sources, width), or None at the first step
        Running average so far.

    Returns
    -------
    weights : ndarray, shape (micro-batches, sources)
    average : ndarray
        To go on with.
    """
    averaged = []
    for newest in gradients:
        average = newest if average is None else NEWEST * newest + (1 - NEWEST) * average
        averaged.append(average)
    unit = np.stack(averaged)
    length = np.linalg.norm(unit, axis=-1, keepdims=True)
    unit = np.divide(unit, length, out=np.zeros_like(unit), where=length > 0)
    return min_norm(unit @ np.swapaxes(unit, -1, -2)), average


def pair_weights(weights, counts, source):
    """Weight of each pair such that their mean times the losses is the weighted loss (eq. 7).

    A pair of source i gets ``weights_i / (counts_i / counts.sum())``: exactly 1, whatever the
    number of sources, where the weights are the shares of the sources in the batch. Weights and
    counts have shape ``(sources,)``, `source` and the outcome ``(pairs,)``.
    """
    share = counts / counts.sum()
    return (weights / share.clamp(min=1 / counts.sum()))[source]


def _trainer_class():
    import torch
    from torch.nn.functional import logsigmoid
    from trl import RewardTrainer

    class MixTrainer(RewardTrainer):
        """Ranking loss with one weight a source, the weights taken from the reward head.

        `rows` holds a record of every step; the same in each process.
        """

        def __init__(self, *args, weighting: Weighting, sources: int, **kwargs):
            super().__init__(*args, **kwargs)
            self.weighting, self.sources = weighting, sources
            self.average: np.ndarray | None = None
            self.rows: list[dict[str, float]] = []
            self.hidden = None
            head = self.accelerator.unwrap_model(self.model).score
            head.register_forward_pre_hook(self._keep)

        def _keep(self, head, given):
            self.hidden = given[0]

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            source = inputs["source"]
            rewards, pooled = self._forward(model, inputs["input_ids"], inputs["attention_mask"])
            margin = torch.sub(*rewards.chunk(2))
            losses = -logsigmoid(margin)
            told = {}
            if self.weighting == "plain":
                loss = losses.mean()
            else:
                delta = torch.sub(*pooled.chunk(2))
                weights, told = self._weigh(delta, margin.detach(), source)
                loss = (weights * losses).mean()
            means = torch.stack([loss, losses.mean(), margin.abs().mean()]).detach()
            means = self.accelerator.reduce(means, "mean").tolist()
            self.rows.append(dict(zip(("loss", "plain_loss", "size"), means)) | told)
            return (loss, rewards) if return_outputs else loss

        def _forward(self, model, ids, mask):
            """Rewards, shape (rows,), and hidden states below them, detached, (rows, width).

            Rows of like length go together, as in `score`: that saves almost half of the tokens.
            """
            lengths = mask.sum(dim=1)
            budget = TOKENS_PER_BATCH[ids.device.type]
            parts = [torch.tensor(p) for p in batches_by_length(lengths.tolist(), budget)]
            rewards, pooled = [], []
            for rows in parts:
                own = lengths[rows]
                kept = slice(int(own.max()))
                out = model(ids[rows, kept], attention_mask=mask[rows, kept], use_cache=False)
                rewards.append(out.logits.squeeze(-1).float())
                pooled.append(self.hidden.detach()[torch.arange(len(rows)), own - 1])
            back = torch.cat(parts).argsort()
            return torch.cat(rewards)[back], torch.cat(pooled)[back]

        def _weigh(self, delta, margin, source):
            """Weights of this process's pairs, and what to record of the step."""
            gradients, counts = head_gradients(
                delta, margin, source, self.sources, self.accelerator.reduce
            )
            found = gradients.cpu().numpy()
            if self.weighting == "min-norm":
                weights = torch.from_numpy(source_weights(found, counts.cpu().numpy()))
                per_pair = pair_weights(weights.to(counts.device), counts, source)
            else:
                parts = [part.split(self.sources) for part in (delta, margin, source)]
                single = [head_gradients(*part, self.sources)[0].cpu() for part in zip(*parts)]
                micro, self.average = micro_weights(torch.stack(single).numpy(), self.average)
                # A micro-batch holds the sources in order, so its weights stand in row order.
                per_pair = torch.from_numpy(micro.ravel() * self.sources).to(margin.device)
                mean = torch.from_numpy(micro.mean(axis=0)).to(margin.device)
                weights = self.accelerator.reduce(mean, "mean")
            return per_pair.to(margin.dtype), step_record(found, weights.cpu().numpy())

    return MixTrainer


def step_record(gradients: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """What a step tells: the weight of each source, and lengths of head gradients.

    ``combined`` is that of the weighted sum, ``equal`` that of the plain mean over sources, and
    ``single`` the mean length of the sources' own gradients.
    """
    return {
        "combined": float(np.linalg.norm(weights @ gradients)),
        "equal": float(np.linalg.norm(gradients.mean(axis=0))),
        "single": float(np.linalg.norm(gradients, axis=1).mean()),
    } | {f"weight_{i}": float(weight) for i, weight in enumerate(weights)}


def train_mixed(
    model,
    pairs,
    source: np.ndarray,
    tokenizer,
    settings: MixSettings,
    seed: int,
    directory: Path,
) -> None:
    """Train a reward model for one epoch; save it, the trainer's log and ``steps.csv``.

    Several processes (``accelerate launch``) share out each batch, and take the weights of the
    sources from the whole of it.

    Parameters
    ----------
    model
        A new one of `models.build`, or one trained before, which is trained further in place.
    pairs
        Tokenised pairs, see :func:`proxyreward.reward.train.preference_dataset`.
    source : ndarray of int, shape (len(pairs),)
        Source of each pair, numbered from 0 without gaps.
    seed
        Of the order of the pairs.

    Raises
    ------
    ValueError
        If the pairs of a source in a batch cannot be shared out equally.
    """
    from trl import RewardConfig
    from trl.trainer.reward_trainer import DataCollatorForPreference

    order = rows_in_order(source, settings, seed)
    sources = int(source.max()) + 1
    dataset = pairs.add_column("source", source).select(order)
    stack = DataCollatorForPreference(tokenizer.pad_token_id)

    def collate(rows: list[dict]) -> dict:
        import torch

        return stack(rows) | {"source": torch.tensor([row["source"] for row in rows])}

    batch = sources * settings.pairs_per_source
    processes = int(os.environ.get("WORLD_SIZE", "1"))  # set by every launcher
    if settings.pairs_per_source % processes:
        raise ValueError(
            f"{settings.pairs_per_source} pairs of each source in a batch cannot be shared out "
            f"equally to {processes} processes; change one of the two numbers"
        )
    arguments = RewardConfig(
        output_dir=str(directory),
        per_device_train_batch_size=batch // processes,
        num_train_epochs=1,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=round(settings.warmup_ratio * (len(order) // batch)),
        max_length=None,
        train_sampling_strategy="sequential",
        dataloader_drop_last=True,
        remove_unused_columns=False,  # the collator reads the source
        gradient_checkpointing=False,
        **plain_training(seed, settings.precision),
    )
    trainer = _trainer_class()(
        model=model,
        args=arguments,
        train_dataset=dataset,
        processing_class=tokenizer,
        data_collator=collate,
        weighting=settings.weighting,
        sources=sources,
    )
    fit(trainer, directory)
    if not trainer.accelerator.is_main_process:
        return
    model.save_pretrained(directory)
    steps = pd.DataFrame(trainer.rows)
    steps.insert(0, "step", np.arange(1, len(steps) + 1))
    steps.to_csv(directory / STEPS, index=False, float_format="%.6g", lineterminator="\n")
