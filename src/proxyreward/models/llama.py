"""The forward pass of the small Llamas that are built from scratch, without modules in between.

In: a transformers model, whose weights are used where they lie, and token ids. Out: last hidden
states of the tokens that are asked for, equal up to rounding to those of the model's own `forward`.
Called by `models.states` alone, which chooses between the two.

Three things make it fast: few calls of torch, since a small model waits for these; in the last
layer queries and all that follows for the asked tokens alone; a cache that is allocated once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def computes(model) -> bool:
    """Whether the model is a Llama of the plain kind that is computed here."""
    config = model.config
    return (
        config.model_type == "llama"
        and config.num_key_value_heads == config.num_attention_heads
        and config.rope_parameters["rope_type"] == "default"
        and config.hidden_act == "silu"
        and not (config.attention_bias or config.mlp_bias or config.attention_dropout)
    )


@dataclass(frozen=True)
class Cache:
    """Keys and values of token rows.

    `kept` has shape (layers, 2, rows, heads, room, size) and is filled in place; `seen`, shape
    (rows, tokens so far), says which tokens are no padding.
    """

    kept: Tensor
    seen: Tensor

    def choose(self, rows: Tensor) -> Cache:
        """A cache of these rows, in this order; a row may come more than once."""
        return Cache(self.kept[:, :, rows], self.seen[rows])

    def grown(self, new: Tensor) -> Cache:
        import torch

        return Cache(self.kept, torch.cat([self.seen, new], 1))

    def add(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Write a layer's newest keys and values; returns all of that layer."""
        end = self.seen.shape[1]
        new, all_ = slice(end - keys.shape[2], end), slice(end)
        self.kept[layer, 0, :, :, new], self.kept[layer, 1, :, :, new] = keys, values
        return self.kept[layer, 0, :, :, all_], self.kept[layer, 1, :, :, all_]


def empty_cache(model, rows: int, room: int) -> Cache:
    """A cache for `rows` token rows of at most `room` tokens each, padding included."""
    import torch

    config, options = model.config, {"device": model.device}
    heads = config.num_attention_heads
    shape = (config.num_hidden_layers, 2, rows, heads, room, config.hidden_size // heads)
    return Cache(
        torch.empty(shape, **options), torch.empty(rows, 0, dtype=torch.bool, **options)
    )


def states(model, ids: Tensor, at: Tensor, cache: Cache | None) -> Tensor:
    """Last hidden states, shape (rows, asked, width).

    Parameters
    ----------
    ids : Tensor of int, shape (rows, length)
        Whole rows, padded on the right, if there is no cache.
    at : Tensor of int, shape (rows, asked)
        Which tokens of `ids` are asked for.
    cache
        Its `seen` tells about the tokens before `ids` and about `ids`, of which it gets the keys
        and values.
    """
    import torch
    from torch.nn.functional import linear, scaled_dot_product_attention, silu

    body, config, length = model.base_model, model.config, ids.shape[1]
    heads, row = config.num_attention_heads, torch.arange(len(ids), device=ids.device)[:, None]
    place = torch.arange(length, device=ids.device)[None]
    start = 0 if cache is None else cache.seen.shape[1] - length
    positions = place if cache is None else cache.seen.cumsum(1)[:, start:] - 1
    size = config.hidden_size // heads
    turns = _turns(positions.clamp(min=0), size, config.rope_parameters["rope_theta"])
    x = body.embed_tokens.weight[ids]
    for number, layer in enumerate(body.layers):
        attention, last = layer.self_attn, number == len(body.layers) - 1
        h = _normed(x, layer.input_layernorm)
        keys = _turned(h, attention.k_proj.weight, turns, heads)
        values = linear(h, attention.v_proj.weight).unflatten(2, (heads, size)).transpose(1, 2)
        if cache is not None:
            keys, values = cache.add(number, keys, values)
        if last:
            x, h, turns = x[row, at], h[row, at], turns.expand(len(ids), *turns.shape[1:])[row, at]
        queries = _turned(h, attention.q_proj.weight, turns, heads)
        if cache is None and not last:
            mixed = scaled_dot_product_attention(queries, keys, values, is_causal=True)
        else:
            own = start + (at if last else place)[..., None]
            visible = torch.arange(start + length, device=ids.device) <= own
            if cache is not None:  # padding sees itself, or it would be no number
                column = torch.arange(start + length, device=ids.device)
                visible = (visible & cache.seen[:, None]) | (column == own)
            mixed = scaled_dot_product_attention(queries, keys, values, visible[:, None])
        x = x + linear(mixed.transpose(1, 2).flatten(2), attention.o_proj.weight)
        h, mlp = _normed(x, layer.post_attention_layernorm), layer.mlp
        wide = silu(linear(h, mlp.gate_proj.weight)) * linear(h, mlp.up_proj.weight)
        x = x + linear(wide, mlp.down_proj.weight)
    return _normed(x, body.norm)


def _normed(x: Tensor, norm) -> Tensor:
    from torch.nn.functional import rms_norm

    return rms_norm(x, x.shape[-1:], norm.weight, norm.variance_epsilon)


def _turns(positions: Tensor, size: int, theta: float) -> Tensor:
    """Rotary rotations as complex numbers, shape (rows, tokens, 1, size / 2)."""
    import torch

    speed = theta ** (-torch.arange(0, size, 2, device=positions.device) / size)
    angle = positions[..., None, None] * speed
    return torch.polar(torch.ones_like(angle), angle)


def _turned(h: Tensor, weight: Tensor, turns: Tensor, heads: int) -> Tensor:
    """Queries or keys under rotary position, shape (rows, heads, tokens, size).

    Llama turns the pairs (i, i + size / 2) of a head; here the two of a pair lie together, as
    complex numbers have it. Products of queries and keys do not depend on the order in a head.
    """
    import torch
    from torch.nn.functional import linear

    paired = weight.unflatten(0, (heads, 2, -1)).transpose(1, 2).reshape(weight.shape)
    pairs = linear(h, paired).float().unflatten(2, (heads, -1, 2))
    return torch.view_as_real(torch.view_as_complex(pairs) * turns).flatten(3).transpose(1, 2)
