"""Training as all trainers of the project do it: seeded, no checkpoints, nothing sent away.

A model, batches of row numbers and a loss come in; the model is trained in place and every step is
logged.  Callers: the trainers of `reward` and `policy`, PPO excepted.

The settings are those of transformers' `Trainer` (AdamW without weight decay, linear warm-up,
cosine decay, gradients clipped at length 1), which for small models costs as much as the training.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from proxyreward.models.precision import Precision, autocast, check_precision

if TYPE_CHECKING:
    from torch import Tensor

LOG = "train_log.json"
LONGEST_GRADIENT = 1.0
# Short runs: the second moment must follow within a few hundred steps.
BETAS = (0.9, 0.98)


def grouped_by_length(
    lengths: Sequence[int], batch_size: int, epochs: float, seed: int
) -> list[np.ndarray]:
    """Batches of row numbers for some epochs, in random order, rows of like length together."""
    import torch
    from torch.utils.data import DataLoader
    from transformers.trainer_pt_utils import LengthGroupedSampler

    torch.manual_seed(seed)
    sampler = LengthGroupedSampler(batch_size, lengths=list(lengths))
    loader = DataLoader(range(len(lengths)), batch_size, sampler=sampler, collate_fn=np.array)
    rounds = itertools.chain.from_iterable(loader for _ in range(math.ceil(epochs)))
    return list(itertools.islice(rounds, math.ceil(len(loader) * epochs)))


def train(
    model,
    batches: Sequence[np.ndarray],
    loss: Callable[[np.ndarray], Tensor],
    *,
    learning_rate: float,
    warmup_steps: int,
    precision: Precision,
    seed: int,
    directory: Path,
) -> None:
    """Take one step a batch; leave the model in evaluation mode and write ``train_log.json``.

    Several processes (``accelerate launch``) share out each batch and average their gradients.

    Parameters
    ----------
    batches
        Row numbers of each step.
    loss
        Mean loss of the given rows, of which a process sees its own only.
    seed
        Of dropout, where a model has it.

    Raises
    ------
    DataError
        If the precision is not to be had here.
    ValueError
        If a loss is not finite.
    """
    import torch
    from accelerate import Accelerator
    from torch.nn.utils import clip_grad_norm_
    from transformers import get_cosine_schedule_with_warmup

    check_precision(precision)
    accelerator = Accelerator(mixed_precision="no")  # ours is around the loss
    processes, own = accelerator.num_processes, accelerator.process_index
    torch.manual_seed(seed + own)
    model.to(accelerator.device).train()
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=learning_rate, betas=BETAS, weight_decay=0.0, fused=True
    )
    schedule = get_cosine_schedule_with_warmup(optimiser, warmup_steps, len(batches))
    log = []
    for step, batch in enumerate(batches, start=1):
        rows = np.array_split(batch, processes)[own]
        optimiser.zero_grad()
        with autocast(accelerator.device, precision):
            part = loss(rows) * (len(rows) * processes / len(batch))
        part.backward()
        if processes > 1:
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter.grad = accelerator.reduce(parameter.grad, "mean")
        found = accelerator.reduce(part.detach(), "mean").item()
        if not math.isfinite(found):
            raise ValueError(f"the loss is {found} in step {step}; lower the learning rate")
        length = clip_grad_norm_(model.parameters(), LONGEST_GRADIENT).item()
        rate = schedule.get_last_lr()[0]
        log.append({"step": step, "loss": found, "grad_norm": length, "learning_rate": rate})
        optimiser.step()
        schedule.step()
    model.eval()
    if accelerator.is_main_process:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / LOG).write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")
