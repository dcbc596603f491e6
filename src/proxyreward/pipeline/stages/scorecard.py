"""Stage `scorecard`: the verdicts of all findings in one file, and all comparisons in another.

In: ``results/<scale>/<finding>/{claims.json,comparisons.csv}``.  Out:
``results/<scale>/{scorecard.json,comparisons.csv}``.
"""

from pathlib import Path

import pandas as pd

from proxyreward.findings.core import verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, write_tables


def run(params: Params) -> None:
    """Collect the claims that the findings have decided."""
    folder = Path("results") / params.scale
    files = sorted(folder.glob(f"*/{verdict.CLAIMS}"))
    compared = sorted(folder.glob(f"*/{verdict.COMPARISONS}"))
    registry = load_registry()
    decisions = [row for file in files for row in verdict.read_scorecard(file, registry)]
    verdict.write_scorecard(folder / "scorecard.json", decisions, registry)
    write_tables({"comparisons": pd.concat(map(pd.read_csv, compared))}, folder)


if __name__ == "__main__":
    main("scorecard", run)
