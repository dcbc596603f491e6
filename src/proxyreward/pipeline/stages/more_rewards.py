"""Stage `more_rewards`: size, outliers and calibration of rewards, and how they grow in training.

In: ``results/<scale>/mixes/``.  Out: ``results/<scale>/more_rewards/``: tables and quantities.
"""

from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_rewards import claims
from proxyreward.findings.more.more_rewards.measure import (
    contrasts,
    factors,
    growth,
    means,
    measures,
    outlying,
    trends,
)
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    mixtures, registry = Mixtures.read(results(params, "mixes")), load_registry()
    measured = measures(mixtures, registry)
    both, beyond, trend = means(measured), outlying(mixtures, registry), trends(mixtures)
    return Measured(
        claims.quantities(measured, both, beyond, trend),
        estimates={
            "measures": measured,
            "means": both,
            "contrasts": contrasts(measured),
            "outliers": beyond,
            "factors": factors(mixtures),
            "trends": trend,
        },
        tables={"growth": growth(mixtures)},
    )


if __name__ == "__main__":
    measure("more_rewards", compute)
