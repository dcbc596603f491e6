"""Replicates: the pipeline again, each time under a seed of its own.

In: parameters. Out: a folder for each replicate but the default run, in which ``outputs/<scale>``
and ``results/<scale>`` hold what the findings read; models are dropped. Called by the stage
`replicates`; a finding measures in such a folder what it measures in the project.

Half-done replicates lie beside the family's folder, hidden, so that a run that was killed goes on
with the items that it had finished.
"""

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from proxyreward.pipeline.params import Params
from proxyreward.pipeline.schema import watched
from proxyreward.pipeline.stages import (
    data,
    evaluation,
    evidence,
    mixes,
    policy,
    ppo,
    rejection,
    reward_models,
    samples,
    scores,
    sources,
)

DROPPED = ("*.safetensors", ".*")
"""Models and hidden files."""
WORKPLACES = ".replicates"
Stage = Callable[[Params], None]
STAGES: tuple[Stage, ...] = tuple(
    module.run
    for module in (
        data, reward_models, policy, samples, scores, evaluation, ppo, evidence, sources, mixes,
        rejection,
    )
)  # fmt: skip
"""All that trains, samples or scores in the world, in an order in which each finds its inputs."""


@dataclasses.dataclass(frozen=True)
class Replicate:
    """A run of the pipeline; its parameters say all that decides what it leaves."""

    number: int
    params: Params

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.number:03}"


def items(params: Params) -> list[Replicate]:
    """Replicates 1, 2, … beside the default run, which is number 0.

    Each is computed in one process and one thread. How many there are does not decide what one
    leaves, nor does what findings draw and resample, which no stage of a replicate asks for.
    """
    alone = dataclasses.replace(params.runner, backend="sequential", workers=None)
    shared = dataclasses.replace(params, findings=None, runner=alone, replicates=1)
    return [Replicate(number, of(shared, number)) for number in range(1, params.replicates)]


def of(params: Params, number: int) -> Params:
    """Parameters of a replicate: those of the default run under another seed."""
    return dataclasses.replace(params, seed=params.seed + number)


def run(replicate: Replicate, folder: Path) -> None:
    """Run all stages, and copy what findings read into `folder`."""
    workplace = folder.parent.parent / WORKPLACES / replicate.name
    workplace.mkdir(parents=True, exist_ok=True)
    params = _absolute(replicate.params)
    with contextlib.chdir(workplace):
        for stage in STAGES:
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
        watched=watched(params.data, base, mixes, os.path.isdir),
    )
