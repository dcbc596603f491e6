"""Stage `more_schemes`: training schemes on diverse sources, their accuracy and calibration.

In: ``results/<scale>/mixes/`` and ``results/<scale>/sources/``, and the time of a training step
from ``benchmarks/more_step.json``, which differs from machine to machine and is measured by
``benchmarks/more_step.py``.  Out: ``results/<scale>/more_schemes/``: tables, notes and quantities.
"""

from pathlib import Path

from proxyreward.data.seeds import generator
from proxyreward.findings.core.reading import read_table
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more import more_schemes
from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results

BENCHMARK = Path("benchmarks/more_step.json").resolve()  # of the project, in a replicate too


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    registry = load_registry()
    mixtures = Mixtures.read(results(params, "mixes"))
    rng = generator("more_schemes draws", params.seed)
    schemes = more_schemes.Schemes(mixtures, Draws.of(mixtures, params.findings.resamples, rng))
    few = schemes.fewer(more_schemes.FEW)
    tables = more_schemes.compute(
        schemes,
        few,
        read_table(results(params, "sources") / "statistics.csv", ["source", "part"]),
        resampled=params.mixes.resampled,
        seed=params.seed,
    )
    tables["identities"] = more_schemes.compare(generator("more_schemes batch", params.seed))
    tables["times"] = more_schemes.step_times(BENCHMARK)
    found = more_schemes.measure(schemes, few, tables, registry, params.seed)
    notes = more_schemes.notes(found, tables, registry)
    return Measured(tables, found, notes)


if __name__ == "__main__":
    measure("more_schemes", compute)
