"""Stage `finding3`: accuracy on other prompts than those of the downstream test.

In: ``results/<scale>/evidence/``.  Out: ``results/<scale>/finding3/``: tables.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.finding3.claims import quantities
from proxyreward.findings.rethinking.finding3.measure import draw, estimates
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    drawn = draw(
        Evidence.read(results(params, "evidence")),
        draws=params.findings.draws,
        rng=generator("finding3 draws", params.seed),
    )
    found = estimates(drawn, load_registry())
    return Measured(
        quantities(found["advantages"], found["shares"], found["prompts"]),
        estimates=found,
        tables={"sizes": drawn["sizes"]},
    )


if __name__ == "__main__":
    measure("finding3", compute)
