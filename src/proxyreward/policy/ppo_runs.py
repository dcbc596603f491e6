"""PPO runs as a family: one policy for each reward model, KL coefficient and set of prompts.

A frozen `PPORun` and a folder come in; the policy, its curves and its value to every reward model
go out.  Callers: the stages `ppo` and `aligned` through the family runner, and `read` by all that
use their runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import last_request
from proxyreward.models.build import load_critic, load_policy, load_reward_model
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.policy.ppo import PPO, BudgetSpent, Diverged, PPOSettings, Reward
from proxyreward.reward.score import Asked, distinct_rows, score_asked
from proxyreward.vocabulary import ORACLE
from proxyreward.world import oracle

LOG, POINTS, VALUES, OUTCOME = "log.csv", "points.csv", "values.npy", "outcome.json"
TEXTS = "texts.json"
FINISHED, BUDGET, DIVERGED = "finished", "kl-budget", "diverged"
LOGGED = [
    "step", "reward", "kl_nats", "entropy", "ended", "tokens", "policy_loss", "value_loss",
    "clipped",
]  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """A reward model, or the world's oracle, with mean and sd of its scores on reference samples.

    Those are the samples of the initial policy's pool, the same for all judges, so that a reward
    of 1 means one standard deviation above the initial policy to each of them. The oracle, which
    reads texts, has no `folder` and no `hash`.
    """

    name: str
    folder: str | None
    hash: str | None
    mean: float
    sd: float

    def rewards(self, asked: Asked) -> np.ndarray:
        """Rewards of the responses that are asked about, in sd of the initial policy."""
        if self.folder is None:
            prompts, responses = zip(*asked.texts)
            worth = oracle.utility(list(map(last_request, prompts)), responses)[asked.index]
        else:
            worth = score_asked(_model(self.folder, self.hash), asked)
        return (worth - self.mean) / self.sd


@dataclass(frozen=True)
class PPORun:
    """One run.

    Attributes
    ----------
    data
        Folder of the `data` stage, for its tokenizer.
    prompts, tests
        Parquet files of prompts: to learn from, and to be evaluated on.
    rm
        Name of the judge that the policy is optimised on.
    judges
        Every reward model that evaluates it, and the oracle.
    setting, number
        Which setting of PPO, and which of its runs.
    category
        Only the prompts of this category; None takes all.
    points, point_samples
        Number of evaluations before the end, and responses to each prompt at these.
    final_samples
        Responses to each prompt at the end.
    """

    name: str
    data: str
    prompts: str
    tests: str
    policy: str
    rm: str
    judges: tuple[Judge, ...]
    setting: str
    number: int
    category: str | None
    points: int
    point_samples: int
    final_samples: int
    settings: PPOSettings
    seed: int

    def due(self) -> np.ndarray:
        """Steps after which the policy is evaluated, the last one among them."""
        steps = np.linspace(0, self.settings.steps, self.points + 2).round().astype(int)
        return np.unique(steps[steps > 0])


def train(run: PPORun, directory: Path) -> None:
    """Optimise, evaluate on the way and at the end, and save it all to ``directory``.

    A run that diverges is a result: its curves and its last policy are kept, ``outcome.json``
    says why it stopped, and the message goes to stderr. One that has spent its KL budget is
    evaluated there.

    Files: the policy; ``log.csv`` with a row a step (see :meth:`PPO.run`); ``points.csv`` (step,
    kl_nats, entropy) and ``values.npy`` (points, judges, prompts) with the evaluations, the last of
    them at the end; ``texts.json``, the first response to each prompt at the end;
    ``outcome.json`` (status, message, step).
    """
    tokenizer = load_tokenizer(Path(run.data) / "tokenizer")
    prompts, tests = (prompts_in(file, run.category) for file in (run.prompts, run.tests))
    own = next(judge for judge in run.judges if judge.name == run.rm)
    policy = load_policy(run.policy)
    learner = PPO(
        policy,
        load_critic(run.policy),
        load_policy(run.policy),
        tokenizer,
        reward_of(own, tokenizer, run.settings),
        run.settings,
        run.seed,
    )
    due = run.due()[:-1]
    points, values, rows = [], [], []

    def evaluate(step: int, samples: int) -> list[str]:
        said, kl, entropy = learner.sample(tests, samples, run.seed + 1)
        repeated = [prompt for prompt in tests for _ in range(samples)]
        asked = distinct_rows(tokenizer, repeated, said, run.settings.max_length)
        scores = [judge.rewards(asked).reshape(-1, samples).mean(1) for judge in run.judges]
        points.append({"step": step, "kl_nats": kl.mean(), "entropy": entropy})
        values.append(np.stack(scores))
        return said[::samples]

    outcome = {"status": FINISHED, "message": ""}
    try:
        for row in learner.run(prompts):
            rows.append(row)
            if row["step"] in due:
                evaluate(row["step"], run.point_samples)
    except (BudgetSpent, Diverged) as stop:
        status = BUDGET if isinstance(stop, BudgetSpent) else DIVERGED
        outcome = {"status": status, "message": f"after step {len(rows)}: {stop}"}
        if status == DIVERGED:
            print(f"{run.name}: {outcome['message']}", file=sys.stderr)
    texts = evaluate(len(rows), run.final_samples)
    # Named, for a run may diverge in its first step.
    pd.DataFrame(rows, columns=LOGGED).to_csv(directory / LOG, index=False, float_format="%.6g")
    pd.DataFrame(points).to_csv(directory / POINTS, index=False, float_format="%.6g")
    np.save(directory / VALUES, np.stack(values).astype(np.float32))
    (directory / TEXTS).write_text(json.dumps(texts, indent=0) + "\n", encoding="utf-8")
    outcome = json.dumps(outcome | {"step": len(rows)}, indent=1)
    (directory / OUTCOME).write_text(outcome + "\n", encoding="utf-8")
    policy.save_pretrained(directory)


def prompts_in(file: str, category: str | None) -> list[str]:
    """The prompts of a file, all or those of a category."""
    found = pd.read_parquet(file)
    own = found if category is None else found[found["category"] == category]
    return own["prompt"].tolist()


def reward_of(judge: Judge, tokenizer, settings: PPOSettings) -> Reward:
    """The judge's reward in sd of the initial policy."""

    def reward(prompts: list[str], responses: list[str]) -> np.ndarray:
        return judge.rewards(distinct_rows(tokenizer, prompts, responses, settings.max_length))

    return reward


@lru_cache(maxsize=64)
def _model(folder: str, content: str):
    """A judge's model, kept for the next run: to load all of them takes as long as some steps."""
    return load_reward_model(folder)


@dataclass(frozen=True)
class Finished:
    """What a run left, see :func:`train`; `values` has shape (points, judges, prompts), `texts`
    one response to each prompt."""

    run: PPORun
    log: pd.DataFrame
    points: pd.DataFrame
    values: np.ndarray
    texts: list[str]
    status: str
    message: str


def read(runs: Iterable[PPORun], folders: Iterable[Path]) -> list[Finished]:
    """Read finished runs from their folders."""
    found = []
    for run, folder in zip(runs, folders, strict=True):
        outcome, texts = (
            json.loads((folder / name).read_text(encoding="utf-8")) for name in (OUTCOME, TEXTS)
        )
        log, points = (pd.read_csv(folder / name) for name in (LOG, POINTS))
        status, message = outcome["status"], outcome["message"]
        values = np.load(folder / VALUES)
        found.append(Finished(run, log, points, values, texts, status, message))
    return found


def curves(runs: Iterable[Finished]) -> pd.DataFrame:
    """Value of each run's policy on the way: to its own judge, to the others and to the oracle.

    Columns ``run, rm, setting, kl_coef, step, kl_nats, entropy, proxy_reward, golden_reward``, the
    mean over all other reward models, each as golden, and ``oracle_reward``. Rewards in sd of the
    initial policy.
    """
    tables = []
    for done in runs:
        names = np.array([judge.name for judge in done.run.judges])
        own, true = names == done.run.rm, names == ORACLE
        worth = done.values.mean(axis=2)
        key = {"run": done.run.name, "rm": done.run.rm, "setting": done.run.setting}
        key["kl_coef"] = done.run.settings.kl_coef
        shown = {
            "proxy_reward": worth[:, own][:, 0],
            "golden_reward": worth[:, ~own & ~true].mean(1),
            "oracle_reward": worth[:, true][:, 0],
        }
        columns = [*key, *done.points.columns, *shown]
        tables.append(done.points.assign(**key, **shown)[columns])
    return pd.concat(tables, ignore_index=True)
