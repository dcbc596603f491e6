"""Stage `more_rewards`: size, outliers and calibration of rewards, and how they grow in training.

In: ``results/<scale>/mixes/``.  Out: ``results/<scale>/more_rewards/``: tables and quantities.
"""

from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_rewards import claims
from proxyreward.findings.more.more_rewards import measure as rewards
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    mixtures, registry = Mixtures.read(results(params, "mixes")), load_registry()
    measured = rewards.measures(mixtures, registry)
    found = {
        "measures": measured,
        "means": rewards.means(measured),
        "contrasts": rewards.contrasts(measured),
        "outliers": rewards.outlying(mixtures, registry),
        "factors": rewards.factors(mixtures),
        "trends": rewards.trends(mixtures),
        "controls": rewards.controls(mixtures),
    }
    return Measured(claims.quantities(found), found, {"growth": rewards.growth(mixtures)})


if __name__ == "__main__":
    measure("more_rewards", compute)
