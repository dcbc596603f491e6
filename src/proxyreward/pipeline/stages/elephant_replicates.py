"""Stage `elephant_replicates`: independent runs of the pipeline for paper *elephant*.

In: parameters and ``outputs/<scale>/inputs/``.  Out:
``outputs/<scale>/elephant_replicates/<number>/``, each with ``outputs/`` and ``results/`` of its
own, without models.
"""

from pathlib import Path

from proxyreward.pipeline.experiment import ELEPHANT
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.replicates import Replicate, run_missing
from proxyreward.pipeline.replicates import run as run_replicate
from proxyreward.pipeline.stage import main
from proxyreward.pipeline.stages import (
    aligned,
    cleaning,
    data,
    policy,
    proxies,
)

STAGES = (
    data,
    policy,
    cleaning,
    proxies,
    aligned,
)
"""All that trains, samples or scores for that paper, in an order in which each finds its inputs."""


def work(replicate: Replicate, folder: Path) -> None:
    """Run one replicate."""
    run_replicate(replicate, folder, [stage.run for stage in STAGES])


def run(params: Params) -> None:
    """Run the replicates that are missing."""
    run_missing(params, ELEPHANT, work)


if __name__ == "__main__":
    main(ELEPHANT, run)
