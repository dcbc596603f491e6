"""Stage `more_schemes`: training schemes on diverse sources, their accuracy and calibration.

In: ``results/<scale>/mixes/`` and ``results/<scale>/sources/``, and ``benchmarks/more_step.json``,
the time of a training step on one machine.  Out: ``results/<scale>/more_schemes/``.
"""

from pathlib import Path

import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.findings.core.reading import read_table
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more.confidence import over_confidence
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_schemes import claims, identities
from proxyreward.findings.more.more_schemes import measure as schemes
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results

BENCHMARK = Path("benchmarks/more_step.json").resolve()  # of the project, in a replicate too


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    mixtures, resampled = Mixtures.read(results(params, "mixes")), params.mixes.resampled
    statistics = read_table(results(params, "sources") / "statistics.csv", ["source", "part"])
    cells, steps = schemes.cells(mixtures, load_registry()), schemes.steps(mixtures)
    deviations = identities.compare(generator("more_schemes batch", params.seed))
    times, sizes = schemes.step_times(BENCHMARK), schemes.sizes(statistics, resampled)
    trained = cells[~cells["scaled"]].drop(columns="scaled")
    less = schemes.differences(cells)
    factors = over_confidence(mixtures.rms, mixtures.margins, mixtures.labels)
    return Measured(
        claims.quantities(cells, steps, times, deviations, factors),
        estimates={"cells": trained, "differences": less, "steps": steps},
        tables={
            "identities": deviations,
            "times": times,
            "sizes": sizes,
            "setup": pd.DataFrame([mixtures.sizes | {"resampled": resampled}]),
        },
    )


if __name__ == "__main__":
    measure("more_schemes", compute)
