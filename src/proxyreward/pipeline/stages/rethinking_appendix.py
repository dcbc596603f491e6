"""Stage `rethinking_appendix`: other families, KL penalty, recipes, data set, and their claims.

In: ``results/<scale>/evidence/``, ``outputs/<scale>/data/``, and the settings that lie beside every
item of ``outputs/<scale>/{reward_models,ppo}/``.  Out: ``results/<scale>/rethinking_appendix/``:
tables, ``claims.json`` and ``comparisons.csv``.
"""

import json
from pathlib import Path

import pandas as pd

from proxyreward.data import pairs
from proxyreward.findings.core import verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking import rethinking_appendix
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.rethinking_appendix.recipes import PPO_RUNS, REWARD_MODELS
from proxyreward.pipeline.family import SPEC
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, results, write_tables


def specs(family: Path) -> list[dict]:
    """Settings of a family's main items, which are named after flip rates, in order of name."""
    files = sorted(family.glob(f"flip-*/{SPEC}"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def run(params: Params) -> None:
    """Compute the tables, decide the claims, write both."""
    folder, registry = results(params, "rethinking_appendix"), load_registry()
    evidence, data = Evidence.read(results(params, "evidence")), outputs(params, "data")
    families = {
        "reward models": (specs(outputs(params, "reward_models")), REWARD_MODELS),
        "PPO runs": (specs(outputs(params, "ppo")), PPO_RUNS),
    }
    training = pairs.read(data / "pairs.parquet")
    drawn = {"resamples": params.findings.resamples, "seed": params.seed}
    tables = rethinking_appendix.compute(evidence, training, families, **drawn, registry=registry)
    found = rethinking_appendix.measure(evidence, tables, training, **drawn, registry=registry)
    write_tables(tables | {"construction": pd.read_csv(data / "construction.csv")}, folder)
    verdict.write(folder, "rethinking_appendix", found, registry, rethinking_appendix.notes(found))


if __name__ == "__main__":
    main("rethinking_appendix", run)
