"""Stage `finding5`: degree of overoptimisation against accuracy, and the claims on it.

In: ``outputs/<scale>/scores/`` and ``results/<scale>/evidence/``.  Out:
``results/<scale>/finding5/``: tables, notes and quantities.
"""

import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.findings.rethinking import finding5
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.evidence_inputs import main_pool
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    evidence = Evidence.read(results(params, "evidence"))
    resamples = params.findings.resamples
    tables = finding5.compute(
        main_pool(params).scores,
        evidence.pairs(),
        pd.DataFrame({"rm": evidence.names(), "flip_rate": evidence.flips()}),
        resamples=resamples,
        rng=generator("finding5 degrees", params.seed),
    )
    found = finding5.measure(tables, resamples=resamples, seed=params.seed)
    return Measured(tables, found, finding5.notes(found))


if __name__ == "__main__":
    measure("finding5", compute)
