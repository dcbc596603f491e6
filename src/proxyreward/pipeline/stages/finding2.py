"""Stage `finding2`: the source of the test responses against their golden rank.

In: ``results/<scale>/evidence/``.  Out: ``results/<scale>/finding2/``: tables and ``claims.json``.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core import verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking import finding2
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, results, write_tables


def run(params: Params) -> None:
    """Compute the tables, decide the claims, write both."""
    folder, registry = results(params, "finding2"), load_registry()
    tables = finding2.compute(
        Evidence.read(results(params, "evidence")),
        draws=params.findings.draws,
        bins=params.findings.rank_bins,
        rng=generator("finding2 draws", params.seed),
    )
    found = finding2.measure(
        tables, resamples=params.findings.resamples, seed=params.seed, registry=registry
    )
    write_tables(finding2.summarise(tables), folder)
    verdict.write(folder, "finding2", found, registry, finding2.notes(found))


if __name__ == "__main__":
    main("finding2", run)
