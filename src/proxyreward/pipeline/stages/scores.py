"""Stage `scores`: what every reward model thinks of the policies' and the writers' responses.

In: ``outputs/<scale>/{data,reward_models,samples}/``.  Out: ``outputs/<scale>/scores/``: the
responses in parquet files, and ``<name>/<file>.npy`` with the scores of a file by a model or by the
oracle.  The main family and the oracle score all files, other families a part of the initial
policy's pool, and the family that is trained apart the whole of it.
"""

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import last_request
from proxyreward.files import content_hash
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.reward_families import families, members
from proxyreward.pipeline.stage import main, outputs, run_items
from proxyreward.policy import pool
from proxyreward.reward.scorings import Scoring
from proxyreward.reward.scorings import run as score_all
from proxyreward.vocabulary import APART, INITIAL, MAIN, ORACLE, SECOND
from proxyreward.world import oracle


def run(params: Params) -> None:
    """Score what is missing or changed."""
    data, folder = outputs(params, "data"), outputs(params, "scores")
    samples, models = outputs(params, "samples"), outputs(params, "reward_models")
    folder.mkdir(parents=True, exist_ok=True)
    prompts = pd.read_parquet(data / "prompts.parquet")
    said = {name: pool.read(samples, name).merge(prompts) for name in (INITIAL, SECOND)}
    said["side"] = said[INITIAL].query(f"sample_id < {params.samples.side_per_prompt}")
    said["tests"] = pool.answers(data, samples)
    for name, frame in said.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    asked = {member.name: ("side",) for member in members(params)}
    asked |= {member.name: (INITIAL,) for member in families(params)[APART]}
    asked |= {member.name: (INITIAL, SECOND, "tests") for member in families(params)[MAIN]}
    items = [
        Scoring(
            name=member.name,
            tokenizer=str(data / "tokenizer"),
            model=str(models / member.name),
            model_hash=content_hash(models / member.name),
            responses=tuple(str(folder / f"{name}.parquet") for name in asked[member.name]),
            max_length=params.model.max_length,
        )
        for member in members(params)
    ]
    run_items(params, "scores", items, score_all, [data, *sorted(folder.glob("*.parquet"))])
    (folder / ORACLE).mkdir(exist_ok=True)
    for name, frame in said.items():
        utility = oracle.utility(frame["prompt"].map(last_request), frame["response"])
        np.save(folder / ORACLE / f"{name}.npy", utility)


if __name__ == "__main__":
    main("scores", run)
