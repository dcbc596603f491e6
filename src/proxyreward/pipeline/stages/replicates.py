"""Stage `replicates`: independent runs of the pipeline beside the default one.

In: parameters and ``outputs/<scale>/inputs/``.  Out:
``outputs/<scale>/replicates/<number>/``, each with ``outputs/`` and ``results/`` of its own,
without models.
"""

from pathlib import Path

from proxyreward.pipeline.experiment import REPLICATES
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.replicates import Replicate, run_missing
from proxyreward.pipeline.replicates import run as run_replicate
from proxyreward.pipeline.stage import main
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

STAGES = (
    data,
    reward_models,
    policy,
    samples,
    scores,
    evaluation,
    ppo,
    evidence,
    sources,
    mixes,
    rejection,
)
"""All that trains, samples or scores in the world for the other papers, in an order in which each
finds its inputs."""


def work(replicate: Replicate, folder: Path) -> None:
    """Run one replicate."""
    run_replicate(replicate, folder, [stage.run for stage in STAGES])


def run(params: Params) -> None:
    """Run the replicates that are missing."""
    run_missing(params, REPLICATES, work)


if __name__ == "__main__":
    main(REPLICATES, run)
