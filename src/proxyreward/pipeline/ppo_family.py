"""The PPO runs that the parameters ask for.

In: parameters and what the stages before have written. Out: specs of runs. Called by the stages
`ppo`, which does them, and `evidence`, which reads them.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from proxyreward.data import seeds
from proxyreward.files import content_hash
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.reward_families import families
from proxyreward.pipeline.stage import outputs
from proxyreward.policy.ppo import PPOSettings
from proxyreward.policy.ppo_runs import Judge, PPORun
from proxyreward.vocabulary import INITIAL, MAIN, ORACLE

INPUTS = ("data", "policy", "reward_models")


def judges(params: Params) -> tuple[Judge, ...]:
    """The main family and the oracle, normalised on the pool of the initial policy."""
    models, scores = outputs(params, "reward_models"), outputs(params, "scores")

    def judge(name: str, folder: Path | None) -> Judge:
        pool = np.load(scores / name / "initial.npy").astype(float)
        weights = (str(folder), content_hash(folder)) if folder else (None, None)
        return Judge(name, *weights, pool.mean(), pool.std())

    own = [member.name for member in families(params)[MAIN]]
    return (*(judge(name, models / name) for name in own), judge(ORACLE, None))


def side_models(params: Params) -> list[str]:
    """Reward models of the runs with a penalty or on one category, spread over the flip rates."""
    names = [member.name for member in families(params)[MAIN]]
    count = min(params.ppo.side_rms, len(names))
    return [names[i] for i in np.linspace(0, len(names) - 1, count).round().astype(int)]


def runs(params: Params) -> list[PPORun]:
    """Main runs, runs with a KL penalty, and runs on one category; the longest first.

    The oracle has main runs and runs with a penalty, too, and evaluates all. The side runs are
    evaluated by the reward models that have side runs, and only at their end. All runs share one
    seed, so that they differ in the reward and in what they are asked, not in draws.
    """
    ppo = params.ppo
    own = {field.name for field in dataclasses.fields(PPOSettings)}
    common = {key: value for key, value in dataclasses.asdict(ppo).items() if key in own}
    settings = PPOSettings(
        **common,
        kl_coef=0.0,
        temperature=params.samples.temperature,
        max_new_tokens=params.samples.max_new_tokens,
        max_length=params.model.max_length,
        precision=params.model.precision,
    )
    every, names = judges(params), side_models(params)
    some = tuple(judge for judge in every if judge.name in (*names, ORACLE))
    prompts = pd.read_parquet(outputs(params, "data") / "prompts.parquet")

    def run(name: str, rm: Judge, **changes: object) -> PPORun:
        changed = {key: changes.pop(key) for key in own & changes.keys()}
        plain = PPORun(
            name=name,
            data=str(outputs(params, "data")),
            policy=str(outputs(params, "policy") / INITIAL),
            rm=rm.name,
            judges=some,
            category=None,
            points=0,
            point_samples=ppo.point_samples,
            final_samples=ppo.side_final_samples,
            settings=dataclasses.replace(settings, **changed),
            seed=seeds.number("ppo", params.seed),
        )
        return dataclasses.replace(plain, **changes)

    on_the_way = {"judges": every, "points": ppo.points, "final_samples": ppo.final_samples}
    categories = sorted(prompts["category"].unique())
    alone = {
        "final_samples": ppo.side_final_samples * len(categories),  # as many as on all prompts
        "prompts_per_step": ppo.category_prompts_per_step,
    }
    return [
        *(run(rm.name, rm, **on_the_way) for rm in every),
        *(run(f"kl-{k:g}-{rm.name}", rm, kl_coef=k) for k in ppo.penalties for rm in some),
        *(
            run(f"{c.lower()}-{rm.name}", rm, category=c, **alone)
            for c in categories
            for rm in some
            if rm.name in names
        ),
    ]
