"""Stage `ppo`: the initial policy optimised by PPO on every reward model.

In: ``outputs/<scale>/{data,policy,reward_models,scores}/``.  Out: ``outputs/<scale>/ppo/<run>/``,
and the curves of all runs in ``results/<scale>/ppo/``: ``log.csv`` of the optimisation and
``curves.csv`` of the evaluations; ``dvc plots show`` draws both.
"""

import pandas as pd

from proxyreward.pipeline.params import Params
from proxyreward.pipeline.ppo_family import INPUTS, runs, tell_diverged
from proxyreward.pipeline.stage import main, outputs, results, run_items, write_tables
from proxyreward.policy.ppo_runs import curves, read, train


def run(params: Params) -> None:
    """Do the runs that are missing or changed; say which diverged."""
    items = runs(params)
    folders = run_items(params, "ppo", items, train, [outputs(params, name) for name in INPUTS])
    found = read(items, folders)
    tell_diverged("ppo", found)
    logs = [
        done.log.assign(run=done.run.name, rm=done.run.rm, kl_coef=done.run.settings.kl_coef)
        for done in found
    ]
    tables = {"log": pd.concat(logs, ignore_index=True), "curves": curves(found)}
    write_tables(tables, results(params, "ppo"))


if __name__ == "__main__":
    main("ppo", run)
