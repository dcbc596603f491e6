"""Stage `rethinking_appendix`: other families, KL penalty, recipes, training pairs, and claims.

In: ``results/<scale>/evidence/``, ``outputs/<scale>/data/``, and the settings that lie beside every
item of ``outputs/<scale>/{reward_models,ppo}/``.  Out: ``results/<scale>/rethinking_appendix/``.
"""

import json
from pathlib import Path

import pandas as pd

from proxyreward.data import pairs
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.rethinking_appendix import claims, measure
from proxyreward.findings.rethinking.rethinking_appendix.recipes import (
    PPO_RUNS,
    REWARD_MODELS,
    recipe_table,
)
from proxyreward.pipeline import measuring
from proxyreward.pipeline.family import SPEC
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import outputs, results


def specs(family: Path, named: str) -> list[dict]:
    """Settings of a family's items with such names, in order of name."""
    return [json.loads(file.read_text("utf-8")) for file in sorted(family.glob(f"{named}/{SPEC}"))]


def compute(params: Params) -> measuring.Measured:
    """Measure the finding in one run."""
    evidence, registry = Evidence.read(results(params, "evidence")), load_registry()
    data, runs = outputs(params, "data"), measure.run_ends(evidence)
    rms = specs(outputs(params, "reward_models"), "flip-*")
    ppo = specs(outputs(params, "ppo"), "main-*-flip-*")
    families = {"reward models": (rms, REWARD_MODELS), "PPO runs": (ppo, PPO_RUNS)}
    tables = {"runs": runs, "recipes": recipe_table(families)}
    estimates = {
        "families": measure.family_associations(evidence),
        "mutual": measure.mutual_accuracy(evidence),
        "penalties": measure.penalty_associations(evidence, registry),
        "ends": measure.mean_ends(runs),
        "dataset": measure.training_pairs(pairs.read(data / "pairs.parquet")),
    }
    found = claims.quantities(estimates, **tables, registry=registry)
    steps = pd.read_csv(data / "construction.csv")
    return measuring.Measured(found, estimates, tables | {"construction": steps})


if __name__ == "__main__":
    measuring.measure("rethinking_appendix", compute)
