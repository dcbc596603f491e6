"""Stage `finding3`: accuracy on other prompts than those of the downstream test.

In: ``results/<scale>/evidence/``.  Out: ``results/<scale>/finding3/``: tables and ``claims.json``.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core import verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking import finding3
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, results, write_tables


def run(params: Params) -> None:
    """Compute the tables, decide the claims, write both."""
    folder, registry = results(params, "finding3"), load_registry()
    resamples = params.findings.resamples
    tables = finding3.compute(
        Evidence.read(results(params, "evidence")),
        draws=params.findings.draws,
        rng=generator("finding3 draws", params.seed),
    )
    found = finding3.measure(tables, resamples=resamples, seed=params.seed, registry=registry)
    prompts = generator("finding3 prompts", params.seed)
    write_tables(finding3.summarise(tables, resamples, prompts), folder)
    verdict.write(folder, "finding3", found, registry, finding3.notes(found))


if __name__ == "__main__":
    main("finding3", run)
