"""Stage `scorecard`: every claim decided, over replicates or on published data.

In: ``results/<scale>/{<finding>,controls}/quantities.csv``; of findings on published data the
tracked ``results/<their scale>/<finding>/left_out.csv``.  Out:
``results/<scale>/{scorecard.json,comparisons.csv}``.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from proxyreward.findings.core import controls, left_out, replicates, scorecard, verdict
from proxyreward.findings.core.quantity import Quantity
from proxyreward.findings.core.registry import load_registry
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, write_tables


def run(params: Params) -> None:
    """Decide the claims of every finding."""
    folder, registry = Path("results") / params.scale, load_registry()
    shared = controls.load_controls(), controls.measured(folder)
    decisions, compared = [], []
    for finding in dict.fromkeys(claim.finding for claim in registry.claims() if claim.finding):
        own, comparisons = verdict.decide(finding, _measured(folder, finding), registry, *shared)
        decisions += own
        compared.append(comparisons)
    scorecard.write(folder / "scorecard.json", decisions, registry)
    write_tables({"comparisons": pd.concat(compared)}, folder)


def _measured(folder: Path, finding: str) -> Mapping[str, Quantity]:
    if finding in left_out.PUBLISHED:
        return left_out.published(folder.parent, finding)
    return replicates.quantities(folder / finding)


if __name__ == "__main__":
    main("scorecard", run)
