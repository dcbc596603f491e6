r"""Rejection sampling: a policy fine-tuned on its own responses that a reward model prefers.

A frozen `Aligned` and a folder come in; what the fine-tuned policy says to test prompts, the
scores of that by several reward models, and its likelihood of held-out answers go out.  Caller:
the stage that aligns one policy to each reward model, through the family runner.

For each prompt the best of S responses is kept (paper more, eq. 3), and the policy learns them:

.. math:: L(\pi) = -\mathbb E \log \pi(y^{\rm best} \mid x), \qquad
          y^{\rm best} = \arg\max_{1 \le s \le S} r(x, y^s) .

The choice takes an argmax, so it depends on the order of the scores alone, never on their scale.

The paper has one round. With several, round r samples from the policy of round r - 1, and the
start policy learns the winners of all rounds so far: that each round begins at the start policy
keeps the policy near it (ReST-EM), that earlier winners stay keeps what was gained (Llama 2).

References
----------
Dong et al. 2023 (RAFT); Touvron et al. 2023 (Llama 2), section 3.2.3; Singh et al. 2024 (ReST-EM).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.data.transcripts import last_request
from proxyreward.models.build import load_policy, load_reward_model
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.policy.perplexity import answer_nll
from proxyreward.policy.responses import respond, write_responses
from proxyreward.policy.sft import PolicySettings, train_further
from proxyreward.reward.score import score
from proxyreward.vocabulary import ORACLE
from proxyreward.world import oracle

PERPLEXITY, ROUNDS = "perplexity.parquet", "rounds.csv"


@dataclass(frozen=True)
class Aligned:
    """One policy to align to one reward model.

    Attributes
    ----------
    data
        Folder of the `data` stage, for its tokenizer.
    policy
        Folder of the policy to start from, which also wrote the candidates.
    rm
        Folder of the reward model that picks, whose tokenizer lies in it; `ORACLE` is the world's
        own judge. None leaves the policy as it is, to compare with.
    rm_hash
        So that an item is redone when its reward model is; None without a folder.
    candidates
        Parquet file of the first round: ``prompt_id, sample_id, source, prompt, response``, the
        samples of a prompt together.
    samples
        Candidates of each prompt in each round.
    rounds
        Times that candidates are drawn, and the policy is fine-tuned.
    prompts
        Parquet file of test prompts: ``prompt_id, source, prompt``.
    test_samples
        Responses to each of these.
    held_out
        Parquet file of pairs in the schema of `data.pairs`; the perplexity is that of their
        preferred responses.
    judges
        Folders of the reward models that score the new responses, each of another name and with
        its own tokenizer.
    seed
        Of the batch order, of the candidates and of the responses to the test prompts. Equal for
        all items, so that policies are compared on common random numbers.
    """

    name: str
    data: str
    policy: str
    rm: str | None
    rm_hash: str | None
    candidates: str
    samples: int
    rounds: int
    prompts: str
    test_samples: int
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


def reward_of(rm: str, max_length: int) -> Callable[[pd.DataFrame], np.ndarray]:
    """What scores responses: a reward model by its folder, or the world's oracle."""
    if rm == ORACLE:
        return lambda said: oracle.utility(said["prompt"].map(last_request), said["response"])
    model, own = load_reward_model(rm), load_tokenizer(Path(rm))
    return lambda said: score(model, own, said["prompt"], said["response"], max_length)


def align(item: Aligned, tokenizer, directory: Path):
    """The policy after all rounds; writes ``rounds.csv`` and the trainer's log.

    ``rounds.csv`` has for each ``round`` the mean ``reward`` of the candidates, which are those of
    the policy before it, and that of the ``best`` of each prompt.
    """
    reward, candidates = reward_of(item.rm, item.max_length), pd.read_parquet(item.candidates)
    asked = candidates.iloc[:: item.samples].reset_index(drop=True)
    learnt, rows = [], []
    for number in range(1, item.rounds + 1):
        scores = reward(candidates)
        learnt.append(winners(candidates, scores, item.samples))
        rows.append((number, scores.mean(), scores.reshape(-1, item.samples).max(axis=1).mean()))
        policy, every = load_policy(item.policy), pd.concat(learnt, ignore_index=True)
        train_further(
            policy, every, tokenizer, item.settings, item.max_length, item.seed, directory
        )
        if number < item.rounds:
            candidates = respond(policy, tokenizer, asked, item.samples, item, item.seed + number)
    table = pd.DataFrame(rows, columns=["round", "reward", "best"])
    table.to_csv(directory / ROUNDS, index=False, float_format="%.6g", lineterminator="\n")
    return policy


def train(item: Aligned, directory: Path) -> None:
    """Align one policy and evaluate it; nothing reads the policy itself, so it is not kept.

    Files: those of :func:`align`; ``responses.parquet`` with responses to each test prompt;
    ``<judge>.npy`` with the scores of these, float32, for each judge by the name of its folder;
    ``perplexity.parquet`` with the mean negative log-likelihood a token (``nll``, nats) and the
    number of ``tokens`` of each held-out preferred response, by ``pair_id`` and ``source``.
    """
    tokenizer = load_tokenizer(Path(item.data) / "tokenizer")
    policy = load_policy(item.policy) if item.rm is None else align(item, tokenizer, directory)
    said = write_responses(policy, tokenizer, item, directory)
    for folder in map(Path, item.judges):
        np.save(directory / f"{folder.name}.npy", reward_of(str(folder), item.max_length)(said))
    held_out = pairs.read(Path(item.held_out))
    nll, tokens = answer_nll(
        policy, tokenizer, held_out["prompt"], held_out["chosen"], item.max_length
    )
    found = held_out[["pair_id", "source"]].assign(nll=nll / tokens, tokens=tokens)
    found.to_parquet(directory / PERPLEXITY, index=False)
