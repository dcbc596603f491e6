r"""Preference ranking optimisation (PRO): a policy trained on rankings made by a reward model.

A frozen `RankedPolicy` and a folder come in; the loss of every step and the trained policy's
responses to test prompts go out.  Caller: the stage that aligns the policies of paper *elephant*,
through the family runner.

A reward model orders n responses to a prompt, :math:`y^1 \succ \dots \succ y^n`, and the policy
learns to find each one likelier than those behind it (paper elephant, eq. 3):

.. math:: L = -\sum_{k=1}^{n-1} \log \frac{\exp r(x, y^k)}{\sum_{i=k}^n \exp r(x, y^i)}, \qquad
          r(x, y) = \frac{1}{|y|} \sum_t \log \pi(y_t \mid x, y_{<t}) .

The paper prints the first formula and does not say what r is; the second one is that of the paper
on PRO.  That paper has two things more.  The reward model's own rewards :math:`r^*` enter as
temperatures,

.. math:: L_{\rm PRO} = -\sum_{k=1}^{n-1} \log \frac{\exp(r(x, y^k) / T_k^k)}
          {\sum_{i=k}^n \exp(r(x, y^i) / T_k^i)}, \qquad
          T_k^i = \frac{1}{r^*(y^k) - r^*(y^i)}, \quad T_k^k = \min_{i > k} T_k^i ,

and the best response is learnt besides, :math:`L = L_{\rm PRO} - \beta \log \pi(y^1 \mid x)`: in
the public code the log-probability is a sum over tokens, and :math:`\beta = w (n - 1)^2` with
w = 0.05 for dialogues.

References
----------
Song et al. 2023, "Preference Ranking Optimization for Human Alignment", arXiv:2306.17492; its code
is ``PRO/train/utils/process_manager.py`` of github.com/AlibabaResearch/DAMO-ConvAI.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from proxyreward.data import pairs
from proxyreward.files import state
from proxyreward.models import training
from proxyreward.models.build import load_policy, load_reward_model
from proxyreward.models.precision import Precision
from proxyreward.models.tokenizer import encode_answers, load_tokenizer
from proxyreward.policy.perplexity import answer_distributions, answer_tensors, of_answers
from proxyreward.policy.responses import write_responses
from proxyreward.reward.score import score_pairs

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class RankingSettings:
    """How a policy is trained on rankings.

    Attributes
    ----------
    temperatures
        Whether rewards enter as temperatures; without them, the loss is the one that paper
        elephant prints.
    sft_weight
        w of the best response's own loss; 0 leaves it out.
    """

    temperatures: bool
    sft_weight: float
    epochs: float
    learning_rate: float
    batch_size: int
    precision: Precision = "fp32"


@dataclass(frozen=True)
class RankedPolicy:
    """One policy to train on the rankings of one reward model.

    Attributes
    ----------
    data
        Folder of the `data` stage, for its tokenizer.
    policy
        Folder of the policy to start from.
    pairs
        Parquet file in the schema of `data.pairs`: the two responses of a pair are ranked, whatever
        its label.
    rankings
        Takes the first so many of the pairs.
    rm
        Folder of the reward model that ranks.
    rm_hash
        So that an item is redone when its reward model is.
    prompts
        Parquet file of test prompts: ``prompt_id, source, prompt``.
    test_samples
        Responses to each of these.
    seed
        Of the batch order and of the responses to the test prompts.
    """

    name: str
    data: str
    policy: str
    pairs: str
    rankings: int
    rm: str
    rm_hash: str
    prompts: str
    test_samples: int
    settings: RankingSettings
    temperature: float
    max_new_tokens: int
    max_length: int
    seed: int


class Rankings(NamedTuple):
    """Prompts with ranked responses.

    `responses` and `rewards`, shape ``(rankings, n)``, have the best response first.
    """

    prompts: list[str]
    responses: np.ndarray
    rewards: np.ndarray


def ranked(prompts: list[str], responses: np.ndarray, rewards: np.ndarray) -> Rankings:
    """Order the responses to each prompt by their rewards; equal ones stay as they stand.

    >>> ranked(["x"], np.array([["a", "b", "c"]]), np.array([[1.0, 3.0, 2.0]])).responses.tolist()
    [['b', 'c', 'a']]
    """
    order = np.argsort(-rewards, axis=1, kind="stable")
    return Rankings(prompts, *(np.take_along_axis(each, order, 1) for each in (responses, rewards)))


def ranking_losses(likelihood: Tensor, rewards: Tensor | None = None) -> Tensor:
    """Loss of each ranking, shape ``(rankings,)``.

    For n = 2 it is ``-log sigmoid(d)`` without temperatures and ``-log sigmoid(g d)`` with them,
    where d is the difference of the likelihoods and g that of the rewards.

    Parameters
    ----------
    likelihood : Tensor, shape (rankings, n)
        Mean log-probability a token of each response, r above, the best response first.
    rewards : Tensor, shape (rankings, n), optional
        What the temperatures are made of; none without.
    """
    import torch

    losses = torch.zeros_like(likelihood[:, 0])
    for k in range(likelihood.shape[1] - 1):
        rest = likelihood[:, k:]
        if rewards is not None:
            gaps = rewards[:, [k]] - rewards[:, k + 1 :]  # the inverse temperatures
            rest = rest * torch.cat([gaps.amax(1, keepdim=True), gaps], dim=1)
        losses = losses + rest.logsumexp(1) - rest[:, 0]
    return losses


class Ranker:
    """Mean loss of some of the rankings under a policy."""

    def __init__(
        self, policy, rankings: Rankings, tokenizer, settings: RankingSettings, max_length: int
    ):
        import torch

        self.policy, self.settings, self.pad_id = policy, settings, tokenizer.pad_token_id
        self.places = [
            list(zip(*encode_answers(tokenizer, rankings.prompts, list(column), max_length)))
            for column in rankings.responses.T
        ]
        self.rewards = torch.tensor(rankings.rewards, dtype=torch.float32, device=policy.device)

    def lengths(self) -> list[int]:
        """Tokens of each ranking's longest row."""
        return [max(len(row) for row, _ in rows) for rows in zip(*self.places)]

    def loss(self, numbers: np.ndarray) -> Tensor:
        """Mean over these rankings, see the module's docstring."""
        asked = [place[i] for place in self.places for i in numbers]
        rows, starts = map(list, zip(*asked))
        ids, answer = answer_tensors(rows, starts, self.pad_id, self.policy.device)
        _, log_probs = answer_distributions(self.policy, ids, answer)
        sums = of_answers(log_probs, ids, answer)
        shape = len(self.places), len(numbers)
        means = (sums / answer[:, 1:].sum(1)).view(shape).T
        rewards = self.rewards[numbers] if self.settings.temperatures else None
        weight = self.settings.sft_weight * (len(self.places) - 1) ** 2
        return (ranking_losses(means, rewards) - weight * sums.view(shape)[0]).mean()


def train_rankings(
    policy,
    rankings: Rankings,
    tokenizer,
    settings: RankingSettings,
    max_length: int,
    seed: int,
    directory: Path,
) -> None:
    """Train a policy on rankings, in place; write the log of `models.training`."""
    ranker = Ranker(policy, rankings, tokenizer, settings, max_length)
    training.train(
        policy,
        training.grouped_by_length(ranker.lengths(), settings.batch_size, settings.epochs, seed),
        ranker.loss,
        learning_rate=settings.learning_rate,
        warmup_steps=0,
        precision=settings.precision,
        seed=seed,
        directory=directory,
    )


@lru_cache(maxsize=1)
def _ranked(file: str, count: int, rm: str, tokenizer_from: str, max_length: int, *states):
    """The rankings of one reward model, kept for the next item as long as the files are as they
    were."""
    frame, tokenizer = pairs.read(Path(file)).head(count), load_tokenizer(tokenizer_from)
    rewards = score_pairs(load_reward_model(rm), tokenizer, frame, max_length)
    responses = frame[["chosen", "rejected"]].to_numpy(object)
    return ranked(frame["prompt"].tolist(), responses, rewards)


def train(item: RankedPolicy, directory: Path) -> None:
    """Train one policy on rankings and let it respond; nothing reads the policy itself.

    Files: ``train_log.json`` with the loss of every step; ``responses.parquet`` with responses to
    each test prompt.
    """
    words = f"{item.data}/tokenizer"
    tokenizer, policy = load_tokenizer(words), load_policy(item.policy)
    states = map(state, (item.pairs, item.rm, words))
    rankings = _ranked(item.pairs, item.rankings, item.rm, words, item.max_length, *states)
    train_rankings(
        policy, rankings, tokenizer, item.settings, item.max_length, item.seed, directory
    )
    write_responses(policy, tokenizer, item, directory)
