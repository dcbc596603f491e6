"""Sampling: many responses to each prompt, the prompt computed once.

A causal model and prompts come in, texts or tokens go out.  Callers: `pool` and `ppo`.

A prompt's keys and values are computed once and shared by its samples; rows that have ended leave
the batch when they are enough to pay for it.  The padding token is never drawn.

The random number behind a token depends on seed, row and step alone, not on how long other rows
are: so policies that sample under one seed are compared on common random numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from proxyreward.models.states import Rows, continue_rows, empty_cache, padded
from proxyreward.models.tokenizer import encode_prompts

if TYPE_CHECKING:
    from torch import Tensor

ROWS_PER_BATCH = 2048
DENSE = 0.75  # the share of rows still going below which those that have ended are dropped


def _draw(logits, temperature: float, pad_id: int, uniform):
    """One token a row, shape (rows,), by inverting the cumulative distribution at `uniform`.

    That costs a tenth of `torch.multinomial`, which draws a random number for every token of the
    vocabulary.
    """
    import torch

    logits = logits.float() / temperature
    logits[:, pad_id] = -torch.inf
    cumulative = logits.softmax(-1).cumsum(-1)
    aim = uniform[:, None] * cumulative[:, -1:]
    # `right` steps over tokens without probability also where the uniform number is exactly 0.
    token = torch.searchsorted(cumulative, aim, right=True)[:, 0]
    return token.clamp(max=logits.shape[1] - 1)


def sample_tokens(
    model,
    rows: Rows,
    count: int,
    temperature: float,
    max_new_tokens: int,
    pad_id: int,
    eos_id: int,
    generator,
    before: list[Tensor] | None = None,
):
    """Draw ``count`` continuations of each token row.

    Parameters
    ----------
    before
        Gets the hidden states that each token was drawn from, one tensor of shape
        ``(len(rows) * count, width)`` a token, 0 where a row has ended.

    Returns
    -------
    Tensor of new tokens, shape ``(len(rows) * count, max_new_tokens)``: the samples of a row lie
    together; what follows the EOS token is padding.
    """
    import torch

    device, head = model.device, model.get_output_embeddings()
    ids, mask = padded(rows, pad_id, device)
    result = torch.full((max_new_tokens, len(rows) * count), pad_id, device=device)
    uniform = torch.rand(result.shape, generator=generator, device=device)
    with torch.inference_mode():
        cache = empty_cache(model, len(rows), ids.shape[1] + max_new_tokens)
        hidden, cache = continue_rows(model, cache, ids, mask.sum(1, keepdim=True) - 1, mask)
        inside = torch.arange(len(rows), device=device).repeat_interleave(count)
        cache, hidden = cache.choose(inside), hidden[inside, 0]
        # The rows that the cache holds, and which of these have not ended.
        held = torch.arange(result.shape[1], device=device)
        going = torch.ones_like(held, dtype=torch.bool)
        for step in range(max_new_tokens):
            if before is not None:
                shape = result.shape[1], hidden.shape[1]
                before.append(hidden.new_zeros(shape).index_copy_(0, held, hidden))
            token = _draw(head(hidden), temperature, pad_id, uniform[step, held])
            result[step, held] = token.where(going, pad_id)
            going &= token != eos_id
            left = int(going.sum())
            if step == max_new_tokens - 1 or not left:
                break
            if left < DENSE * len(held):
                chosen = going.nonzero()[:, 0]
                cache, held, token, going = (
                    cache.choose(chosen), held[chosen], token[chosen], going[chosen]
                )  # fmt: skip
            hidden, cache = continue_rows(model, cache, token[:, None], None, going[:, None])
            hidden = hidden[:, 0]
    return result.T.contiguous().cpu()


def sample(
    model,
    tokenizer,
    prompts: Sequence[str],
    count: int,
    temperature: float,
    max_new_tokens: int,
    max_length: int,
    seed: int,
) -> tuple[list[list[str]], list[list[bool]]]:
    """Draw ``count`` responses to each prompt.

    Parameters
    ----------
    max_length
        Longest prompt and response together, in tokens; a longer prompt loses its beginning.
    seed
        Of the draws; the same prompts, count and seed give the same responses.

    Returns
    -------
    Responses and whether each ended by itself (by EOS), both ``(len(prompts), count)``.
    """
    import torch

    generator = torch.Generator(model.device).manual_seed(seed)
    rows = encode_prompts(tokenizer, prompts, max_length - max_new_tokens)
    together = max(1, ROWS_PER_BATCH // count)
    texts: list[list[str]] = []
    ended: list[list[bool]] = []
    for start in range(0, len(rows), together):
        tokens = sample_tokens(
            model,
            rows[start : start + together],
            count,
            temperature,
            max_new_tokens,
            tokenizer.pad_token_id,
            tokenizer.eos_token_id,
            generator,
        ).view(-1, count, max_new_tokens)
        for group in tokens.tolist():
            texts.append([text(tokenizer, row) for row in group])
            ended.append([tokenizer.eos_token_id in row for row in group])
    return texts, ended


def text(tokenizer, row: list[int]) -> str:
    """The response in a row of new tokens: what stands before EOS and padding."""
    stops = {tokenizer.eos_token_id, tokenizer.pad_token_id}
    end = next((i for i, token in enumerate(row) if token in stops), len(row))
    return tokenizer.decode(row[:end]).strip()
