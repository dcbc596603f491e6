"""What every stage does around its own work: read the parameters, measure the cost, say errors.

A stage's name and function come in; the stage runs.  Each module of `pipeline.stages` calls
:func:`main` when DVC runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from proxyreward.data.report import DataError
from proxyreward.files import content_hash
from proxyreward.pipeline import record
from proxyreward.pipeline.family import FamilyError, Work, run_family
from proxyreward.pipeline.params import Params, load
from proxyreward.pipeline.typed import ConfigError


def main(name: str, run: Callable[[Params], None]) -> None:
    """Run a stage with the parameters of ``params.yaml`` and record what it cost."""
    try:
        params = load()
        with record.stage(name, params.scale):
            run(params)
    except (ConfigError, DataError, FamilyError) as error:
        sys.exit(f"{name}: {error}")


def outputs(params: Params, stage: str) -> Path:
    """Folder of a stage's large files, kept by DVC."""
    return Path("outputs") / params.scale / stage


def results(params: Params, stage: str) -> Path:
    """Folder of a stage's small tables, kept by Git; made if need be."""
    folder = Path("results") / params.scale / stage
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run_items(
    params: Params, stage: str, items: Sequence[Any], work: Work, inputs: Sequence[Path]
) -> list[Path]:
    """Run a stage's family as the parameters say; returns the items' folders in order.

    Parameters
    ----------
    items, work
        As in :func:`proxyreward.pipeline.family.run_family`; the code behind an item is that of
        the module that defines ``work``.
    inputs
        Files and folders that ``work`` reads.
    """
    return run_family(
        items,
        work,
        outputs(params, stage),
        [content_hash(path) for path in inputs],
        work.__module__,
        params.runner.backend,
        params.runner.workers,
    )


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as ``<name>.csv``, floats to six digits so that bytes are stable."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
