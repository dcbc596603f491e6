"""Stage `more_conflict`: reward models on one source, tested on all (paper *more*).

In: ``results/<scale>/mixes/``.  Out: ``results/<scale>/more_conflict/``: tables and quantities.
"""

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
    apart, rewards = conflict.distances(mixtures), conflict.moments(mixtures, found)
    return Measured(
        claims.quantities(mixtures, found, apart, rewards, tests, registry),
        estimates={
            "transfer": conflict.accuracies(mixtures, found, registry),
            "pairs": conflict.couples(mixtures, found),
            "moments": rewards,
        },
    )


if __name__ == "__main__":
    measure("more_conflict", compute)
