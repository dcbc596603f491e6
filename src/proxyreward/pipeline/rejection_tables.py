"""From aligned policies to the tables that the findings read.

In: candidates, their scores, and the folders of aligned policies. Out: frames. Called by the stage
`rejection`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import last_request
from proxyreward.policy.dpo import MARGINS
from proxyreward.policy.rejection import PERPLEXITY, ROUNDS
from proxyreward.policy.responses import RESPONSES
from proxyreward.reward.more import STEPS
from proxyreward.vocabulary import MORE, MULTITASK, ORACLE, START
from proxyreward.world import oracle, sources


def worth(frame: pd.DataFrame) -> pd.DataFrame:
    """What responses are worth to their prompt's source (``utility``) and to the ``oracle``.

    Takes columns ``source, prompt, response``; the outcome has the same rows.
    """
    requests = frame["prompt"].map(last_request)
    found = pd.DataFrame(index=frame.index, columns=["utility", "oracle"], dtype=float)
    for name, rows in frame.groupby("source").groups.items():
        own = requests.loc[rows], frame["response"].loc[rows]
        found.loc[rows, "utility"] = sources.utility(name, *own)
        found.loc[rows, "oracle"] = oracle.utility(*own)
    return found


def candidates(responses: pd.DataFrame) -> pd.DataFrame:
    """What the candidates are worth: ``prompt_id, source, sample_id, utility, oracle``."""
    return pd.concat([responses[["prompt_id", "source", "sample_id"]], worth(responses)], axis=1)


def said(names: Sequence[str], folders: Sequence[Path], judges: Mapping[str, str]) -> pd.DataFrame:
    """What every policy said, in numbers.

    Columns ``policy, prompt_id, sample_id, source, utility, oracle, judge``; `judge` is the reward
    of the source's judge in `judges`, NaN where a policy was not judged by reward models.
    """
    parts = []
    for name, path in zip(names, folders, strict=True):
        responses = pd.read_parquet(path / RESPONSES)
        keys = responses[["prompt_id", "sample_id", "source"]]
        reward = np.full(len(responses), np.nan)
        for source, model in judges.items():
            file = path / f"{model}.npy"
            own = (keys["source"] == source).to_numpy()
            if file.exists():
                reward[own] = np.load(file)[own]
        parts.append(pd.concat([keys, worth(responses)], axis=1).assign(judge=reward, policy=name))
    both = pd.concat(parts, ignore_index=True)
    both.insert(0, "policy", both.pop("policy"))
    return both


def rewards(names: Sequence[str], folders: Sequence[Path], models: Sequence[str]) -> pd.DataFrame:
    """What the reward models say of the responses, in the order of :func:`said`.

    Columns ``policy, prompt_id, sample_id``, then the reward models.
    """
    parts = []
    for name, path in zip(names, folders, strict=True):
        keys = pd.read_parquet(path / RESPONSES, columns=["prompt_id", "sample_id"])
        keys.insert(0, "policy", name)
        parts.append(keys.assign(**{model: np.load(path / f"{model}.npy") for model in models}))
    return pd.concat(parts, ignore_index=True)


def controls(policies: pd.DataFrame, said: pd.DataFrame, rewards: pd.DataFrame) -> pd.DataFrame:
    """Whether rejection sampling works at all: how often aligned policies win over the start.

    Columns ``name, value``: the share of wins, a tie as half of one, mean over the policies of a
    scheme. Named ``<scheme> by <judge>``, where the judge is the ``oracle``, or the ``own`` reward
    model that the policy was aligned to.
    """
    worth = said.set_index("policy")["oracle"]
    by_own = rewards.set_index("policy")
    rows = []
    for scheme in (ORACLE, MULTITASK, MORE):
        names = policies.loc[policies["scheme"] == scheme, "policy"]
        sides = {"oracle": [(worth[name], worth[START]) for name in names]}
        if scheme != ORACLE:
            sides["own"] = [(by_own.loc[name, name], by_own.loc[START, name]) for name in names]
        for judge, pairs in sides.items():
            wins = [np.sign(a.to_numpy() - b.to_numpy()).mean() for a, b in pairs]
            rows.append((f"{scheme} by {judge}", (1 + np.mean(wins)) / 2))
    return pd.DataFrame(rows, columns=["name", "value"])


def rounds(names: Sequence[str], folders: Sequence[Path]) -> pd.DataFrame:
    """The rounds of every aligned policy: ``policy, round, reward, best``; the start has none."""
    own = [(name, path) for name, path in zip(names, folders, strict=True) if name != START]
    return _steps(*zip(*own, strict=True), ROUNDS)


def perplexity(names: Sequence[str], folders: Sequence[Path]) -> pd.DataFrame:
    """Mean negative log-likelihood a token of held-out preferred responses, a column a policy.

    Columns ``pair_id, source, tokens``, then the policies.
    """
    found = [pd.read_parquet(path / PERPLEXITY) for path in folders]
    keys = found[0][["pair_id", "source", "tokens"]]
    return keys.assign(**{name: part["nll"].astype(np.float32) for name, part in zip(names, found)})


def best(names: Sequence[str], folders: Sequence[Path], samples: int) -> pd.DataFrame:
    """Which candidate each reward model takes: a row a prompt, a column a reward model."""
    return pd.DataFrame(
        {
            name: np.load(path / "candidates.npy").reshape(-1, samples).argmax(1).astype(np.uint8)
            for name, path in zip(names, folders, strict=True)
        }
    )


def preference_margins(names: Sequence[str], folders: Sequence[Path]) -> pd.DataFrame:
    """Margins of the implicit rewards on the test pairs: ``pair_id, source``, and the policies."""
    found = [pd.read_parquet(path / MARGINS) for path in folders]
    keys = found[0][["pair_id", "source"]]
    columns = {name: part["margin"].astype(np.float32) for name, part in zip(names, found)}
    return keys.assign(**columns)


def preference_steps(names: Sequence[str], folders: Sequence[Path]) -> pd.DataFrame:
    """Steps of every DPO run."""
    return _steps(names, folders, STEPS)


def _steps(names: Sequence[str], folders: Sequence[Path], file: str) -> pd.DataFrame:
    found = [pd.read_csv(path / file).assign(policy=name) for name, path in zip(names, folders)]
    both = pd.concat(found, ignore_index=True)
    both.insert(0, "policy", both.pop("policy"))
    return both
