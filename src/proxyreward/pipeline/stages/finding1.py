"""Stage `finding1`: accuracy against regret, and what the claims on it compare.

In: ``results/<scale>/evidence/`` and ``outputs/<scale>/data/``.  Out:
``results/<scale>/finding1/``: tables and the picture of the README.
"""

import pandas as pd

from proxyreward.data import flips, pairs
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.core.style import svg, use_style
from proxyreward.findings.rethinking.evidence import Evidence, under
from proxyreward.findings.rethinking.finding1 import claims, show
from proxyreward.findings.rethinking.finding1.measure import associations
from proxyreward.findings.rethinking.regret import agreement
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import outputs, results
from proxyreward.vocabulary import BEST_OF_N, PPO


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    evidence, registry = Evidence.read(results(params, "evidence")), load_registry()
    labels = len(pairs.read(outputs(params, "data") / "pairs.parquet"))
    disagreement = flips.disagreement(params.reward.flip_rates, labels, params.seed)
    found = evidence.couples()
    use_style()
    picture = show.plot_scatter(pd.concat([under(found, x) for x in (BEST_OF_N, PPO)]))
    return Measured(
        claims.quantities(found, evidence.curves, evidence.repeats, disagreement, labels, registry),
        estimates={
            "association": associations(found, registry),
            "agreement": agreement(evidence.repeats),
        },
        tables={"pairs": found},
        files={"scatter.svg": svg(picture)},
    )


if __name__ == "__main__":
    measure("finding1", compute)
