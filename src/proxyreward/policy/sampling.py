"""Sampling: many responses to each prompt, the prompt computed once.

A causal model and prompts come in, texts or tokens go out.  Callers: `pool` and `ppo`.

A prompt's keys and values are computed once and shared by its samples; rows that have ended
leave the batch.  The padding token is never drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

from proxyreward.models.tokenizer import encode_prompts

ROWS_PER_BATCH = 2048


def left_padded(rows: Sequence[Sequence[int]], pad_id: int):
    """Token rows and their attention mask, padded on the left to one length."""
    import torch

    longest = max(len(row) for row in rows)
    ids = torch.tensor([[pad_id] * (longest - len(row)) + list(row) for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def _draw(logits, temperature: float, pad_id: int, generator):
    """One token a row, shape (rows,), by inverting the cumulative distribution.

    That costs a tenth of `torch.multinomial`, which draws a random number for every token of the
    vocabulary.
    """
    import torch

    logits = logits.float() / temperature
    logits[:, pad_id] = -torch.inf
    cumulative = logits.softmax(-1).cumsum(-1)
    uniform = torch.rand(len(logits), 1, generator=generator, device=logits.device)
    # `right` steps over tokens without probability also where the uniform number is exactly 0.
    token = torch.searchsorted(cumulative, uniform * cumulative[:, -1:], right=True)[:, 0]
    return token.clamp(max=logits.shape[1] - 1)


def sample_tokens(
    model,
    rows: Sequence[Sequence[int]],
    count: int,
    temperature: float,
    max_new_tokens: int,
    pad_id: int,
    eos_id: int,
    generator,
):
    """Draw ``count`` continuations of each token row.

    Returns
    -------
    Tensor of new tokens, shape ``(len(rows) * count, max_new_tokens)``: the samples of a row lie
    together; what follows the EOS token is padding.
    """
    import torch

    device = model.device
    ids, mask = left_padded(rows, pad_id)
    ids, mask = ids.to(device), mask.to(device)
    result = torch.full((len(rows) * count, max_new_tokens), pad_id, device=device)
    alive = torch.arange(len(result), device=device)
    with torch.inference_mode():
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        out = model(
            ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1
        )
        cache = out.past_key_values
        cache.batch_repeat_interleave(count)
        mask = mask.repeat_interleave(count, 0)
        logits = out.logits[:, -1].repeat_interleave(count, 0)
        position = positions[:, -1].repeat_interleave(count, 0)
        for step in range(max_new_tokens):
            token = _draw(logits, temperature, pad_id, generator)
            result[alive, step] = token
            going = token != eos_id
            if step == max_new_tokens - 1 or not going.any():
                break
            if not going.all():
                stay = going.nonzero()[:, 0]
                cache.batch_select_indices(stay)
                alive, token, mask, position = alive[stay], token[stay], mask[stay], position[stay]
            position = position + 1
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
            out = model(
                token[:, None],
                attention_mask=mask,
                position_ids=position[:, None],
                past_key_values=cache,
                use_cache=True,
            )
            logits = out.logits[:, -1]
    return result.cpu()


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
