"""Stage `more_sources`: MORE on two to all sources, its weights and gradients (paper *more*).

In: ``results/<scale>/mixes/`` and ``results/<scale>/sources/``.  Out:
``results/<scale>/more_sources/``.
"""

from proxyreward.findings.core.reading import read_table
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_sources import claims
from proxyreward.findings.more.more_sources import measure as sources
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    mixtures = Mixtures.read(results(params, "mixes"))
    statistics = read_table(results(params, "sources") / "statistics.csv", ["source", "part"])
    curves, gains = sources.curves(mixtures), sources.gains(mixtures)
    shares = sources.shares(mixtures, statistics)
    found = {
        "curves": curves,
        "forms": sources.forms(curves),
        "norms": sources.norms(mixtures),
        "weights": sources.mean_weights(mixtures),
        "gains": gains,
        "association": sources.association(gains, shares),
    }
    alone = sources.alone(mixtures, load_registry())
    return Measured(
        claims.quantities(found, alone, shares, mixtures.main),
        estimates=found,
        tables={"shares": shares},
    )


if __name__ == "__main__":
    measure("more_sources", compute)
