"""One run of the pipeline for papers *rethinking* and *more*, as a replicate.

In: a replicate. Out: what findings read, in its folder. Called by the family runner.
"""

from pathlib import Path

from proxyreward.pipeline.replicates import Replicate, run_stages
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
"""All that trains, samples or scores, in an order in which each finds its inputs."""


def run(replicate: Replicate, folder: Path) -> None:
    """Run the stages of one replicate."""
    run_stages(replicate, folder, [stage.run for stage in STAGES])
