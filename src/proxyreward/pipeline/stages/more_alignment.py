"""Stage `more_alignment`: does calibration go with alignment?

In: ``results/<scale>/{mixes,rejection,evidence}/``.  Out: ``results/<scale>/more_alignment/``:
tables, notes and quantities.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more import more_alignment
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    registry = load_registry()
    tables = more_alignment.compute(
        Mixtures.read(results(params, "mixes")),
        more_alignment.Rejection.read(results(params, "rejection")),
        Evidence.read(results(params, "evidence")),
        resamples=params.findings.resamples,
        rng=generator("more_alignment", params.seed),
    )
    found, notes = (say(tables, registry) for say in (more_alignment.measure, more_alignment.notes))
    return Measured(tables, found, notes)


if __name__ == "__main__":
    measure("more_alignment", compute)
