"""Hidden states of causal models: what their heads read rewards, values and next tokens from.

In: a model of `models.build` and token rows. Out: last hidden states of the tokens that are asked
for. Called by everything that trains, scores or samples. This is the one place that chooses between
the arithmetic of `models.llama` and a model's own `forward`.

Whole rows are padded on the right, so that causal attention needs no mask.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from proxyreward.models import llama

if TYPE_CHECKING:
    from torch import Tensor

Rows = Sequence[Sequence[int]]
SHARED = 4
"""Rows to a prompt from which on it pays other models to compute their beginning apart."""
AKIN = 1024
"""Rows that begin alike, among which those of like length go together."""


@dataclass(frozen=True)
class Cache:
    """As `llama.Cache`, for a model's own `forward`; `past` is transformers' cache, which grows."""

    past: Any
    seen: Tensor

    def choose(self, rows: Tensor) -> Cache:
        """A cache of these rows, in this order; a row may come more than once."""
        past = copy.deepcopy(self.past)
        past.batch_select_indices(rows)
        return Cache(past, self.seen[rows])


def empty_cache(model, rows: int, room: int) -> Cache | llama.Cache:
    """A cache for `rows` token rows of at most `room` tokens each, padding included."""
    import torch

    if llama.computes(model.config):
        return llama.empty_cache(model, rows, room)
    from transformers import DynamicCache

    seen = torch.empty(rows, 0, dtype=torch.bool, device=model.device)
    return Cache(DynamicCache(config=model.config), seen)


def states(
    model, ids: Tensor, at: Tensor, joined: list | None = None, kept: Tensor | None = None
) -> Tensor:
    """Last hidden states of whole rows, shape (rows, asked, width).

    Parameters
    ----------
    ids : Tensor of int, shape (rows, length)
        Rows, padded on the right.
    at : Tensor of int, shape (rows, asked)
        Which tokens of each row are asked for.
    joined
        Of :func:`joined_matrices`, where that is known.
    kept : Tensor of bool, shape (rows, asked)
        Chooses among the asked tokens; the states have then the shape (chosen, width).
    """
    if llama.computes(model.config):
        return llama.states(model, ids, at, joined, kept)
    hidden = model.base_model(ids, use_cache=False).last_hidden_state
    hidden = hidden.take_along_dim(at[..., None], 1)
    return hidden if kept is None else hidden[kept]


def joined_matrices(model) -> list | None:
    """What several calls of :func:`states` can share, as long as no weight changes."""
    return llama.joined_matrices(model) if llama.computes(model.config) else None


def continue_rows(model, cache, ids: Tensor, at: Tensor | None, mask: Tensor):
    """Last hidden states of what follows the rows of a cache, shape (rows, asked, width).

    Parameters
    ----------
    cache
        Of :func:`empty_cache`, or what this function returned; not to be used again.
    ids, at
        As for :func:`states`; None asks for all tokens. The small Llama goes on by one token a row.
    mask : Tensor of bool, shape (rows, length)
        Which tokens are no padding.

    Returns
    -------
    The states, and the cache to go on with.
    """
    import torch

    if isinstance(cache, llama.Cache):
        if not cache.end:
            return llama.begin(model, ids, at, mask, cache)
        hidden, cache = llama.proceed(model, ids[:, 0], cache)
        return hidden[:, None], cache
    cache = replace(cache, seen=torch.cat([cache.seen, mask], 1))
    start = cache.seen.shape[1] - ids.shape[1]
    hidden = model.base_model(
        ids,
        attention_mask=cache.seen.long(),
        position_ids=(cache.seen.cumsum(1) - 1).clamp(min=0)[:, start:],
        past_key_values=cache.past,
        use_cache=True,
    ).last_hidden_state
    return hidden if at is None else hidden.take_along_dim(at[..., None], 1), cache


def padded(rows: Rows, pad_id: int, device) -> tuple[Tensor, Tensor]:
    """Token rows as one tensor, (rows, longest), and which of its tokens are no padding."""
    import torch

    lengths = np.array([len(row) for row in rows])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.full(mask.shape, pad_id)
    ids[mask] = np.concatenate(rows)
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)


def batches_by_length(lengths: Sequence[int], tokens_per_batch: int) -> list[list[int]]:
    """Row numbers sorted by length, cut so that ``rows * longest`` stays within a budget.

    >>> batches_by_length([3, 1, 2, 9], tokens_per_batch=6)
    [[1, 2], [0], [3]]
    """
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if batches and (len(batches[-1]) + 1) * lengths[row] <= tokens_per_batch:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def last_states(
    model, rows: Rows, pad_id: int, tokens_per_batch: int, prompt: Sequence[int] | None = None
) -> Iterator[tuple[np.ndarray, Tensor]]:
    """Hidden state of each row's last token, batch by batch.

    Rows that begin alike and rows of like length are computed together, so that there is little to
    compute twice, and little padding.

    Parameters
    ----------
    prompt
        Number of each row's prompt. Where many rows belong to one, models that are not computed by
        `models.llama` compute what they have in common at their beginning apart.

    Yields
    ------
    Numbers of some rows and their states, shape (rows, width).
    """
    own = llama.computes(model.config)
    if not own and prompt is not None and len(rows) >= SHARED * len(set(prompt)):
        yield from _last_states_by_prompt(model, rows, pad_id, tokens_per_batch, prompt)
        return
    joined = joined_matrices(model)
    order = np.array(sorted(range(len(rows)), key=rows.__getitem__))
    for akin in np.split(order, range(AKIN, len(rows), AKIN)) if own else [order]:
        for part in batches_by_length([len(rows[i]) for i in akin], tokens_per_batch):
            batch = akin[part]
            ids, mask = padded([rows[i] for i in batch], pad_id, model.device)
            yield batch, states(model, ids, mask.sum(1, keepdim=True) - 1, joined)[:, 0]


def _last_states_by_prompt(model, rows, pad_id, tokens_per_batch, prompt):
    import torch

    asked = np.asarray(prompt)
    groups = [np.flatnonzero(asked == number) for number in dict.fromkeys(prompt)]
    common = [_common([rows[i] for i in group]) for group in groups]
    for chunk in batches_by_length(common, tokens_per_batch):
        own = np.concatenate([groups[g] for g in chunk])
        place = np.repeat(np.arange(len(chunk)), [len(groups[g]) for g in chunk])
        cut = np.repeat([common[g] for g in chunk], [len(groups[g]) for g in chunk])
        rests = [rows[i][start:] for i, start in zip(own, cut)]
        heads = [rows[groups[g][0]][: common[g]] for g in chunk]
        ids, mask = padded(heads, pad_id, model.device)
        start = empty_cache(model, len(chunk), ids.shape[1] + max(map(len, rests)))
        if ids.shape[1]:
            start = continue_rows(model, start, ids, None, mask)[1]
        for batch in batches_by_length([len(rest) for rest in rests], tokens_per_batch):
            ids, mask = padded([rests[i] for i in batch], pad_id, model.device)
            cache = start.choose(torch.from_numpy(place[batch]).to(model.device))
            at = mask.sum(1, keepdim=True) - 1
            yield own[batch], continue_rows(model, cache, ids, at, mask)[0][:, 0]


def _common(rows: Rows) -> int:
    """Tokens with which all rows begin, at least one token left to each."""
    first, last, shortest = min(rows), max(rows), min(map(len, rows)) - 1
    unlike = (i for i, (a, b) in enumerate(zip(first, last)) if a != b)
    return min(next(unlike, shortest), shortest)
