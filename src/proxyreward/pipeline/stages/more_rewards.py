"""Stage `more_rewards`: size, outliers and calibration of rewards, and how they grow in training.

In: ``results/<scale>/mixes/``.
Out: ``results/<scale>/more_rewards/``: tables, notes and quantities.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more import more_rewards
from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Compute the tables, and measure what the claims compare."""
    registry = load_registry()
    mixtures = Mixtures.read(results(params, "mixes"))
    draws = Draws.of(
        mixtures, params.findings.resamples, generator("more_rewards draws", params.seed)
    )
    steps = generator("more_rewards steps", params.seed)
    replicates = more_rewards.compute(mixtures, draws, steps)
    found, notes = (say(replicates, registry) for say in (more_rewards.measure, more_rewards.notes))
    return Measured(more_rewards.summarise(replicates), found, notes)


if __name__ == "__main__":
    measure("more_rewards", compute)
