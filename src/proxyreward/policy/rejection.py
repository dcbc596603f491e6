r"""Rejection sampling: a policy fine-tuned on its own responses that a reward model prefers.

A frozen `Aligned` and a folder come in; what the fine-tuned policy says to test prompts, the
scores of that by several reward models, and its likelihood of held-out answers go out.  Caller:
the stage that aligns one policy to each reward model, through the family runner.

For each prompt the best of S responses is kept (paper more, eq. 3, S = 4), and the policy that
they came from learns them:

.. math:: L(\pi) = -\mathbb E \log \pi(y^{\rm best} \mid x), \qquad
          y^{\rm best} = \arg\max_{1 \le s \le S} r(x, y^s) .

The choice takes an argmax, so it depends on the order of the scores alone, never on their scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.models.build import load_policy, load_reward_model
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.policy.perplexity import answer_nll
from proxyreward.policy.sampling import sample
from proxyreward.policy.sft import PolicySettings, train_further
from proxyreward.reward.score import score

RESPONSES, PERPLEXITY = "responses.parquet", "perplexity.parquet"


@dataclass(frozen=True)
class Aligned:
    """One policy to align to one reward model.

    Attributes
    ----------
    data
        Folder of the `data` stage, for its tokenizer.
    policy
        Folder of the policy to start from, which also wrote the candidates.
    candidates
        Parquet file: ``prompt_id, sample_id, source, prompt, response``, the samples of a prompt
        together.
    scores
        File of the reward model's scores of the candidates, ``.npy`` in the same order. None
        leaves the policy as it is, to compare with.
    scores_hash
        So that an item is redone when its scores are.
    samples
        Candidates of each prompt.
    prompts
        Parquet file of test prompts: ``prompt_id, source, prompt``.
    held_out
        Parquet file of pairs in the schema of `data.pairs`; the perplexity is that of their
        preferred responses.
    judges
        Folders of the reward models that score the new responses, each of another name and with
        its own tokenizer.
    seed
        Of the batch order and of the responses to the test prompts. Equal for all items, so that
        policies are compared on common random numbers.
    """

    name: str
    data: str
    policy: str
    candidates: str
    scores: str | None
    scores_hash: str | None
    samples: int
    prompts: str
    held_out: str
    judges: tuple[str, ...]
    settings: PolicySettings
    temperature: float
    max_new_tokens: int
    max_length: int
    seed: int


def winners(candidates: pd.DataFrame, scores: np.ndarray, samples: int) -> pd.DataFrame:
    """The best response to each prompt, columns ``prompt, response``; of equal ones the first.

    Parameters
    ----------
    candidates
        The ``samples`` responses to a prompt in successive rows.
    scores : ndarray, shape (len(candidates),)
        Those of the reward model.

    Raises
    ------
    ValueError
        If the rows are no such blocks, or a score is not finite.
    """
    if len(scores) != len(candidates) or len(scores) % samples:
        raise ValueError(
            f"{len(candidates)} candidates and {len(scores)} scores; need one score a candidate "
            f"and {samples} candidates a prompt"
        )
    ids = candidates["prompt_id"].to_numpy().reshape(-1, samples)
    if (ids != ids[:, :1]).any() or len(np.unique(ids[:, 0])) < len(ids):
        raise ValueError(f"sort the candidates by prompt, each with {samples} successive rows")
    if not np.isfinite(scores).all():
        raise ValueError(f"score {np.flatnonzero(~np.isfinite(scores))[0]} is not finite")
    best = np.arange(len(ids)) * samples + scores.reshape(-1, samples).argmax(axis=1)
    return candidates[["prompt", "response"]].iloc[best].reset_index(drop=True)


def respond(
    policy,
    tokenizer,
    prompts: pd.DataFrame,
    temperature: float,
    max_new_tokens: int,
    max_length: int,
    seed: int,
) -> pd.DataFrame:
    """One response to each prompt: columns ``prompt_id, source, prompt, response``."""
    asked = prompts[["prompt_id", "source", "prompt"]]
    texts, _ = sample(
        policy,
        tokenizer,
        asked["prompt"].tolist(),
        1,
        temperature,
        max_new_tokens,
        max_length,
        seed,
    )
    return asked.assign(response=[text for [text] in texts])


def train(item: Aligned, directory: Path) -> None:
    """Align one policy and evaluate it; nothing reads the policy itself, so it is not kept.

    Files: ``responses.parquet`` with a response to each test prompt; ``<judge>.npy`` with the
    scores of these, float32, for each judge by the name of its folder; ``perplexity.parquet``
    with the mean negative log-likelihood a token (``nll``, nats) and the number of ``tokens`` of
    each held-out preferred response, by ``pair_id`` and ``source``; the trainer's log.
    """
    tokenizer = load_tokenizer(Path(item.data) / "tokenizer")
    policy = load_policy(item.policy)
    if item.scores is not None:
        best = winners(pd.read_parquet(item.candidates), np.load(item.scores), item.samples)
        train_further(policy, best, tokenizer, item.settings, item.max_length, item.seed, directory)
        policy.eval()
    said = respond(
        policy,
        tokenizer,
        pd.read_parquet(item.prompts),
        item.temperature,
        item.max_new_tokens,
        item.max_length,
        item.seed,
    )
    said.to_parquet(directory / RESPONSES, index=False)
    for folder in map(Path, item.judges):
        judge = load_reward_model(folder)
        own = load_tokenizer(folder)
        scores = score(judge, own, said["prompt"], said["response"], item.max_length)
        np.save(directory / f"{folder.name}.npy", scores)
    held_out = pairs.read(Path(item.held_out))
    nll, tokens = answer_nll(
        policy, tokenizer, held_out["prompt"], held_out["chosen"], item.max_length
    )
    found = held_out[["pair_id", "source"]].assign(nll=nll / tokens, tokens=tokens)
    found.to_parquet(directory / PERPLEXITY, index=False)
