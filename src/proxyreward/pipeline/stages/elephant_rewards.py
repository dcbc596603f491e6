"""Stage `elephant_rewards`: how good reward models are, and their pitfalls (paper *elephant*).

In: ``results/<scale>/proxies/`` and, if it is there, ``results/<scale>/aligned/``.  Out:
``results/<scale>/elephant_rewards/``: tables and quantities.
"""

from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.elephant.elephant_rewards import claims
from proxyreward.findings.elephant.elephant_rewards import measure as rewards
from proxyreward.findings.elephant.elephant_rewards.reader import Proxies
from proxyreward.pipeline.experiment import ELEPHANT
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    folder, registry = results(params, "proxies"), load_registry()
    proxies = Proxies.read(folder, folder.with_name("aligned"))
    accuracy = rewards.accuracy(proxies, registry)
    contrasts, scale = rewards.contrasts(accuracy), rewards.scale(proxies)
    pitfalls = rewards.pitfalls(proxies)
    return Measured(
        claims.quantities(proxies, accuracy, contrasts, scale, pitfalls, registry),
        estimates={
            "accuracy": accuracy,
            "bench": rewards.bench(proxies, registry),
            "contrasts": contrasts,
            "scale": scale,
            "pitfalls": pitfalls,
        },
    )


if __name__ == "__main__":
    measure("elephant_rewards", compute, ELEPHANT)
