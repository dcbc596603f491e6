"""Stage `more_sources`: MORE on two to all sources, its weights and gradients (paper *more*).

In: ``results/<scale>/mixes/`` and ``results/<scale>/sources/``.  Out:
``results/<scale>/more_sources/``: tables, notes and quantities.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core.reading import read_table
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more import more_sources
from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    registry = load_registry()
    mixtures = Mixtures.read(results(params, "mixes"))
    statistics = read_table(results(params, "sources") / "statistics.csv", ["source", "part"])
    rng = generator("more_sources draws", params.seed)
    draws = Draws.of(mixtures, params.findings.resamples, rng)
    controls = more_sources.Controls.of(mixtures, draws, statistics, rng)
    found = more_sources.measure(controls, registry)
    return Measured(more_sources.compute(controls), found, more_sources.notes(controls))


if __name__ == "__main__":
    measure("more_sources", compute)
