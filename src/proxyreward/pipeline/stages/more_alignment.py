"""Stage `more_alignment`: does calibration go with alignment?

In: ``results/<scale>/{mixes,rejection,evidence}/``.  Out: ``results/<scale>/more_alignment/``:
tables and ``claims.json``.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core import verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more import more_alignment
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, results, write_tables


def run(params: Params) -> None:
    """Compute the tables, decide the claims, write both."""
    folder, registry = results(params, "more_alignment"), load_registry()
    tables = more_alignment.compute(
        Mixtures.read(results(params, "mixes")),
        more_alignment.Rejection.read(results(params, "rejection")),
        Evidence.read(results(params, "evidence")),
        resamples=params.findings.resamples,
        rng=generator("more_alignment", params.seed),
    )
    write_tables(tables, folder)
    found, notes = (say(tables, registry) for say in (more_alignment.measure, more_alignment.notes))
    verdict.write(folder, "more_alignment", found, registry, notes)


if __name__ == "__main__":
    main("more_alignment", run)
