"""Stage `more_conflict`: reward models on one source, tested on all (paper *more*).

In: ``results/<scale>/mixes/`` and ``results/<scale>/sources/``.  Out:
``results/<scale>/more_conflict/``: tables and quantities.
"""

import pandas as pd

from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_conflict import claims
from proxyreward.findings.more.more_conflict import measure as conflict
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    mixtures, registry = Mixtures.read(results(params, "mixes")), load_registry()
    found, tests = conflict.transfer(mixtures), conflict.rank_tests(mixtures)
    rungs = conflict.ladder(mixtures, pd.read_csv(results(params, "sources") / "conflict.csv"))
    apart, rewards = conflict.distances(mixtures), conflict.moments(mixtures, found)
    return Measured(
        claims.quantities(mixtures, found, apart, rewards, tests, rungs, registry),
        estimates={
            "transfer": conflict.accuracies(mixtures, found, registry),
            "pairs": conflict.couples(mixtures, found),
            "moments": rewards,
            "ladder": rungs,
        },
    )


if __name__ == "__main__":
    measure("more_conflict", compute)
