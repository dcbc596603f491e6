"""Stage `finding2`: the source of the test responses against their golden rank.

In: ``results/<scale>/evidence/``.
Out: ``results/<scale>/finding2/``: tables, notes and quantities.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking import finding2
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    registry = load_registry()
    tables = finding2.compute(
        Evidence.read(results(params, "evidence")),
        draws=params.findings.draws,
        bins=params.findings.rank_bins,
        rng=generator("finding2 draws", params.seed),
    )
    found = finding2.measure(
        tables, resamples=params.findings.resamples, seed=params.seed, registry=registry
    )
    return Measured(finding2.summarise(tables), found, finding2.notes(found))


if __name__ == "__main__":
    measure("finding2", compute)
