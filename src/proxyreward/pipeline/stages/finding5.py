"""Stage `finding5`: degree of overoptimisation against accuracy, and the claims on it.

In: ``outputs/<scale>/scores/`` and ``results/<scale>/evidence/``.  Out:
``results/<scale>/finding5/``: tables, ``claims.json`` and ``comparisons.csv``.
"""

import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.findings.core import verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking import finding5
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.evidence_inputs import main_pool
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, results, write_tables


def run(params: Params) -> None:
    """Compute the tables, decide the claims, write both."""
    folder = results(params, "finding5")
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
    write_tables(tables, folder)
    verdict.write(folder, "finding5", found, load_registry(), finding5.notes(found))


if __name__ == "__main__":
    main("finding5", run)
