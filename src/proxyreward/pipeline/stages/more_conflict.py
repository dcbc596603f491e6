"""Stage `more_conflict`: reward models on one source, tested on all (paper *more*).

In: ``results/<scale>/mixes/``.
Out: ``results/<scale>/more_conflict/``: tables, notes and quantities.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more import more_conflict
from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    registry = load_registry()
    mixtures = Mixtures.read(results(params, "mixes"))
    rng = generator("more_conflict draws", params.seed)
    draws = Draws.of(mixtures, params.findings.resamples, rng)
    conflict = more_conflict.Conflict.of(mixtures, draws)
    found = more_conflict.measure(conflict, registry)
    return Measured(more_conflict.compute(conflict), found, more_conflict.notes(conflict))


if __name__ == "__main__":
    measure("more_conflict", compute)
