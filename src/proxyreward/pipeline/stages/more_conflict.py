"""Stage `more_conflict`: reward models on one source, tested on all (paper *more*).

In: ``results/<scale>/mixes/``.  Out: ``results/<scale>/more_conflict/``: tables and
``claims.json``.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core import verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more import more_conflict
from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, results, write_tables


def run(params: Params) -> None:
    """Compute the tables, decide the claims, write both."""
    folder, registry = results(params, "more_conflict"), load_registry()
    mixtures = Mixtures.read(results(params, "mixes"))
    rng = generator("more_conflict draws", params.seed)
    draws = Draws.of(mixtures, params.findings.resamples, rng)
    conflict = more_conflict.Conflict.of(mixtures, draws)
    write_tables(more_conflict.compute(conflict), folder)
    found = more_conflict.measure(conflict, registry)
    verdict.write(folder, "more_conflict", found, registry, more_conflict.notes(conflict))


if __name__ == "__main__":
    main("more_conflict", run)
