"""What every stage does around its own work: read the parameters, measure the cost, say errors.

A stage's name and function come in; the stage runs, and leaves its tables, the parameters that it
used and an entry in the run record, or one line that says why not.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pandas as pd

from proxyreward.data.report import DataError
from proxyreward.files import content_hash, write_whole
from proxyreward.messages import keep_traceback, visible
from proxyreward.pipeline import record
from proxyreward.pipeline.declared import Stage, declared
from proxyreward.pipeline.family import FamilyError, Work, run_family
from proxyreward.pipeline.params import Params, load
from proxyreward.pipeline.typed import ConfigError

SETTINGS = "settings.json"
GRACE = 20
"""Seconds in which a stage that is stopped ends in order."""


def main(name: str, run: Callable[[Params], None]) -> None:
    """Run a stage with the parameters of ``params.yaml``; record what it used and what it cost.

    Every error ends the process with one line and a status that is not 0; the traceback of one that
    was not foreseen is kept in a file that the line names. Ctrl-C and SIGTERM end it in order, and
    without order after :data:`GRACE` seconds.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:  # a background job ignores Ctrl-C
            signal.signal(number, _stop)
    logs = Path("outputs")
    try:
        params = load()
        logs = Path("outputs") / params.scale
        stage = declared(name)
        with record.stage(
            name, params.scale, folder=stage.folder, precision=params.model.precision
        ):
            run(params)
            _write_settings(stage, params)
    except (ConfigError, DataError, FamilyError) as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        print(f"{name}: stopped; a rerun keeps the items that are finished", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        told = visible(" ".join(f"{type(error).__name__}: {error}".split()))
        sys.exit(f"{name}: {told} (traceback: {keep_traceback(error, name, logs / '.logs')})")
    finally:  # the process is about to end, and a signal would only make it end untidily
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _stop(number: int, frame: FrameType | None) -> None:
    """Begin to end this process, and see to it that it ends: a library may hang or go on."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(GRACE)
    raise KeyboardInterrupt


def _write_settings(stage: Stage, params: Params) -> None:
    """Write the parameters that the stage declares, beside its tables."""
    folder = Path("results") / params.scale / (stage.folder or "")
    if stage.folder and not folder.is_file():
        chosen = stage.chosen(dataclasses.asdict(params))
        text = json.dumps(chosen, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        write_whole(folder / SETTINGS, text)


@contextlib.contextmanager
def naming(parameter: str) -> Iterator[None]:
    """Name the parameter in a `DataError` on the file, folder or base that it names."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{parameter}: {error}") from None


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
        outputs(params, stage.replace("/", "-")),  # a stage's folder is hashed with all it holds
    )


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as ``<name>.csv``, floats to six digits so that bytes are stable."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")
