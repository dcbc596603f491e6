"""Stage `scorecard`: the verdicts of all findings in one file.

In: ``results/<scale>/<finding>/claims.json``.  Out: ``results/<scale>/scorecard.json``.
"""

from pathlib import Path

from proxyreward.findings.core import verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main


def run(params: Params) -> None:
    """Collect the claims that the findings have decided."""
    folder = Path("results") / params.scale
    files = sorted(folder.glob("*/claims.json"))
    registry = load_registry()
    decisions = [row for file in files for row in verdict.read_scorecard(file, registry)]
    verdict.write_scorecard(folder / "scorecard.json", decisions, registry)


if __name__ == "__main__":
    main("scorecard", run)
