"""The forward pass of small Llamas, without modules in between.

In: a model of transformers or `models.small`, whose weights are read where they lie, and token ids.
Out: last hidden states of the tokens that are asked for, equal up to rounding to those of the
model's own `forward`. Called by `models.states`, which chooses between the two; `models.small` asks
what is computed here.

A small model waits for calls of torch as much as for arithmetic: hence few of them, on joined
matrices. What rows have in common at their beginning is computed once, and padding never, attention
apart. In the last layer, queries and what follows are computed for the asked tokens alone.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proxyreward.models.beginnings import beginnings
from proxyreward.models.precision import autocast

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

    `kept`, shape (layers, 2, rows, heads, room, size), is filled in place, so far up to `end`;
    `unseen`, shape (rows, heads, 1, room), is minus infinity for padding, otherwise 0; `position`,
    shape (rows,), is that of each row's next token; `joined` are the model's matrices.
    """

    kept: Tensor
    unseen: Tensor
    position: Tensor
    end: int
    joined: list[tuple[Tensor, ...]]

    def choose(self, rows: Tensor) -> Cache:
        """A cache of these rows, in this order; a row may come more than once."""
        import torch

        layers, pair, _, *each = self.kept.shape
        kept = self.kept.new_empty(layers, pair, len(rows), *each)
        torch.index_select(self.kept[..., : self.end, :], 2, rows, out=kept[..., : self.end, :])
        unseen, position = self.unseen[rows], self.position[rows]
        return replace(self, kept=kept, unseen=unseen, position=position)


def empty_cache(model, rows: int, room: int) -> Cache:
    """A cache for `rows` token rows of at most `room` tokens each, padding included."""
    import torch

    config, device = model.config, model.device
    heads = config.num_attention_heads
    shape = (config.num_hidden_layers, 2, rows, heads, room, config.hidden_size // heads)
    return Cache(
        kept=torch.empty(shape, device=device),
        unseen=torch.zeros(rows, heads, 1, room, device=device),
        position=torch.zeros(rows, dtype=torch.long, device=device),
        end=0,
        joined=joined_matrices(model),
    )


def states(
    model,
    ids: Tensor,
    at: Tensor,
    joined: list | None = None,
    kept: Tensor | None = None,
    memory: Tensor | None = None,
) -> Tensor:
    """Last hidden states of whole rows, as `models.states.states` describes it.

    What several rows begin with is computed once, attention apart. `memory`, of the shape of
    `Cache.kept` with room for the rows, gets the keys and values.
    """
    import torch
    from torch.nn.functional import embedding, linear

    config, device = model.config, ids.device
    eps, width, heads = config.rms_norm_eps, config.hidden_size, config.num_attention_heads
    index, place = beginnings(ids, (at if kept is None else at * kept).amax(1))
    length = index.shape[1]
    at = at.clamp(max=length - 1)  # those not kept may lie behind
    asked = index.gather(1, at)
    turns = _turns(config, length, device)[place % length]
    column = torch.arange(length, device=device)
    joined = joined or joined_matrices(model)
    x = embedding(ids[:, :length].flatten()[place], model.base_model.embed_tokens.weight)
    for number, matrices in enumerate(joined):
        h, inward, last = _normed(x, eps), matrices[0], number == len(joined) - 1
        if last:
            own = asked.flatten()
            queries = _turned(linear(h[own], inward[:width]), turns[own, :1], heads)
            queries = _by_head(queries.unflatten(0, asked.shape))
            told = _turned(linear(h, inward[width:]), turns[:, 1:], heads)
            visible = (column <= at[..., None]).repeat_interleave(heads, 0)
        else:
            told, queries = _turned(linear(h, inward), turns, heads), ()
            visible = column <= column[:, None]
        told = _by_head(told.index_select(0, index.flatten()).unflatten(0, index.shape))
        if memory is not None:
            memory[number, ..., :length, :] = told[-2:].unflatten(1, (-1, heads))
        queries, keys, values = *queries, *told
        mixed = _attention(queries, keys, values, torch.where(visible, 0.0, -torch.inf))
        mixed = mixed.unflatten(0, (-1, heads)).transpose(1, 2).flatten(2)
        if last:
            mixed = mixed.flatten(0, 1) if kept is None else mixed[kept]
            x = x[own if kept is None else asked[kept]]
        else:
            mixed = mixed.flatten(0, 1).index_select(0, place)
        x = _after_attention(x, mixed, matrices, eps)
    x = _normed(x, eps) * model.base_model.norm.weight
    return x if kept is not None else x.unflatten(0, at.shape)


def begin(model, ids: Tensor, at: Tensor, mask: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
    """As `states`, of rows with which to fill an empty cache, and that cache."""
    hidden = states(model, ids, at, cache.joined, memory=cache.kept)
    cache.unseen[..., : ids.shape[1]].masked_fill_(~mask[:, None, None], float("-inf"))
    return hidden, replace(cache, position=mask.sum(1), end=ids.shape[1])


def proceed(model, tokens: Tensor, cache: Cache) -> tuple[Tensor, Cache]:
    """Last hidden states of one more token a row, shape (rows, width), and the cache to go on."""
    from torch.nn.functional import embedding, linear

    config, end = model.config, cache.end + 1
    eps, heads = config.rms_norm_eps, config.num_attention_heads
    turns = _turns(config, cache.kept.shape[-2], tokens.device)[cache.position]
    unseen = cache.unseen.flatten(0, 1)[..., :end]
    x = embedding(tokens, model.base_model.embed_tokens.weight)
    for matrices, kept in zip(cache.joined, cache.kept):
        told = _turned(linear(_normed(x, eps), matrices[0]), turns, heads)
        kept[..., cache.end, :] = told[:, 1:].transpose(0, 1)
        keys, values = kept[..., :end, :].flatten(1, 2)
        queries = told[:, 0].flatten(0, 1)[:, None]
        mixed = _attention(queries, keys, values, unseen).view(x.shape)
        x = _after_attention(x, mixed, matrices, eps)
    x = _normed(x, eps) * model.base_model.norm.weight
    return x, replace(cache, position=cache.position + 1, end=end)


def _normed(x: Tensor, eps: float) -> Tensor:
    return x * (x.square().mean(-1, keepdim=True) + eps).rsqrt()


def _attention(queries: Tensor, keys: Tensor, values: Tensor, unseen: Tensor) -> Tensor:
    """Values mixed, all of shape (rows * heads, tokens, size).

    For rows of some dozen tokens this takes less time than the fused kernels of torch. As those
    do, it rounds nothing to bf16 on the way.
    """
    import torch

    scale = queries.shape[-1] ** -0.5
    with autocast(queries.device, "fp32"):
        return torch.baddbmm(unseen, queries, keys.mT, alpha=scale).softmax(-1).bmm(values)


def _after_attention(x: Tensor, mixed: Tensor, matrices: tuple[Tensor, ...], eps: float) -> Tensor:
    """The rest of a layer."""
    from torch.nn.functional import linear, silu

    _, outward, gates, down = matrices
    x = x + linear(mixed, outward)
    gate, up = linear(_normed(x, eps), gates).chunk(2, -1)
    return x + linear(silu(gate) * up, down)


def _by_head(each: Tensor) -> Tensor:
    """From (rows, tokens, parts, heads, size) to (parts, rows * heads, tokens, size)."""
    return each.permute(2, 0, 3, 1, 4).flatten(1, 2)


def _turned(given: Tensor, turns: Tensor, heads: int) -> Tensor:
    """Parts of tokens under rotary position, shape (tokens, parts, heads, size)."""
    import torch

    pairs = torch.view_as_complex(given.float().view(len(given), -1, heads, turns.shape[-1], 2))
    return torch.view_as_real(pairs * turns).flatten(3)


def _turns(config, length: int, device) -> Tensor:
    """Rotary rotations of positions as complex numbers, shape (positions, 3, 1, size / 2).

    Queries and keys are turned, values are not.
    """
    size = config.hidden_size // config.num_attention_heads
    return _table(size, config.rope_parameters["rope_theta"], 1 << length.bit_length(), device)


@functools.lru_cache(maxsize=64)
def _table(size: int, theta: float, length: int, device) -> Tensor:
    import torch

    with torch.inference_mode(False):
        speed = theta ** (-torch.arange(0, size, 2, device=device) / size)
        angle = torch.arange(length, device=device)[:, None, None, None] * speed
        angle = angle * torch.tensor([1, 1, 0], device=device)[:, None, None]
        return torch.polar(torch.ones_like(angle), angle)
