"""Stage `world_card`: samples of the world and the checks that it is not degenerate.

In: ``outputs/<scale>/{data,scores}/``.  Out: ``results/<scale>/world/*.csv``.
"""

from collections import Counter

import numpy as np
import pandas as pd

from proxyreward.data import pairs
from proxyreward.data.seeds import generator
from proxyreward.data.transcripts import last_request
from proxyreward.findings.world_card import compute
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, results, write_tables
from proxyreward.vocabulary import ORACLE


def run(params: Params) -> None:
    """Describe the world from what the writers and the initial policy say in it."""
    scores = outputs(params, "scores")
    pool = pd.read_parquet(scores / "initial.parquet")
    frame = pairs.read(outputs(params, "data") / "pairs.parquet")
    asked = pool["prompt"].map(last_request)
    policy = pool[["response"]].assign(prompt=asked, writer="initial policy")
    tables = compute(
        policy,
        np.load(scores / ORACLE / "initial.npy").reshape(pool["prompt_id"].nunique(), -1),
        Counter(meta["category"] for meta in frame["meta"]),
        generator("world card", params.seed),
    )
    write_tables(tables, results(params, "world"))


if __name__ == "__main__":
    main("world_card", run)
