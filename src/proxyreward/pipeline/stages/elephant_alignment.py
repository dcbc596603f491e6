"""Stage `elephant_alignment`: policies made with clean data and good reward models.

In: ``results/<scale>/{aligned,proxies}/``.  Out: ``results/<scale>/elephant_alignment/``:
tables and quantities.
"""

import numpy as np

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.elephant.elephant_alignment import claims, comparing, optimising
from proxyreward.findings.elephant.elephant_alignment import measure as gained
from proxyreward.findings.elephant.elephant_alignment.reader import Aligned
from proxyreward.pipeline.experiment import ELEPHANT
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    folders = results(params, "aligned"), results(params, "proxies")
    return found(Aligned.read(*folders), generator("elephant_alignment", params.seed))


def found(aligned: Aligned, rng: np.random.Generator) -> Measured:
    """What the finding measures; `rng` makes the votes of simulated people."""
    registry = load_registry()
    traces, way = optimising.traces(aligned), optimising.way(aligned)
    models, said = gained.reward_models(aligned, registry), gained.texts(aligned)
    trained, helpless = optimising.training(aligned, traces), gained.helplessness(aligned)
    estimates = {
        "table2": gained.table2(aligned, registry),
        "judged": comparing.judged(aligned, rng),
        "texts": said,
        "reward_models": models,
        "training": trained,
        "helplessness": helpless.rename("value").rename_axis("rm").reset_index(),
        "relations": gained.relations(models, trained, said, helpless),
        "way": way,
        "turns": optimising.turns(way),
        "robustness": gained.robustness(aligned),
        "reversals": comparing.reversals(aligned),
    }
    tables = {"traces": traces, "sizes": gained.sizes(aligned)}
    return Measured(claims.quantities(aligned, estimates), estimates, tables)


if __name__ == "__main__":
    measure("elephant_alignment", compute, ELEPHANT)
