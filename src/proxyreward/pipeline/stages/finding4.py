"""Stage `finding4`: more responses per prompt, and what the claims on it compare.

In: ``results/<scale>/evidence/``.  Out: ``results/<scale>/finding4/``: tables.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.finding4 import claims
from proxyreward.findings.rethinking.finding4.measure import compute as draw
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    tables = draw(
        Evidence.read(results(params, "evidence")),
        load_registry(),
        draws=params.findings.draws,
        quality=params.findings.annotation_quality,
        rng=generator("finding4 draws", params.seed),
    )
    return Measured(
        claims.quantities(tables),
        estimates={name: tables[name] for name in ("table4", "responses")},
        tables={"sizes": tables["sizes"]},
    )


if __name__ == "__main__":
    measure("finding4", compute)
