"""Stage `more_rewards`: size, outliers and calibration of rewards, and how they grow in training.

In: ``results/<scale>/mixes/``.  Out: ``results/<scale>/more_rewards/``: tables and ``claims.json``.
"""

from proxyreward.data.seeds import generator
from proxyreward.findings.core import verdict
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more import more_rewards
from proxyreward.findings.more.mixtures import Draws, Mixtures
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, results, write_tables


def run(params: Params) -> None:
    """Compute the tables, decide the claims, write both."""
    folder, registry = results(params, "more_rewards"), load_registry()
    mixtures = Mixtures.read(results(params, "mixes"))
    draws = Draws.of(
        mixtures, params.findings.resamples, generator("more_rewards draws", params.seed)
    )
    steps = generator("more_rewards steps", params.seed)
    replicates = more_rewards.compute(mixtures, draws, steps)
    write_tables(more_rewards.summarise(replicates), folder)
    found, notes = (say(replicates, registry) for say in (more_rewards.measure, more_rewards.notes))
    verdict.write(folder, "more_rewards", found, registry, notes)


if __name__ == "__main__":
    main("more_rewards", run)
