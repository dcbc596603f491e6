"""Stage `finding2`: the source of the test responses against their golden rank.

In: ``results/<scale>/evidence/``.  Out: ``results/<scale>/finding2/``: tables.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.finding2.claims import quantities
from proxyreward.findings.rethinking.finding2.measure import draw, estimates, pressure
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    evidence = Evidence.read(results(params, "evidence"))
    drawn = draw(
        evidence,
        draws=params.findings.draws,
        bins=params.findings.rank_bins,
        rng=generator("finding2 draws", params.seed),
    )
    found = estimates(drawn) | {"pressure": pressure(evidence)}
    return Measured(
        quantities(**found, registry=load_registry()),
        estimates=found,
        tables={"sizes": drawn["sizes"]},
    )


if __name__ == "__main__":
    measure("finding2", compute)
