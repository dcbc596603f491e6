"""Replicates: the pipeline again, each time under a seed of its own.

In: parameters. Out: a folder for each replicate but the default run, in which ``outputs/<scale>``
and ``results/<scale>`` hold what the findings read; models are dropped. Called by the stages
`replicates` and `elephant_replicates`, which name the stages to run; a finding measures in such a
folder what it measures in the project.

Half-done replicates lie beside the family's folder, hidden, so that a run that was killed goes on
with the items that it had finished.
"""

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from proxyreward.pipeline.experiment import shared
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.schema import watched
from proxyreward.pipeline.stage import outputs, run_items

DROPPED = ("*.safetensors", ".*")
"""Models and hidden files."""
Stage = Callable[[Params], None]


@dataclasses.dataclass(frozen=True)
class Replicate:
    """A run of the pipeline; its parameters say all that decides what it leaves."""

    number: int
    params: Params

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.number:03}"


def items(params: Params, family: str) -> list[Replicate]:
    """Replicates 1, 2, … beside the default run, which is number 0.

    Each is computed in one process and one thread. How many there are does not decide what one
    leaves, nor does what findings draw and resample, which no stage of a replicate asks for.
    """
    common = shared(params, family)
    return [Replicate(number, of(common, number)) for number in range(1, params.replicates)]


def of(params: Params, number: int) -> Params:
    """Parameters of a replicate: those of the default run under another seed."""
    return dataclasses.replace(params, seed=params.seed + number)


def run_missing(params: Params, family: str, work: Callable[[Replicate, Path], None]) -> None:
    """Run the replicates that are missing; `work` calls :func:`run_stages` with the family's."""
    run_items(params, family, items(params, family), work, [outputs(params, "inputs")])
    # Half-done ones that are not asked for any more.
    shutil.rmtree(outputs(params, f".{family}"), ignore_errors=True)


def run_stages(replicate: Replicate, folder: Path, stages: Sequence[Stage]) -> None:
    """Run the stages in order, and copy what findings read into `folder`."""
    family = folder.parent
    workplace = family.with_name(f".{family.name}") / replicate.name
    workplace.mkdir(parents=True, exist_ok=True)
    params = _absolute(replicate.params)
    with contextlib.chdir(workplace):
        for stage in stages:
            stage(params)
    for top in ("outputs", "results"):
        kept = shutil.ignore_patterns(*DROPPED)
        shutil.copytree(workplace / top, folder / top, ignore=kept)
    shutil.rmtree(workplace)


def _absolute(params: Params) -> Params:
    """Parameters whose local bases are found from any folder."""

    def found(base: str) -> str:
        return str(Path(base).resolve()) if Path(base).is_dir() else base

    base, bases = found(params.model.base), tuple(map(found, params.mixes.bases))
    mixes = dataclasses.replace(params.mixes, bases=bases)
    return dataclasses.replace(
        params,
        model=dataclasses.replace(params.model, base=base),
        mixes=mixes,
        watched=watched(params.data, base, mixes, params.tables, os.path.isdir),
    )
