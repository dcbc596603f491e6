"""Calibration against alignment under other optimisers: the label-flip family of paper rethinking.

In: `evidence`. Out: rank correlations of ECE and accuracy with the regret of best-of-n and PPO.
Called by `tables`.

The ECE is that of the mixtures, on test pairs whose chosen response is the better one to the
oracle. Alignment is the NDR: what a policy optimised on a reward model is worth to another one, the
golden, relative to a policy optimised on the golden one itself. As everywhere in that part,
coefficients are taken over the proxies of each golden model and averaged over golden models.
"""

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import FORMS, STANDARD, temperature_scaled
from proxyreward.findings.more.more_alignment.pool import AS_IS, SCALED, partial_spearman
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.metrics.calibration import pair_ece
from proxyreward.metrics.prediction import by_golden, off_diagonal
from proxyreward.metrics.resampling import bootstrap, mean_known
from proxyreward.vocabulary import BEST_OF_N, PPO


def label_flips(evidence: Evidence, form: str = STANDARD) -> pd.DataFrame:
    """Accuracy and ECE of the label-flip family: ``rm, accuracy``, the two ECEs."""
    scores = evidence.pairs()
    margins = scores[..., 0] - scores[..., 1]
    return pd.DataFrame(
        {
            "rm": evidence.names(),
            "accuracy": ((np.sign(margins) + 1) / 2).mean(axis=1),
            AS_IS: pair_ece(margins, **FORMS[form]),
            SCALED: pair_ece(temperature_scaled(margins), **FORMS[form]),
        }
    )


def optimisers(
    evidence: Evidence,
    samples: int,
    resamples: int,
    rng: np.random.Generator,
    form: str = STANDARD,
) -> pd.DataFrame:
    """How calibration and accuracy go with what best-of-n and PPO make of a reward model.

    Parameters
    ----------
    samples : int
        A second, small n of best-of-n: that of rejection sampling.

    Returns
    -------
    DataFrame
        ``optimiser, n, what, given, rms, estimate, low, high``: as in
        `more_alignment.relation.relations`; `n` is 0 for PPO. Golden
        models are resampled.
    """
    family = label_flips(evidence, form)
    largest = int(evidence.policies(BEST_OF_N)["n"].iloc[0])
    regrets = {(BEST_OF_N, n): evidence.ndr(BEST_OF_N, n=n) for n in (samples, largest)}
    regrets[PPO, 0] = evidence.ndr(PPO)
    rows = []
    for (optimiser, n), ndr in regrets.items():
        for what in ("accuracy", AS_IS, SCALED):
            sign = 1 if what == "accuracy" else -1
            for given in ("",) if what == "accuracy" else ("", "accuracy"):
                metric = np.broadcast_to(sign * family[what].to_numpy(), ndr.shape)
                values = (
                    _partial(metric, ndr, family[given].to_numpy())
                    if given
                    else by_golden("spearman", metric, ndr)
                )
                found = bootstrap(
                    lambda goldens, values=values: mean_known(values[goldens]),
                    len(values),
                    resamples,
                    rng,
                )
                keys = {"optimiser": optimiser, "n": n, "what": what, "given": given}
                rows.append(keys | {"rms": len(family)} | found._asdict())
    return pd.DataFrame(rows)


def _partial(metric: np.ndarray, ndr: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Partial coefficient of each golden model, shape (goldens,); NaN if one of its NDRs is."""
    given = np.broadcast_to(given, ndr.shape)
    x, y, z = (off_diagonal(matrix) for matrix in (metric, ndr, given))
    known = np.isfinite(y).all(axis=-1)
    return np.where(known, partial_spearman(x, np.nan_to_num(y), z), np.nan)
