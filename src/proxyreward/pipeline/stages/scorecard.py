"""Stage `scorecard`: every claim decided over replicates.

In: ``results/<scale>/{<finding>,controls}/quantities.csv``.  Out:
``results/<scale>/{scorecard.json,comparisons.csv}``.
"""

from pathlib import Path

import pandas as pd

from proxyreward.findings.core import controls, replicates, scorecard, verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, write_tables


def run(params: Params) -> None:
    """Decide the claims of every finding."""
    folder, registry = Path("results") / params.scale, load_registry()
    shared = controls.load_controls(), controls.measured(folder)
    decisions, compared = [], []
    for finding in dict.fromkeys(claim.finding for claim in registry.claims() if claim.finding):
        quantities = replicates.quantities(folder / finding)
        own, comparisons = verdict.decide(finding, quantities, registry, *shared)
        decisions += own
        compared.append(comparisons)
    scorecard.write(folder / "scorecard.json", decisions, registry)
    write_tables({"comparisons": pd.concat(compared)}, folder)


if __name__ == "__main__":
    main("scorecard", run)
