"""Stage `rethinking_appendix`: other families, KL penalty, recipes, data set, and their claims.

In: ``results/<scale>/evidence/``, ``outputs/<scale>/data/``, and the settings that lie beside every
item of ``outputs/<scale>/{reward_models,ppo}/``.  Out: ``results/<scale>/rethinking_appendix/``:
tables, notes and quantities.
"""

import json
from pathlib import Path

import pandas as pd

from proxyreward.data import pairs
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking import rethinking_appendix
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.rethinking_appendix.recipes import PPO_RUNS, REWARD_MODELS
from proxyreward.pipeline.family import SPEC
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import outputs, results


def specs(family: Path) -> list[dict]:
    """Settings of a family's main items, which are named after flip rates, in order of name."""
    files = sorted(family.glob(f"flip-*/{SPEC}"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    registry = load_registry()
    evidence, data = Evidence.read(results(params, "evidence")), outputs(params, "data")
    families = {
        "reward models": (specs(outputs(params, "reward_models")), REWARD_MODELS),
        "PPO runs": (specs(outputs(params, "ppo")), PPO_RUNS),
    }
    training = pairs.read(data / "pairs.parquet")
    drawn = {"resamples": params.findings.resamples, "seed": params.seed}
    tables = rethinking_appendix.compute(evidence, training, families, **drawn, registry=registry)
    construction = pd.read_csv(data / "construction.csv")
    found = rethinking_appendix.measure(evidence, tables, training, **drawn, registry=registry)
    return Measured(
        tables | {"construction": construction}, found, rethinking_appendix.notes(found)
    )


if __name__ == "__main__":
    measure("rethinking_appendix", compute)
