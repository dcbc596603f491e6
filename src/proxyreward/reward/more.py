r"""Reward models trained on several preference sources: plain mixing and MORE.

Pairs of several sources and a weighting come in; a saved model and a table of its steps go out.
The `mixes` stage trains all its reward models here.

MORE (paper more, eq. 7) minimises :math:`\sum_i \lambda_i L_i`, where :math:`L_i` is the mean
ranking loss of the pairs of source i in a batch, and takes the weights from the simplex such that
the combined gradient of the reward head is as short as can be (eq. 9). UPGrad takes other weights
from the same gradients. The head is linear, hence its gradient needs no backward pass: with
:math:`\delta_b = h(x, y_w) - h(x, y_l)`

.. math:: g_i = -\frac{1}{|B_i|} \sum_{b \in B_i} \sigma(-w^\top \delta_b) \, \delta_b .
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from proxyreward.models import training
from proxyreward.models.precision import Precision
from proxyreward.reward.balanced import balanced_order, mixed_order
from proxyreward.reward.min_norm import min_norm
from proxyreward.reward.train import TokenPairs, pair_rewards
from proxyreward.reward.upgrad import upgrad

if TYPE_CHECKING:
    from torch import Tensor

STEPS = "steps.csv"
# The share of the newest gradient in the running average of the public code.
NEWEST = 0.99

Weighting = Literal["plain", "min-norm", "upgrad", "public-code"]
Order = Literal["balanced", "mixed"]


@dataclass(frozen=True)
class MixSettings:
    """How a reward model is trained on several sources (paper more, section 5.1).

    Attributes
    ----------
    weighting
        ``plain``: every pair counts the same, the usual ranking loss. ``min-norm``: MORE, with one
        weight a source from the gradients of the whole sub-batch (eq. 9). ``upgrad``: the weights
        of :mod:`proxyreward.reward.upgrad` from the same gradients, 1 together or more.
        ``public-code``: MORE as
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
    epochs
        Passes over the pairs after resampling.
    """

    weighting: Weighting
    order: Order
    resampled: int | None
    pairs_per_source: int
    epochs: int
    learning_rate: float
    warmup_ratio: float
    precision: Precision = "fp32"


def rows_in_order(source: np.ndarray, settings: MixSettings, seed: int) -> np.ndarray:
    """Row numbers in the order of training."""
    if settings.order == "mixed":
        return mixed_order(source, settings.resampled, seed, settings.epochs)
    if settings.resampled is None:
        raise ValueError("sources as they are cannot fill balanced batches; take order 'mixed'")
    return balanced_order(source, settings.resampled, seed, settings.epochs)


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


def source_weights(
    gradients: np.ndarray, counts: np.ndarray, solve: Callable = min_norm
) -> np.ndarray:
    """Weights of the sources in a batch, shape ``(sources,)``; 0 for an absent source.

    `solve` finds them from inner products of gradients: :func:`min_norm` or :func:`upgrad`.
    """
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = solve(gradients[present] @ gradients[present].T)
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


class Mixing:
    """Losses of batches, with one weight a source taken from the reward head.

    `steps` holds a record of every batch; the same in each process.
    """

    def __init__(self, model, pairs: TokenPairs, source: np.ndarray, weighting: Weighting):
        import torch

        self.model, self.pairs, self.weighting = model, pairs, weighting
        self.accelerator = training.processes()
        self.source = torch.tensor(source).to(self.accelerator.device)
        self.sources = int(source.max()) + 1
        self.average: np.ndarray | None = None
        self.steps: list[dict[str, float]] = []

    def loss(self, rows: np.ndarray) -> Tensor:
        """Weighted mean of the ranking losses of this process's pairs."""
        import torch
        from torch.nn.functional import logsigmoid

        rewards, pooled = pair_rewards(self.model, self.pairs.take(rows))
        margin = rewards[0] - rewards[1]
        losses = -logsigmoid(margin)
        loss, told = losses.mean(), {}
        if self.weighting != "plain":
            pooled = pooled.detach()
            weights, told = self.weigh(pooled[0] - pooled[1], margin.detach(), self.source[rows])
            loss = (weights * losses).mean()
        means = torch.stack([loss, losses.mean(), margin.abs().mean()]).detach()
        means = self.accelerator.reduce(means, "mean").tolist()
        self.steps.append(dict(zip(("loss", "plain_loss", "size"), means)) | told)
        return loss

    def weigh(self, delta: Tensor, margin: Tensor, source: Tensor):
        """Weights of this process's pairs, and what to record of the step.

        `delta`, shape (pairs, width), `margin` and `source`, shape (pairs,), see
        :func:`head_gradients`.
        """
        import torch

        gradients, counts = head_gradients(
            delta, margin, source, self.sources, self.accelerator.reduce
        )
        found = gradients.cpu().numpy()
        if self.weighting != "public-code":
            solve = {"min-norm": min_norm, "upgrad": upgrad}[self.weighting]
            weights = torch.from_numpy(source_weights(found, counts.cpu().numpy(), solve))
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


def write_steps(steps: Sequence[dict[str, float]], names: Sequence[str], path: Path) -> None:
    """Write the records of a training's steps as a table; a weight has the name of its source."""
    table = pd.DataFrame(steps)
    table = table.rename(columns={f"weight_{i}": f"weight_{name}" for i, name in enumerate(names)})
    table.insert(0, "step", np.arange(1, len(table) + 1))
    table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")


def train_mixed(
    model,
    pairs: TokenPairs,
    source: np.ndarray,
    names: Sequence[str],
    settings: MixSettings,
    seed: int,
    directory: Path,
) -> None:
    """Train a reward model for the epochs of its settings; save it, its log and ``steps.csv``.

    Several processes (``accelerate launch``) share out each batch, and take the weights of the
    sources from the whole of it.

    Parameters
    ----------
    model
        A new one of `models.build`, or one trained before, which is trained further in place.
    source : ndarray of int, shape (len(pairs),)
        Source of each pair, numbered from 0 without gaps.
    names
        Of the sources, in the order of their numbers.
    seed
        Of the order of the pairs.

    Raises
    ------
    ValueError
        If the pairs of a source in a batch cannot be shared out equally.
    """
    mixing = Mixing(model, pairs, source, settings.weighting)
    processes = mixing.accelerator.num_processes
    if settings.pairs_per_source % processes:
        raise ValueError(
            f"{settings.pairs_per_source} pairs of each source in a batch cannot be shared out "
            f"equally to {processes} processes; change one of the two numbers"
        )
    order = rows_in_order(source, settings, seed)
    batch = mixing.sources * settings.pairs_per_source
    batches = order[: len(order) // batch * batch].reshape(-1, batch)
    training.train(
        model,
        batches,
        mixing.loss,
        learning_rate=settings.learning_rate,
        warmup_steps=round(settings.warmup_ratio * len(batches)),
        precision=settings.precision,
        seed=seed,
        directory=directory,
    )
    if not mixing.accelerator.is_main_process:
        return
    model.save_pretrained(directory)
    write_steps(mixing.steps, names, directory / STEPS)
