"""Stage `evidence`: what the findings read, small enough for Git.

In: ``outputs/<scale>/{data,evaluation,scores,ppo}/``.  Out: ``results/<scale>/evidence/``, the
tables of :class:`proxyreward.findings.rethinking.evidence.Evidence`, and what the oracle says of
the same policies: ``worth``, ``errors`` and ``texts`` of `findings.rethinking.truth`.
"""

import pandas as pd

from proxyreward.data import pairs
from proxyreward.findings.rethinking import evidence, regret
from proxyreward.findings.rethinking.truth import measure as truth
from proxyreward.pipeline.evidence_inputs import (
    bench_scores,
    every_pool,
    finished_runs,
    judged_pool,
    rms_table,
    test_scores,
    told_texts,
)
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, results


def run(params: Params) -> None:
    """Gather scores, and turn pools and PPO runs into regrets."""
    data = outputs(params, "data")
    prompts = pd.read_parquet(data / "prompts.parquet")
    categories = prompts["category"].to_numpy()
    initial, *_ = pools = every_pool(params)
    grid = regret.n_grid(initial.scores.shape[2])
    top = [grid[-1]]
    regrets = [pool.regret(regret.n_grid(pool.scores.shape[2])[1:]) for pool in pools]
    regrets += [initial.regret(top, categories == c, c) for c in sorted(set(categories))]
    judged, every = judged_pool(params), finished_runs(params)
    runs = regret.by_models(every)
    start = initial.scores.mean(axis=2)
    regrets.append(regret.ppo_regret(runs, start, categories, initial.names))
    curves = [initial.curves(grid), regret.ppo_curves(runs)]
    tables = {
        "rms": rms_table(params),
        "prompts": pd.read_parquet(data / "questions.parquet"),
        "bench": bench_scores(params, pairs.read(data / "bench.parquet")),
        "tests": test_scores(params),
        "regret": pd.concat(regrets),
        "curves": pd.concat(curves),
        "runs": regret.ppo_runs(runs),
        "repeats": regret.ppo_repeats(runs, start, initial.names),
    }
    beside = {
        "worth": truth.worth(judged, grid, every),
        "errors": truth.errors(judged),
        "texts": told_texts(params, prompts),
    }
    evidence.write(tables | beside, results(params, "evidence"))


if __name__ == "__main__":
    main("evidence", run)
