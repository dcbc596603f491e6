"""How likely a policy finds given answers, and its perplexity on them.

A causal model and texts come in, one negative log-likelihood an answer goes out.  Callers:
`policy.rejection` (perplexity of held-out answers), `policy.dpo` (the same quantities, there with
gradients, are the implicit reward), and the findings that average perplexities.

An answer is what follows the prompt, EOS included; its tokens alone are predicted.  The head is
applied to the states before them alone, and rows are sorted by length and padded on the right, so
that causal attention needs no mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from proxyreward.models.states import Rows, batches_by_length, padded, states
from proxyreward.models.tokenizer import encode_answers

if TYPE_CHECKING:
    from torch import Tensor

# Padding included. Each token of an answer takes a row of the vocabulary's size, hence fewer than
# in `reward.score`.
TOKENS_PER_BATCH = {"cpu": 2048, "cuda": 16384}
EXTREME = 10_000.0  # a perplexity from here on is left out of the mean, as in the public code


def answer_distributions(model, ids: Tensor, answer: Tensor) -> tuple[Tensor, Tensor]:
    """What the model says before each token of the answers.

    Parameters
    ----------
    model
        A causal model whose head is one linear map.
    ids : Tensor, shape (rows, length)
        Prompts and answers, padded on the right.
    answer : Tensor of bool, shape (rows, length)
        Which tokens belong to an answer: the last ones of a row before its padding. A row's first
        token never counts: nothing predicts it.

    Returns
    -------
    hidden : Tensor, shape (answer tokens, width)
        Last hidden states, the input of the head.
    log_probs : Tensor, shape (answer tokens, vocabulary)
    """
    import torch

    inside = answer[:, 1:]
    first, count = inside.int().argmax(1, keepdim=True), inside.sum(1, keepdim=True)
    step = torch.arange(int(count.max()), device=ids.device)
    at = (first + step).clamp(max=inside.shape[1])
    hidden = states(model, ids, at, kept=step < count)
    return hidden, model.get_output_embeddings()(hidden).float().log_softmax(-1)


def answer_tensors(rows: Rows, starts: Sequence[int], pad_id: int, device):
    """Rows padded on the right, and which of their tokens belong to answers, for the above."""
    import torch

    ids, mask = padded(rows, pad_id, device)
    places = torch.arange(ids.shape[1], device=device)
    return ids, mask & (torch.tensor(starts, device=device)[:, None] <= places)


def of_answers(log_probs: Tensor, ids: Tensor, answer: Tensor) -> Tensor:
    """Log-probability of each row's answer, shape ``(rows,)``; `log_probs` as returned above."""
    inside = answer[:, 1:]
    told = log_probs.gather(-1, ids[:, 1:][inside][:, None])[:, 0]
    # Spread over the rows and summed there: adding by index would sum in any order on a GPU.
    return told.new_zeros(inside.shape).masked_scatter(inside, told).sum(1)


def answer_nll(
    model,
    tokenizer,
    prompts: Sequence[str],
    responses: Sequence[str],
    max_length: int,
    tokens_per_batch: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Negative log-likelihood of each answer, :math:`-\sum_t \log \pi(y_t \mid x, y_{<t})`.

    Parameters
    ----------
    max_length
        Longest row in tokens; a longer one loses its beginning.
    tokens_per_batch
        Size of a batch, padding included; None takes what suits the model's device.

    Returns
    -------
    nll : ndarray of float, shape (len(responses),)
        In nats.
    tokens : ndarray of int, shape (len(responses),)
        Tokens of each answer, EOS included.
    """
    import torch

    device = model.device
    rows, starts = encode_answers(tokenizer, prompts, responses, max_length)
    lengths = [len(row) for row in rows]
    nll = np.empty(len(rows))
    with torch.inference_mode():
        for batch in batches_by_length(lengths, tokens_per_batch or TOKENS_PER_BATCH[device.type]):
            asked = [rows[i] for i in batch], [starts[i] for i in batch]
            ids, answer = answer_tensors(*asked, tokenizer.pad_token_id, device)
            _, log_probs = answer_distributions(model, ids, answer)
            nll[batch] = -of_answers(log_probs, ids, answer).double().cpu().numpy()
    return nll, np.array(lengths, dtype=int) - np.maximum(np.array(starts, dtype=int), 1)


class MeanPerplexity(NamedTuple):
    """Mean perplexity, and how many answers were too extreme to enter it."""

    mean: float
    dropped: int


def mean_perplexity(mean_nll: np.ndarray) -> MeanPerplexity:
    r"""Mean of the answers' own perplexities, the extreme ones (10,000 and above) left out.

    .. math:: \frac{1}{N} \sum_{n=1}^N \exp\Big( \frac{1}{T_n} \sum_{t=1}^{T_n}
              -\log \pi(y_{n,t} \mid x_n, y_{n,<t}) \Big)

    Parameters
    ----------
    mean_nll : ndarray, shape (answers,)
        Mean negative log-likelihood a token of each answer, in nats.

    Returns
    -------
    MeanPerplexity
        The mean is NaN if no answer is left.

    References
    ----------
    Zeng et al. 2024 (MORE), Table 2; the formula and the bound are those of the public code.

    Examples
    --------
    >>> mean_perplexity(np.log([2.0, 4.0, 20_000.0]))
    MeanPerplexity(mean=3.0, dropped=1)
    """
    each = np.exp(np.asarray(mean_nll, dtype=float))
    kept = each[each < EXTREME]
    return MeanPerplexity(float(kept.mean()) if kept.size else np.nan, each.size - kept.size)


def corpus_perplexity(mean_nll: np.ndarray, tokens: np.ndarray) -> float:
    r"""Perplexity of all answers as one text, :math:`\exp(\sum_n \mathrm{nll}_n / \sum_n T_n)`.

    The usual definition: every token counts the same, and no answer is extreme.

    Parameters
    ----------
    mean_nll, tokens : ndarray, shape (answers,)
        Mean negative log-likelihood a token of each answer, and its number of tokens.

    Examples
    --------
    >>> round(corpus_perplexity(np.log([2.0, 16.0]), np.array([2, 1])), 9)
    4.0
    """
    return float(np.exp(np.average(mean_nll, weights=tokens)))
