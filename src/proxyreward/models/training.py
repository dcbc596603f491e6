"""What every trainer of the project shares: quiet, seeded, no checkpoints, nothing sent away."""

from __future__ import annotations

import gc
import json
import os
from functools import cache
from pathlib import Path

from proxyreward.models.precision import Precision, check_precision

LOG = "train_log.json"


def write_log(log: list[dict], directory: Path) -> None:
    """Write a trainer's log without its speeds, so that the same run gives the same bytes."""
    rows = [
        {key: value for key, value in row.items() if "runtime" not in key and "_per_" not in key}
        for row in log
    ]
    (directory / LOG).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def fit(trainer, directory: Path) -> None:
    """Train a trainer's model in place, leave it computing in float32, and write the log."""
    trainer.train()
    # Under bf16 the trainer leaves an autocast in `forward`: whatever the model said from then on
    # would be in bfloat16, unlike what its saved copy says.
    trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    if trainer.accelerator.is_main_process:
        write_log(trainer.state.log_history, directory)


@cache
def _settle() -> None:
    """Take what the imports have made out of garbage collection, once a process.

    Trainers collect garbage before they start; looking through all modules each time would cost
    as much as a small training.
    """
    gc.collect()
    gc.freeze()


def plain_training(seed: int, precision: Precision) -> dict:
    """Arguments common to TRL's configurations; DataError if the precision is not to be had."""
    check_precision(precision)
    _settle()
    # transformers would rather take the precision that a user's launcher left there.
    os.environ.pop("ACCELERATE_MIXED_PRECISION", None)
    return {
        "seed": seed,
        "data_seed": seed,
        "bf16": precision == "bf16-mixed",
        "adam_beta2": 0.98,  # short runs: the second moment must follow within a few hundred steps
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "logging_steps": 20,
        "dataloader_pin_memory": False,
    }
