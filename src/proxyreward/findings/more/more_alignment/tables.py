"""Tables of the finding on calibration and alignment.

In: `mixtures`, the policies aligned with their reward models, and `evidence`. Out: small tables for
Git. Called by the stage `more_alignment` and the notebook.
"""

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import STANDARD, Draws, Mixtures
from proxyreward.findings.more.more_alignment import relation
from proxyreward.findings.more.more_alignment.aligned import policies
from proxyreward.findings.more.more_alignment.extensions import preferences, tuned
from proxyreward.findings.more.more_alignment.judges import judged, ties
from proxyreward.findings.more.more_alignment.optimisers import label_flips, optimisers
from proxyreward.findings.more.more_alignment.pool import EVERY, TRAINED, pools
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.vocabulary import HH

# Every reward model is evaluated on every resample; a quarter of them keeps the stage short.
SHARE = 4


def compute(
    mixtures: Mixtures,
    rejection: Rejection,
    evidence: Evidence,
    *,
    resamples: int,
    rng: np.random.Generator,
    form: str = STANDARD,
) -> dict[str, pd.DataFrame]:
    """All tables of the finding.

    Parameters
    ----------
    mixtures : Mixtures
    rejection : Rejection
    evidence : Evidence
        Of the part on paper rethinking.
    resamples : int
        Bootstrap resamples; those over many reward models take a quarter of them.
    rng : numpy.random.Generator
        Source of the resamples and of the noisy judges' calls.
    form : str
        Of the ECE.

    Returns
    -------
    dict of DataFrame
        What the functions of these names return: `policies`; `judged`, `ties`; over many reward
        models `reward_models` (the untrained ones too), `relations`, `alternatives`, `scaled`, and
        `close_pairs` and `furthest` of the trained ones; `optimisers`, `label_flips`; `tuned`,
        `preferences`. Also `candidates` (measure, source, chance, best): what a candidate drawn at
        random is worth, and the best of each prompt; and `sizes`, one row.
    """
    draws = Draws.of(mixtures, resamples, rng)
    few = draws.first(resamples // SHARE)
    found = pools(mixtures, rejection, few, rng, form)
    close = relation.close_pairs(found[TRAINED])
    sizes = {
        "pairs": int((mixtures.source == mixtures.sources[0]).sum()),
        "seeds": mixtures.seeds,
        "asked": len(rejection.asked),
        "samples": rejection.samples,
        "tested": len(rejection.tested),
        "policies": len(rejection.policies),
        "resamples": resamples,
    }
    return {
        "policies": policies(mixtures, rejection, draws, resamples, rng, form),
        "judged": judged(mixtures, rejection, resamples, rng),
        "ties": ties(mixtures, rejection, rng),
        "reward_models": relation.reward_models(mixtures, found[EVERY]),
        "relations": relation.relations(found),
        "alternatives": relation.alternatives(found),
        "scaled": relation.scaled(mixtures, found[EVERY], few),
        "close_pairs": close,
        "furthest": relation.furthest(mixtures, close),
        "optimisers": optimisers(evidence, rejection.samples, resamples, rng, form),
        "label_flips": label_flips(evidence, form),
        "tuned": tuned(mixtures, draws),
        "preferences": preferences(mixtures, rejection, draws, resamples, rng, form),
        "candidates": _candidates(rejection),
        "sizes": pd.DataFrame([sizes]),
    }


def _candidates(rejection: Rejection) -> pd.DataFrame:
    rows = []
    for measure in ("utility", "oracle"):
        worth = rejection.worth(measure)
        for source in HH:
            own = worth[rejection.asked == source]
            rows.append((measure, source, own.mean(), own.max(axis=1).mean()))
    return pd.DataFrame(rows, columns=["measure", "source", "chance", "best"])
