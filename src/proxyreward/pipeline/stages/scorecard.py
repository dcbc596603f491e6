"""Stage `scorecard`: every claim decided over replicates.

In: ``results/<scale>/<finding>/{quantities.csv,notes.json}``.  Out:
``results/<scale>/{scorecard.json,comparisons.csv}``.
"""

import json
from pathlib import Path

import pandas as pd

from proxyreward.data.report import DataError
from proxyreward.findings.core import replicates, verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.pipeline.measuring import NOTES
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, write_tables


def read_notes(folder: Path) -> dict[str, str]:
    """What a finding says beside its claims."""
    path = folder / NOTES
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
            raise ValueError("no mapping of claims to texts")
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {error}; `dvc repro --force` writes it again") from None
    return notes


def run(params: Params) -> None:
    """Decide the claims of every finding."""
    folder, registry = Path("results") / params.scale, load_registry()
    decisions, compared = [], []
    for finding in dict.fromkeys(claim.finding for claim in registry.claims() if claim.finding):
        quantities, notes = replicates.read(folder / finding), read_notes(folder / finding)
        own, comparisons = verdict.decide(finding, quantities, registry, notes)
        decisions += own
        compared.append(comparisons)
    verdict.write_scorecard(folder / "scorecard.json", decisions, registry)
    write_tables({"comparisons": pd.concat(compared)}, folder)


if __name__ == "__main__":
    main("scorecard", run)
