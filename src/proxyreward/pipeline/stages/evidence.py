"""Stage `evidence`: what the findings read, small enough for Git.

In: ``outputs/<scale>/{data,reward_models,evaluation,scores,ppo}/``.  Out:
``results/<scale>/evidence/``, the tables of
:class:`proxyreward.findings.rethinking.evidence.Evidence`; what the oracle says of the same
policies: ``worth``, ``errors`` and ``texts`` of `findings.rethinking.truth`; and ``controls``.
"""

import pandas as pd

from proxyreward.data import pairs
from proxyreward.findings.rethinking import evidence, regret
from proxyreward.pipeline.evidence_inputs import (
    bench_scores,
    controls,
    every_pool,
    finished_runs,
    judged_pool,
    own_accuracy,
    rms_table,
    test_scores,
    true_worth,
)
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, results


def run(params: Params) -> None:
    """Gather scores, and turn pools and PPO runs into regrets."""
    data = outputs(params, "data")
    categories = pd.read_parquet(data / "prompts.parquet")["category"].to_numpy()
    initial, *_ = pools = every_pool(params)
    grid = regret.n_grid(initial.scores.shape[2])
    top = [grid[-1]]
    regrets = [pool.regret(regret.n_grid(pool.scores.shape[2])[1:]) for pool in pools]
    regrets += [initial.regret(top, categories == c, c) for c in sorted(set(categories))]
    judged, every = judged_pool(params), finished_runs(params)
    regrets.append(judged.regret(top))
    bench = pairs.read(data / "bench.parquet")
    runs = regret.by_models(every)
    start = initial.scores.mean(axis=2)
    regrets.append(regret.ppo_regret(runs, start, categories, initial.names))
    curves = [initial.curves(grid), regret.ppo_curves(runs)]
    tables = {
        "rms": rms_table(params),
        "prompts": pd.read_parquet(data / "questions.parquet"),
        "bench": bench_scores(params, bench),
        "tests": test_scores(params),
        "own": own_accuracy(judged, params.samples.side_per_prompt),
        "regret": pd.concat(regrets),
        "curves": pd.concat(curves),
        "runs": regret.ppo_runs(runs),
        "repeats": regret.ppo_repeats(runs, start, initial.names),
    }
    tables |= true_worth(params, judged, grid, every) | {"controls": controls(params, bench)}
    evidence.write(tables, results(params, "evidence"))


if __name__ == "__main__":
    main("evidence", run)
