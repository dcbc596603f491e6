"""Stage `scores`: every reward model on the pool and the accuracy test set, the oracle on the pool.

In: ``outputs/<scale>/{data,reward_models,samples}/``.  Out: ``outputs/<scale>/scores/``:
``pool.npy`` (rms, prompts, samples), ``bench.npy`` (rms, pairs, 2), the oracle's utilities in
``oracle_pool.npy``, and ``rms.csv``, ``prompts.csv`` naming the axes.
"""

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import last_request
from proxyreward.pipeline.family import content_hash
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, run_items, write_tables
from proxyreward.pipeline.stages.reward_models import members
from proxyreward.policy import pool
from proxyreward.reward.scorings import BENCH, POOL, Scoring
from proxyreward.reward.scorings import run as score_all
from proxyreward.world import oracle


def run(params: Params) -> None:
    """Score what is missing or changed, then stack the models' scores."""
    data, folder = outputs(params, "data"), outputs(params, "scores")
    folder.mkdir(parents=True, exist_ok=True)
    prompts = pd.read_parquet(data / "prompts.parquet")
    asked = pool.read(outputs(params, "samples")).merge(prompts, on="prompt_id", how="left")
    asked.to_parquet(folder / "responses.parquet", index=False)
    family, models = members(params), outputs(params, "reward_models")
    items = [
        Scoring(
            name=member.name,
            data=str(data),
            model=str(models / member.name),
            model_hash=content_hash(models / member.name),
            responses=str(folder / "responses.parquet"),
            max_length=params.model.max_length,
        )
        for member in family
    ]
    inputs = [data, folder / "responses.parquet"]
    done = run_items(params, "scores", items, score_all, inputs)
    for file in (POOL, BENCH):
        np.save(folder / file, np.stack([np.load(item / file) for item in done]))

    utility = oracle.utility(asked["prompt"].map(last_request), asked["response"])
    np.save(folder / "oracle_pool.npy", utility.reshape(len(prompts), -1))
    rms = [{"rm": m.name, "flip_rate": m.flip_rate, "seed": m.seed} for m in family]
    write_tables({"rms": pd.DataFrame(rms), "prompts": prompts[["prompt_id", "category"]]}, folder)


if __name__ == "__main__":
    main("scores", run)
