"""Stage `finding1`: accuracy against regret, and the claims that this decides.

In: ``results/<scale>/evidence/`` and ``outputs/<scale>/data/``.  Out:
``results/<scale>/finding1/``: tables, ``claims.json`` and the picture of the README.
"""

import pandas as pd

from proxyreward.data import flips, pairs
from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.core.style import svg, use_style
from proxyreward.findings.rethinking import finding1
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import outputs, results
from proxyreward.vocabulary import BEST_OF_N, PPO


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    evidence = Evidence.read(results(params, "evidence"))
    resamples = params.findings.resamples
    tables = finding1.compute(
        evidence, resamples=resamples, rng=generator("finding1 association", params.seed)
    )
    labels = len(pairs.read(outputs(params, "data") / "pairs.parquet"))
    registry = load_registry()
    found = finding1.measure(
        tables,
        evidence.curves,
        disagreement=flips.disagreement(params.reward.flip_rates, labels, params.seed),
        n_labels=labels,
        resamples=resamples,
        seed=params.seed,
        registry=registry,
    )
    use_style()
    top = [
        pd.concat([finding1.under(tables[name], optimiser) for optimiser in (BEST_OF_N, PPO)])
        for name in ("pairs", "association")
    ]
    picture = finding1.plot_scatter(*top, rng=generator("finding1 band", params.seed))
    return Measured(tables, found, finding1.notes(found), {"scatter.svg": svg(picture)})


if __name__ == "__main__":
    measure("finding1", compute)
