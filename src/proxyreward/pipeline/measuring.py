"""What every stage of a finding does: measure in the default run, and in each replicate.

In: a function that computes a finding where it stands. Out: ``results/<scale>/<finding>/``: tables
of the default run, and over all replicates those that pages give with an interval and the
quantities that claims compare.
"""

import contextlib
import dataclasses
import sys
from collections.abc import Callable, Mapping

import pandas as pd

from proxyreward.files import write_whole
from proxyreward.findings.core import replicates
from proxyreward.findings.core.quantity import Quantity
from proxyreward.pipeline.experiment import REPLICATES, experiment
from proxyreward.pipeline.finished import read_items
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, results, write_tables
from proxyreward.pipeline.worker import FamilyError


@dataclasses.dataclass(frozen=True)
class Measured:
    """A finding in one replicate, in plain numbers.

    Attributes
    ----------
    quantities
        What claims compare, by name.
    estimates
        Tables that pages show over replicates: columns that name the row, ``value``, and ``paper``
        where the paper prints numbers.
    tables
        What pages show of the default run alone, such as each single pair of models.
    files
        Texts by file name.
    """

    quantities: Mapping[str, Quantity]
    estimates: Mapping[str, pd.DataFrame] = dataclasses.field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = dataclasses.field(default_factory=dict)
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def repeated(self) -> dict[str, pd.DataFrame]:
        """All that is measured in every replicate."""
        return {**self.estimates, replicates.QUANTITIES: replicates.as_table(self.quantities)}


def measure(finding: str, compute: Callable[[Params], Measured], family: str = REPLICATES) -> None:
    """Run the stage of a finding; see :func:`proxyreward.pipeline.stage.main` for errors.

    Parameters
    ----------
    finding
        Its name, which is that of the stage.
    compute
        Reads ``results/<scale>/`` and ``outputs/<scale>/`` below the current folder.
    family
        Of the replicates that it is measured in, see :mod:`proxyreward.pipeline.experiment`.
    """

    def run(params: Params) -> None:
        own = compute(params)
        found = {**_elsewhere(params, compute, family), params.seed: own.repeated}
        folder = results(params, finding)
        left_out = replicates.write(folder, params.seed, found, experiment(params, family))
        write_tables(own.tables, folder)
        for name, text in own.files.items():
            write_whole(folder / name, text)
        # DVC leaves the folder as it is, or columns of other replicates were lost.
        tables = [f"{name}.csv" for name in (*own.repeated, *own.tables)]
        written = {replicates.RECORD, *own.files, *tables}
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
    params: Params, compute: Callable[[Params], Measured], family: str
) -> dict[int, dict[str, pd.DataFrame]]:
    """The tables of the other replicates that were run here, by their seed."""
    found = {}
    for folder, replicate in read_items(outputs(params, family)).items():
        seed = replicate["params"]["seed"]
        try:
            with contextlib.chdir(folder):
                found[seed] = compute(dataclasses.replace(params, seed=seed)).repeated
        except (OSError, ValueError) as error:  # which name files as seen from that folder
            raise FamilyError(f"in {folder}: {error}") from error
    return found
