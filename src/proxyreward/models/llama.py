"""The forward pass of small Llamas, without modules in between.

In: a model of transformers or `models.small`, whose weights are read where they lie, and token ids.
Out: last hidden states of the tokens that are asked for, equal up to rounding to those of the
model's own `forward`. Called by `models.states`, which chooses between the two; `models.small` asks
what is computed here.

A small model waits for calls of torch, not for arithmetic: hence few of them, on joined matrices.
In the last layer, queries and what follows are computed for the asked tokens alone.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

POLICY, REWARD_MODEL = "LlamaForCausalLM", "LlamaForSequenceClassification"  # in transformers
SMALL = 512  # hidden units; modules around wider matrices cost nothing


def computes(config) -> bool:
    """Whether this is a small Llama of the plain kind that is computed here."""
    return (
        config.model_type == "llama"
        and config.hidden_size <= SMALL
        and config.num_key_value_heads == config.num_attention_heads
        and config.rope_parameters["rope_type"] == "default"
        and config.hidden_act == "silu"
        and not (config.attention_bias or config.mlp_bias or config.attention_dropout)
    )


def joined_matrices(model) -> list[tuple[Tensor, ...]]:
    """Matrices of each layer: queries, keys and values; output; gate and up; down.

    The weights of the norms before them are multiplied in. Llama turns the pairs (i, i + size / 2)
    of a head; rows of queries and keys are put so that the two of a pair lie together, as complex
    numbers have it. Products of queries and keys do not depend on the order in a head.
    """
    import torch

    found = []
    for layer in model.base_model.layers:
        own, mlp = layer.self_attn, layer.mlp
        turned = torch.stack([own.q_proj.weight, own.k_proj.weight])
        turned = turned.unflatten(1, (model.config.num_attention_heads, 2, -1)).transpose(2, 3)
        heads = torch.cat([turned.flatten(0, 3), own.v_proj.weight])
        gates = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight])
        norms = layer.input_layernorm.weight, layer.post_attention_layernorm.weight
        found.append((heads * norms[0], own.o_proj.weight, gates * norms[1], mlp.down_proj.weight))
    return found


@dataclass(frozen=True)
class Cache:
    """Keys and values of token rows.

    `kept`, shape (layers, 2, rows, heads, room, size), is filled in place; `seen`, shape (rows,
    tokens so far), says which tokens are no padding; `joined` are the model's matrices.
    """

    kept: Tensor
    seen: Tensor
    joined: list[tuple[Tensor, ...]]

    def choose(self, rows: Tensor) -> Cache:
        """A cache of these rows, in this order; a row may come more than once."""
        import torch

        layers, pair, _, *each = self.kept.shape
        kept, filled = self.kept.new_empty(layers, pair, len(rows), *each), self.seen.shape[1]
        torch.index_select(self.kept[..., :filled, :], 2, rows, out=kept[..., :filled, :])
        return replace(self, kept=kept, seen=self.seen[rows])


def empty_cache(model, rows: int, room: int) -> Cache:
    """A cache for `rows` token rows of at most `room` tokens each, padding included."""
    import torch

    config, device = model.config, model.device
    heads = config.num_attention_heads
    shape = (config.num_hidden_layers, 2, rows, heads, room, config.hidden_size // heads)
    seen = torch.empty(rows, 0, dtype=torch.bool, device=device)
    return Cache(torch.empty(shape, device=device), seen, joined_matrices(model))


def states(
    model,
    ids: Tensor,
    at: Tensor | None,
    cache: Cache | None,
    joined: list | None = None,
    kept: Tensor | None = None,
) -> Tensor:
    """Last hidden states, shape (rows, asked, width).

    `ids`, shape (rows, length), are whole rows padded on the right if there is no cache; otherwise
    its `seen` tells about the tokens before and about these. `at`, shape (rows, asked), says which
    tokens of `ids` are asked for (None: all). `joined` are the model's matrices, where they are
    known without a cache. `kept`, shape (rows, asked), chooses among the asked tokens: the states
    are those of the chosen ones, shape (chosen, width).
    """
    import torch
    from torch.nn.functional import embedding, linear, scaled_dot_product_attention, silu

    config, width = model.config, model.config.hidden_size
    heads, eps = config.num_attention_heads, config.rms_norm_eps
    place = torch.arange(ids.shape[1], device=ids.device)[None]
    seen = None if cache is None else cache.seen
    joined = (joined or joined_matrices(model)) if cache is None else cache.joined
    first = 0 if seen is None else seen.shape[1] - ids.shape[1]
    positions = place if seen is None else (seen.cumsum(1) - 1).clamp(min=0)[:, first:]
    turns = _turns(config, first + ids.shape[1], ids.device)[positions]
    visible = None if seen is None else _visible(first + place, seen)  # None: causal order alone
    x = embedding(ids, model.base_model.embed_tokens.weight)
    for number, (inward, outward, gates, down) in enumerate(joined):
        h = _normed(x, eps)
        if at is None or number < len(joined) - 1:
            both, values = linear(h, inward).split([2 * width, width], 2)
            queries, keys = _turned(both, turns, 2 * heads).chunk(2, 1)
        else:
            row = torch.arange(len(ids), device=ids.device)[:, None]
            x, picked, turned = x[row, at], h[row, at], turns.expand(len(ids), -1, -1, -1)[row, at]
            queries = _turned(linear(picked, inward[:width]), turned, heads)
            keys, values = linear(h, inward[width:]).chunk(2, 2)
            keys = _turned(keys, turns, heads)
            whole = torch.ones_like(ids, dtype=torch.bool) if seen is None else seen
            visible = _visible(first + at, whole)
        values = values.unflatten(2, (heads, -1)).transpose(1, 2)
        if cache is not None:
            held, end = cache.kept[number], seen.shape[1]
            held[0, :, :, first:end], held[1, :, :, first:end] = keys, values
            keys, values = held[:, :, :, :end]
        mixed = scaled_dot_product_attention(
            queries, keys, values, visible, is_causal=visible is None
        )
        mixed = mixed.transpose(1, 2).flatten(2)
        if kept is not None and number == len(joined) - 1:
            x, mixed = x[kept], mixed[kept]
        x = x + linear(mixed, outward)
        gate, up = linear(_normed(x, eps), gates).chunk(2, -1)
        x = x + linear(silu(gate) * up, down)
    return _normed(x, eps) * model.base_model.norm.weight


def _normed(x: Tensor, eps: float) -> Tensor:
    return x * (x.square().mean(-1, keepdim=True) + eps).rsqrt()


def _visible(own: Tensor, seen: Tensor) -> Tensor:
    """Which tokens each asked one sees: itself, and what was seen up to it."""
    import torch

    column, own = torch.arange(seen.shape[1], device=seen.device), own[..., None]
    return ((seen[:, None] & (column < own)) | (column == own))[:, None]


def _turns(config, length: int, device) -> Tensor:
    """Rotary rotations of positions as complex numbers, shape (positions, 1, size / 2)."""
    size = config.hidden_size // config.num_attention_heads
    return _table(size, config.rope_parameters["rope_theta"], 1 << length.bit_length(), device)


@functools.lru_cache(maxsize=64)
def _table(size: int, theta: float, length: int, device) -> Tensor:
    import torch

    with torch.inference_mode(False):
        speed = theta ** (-torch.arange(0, size, 2, device=device) / size)
        angle = torch.arange(length, device=device)[:, None, None] * speed
        return torch.polar(torch.ones_like(angle), angle)


def _turned(given: Tensor, turns: Tensor, heads: int) -> Tensor:
    """Queries or keys under rotary position, shape (rows, heads, tokens, size)."""
    import torch

    pairs = torch.view_as_complex(given.float().unflatten(2, (heads, -1, 2)))
    return torch.view_as_real(pairs * turns).flatten(3).transpose(1, 2)
