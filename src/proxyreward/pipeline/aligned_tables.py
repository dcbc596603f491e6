"""From aligned policies to the tables that the findings of paper *elephant* read.

In: the folders of policies and of scores. Out: frames. Called by the stage `aligned`.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import last_request
from proxyreward.models.training import LOG
from proxyreward.policy.dpo import MARGINS
from proxyreward.policy.ppo_runs import Finished
from proxyreward.policy.responses import RESPONSES
from proxyreward.vocabulary import EVALUATOR, ORACLE
from proxyreward.world import oracle

LOGGED = ["step", "kl_nats", "reward", "entropy", "policy_loss", "value_loss"]


def said(names: Sequence[str], folders: Sequence[Path]) -> pd.DataFrame:
    """What every policy said: ``policy, prompt_id, source, sample_id, prompt, response``."""
    parts = [
        pd.read_parquet(path / RESPONSES).assign(policy=name)
        for name, path in zip(names, folders, strict=True)
    ]
    columns = ["policy", "prompt_id", "source", "sample_id", "prompt", "response"]
    return pd.concat(parts, ignore_index=True)[columns]


def scored(responses: pd.DataFrame, file: str, folders: Sequence[Path]) -> pd.DataFrame:
    """Responses with what they are worth: to the ``oracle``, and to each reward model (``rm:…``).

    Parameters
    ----------
    responses
        Columns ``source, prompt, response``; the source becomes the ``subset``.
    file
        Name of the scores in each of the folders, which have the reward models' names.
    """
    true = oracle.utility(responses["prompt"].map(last_request), responses["response"])
    rms = {f"rm:{path.name}": np.load(path / file).astype(np.float32) for path in folders}
    return responses.rename(columns={"source": "subset"}).assign(oracle=true, **rms)


def judgements(
    said: pd.DataFrame, again: pd.DataFrame, judged: pd.DataFrame, folders: Sequence[Path]
) -> dict[str, pd.DataFrame]:
    """What policies said, and the responses ``chosen`` for the same prompts, with all scores.

    What they said `again`, to the same prompts in other words, has the oracle's alone, which knows
    a request by its first wording.
    """
    chosen = scored(judged, "judged.npy", folders).rename(columns={"response": "chosen"})
    first = again["prompt_id"].map(judged.set_index("prompt_id")["prompt"]).map(last_request)
    reworded = again.rename(columns={"source": "subset"})
    reworded = reworded.assign(oracle=oracle.utility(first, again["response"]))
    return {"said": scored(said, "said.npy", folders), "judged": chosen, "reworded": reworded}


def implicit(names: Sequence[str], folders: Sequence[Path]) -> pd.DataFrame:
    """Implicit rewards of DPO policies on the cleaned test pairs: the margin of the chosen one."""
    parts = [
        pd.read_parquet(path / MARGINS).assign(policy=name)
        for name, path in zip(names, folders, strict=True)
    ]
    both = pd.concat(parts, ignore_index=True).astype({"margin": np.float32})
    return both[["policy", "pair_id", "source", "margin"]]


def steps(names: Sequence[str], folders: Sequence[Path]) -> pd.DataFrame:
    """Loss of every step of PRO: ``policy, step, loss``."""
    parts = [
        pd.DataFrame(json.loads((path / LOG).read_text(encoding="utf-8"))).assign(policy=name)
        for name, path in zip(names, folders, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)[["policy", "step", "loss"]]


def _key(done: Finished) -> dict:
    run = done.run
    return {"run": run.name, "rm": run.rm, "setting": run.setting, "kl_coef": run.settings.kl_coef}


def log(runs: Sequence[Finished]) -> pd.DataFrame:
    """Every step of PPO: the run, `LOGGED`; the reward is the own model's, in sd of the start."""
    parts = [done.log[LOGGED].assign(**_key(done)) for done in runs]
    return pd.concat(parts, ignore_index=True)[["run", "rm", "setting", "kl_coef", *LOGGED]]


def curves(runs: Sequence[Finished]) -> pd.DataFrame:
    """Worth of each run's policy on the way and at its end, on the judged prompts.

    Columns ``run, rm, setting, kl_coef, step, kl_nats``, and in sd of the start ``own_reward``,
    ``evaluator_reward`` and ``oracle_reward``.
    """
    parts = []
    for done in runs:
        names = [judge.name for judge in done.run.judges]
        worth = done.values.mean(axis=2)  # (points, judges)
        judged = {"own": done.run.rm, "evaluator": EVALUATOR, "oracle": ORACLE}
        shown = {f"{who}_reward": worth[:, names.index(name)] for who, name in judged.items()}
        key = _key(done)
        columns = [*key, "step", "kl_nats", *shown]
        parts.append(done.points.assign(**key, **shown)[columns])
    return pd.concat(parts, ignore_index=True)
