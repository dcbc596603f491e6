"""In what precision models are trained: float32, or bfloat16 under autocast.

A precision comes in; a refusal where this machine cannot compute in it, or an autocast context,
goes out. Weights are float32 in both, and so is all that is computed outside of training.
"""

from __future__ import annotations

from typing import Literal

from proxyreward.data.report import DataError

Precision = Literal["fp32", "bf16-mixed"]


def check_precision(precision: Precision) -> None:
    """Raise DataError if models cannot be trained in this precision here; nothing replaces it."""
    if precision == "fp32":
        return
    import torch

    # Emulation on older GPUs would be slower than float32.
    if not (torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)):
        raise DataError(
            f"model.precision={precision} needs a GPU that computes in bfloat16, and there is none "
            "here; take model.precision=fp32, or a machine with one"
        )


def autocast(device, precision: Precision):
    """Context in which models on a ``torch.device`` compute as they do in training."""
    import torch

    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16-mixed")
