"""Stage `finding5`: degree of overoptimisation against accuracy, and what the claims on it compare.

In: ``outputs/<scale>/scores/`` and ``results/<scale>/evidence/``.  Out:
``results/<scale>/finding5/``: tables.
"""

import numpy as np
import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.finding5 import claims
from proxyreward.findings.rethinking.finding5.measure import compute as relate
from proxyreward.findings.rethinking.finding5.measure import deviations
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.reward_families import families
from proxyreward.pipeline.stage import outputs, results
from proxyreward.vocabulary import INITIAL, MAIN


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    evidence = Evidence.read(results(params, "evidence"))
    scores = [outputs(params, "scores") / rm.name for rm in families(params)[MAIN]]
    pool = np.stack([np.load(folder / f"{INITIAL}.npy") for folder in scores])
    # As they are, like those of the test pairs: one noise has to fit both.
    tables = relate(
        pool.reshape(len(scores), params.world.pool_prompts, -1),
        evidence.pairs(),
        pd.DataFrame({"rm": evidence.names(), "flip_rate": evidence.flips()}),
        generator("finding5 degrees", params.seed),
    )
    return Measured(
        claims.quantities(tables),
        estimates={"deviations": deviations(tables["degrees"])},
        tables=tables,
    )


if __name__ == "__main__":
    measure("finding5", compute)
