"""Stage `more_alignment`: does calibration go with alignment?

In: ``results/<scale>/{mixes,rejection,evidence}/``.  Out: ``results/<scale>/more_alignment/``:
tables and quantities.
"""

import numpy as np
import pandas as pd

from proxyreward.data.seeds import generator
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_alignment import claims, judging, relation
from proxyreward.findings.more.more_alignment import measure as aligned
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.pipeline.measuring import Measured, measure
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import results


def compute(params: Params) -> Measured:
    """Measure the finding in one run."""
    return found(
        Mixtures.read(results(params, "mixes")),
        Rejection.read(results(params, "rejection")),
        Evidence.read(results(params, "evidence")),
        generator("more_alignment", params.seed),
    )


def found(
    mixtures: Mixtures, rejection: Rejection, evidence: Evidence, rng: np.random.Generator
) -> Measured:
    """What the finding measures; `rng` makes the calls of the noisy judges."""
    registry = load_registry()
    models = relation.reward_models(mixtures, rejection)
    close = relation.close_pairs(relation.pool(models, relation.TRAINED), rejection.taken)
    said = relation.close_pairs(relation.pool(models, relation.ALIGNED), rejection.spoken)
    others = relation.optimisers(evidence, rejection.samples)
    estimates = {
        "policies": aligned.policies(models, mixtures, rejection, registry),
        "judged": judging.judged(mixtures, rejection, registry),
        "gains": judging.gains(mixtures, rejection),
        "ties": judging.ties(mixtures, rejection, rng),
        "tuned": aligned.tuned(mixtures),
        "preferences": aligned.preferences(mixtures, rejection),
        "candidates": aligned.candidates(rejection),
        "relations": pd.concat([relation.relations(models), others]),
        "agreements": relation.agreements({relation.TRAINED: close, relation.ALIGNED: said}),
    }
    tables = {"reward_models": models, "close_pairs": close, "rounds": rejection.rounds}
    tables["furthest"] = relation.furthest(mixtures, close)
    tables["sizes"] = aligned.sizes(mixtures, rejection).assign(flips=len(evidence.names()))
    quantities = claims.quantities(estimates, tables["furthest"], rejection.controls, registry)
    return Measured(quantities, estimates, tables)


if __name__ == "__main__":
    measure("more_alignment", compute)
