"""The PPO runs that the parameters ask for.

In: parameters and what the stages before have written. Out: specs of runs. Called by the stages
`ppo`, which does them, and `evidence`, which reads them; `aligned` shares the main setting.
"""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from proxyreward.data import seeds
from proxyreward.files import content_hash
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.reward_families import families
from proxyreward.pipeline.stage import outputs
from proxyreward.policy.ppo import PPOSettings
from proxyreward.policy.ppo_runs import DIVERGED, Finished, Judge, PPORun
from proxyreward.vocabulary import INITIAL, MAIN, ORACLE, PENALTY

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
    """Reward models of the runs on one category, spread over the flip rates."""
    names = [member.name for member in families(params)[MAIN]]
    count = min(params.ppo.side_rms, len(names))
    return [names[i] for i in np.linspace(0, len(names) - 1, count).round().astype(int)]


def runs(params: Params) -> list[PPORun]:
    """Main runs, runs with another KL coefficient, and runs on one category; the longest first.

    Reward models and the oracle have `ppo.runs` main runs each, which end where the KL budget is
    spent, and one run at each other coefficient, which has no budget; all of them judge these runs.
    Runs on one category have the main setting and are judged by the reward models that have them
    and the oracle. First main runs and those without a penalty are judged on the way, too.

    The k-th runs of all share one seed, so that they differ in the reward, the penalty and in what
    they are asked, not in draws; where there is one run, it is a first one.
    """
    ppo, settings = params.ppo, main_settings(params)
    every, names = judges(params), side_models(params)
    some = tuple(judge for judge in every if judge.name in (*names, ORACLE))
    prompts = outputs(params, "data") / "prompts.parquet"
    plain = PPORun(
        name="",
        data=str(outputs(params, "data")),
        prompts=str(prompts),
        tests=str(prompts),
        policy=str(outputs(params, "policy") / INITIAL),
        rm="",
        judges=every,
        setting=MAIN,
        number=1,
        category=None,
        points=0,
        point_samples=ppo.point_samples,
        final_samples=ppo.final_samples,
        settings=settings,
        seed=0,
    )

    def run(name: str, rm: Judge, number: int = 1, **changes: Any) -> PPORun:
        seed = seeds.number(f"ppo {number}", params.seed)
        key = {"name": f"{name}-{rm.name}", "rm": rm.name, "number": number, "seed": seed}
        return dataclasses.replace(plain, **key, **changes)

    def penalised(kl_coef: float) -> dict[str, Any]:
        changed = dataclasses.replace(settings, kl_coef=kl_coef, kl_budget=None)
        points = 0 if kl_coef else ppo.points
        return {"setting": PENALTY, "settings": changed, "points": points}

    categories = sorted(pd.read_parquet(prompts)["category"].unique())
    alone = {
        "judges": some,
        "final_samples": ppo.final_samples * len(categories),  # as many as on all prompts
        "settings": dataclasses.replace(settings, prompts_per_step=ppo.category_prompts_per_step),
    }
    return [
        *(run("main-1", rm, points=ppo.points) for rm in every),
        *(run(f"main-{k}", rm, k) for k in range(2, ppo.runs + 1) for rm in every),
        *(run(f"kl-{k:g}", rm, **penalised(k)) for k in ppo.penalties for rm in every),
        *(
            run(c.lower(), rm, category=c, **alone)
            for c in categories
            for rm in some
            if rm.name in names
        ),
    ]


def tell_diverged(stage: str, runs: list[Finished]) -> None:
    """Say which runs of a stage diverged: they are results, and nothing stops for them."""
    for done in runs:
        if done.status == DIVERGED:
            print(f"{stage}: {done.run.name} diverged {done.message}", file=sys.stderr)


def main_settings(params: Params) -> PPOSettings:
    """Settings of the main runs."""
    own = {field.name for field in dataclasses.fields(PPOSettings)}
    return PPOSettings(
        **{key: value for key, value in dataclasses.asdict(params.ppo).items() if key in own},
        temperature=params.samples.temperature,
        max_new_tokens=params.samples.max_new_tokens,
        max_length=params.model.max_length,
        precision=params.model.precision,
    )
