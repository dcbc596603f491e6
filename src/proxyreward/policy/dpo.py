r"""Direct preference optimisation (DPO) on several preference sources, plain or with MORE weights.

A frozen `PreferencePolicy` and a folder come in; the weights of every step, the trained policy's
implicit rewards on test pairs and its responses to test prompts go out.  Callers: the stage that
tries the extension which paper more leaves open, and that of paper *elephant*, whose DPO is the
plain one on a single set, through the family runner.

DPO fits the implicit reward :math:`\hat r(x, y) = \beta \log(\pi(y \mid x) / \pi_0(y \mid x))` by
the ranking loss. With the margin :math:`\Delta_b = \hat r(x, y_w) - \hat r(x, y_l)` of a pair, the
loss of source i in a batch and that of all sources are, as for a reward model,

.. math:: L_i = -\frac{1}{|B_i|} \sum_{b \in B_i} \log \sigma(\Delta_b), \qquad
          L = \sum_i \lambda_i L_i .

MORE takes the weights for which the combined gradient of the head is shortest (eq. 9). The head of
a policy is the matrix W that turns the last hidden state :math:`h_t` into logits. With the states
held fixed and p the predicted distribution, a token's log-probability has the gradient
:math:`d_t = (e_{y_t} - p_t) h_t^\top`, so that

.. math:: \frac{\partial L_i}{\partial W} = -\frac{\beta}{|B_i|} \sum_{b \in B_i} \sigma(-\Delta_b)
          \Big( \sum_{t \in y_w} d_t - \sum_{t \in y_l} d_t \Big) .

Where W is tied to the embeddings, this is the gradient of its use as head alone.

TRL's `DPOTrainer` keeps no hidden states, so the head's gradients could not be had from it without
a second forward pass; plain DPO here follows it step by step (tested).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.files import state
from proxyreward.models import training
from proxyreward.models.build import load_policy
from proxyreward.models.precision import Precision, autocast
from proxyreward.models.tokenizer import encode_answers, load_tokenizer
from proxyreward.policy.perplexity import (
    answer_distributions,
    answer_nll,
    answer_tensors,
    of_answers,
)
from proxyreward.policy.responses import write_responses
from proxyreward.reward.balanced import balanced_order
from proxyreward.reward.min_norm import min_norm
from proxyreward.reward.more import STEPS, step_record, write_steps

if TYPE_CHECKING:
    from torch import Tensor

MARGINS = "margins.parquet"


@dataclass(frozen=True)
class PreferenceSettings:
    """How a policy is trained on pairs of several sources.

    Attributes
    ----------
    weighting
        ``plain``: every pair counts the same, DPO as it is. ``min-norm``: the weights of MORE.
    beta
        Of the implicit reward.
    resampled
        Pairs of each source after resampling to equal size; each is seen once.
    pairs_per_source
        A batch has this times the number of sources.
    """

    weighting: Literal["plain", "min-norm"]
    beta: float
    resampled: int
    pairs_per_source: int
    learning_rate: float
    precision: Precision = "fp32"


@dataclass(frozen=True)
class PreferencePolicy:
    """One policy to train on pairs.

    Attributes
    ----------
    data
        Folder of the `data` stage, for its tokenizer.
    policy
        Folder of the policy to start from, which is the reference too.
    pairs, tests
        Parquet files in the schema of `data.pairs`: to train on, and to measure margins on.
    prompts
        Parquet file of test prompts: ``prompt_id, source, prompt``.
    test_samples
        Responses to each of these.
    seed
        Of the order of the pairs and of the responses to the test prompts.
    """

    name: str
    data: str
    policy: str
    pairs: str
    tests: str
    prompts: str
    test_samples: int
    settings: PreferenceSettings
    temperature: float
    max_new_tokens: int
    max_length: int
    seed: int


def head_gradients(
    hidden: Tensor,
    log_probs: Tensor,
    ids: Tensor,
    answer: Tensor,
    margin: Tensor,
    beta: float,
    sources: int,
) -> Tensor:
    """Gradient of each source's loss with respect to the head, in closed form.

    It costs as much as applying the head to the answers once more, and the memory of one matrix
    of the head's size for each source. (The Gram matrix alone could be had from products of pairs
    of tokens, but that takes more time as soon as there are more tokens than hidden units.)

    Parameters
    ----------
    hidden, log_probs : Tensor, shape (answer tokens, width) and (answer tokens, vocabulary)
        Of :func:`proxyreward.policy.perplexity.answer_distributions`.
    ids, answer : Tensor, shape (2 * pairs, length)
        Its arguments: the chosen rows, then the rejected ones; row b is of source ``b % sources``.
    margin : Tensor, shape (pairs,)

    Returns
    -------
    Tensor, shape (sources, vocabulary, width)
    """
    import torch

    inside = answer[:, 1:]
    row = inside.nonzero()[:, 0]
    pull = -beta * torch.sigmoid(-margin) * sources / len(margin)
    error = -log_probs.exp()
    error[torch.arange(len(row), device=row.device), ids[:, 1:][inside]] += 1
    error *= torch.cat([pull, -pull])[row][:, None]
    parts = [row % sources == i for i in range(sources)]
    return torch.stack([error[part].T @ hidden[part] for part in parts])


def log_probabilities(policy, tokenizer, frame: pd.DataFrame, max_length: int) -> np.ndarray:
    """Log-probabilities of the two responses of each pair, shape ``(pairs, 2)``, chosen first."""
    sides = [
        -answer_nll(policy, tokenizer, frame["prompt"], frame[side], max_length)[0]
        for side in ("chosen", "rejected")
    ]
    return np.stack(sides, axis=1)


def margins(policy: np.ndarray, reference: np.ndarray, beta: float) -> np.ndarray:
    r"""Implicit reward of the chosen over the rejected response, shape ``(pairs,)``.

    Both arguments are log-probabilities of shape ``(pairs, 2)``, chosen first.

    >>> margins(np.array([[-10.0, -14.0]]), np.array([[-11.0, -12.0]]), beta=0.1).round(6).tolist()
    [0.3]
    """
    chosen, rejected = (policy - reference).T
    return beta * (chosen - rejected)


class Preferences:
    """DPO losses of batches with one weight a source; pair b of a batch is of source
    ``b % sources``.

    `told`, shape (pairs, 2), are the reference's log-probabilities; `steps` holds a record of
    every batch.
    """

    def __init__(
        self, policy, frame: pd.DataFrame, told: np.ndarray, tokenizer,
        settings: PreferenceSettings, sources: int, max_length: int,
    ):  # fmt: skip
        import torch

        self.policy, self.settings, self.sources = policy, settings, sources
        self.pad_id = tokenizer.pad_token_id
        self.sides = [
            list(zip(*encode_answers(tokenizer, frame["prompt"], frame[side], max_length)))
            for side in ("chosen", "rejected")
        ]
        self.told = torch.tensor(told, dtype=torch.float32, device=policy.device)
        self.steps: list[dict[str, float]] = []

    def loss(self, rows: np.ndarray) -> Tensor:
        """Weighted mean of the losses of these pairs."""
        import torch
        from torch.nn.functional import logsigmoid

        ids, answer = self.tensors(rows)
        hidden, log_probs = answer_distributions(self.policy, ids, answer)
        reference = self.told[torch.from_numpy(rows)].T.flatten()
        ratio = of_answers(log_probs, ids, answer) - reference
        margin = self.settings.beta * torch.sub(*ratio.chunk(2))
        losses = -logsigmoid(margin)
        weights, record = torch.ones_like(losses), {}
        if self.settings.weighting == "min-norm":
            with torch.no_grad(), autocast(self.policy.device, "fp32"):
                gradients = head_gradients(
                    hidden.float(), log_probs, ids, answer, margin, self.settings.beta, self.sources
                )
            gradients = gradients.flatten(1).double().cpu().numpy()
            found = min_norm(gradients @ gradients.T)
            record = step_record(gradients, found)
            each = torch.from_numpy(found * self.sources).to(losses)
            weights = each.repeat(len(losses) // self.sources)
        loss = (weights * losses).mean()
        means = torch.stack([loss, losses.mean(), margin.abs().mean()]).tolist()
        self.steps.append(dict(zip(("loss", "plain_loss", "size"), means)) | record)
        return loss

    def tensors(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Token ids of the chosen, then of the rejected responses, and which are the answers'."""
        asked = [side[i] for side in self.sides for i in rows]
        return answer_tensors(*map(list, zip(*asked)), self.pad_id, self.policy.device)


def train_preferences(
    policy,
    frame: pd.DataFrame,
    tokenizer,
    settings: PreferenceSettings,
    max_length: int,
    seed: int,
    directory: Path,
) -> None:
    """Train a policy on pairs, in place; write ``steps.csv`` and the training's log.

    The reference is the policy as it comes in, and neither drops anything out.

    Parameters
    ----------
    frame
        Pairs in the schema of `data.pairs`, of one source or more.
    """
    import torch

    names, source = np.unique(frame["source"].to_numpy(str), return_inverse=True)
    order = balanced_order(source, settings.resampled, seed)
    used, place = np.unique(order, return_inverse=True)
    seen = frame.iloc[used]
    with autocast(policy.device, settings.precision):  # as the policy's are, to compare with
        reference = log_probabilities(policy, tokenizer, seen, max_length)
    for module in policy.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    batch = len(names) * settings.pairs_per_source
    preferences = Preferences(policy, seen, reference, tokenizer, settings, len(names), max_length)
    training.train(
        policy,
        place[: len(place) // batch * batch].reshape(-1, batch),
        preferences.loss,
        learning_rate=settings.learning_rate,
        warmup_steps=0,
        precision=settings.precision,
        seed=seed,
        directory=directory,
    )
    write_steps(preferences.steps, names, directory / STEPS)


@lru_cache(maxsize=1)
def _start(test: str, policy: str, tokenizer_from: str, max_length: int, *states):
    """Test pairs, and the first policy's log-probabilities of them.

    Kept for the next item, as long as the files are as they were.
    """
    tests = pairs.read(Path(test))
    tokenizer = load_tokenizer(tokenizer_from)
    return tests, log_probabilities(load_policy(policy), tokenizer, tests, max_length)


def train(item: PreferencePolicy, directory: Path) -> None:
    """Train one policy on pairs and evaluate it.

    Files: the policy; ``steps.csv`` with a row a step; ``margins.parquet`` with the implicit
    ``margin`` of each test pair, by ``pair_id`` and ``source``; ``responses.parquet`` with
    responses to each test prompt; the trainer's log.
    """
    words = f"{item.data}/tokenizer"
    tokenizer, policy = load_tokenizer(words), load_policy(item.policy)
    read = item.tests, item.policy, words
    tests, before = _start(*read, item.max_length, *map(state, read))
    train_preferences(
        policy,
        pairs.read(Path(item.pairs)),
        tokenizer,
        item.settings,
        item.max_length,
        item.seed,
        directory,
    )
    policy.eval()
    after = log_probabilities(policy, tokenizer, tests, item.max_length)
    found = tests[["pair_id", "source"]].assign(margin=margins(after, before, item.settings.beta))
    found.to_parquet(directory / MARGINS, index=False)
    write_responses(policy, tokenizer, item, directory)
    policy.save_pretrained(directory)
