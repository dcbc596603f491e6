"""Stage `elephant_judges`: do reward models and judges say what people say?

In: ``results/<scale>/{aligned,proxies}/``.  Out: ``results/<scale>/elephant_judges/``: tables and
quantities.
"""

import numpy as np

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.elephant.elephant_judges import claims
from proxyreward.findings.elephant.elephant_judges import measure as judging
from proxyreward.findings.elephant.elephant_judges.reader import Judgements
from proxyreward.pipeline.experiment import ELEPHANT
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    read = Judgements.read(results(params, "aligned"), results(params, "proxies"))
    return found(read, *(generator(f"people {task}", params.seed) for task in ("score", "vote")))


def found(
    judgements: Judgements, scoring: np.random.Generator, voting: np.random.Generator
) -> Measured:
    """What the finding measures; people score and vote with the noise of the generators."""
    registry = load_registry()
    human = judging.human_scores(judgements, scoring)
    points = judging.points(judgements, human)
    answers = judging.calls(judgements, voting)
    estimates = {
        "agreement": judging.agreement(judgements, human, points, registry),
        "judged": judging.judged(judgements, answers, registry),
        "stand_in": judging.stand_in(judgements, answers),
    }
    quantities = claims.quantities(judgements, answers, *estimates.values())
    tables = {"points": points, "sizes": judging.sizes(judgements)}
    return Measured(quantities, estimates, tables)


if __name__ == "__main__":
    measure("elephant_judges", compute, ELEPHANT)
