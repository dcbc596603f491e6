"""Scores of a reward model on any number of responses, fast and independent of batching.

A model and texts come in, one float32 score a response goes out.  Callers: `scorings`, `mixes` and
the rewards of `policy.ppo_runs`.

What makes it fast: equal (prompt, response) rows are scored once; rows of like length go together,
padded on the right; the last layer and the head are computed for the last token alone; and what
rows have in common at their beginning is computed once.
`benchmarks/scoring.py` measures it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from proxyreward.models.states import Rows, last_states
from proxyreward.models.tokenizer import encode

# Padding included. On a CPU a batch should stay in the cache, on a GPU it should fill the device.
TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 131072}


def score_tokens(
    model,
    rows: Rows,
    pad_id: int,
    tokens_per_batch: int | None = None,
    prompt: Sequence[int] | None = None,
) -> np.ndarray:
    """Scores of token rows, float32, shape ``(len(rows),)``; the last token carries the score.

    ``prompt`` numbers the prompt of each row, see :func:`proxyreward.models.states.last_states`.
    """
    import torch

    scores = np.empty(len(rows), dtype=np.float32)
    budget = tokens_per_batch or TOKENS_PER_BATCH[model.device.type]
    with torch.inference_mode():
        for batch, hidden in last_states(model, rows, pad_id, budget, prompt):
            scores[batch] = model.score(hidden).squeeze(-1).float().cpu().numpy()
    return scores


def score(
    model,
    tokenizer,
    prompts: Sequence[str],
    responses: Sequence[str],
    max_length: int,
    tokens_per_batch: int | None = None,
) -> np.ndarray:
    """Scores of responses to prompts, float32, shape ``(len(responses),)``.

    Parameters
    ----------
    model
        A reward model of `models.build`: a body (``base_model``) and a linear head (``score``).
    prompts, responses
        Texts of equal number; a prompt is a transcript that ends with its Assistant marker.
    max_length
        Longest row in tokens; a longer one loses its beginning.
    tokens_per_batch
        Size of a batch, padding included; None takes what suits the model's device.
    """
    asked = distinct_rows(tokenizer, prompts, responses, max_length)
    return score_asked(model, asked, tokens_per_batch)


class Asked(NamedTuple):
    """Every distinct (prompt, response) as text and as token row, and the number of its prompt.

    `index` says which of them each response is.
    """

    texts: list[tuple[str, str]]
    rows: list[list[int]]
    prompt: list[int]
    index: list[int]
    pad_id: int


def distinct_rows(
    tokenizer, prompts: Sequence[str], responses: Sequence[str], max_length: int
) -> Asked:
    """Tokens of responses to prompts, for any number of models with that tokenizer."""
    keys = list(zip(prompts, responses, strict=True))
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    place = {prompt: i for i, prompt in enumerate(dict.fromkeys(prompts))}
    rows = encode(tokenizer, [p for p, _ in number], [r for _, r in number], max_length)
    return Asked(
        texts=list(number),
        rows=rows,
        prompt=[place[p] for p, _ in number],
        index=[number[key] for key in keys],
        pad_id=tokenizer.pad_token_id,
    )


def score_asked(model, asked: Asked, tokens_per_batch: int | None = None) -> np.ndarray:
    """Scores of the responses that were asked about, as :func:`score` gives them."""
    scores = score_tokens(model, asked.rows, asked.pad_id, tokens_per_batch, asked.prompt)
    return scores[asked.index]


def score_pairs(model, tokenizer, pairs, max_length: int) -> np.ndarray:
    """Scores of the two responses of each pair, shape ``(pairs, 2)``, chosen first."""
    sides = [
        score(model, tokenizer, pairs["prompt"], pairs[side], max_length)
        for side in ("chosen", "rejected")
    ]
    return np.stack(sides, axis=1)
