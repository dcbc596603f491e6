"""Stage `more_sources`: MORE on two to all sources, its weights and gradients (paper *more*).

In: ``results/<scale>/mixes/`` and ``results/<scale>/sources/``.  Out:
``results/<scale>/more_sources/``: tables and ``claims.json``.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core import verdict
from proxyreward.findings.core.reading import read_table
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more import more_sources
from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, results, write_tables


def run(params: Params) -> None:
    """Compute the tables, decide the claims, write both."""
    folder, registry = results(params, "more_sources"), load_registry()
    mixtures = Mixtures.read(results(params, "mixes"))
    statistics = read_table(results(params, "sources") / "statistics.csv", ["source", "part"])
    rng = generator("more_sources draws", params.seed)
    draws = Draws.of(mixtures, params.findings.resamples, rng)
    controls = more_sources.Controls.of(mixtures, draws, statistics, rng)
    write_tables(more_sources.compute(controls), folder)
    found = more_sources.measure(controls, registry)
    verdict.write(folder, "more_sources", found, registry, more_sources.notes(controls))


if __name__ == "__main__":
    main("more_sources", run)
