"""Stage `finding3`: accuracy on other prompts than those of the downstream test.

In: ``results/<scale>/evidence/``.
Out: ``results/<scale>/finding3/``: tables, notes and quantities.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking import finding3
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    registry = load_registry()
    resamples = params.findings.resamples
    tables = finding3.compute(
        Evidence.read(results(params, "evidence")),
        draws=params.findings.draws,
        rng=generator("finding3 draws", params.seed),
    )
    found = finding3.measure(tables, resamples=resamples, seed=params.seed, registry=registry)
    prompts = generator("finding3 prompts", params.seed)
    written = finding3.summarise(tables, resamples, prompts)
    return Measured(written, found, finding3.notes(found))


if __name__ == "__main__":
    measure("finding3", compute)
