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
from proxyreward.findings.rethinking.rethinking_appendix import claims, measure, recipes
from proxyreward.pipeline import measuring
from proxyreward.pipeline.family import SPEC
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import outputs, results


def specs(family: Path) -> list[dict]:
    """Settings of a family's main items, which are named after flip rates, in order of name."""
    files = sorted(family.glob(f"flip-*/{SPEC}"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def compute(params: Params) -> measuring.Measured:
    """Measure the finding in one run."""
    evidence, registry = Evidence.read(results(params, "evidence")), load_registry()
    data, runs = outputs(params, "data"), measure.run_ends(evidence)
    families = {
        "reward models": (specs(outputs(params, "reward_models")), recipes.REWARD_MODELS),
        "PPO runs": (specs(outputs(params, "ppo")), recipes.PPO_RUNS),
    }
    trained = recipes.recipe_table(families)
    estimates = {
        "families": measure.family_associations(evidence),
        "mutual": measure.mutual_accuracy(evidence),
        "penalties": measure.penalty_associations(evidence, registry),
        "ends": measure.mean_ends(runs),
        "dataset": measure.training_pairs(pairs.read(data / "pairs.parquet")),
    }
    return measuring.Measured(
        claims.quantities(estimates, runs, trained, registry),
        estimates,
        tables={
            "runs": runs,
            "recipes": trained,
            "construction": pd.read_csv(data / "construction.csv"),
        },
    )


if __name__ == "__main__":
    measuring.measure("rethinking_appendix", compute)
