"""Stage `evidence`: what the findings read, small enough for Git.

In: ``outputs/<scale>/{data,reward_models,evaluation,scores,ppo}/``.  Out:
``results/<scale>/evidence/``, the tables of `findings.rethinking.evidence.Evidence`; what the
oracle says of the same policies: ``worth``, ``errors``, ``texts``; and positive ``controls``.
"""

import pandas as pd

from proxyreward.data import pairs
from proxyreward.findings.rethinking import evidence, regret
from proxyreward.findings.rethinking.truth import measure as truth
from proxyreward.pipeline.evidence_inputs import (
    against_word_counts,
    bench_scores,
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
    regrets = [pool.regret(regret.n_grid(pool.scores.shape[2])[1:]) for pool in pools]
    regrets += [initial.regret(grid[-1:], categories == c, c) for c in sorted(set(categories))]
    judged, every = judged_pool(params), finished_runs(params)
    regrets.append(judged.regret(grid[-1:]))
    bench, runs = pairs.read(data / "bench.parquet"), regret.by_models(every)
    start, names = initial.scores.mean(axis=2), initial.names
    regrets.append(regret.ppo_regret(runs, start, categories, names))
    tables = {
        "rms": rms_table(params),
        "prompts": pd.read_parquet(data / "questions.parquet"),
        "bench": bench_scores(params, bench),
        "tests": test_scores(params),
        "own": own_accuracy(judged, params.samples.side_per_prompt),
        "regret": pd.concat(regrets),
        "curves": pd.concat([initial.curves(grid), regret.ppo_curves(runs)]),
        "runs": regret.ppo_runs(runs),
        "repeats": regret.ppo_repeats(runs, start, names),
    }
    tables |= true_worth(params, judged, grid, every)
    controls = truth.controls(tables["worth"], tables["repeats"], names[0])
    controls |= against_word_counts(params, bench)
    tables["controls"] = pd.DataFrame(controls.items(), columns=["name", "value"])
    evidence.write(tables, results(params, "evidence"))


if __name__ == "__main__":
    main("evidence", run)
