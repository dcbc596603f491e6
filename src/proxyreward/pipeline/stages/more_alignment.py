"""Stage `more_alignment`: does calibration go with alignment?

In: ``results/<scale>/{mixes,rejection,evidence}/``.  Out: ``results/<scale>/more_alignment/``:
tables and quantities.
"""

import numpy as np

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_alignment import claims, relation
from proxyreward.findings.more.more_alignment import measure as aligned
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    return found(
        Mixtures.read(results(params, "mixes")),
        Rejection.read(results(params, "rejection")),
        Evidence.read(results(params, "evidence")),
        generator("more_alignment", params.seed),
    )


def found(
    mixtures: Mixtures, rejection: Rejection, evidence: Evidence, rng: np.random.Generator
) -> Measured:
    """What the finding measures; `rng` makes the calls of the noisy judges."""
    registry = load_registry()
    estimates, tables = relation.tables(mixtures, rejection, evidence)
    estimates |= aligned.tables(mixtures, rejection, registry, rng)
    flips = len(evidence.names())
    tables["sizes"] = aligned.sizes(mixtures, rejection).assign(flips=flips)
    quantities = claims.quantities(estimates, tables["furthest"], registry)
    return Measured(quantities, estimates, tables)


if __name__ == "__main__":
    measure("more_alignment", compute)
