"""Training as all trainers of the project do it: seeded, no checkpoints, nothing sent away.

A model, batches of row numbers and a loss come in; the model is trained in place and every step is
logged.  Callers: the trainers of `reward` and `policy`, PPO excepted.

The settings are those of transformers' `Trainer` (AdamW without weight decay, linear warm-up,
cosine decay, gradients clipped at length 1), which for small models costs as much as the training.
"""

from __future__ import annotations

import atexit
import inspect
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from proxyreward.models.precision import Precision, autocast, check_precision

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import Tensor
    from torch.optim import Optimizer

LOG = "train_log.json"
LONGEST_GRADIENT = 1.0
# Short runs: the second moment must follow within a few hundred steps.
BETAS = (0.9, 0.98)


def grouped_by_length(
    lengths: Sequence[int], batch_size: int, epochs: float, seed: int
) -> list[np.ndarray]:
    """Batches of row numbers for some epochs, in random order, rows of like length together.

    As transformers' `LengthGroupedSampler` has it: an epoch is shuffled, every 50 batches of it (or
    a quarter, if that is less) are sorted by length, and the longest row is put first.
    """
    import torch

    torch.manual_seed(seed)
    rows, batches = len(lengths), math.ceil(len(lengths) / batch_size)
    group = batch_size * max(min(rows // (4 * batch_size), 50), 1)
    found = []
    for _ in range(math.ceil(epochs)):
        torch.empty((), dtype=torch.int64).random_()  # a seed, which a DataLoader draws
        order = torch.randperm(rows).numpy()
        for start in range(0, rows, group):
            order[start : start + group] = sorted(
                order[start : start + group], key=lambda row: -lengths[row]
            )
        longest = group * np.argmax([lengths[row] for row in order[::group]])
        order[[0, longest]] = order[[longest, 0]]
        found += np.split(order, range(batch_size, rows, batch_size))
    return found[: math.ceil(batches * epochs)]


def lean(optimiser: type[Optimizer]) -> type[Optimizer]:
    """An optimiser of torch less the guards of torch's compiler, which take a second to import."""
    import torch

    class Lean(optimiser):
        add_param_group = inspect.unwrap(optimiser.add_param_group)
        zero_grad = inspect.unwrap(optimiser.zero_grad)
        step = torch.no_grad()(inspect.unwrap(optimiser.step))

    return Lean


def processes() -> Accelerator:
    """This process among those of ``accelerate launch``; mixed precision is the caller's own.

    What connects several is taken down before the interpreter ends, or its threads abort it.
    """
    from accelerate import Accelerator

    found = Accelerator(mixed_precision="no")
    if found.num_processes > 1:
        atexit.register(_part)
    return found


def _part() -> None:
    import torch

    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


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
    from torch.nn.utils import clip_grad_norm_

    check_precision(precision)
    accelerator = processes()
    count, own = accelerator.num_processes, accelerator.process_index
    torch.manual_seed(seed + own)
    model.to(accelerator.device).train()
    optimiser = lean(torch.optim.AdamW)(
        model.parameters(), lr=learning_rate, betas=BETAS, weight_decay=0.0, fused=True
    )

    def share(step: int) -> float:
        """Of the learning rate: a linear warm-up, then a cosine."""
        if step < warmup_steps:
            return step / warmup_steps
        done = (step - warmup_steps) / max(1, len(batches) - warmup_steps)
        return max(0.0, 0.5 * (1 + math.cos(math.pi * done)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, share)
    log = []
    for step, batch in enumerate(batches, start=1):
        rows = np.array_split(batch, count)[own]
        optimiser.zero_grad()
        with autocast(accelerator.device, precision):
            part = loss(rows) * (len(rows) * count / len(batch))
        part.backward()
        if count > 1:
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
