"""Stage `finding4`: more responses per prompt, and the claims that this decides.

In: ``results/<scale>/evidence/``.
Out: ``results/<scale>/finding4/``: tables, notes and quantities.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking import finding4
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results

# The name Bo5 in the paper's Table 4 says that it has five responses per prompt.
RESPONSES = 5


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    registry = load_registry()
    resamples = params.findings.resamples
    tables = finding4.compute(
        Evidence.read(results(params, "evidence")),
        responses=RESPONSES,
        draws=params.findings.draws,
        quality=params.findings.annotation_quality,
        rng=generator("finding4 draws", params.seed),
    )
    written = finding4.summarise(
        tables,
        resamples=resamples,
        rng=generator("finding4 intervals", params.seed),
        registry=registry,
    )
    found = finding4.measure(tables, resamples=resamples, seed=params.seed, registry=registry)
    return Measured(written, found, finding4.notes(found))


if __name__ == "__main__":
    measure("finding4", compute)
