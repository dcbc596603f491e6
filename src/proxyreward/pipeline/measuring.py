"""What every stage of a finding does: measure in the default run, and in each replicate.

In: a function that computes a finding where it stands. Out: ``results/<scale>/<finding>/``: tables
and notes of the default run, and what claims compare, of all replicates.
"""

import contextlib
import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable, Mapping

import pandas as pd

from proxyreward.files import write_whole
from proxyreward.findings.core import replicates
from proxyreward.findings.core.verdict import Quantity
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import SEEDS, main, outputs, results, write_tables

NOTES = "notes.json"


@dataclasses.dataclass(frozen=True)
class Measured:
    """A finding in one replicate: tables, quantities, notes beside its claims, and other files."""

    tables: Mapping[str, pd.DataFrame]
    quantities: Mapping[str, Quantity]
    notes: Mapping[str, str]
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)


def measure(finding: str, compute: Callable[[Params], Measured]) -> None:
    """Run the stage of a finding; see :func:`proxyreward.pipeline.stage.main` for errors.

    Parameters
    ----------
    finding
        Its name, which is that of the stage.
    compute
        Reads ``results/<scale>/`` and ``outputs/<scale>/`` below the current folder.
    """

    def run(params: Params) -> None:
        measured = compute(params)
        found = {params.seed: measured.quantities} | _elsewhere(params, compute)
        folder = results(params, finding)
        left_out = replicates.write(folder, params.seed, found, _experiment(params))
        write_tables(measured.tables, folder)
        notes = json.dumps(measured.notes, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        texts = {**measured.files, NOTES: notes}
        for name, text in texts.items():
            write_whole(folder / name, text)
        # DVC leaves the folder as it is, or rows of other replicates were lost.
        written = {replicates.TABLE, *texts, *(f"{name}.csv" for name in measured.tables)}
        for path in folder.iterdir():
            if path.is_file() and path.name not in written:
                path.unlink()
        if left_out:
            print(
                f"{finding}: left out are {', '.join(left_out)}; `proxyreward params replicates=N` "
                "asks for N replicates of this run",
                file=sys.stderr,
            )

    main(finding, run)


def _elsewhere(
    params: Params, compute: Callable[[Params], Measured]
) -> dict[int, Mapping[str, Quantity]]:
    """The quantities of the other replicates that were run here, by their seed."""
    found, folder = {}, outputs(params, "replicates")
    for name, seed in json.loads((folder / SEEDS).read_text(encoding="utf-8")).items():
        with contextlib.chdir(folder / name):
            found[seed] = compute(dataclasses.replace(params, seed=seed)).quantities
    return found


def _experiment(params: Params) -> str:
    """Hash of all that replicates share; how many there are and how they run does not decide."""
    values = dataclasses.asdict(params)
    for name in ("seed", "replicates", "runner"):
        values.pop(name)
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
