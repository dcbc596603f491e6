"""What an ECE is made of: its bins, and what becomes of it when only the scale of rewards changes.

In: margins of `Mixtures`. Out: frames without resamples, for one base and test set. Called by the
notebook `more_rewards`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import logit

from proxyreward.findings.more.mixtures import FORMS, PAPER_FORM, Mixtures
from proxyreward.findings.more.more_rewards.replicates import SCHEMES
from proxyreward.metrics.calibration import pair_ece, reliability
from proxyreward.vocabulary import RAW

ORIENTATIONS = {"proxy": "one order", "both": "both orders"}


def reliability_bins(
    mixtures: Mixtures, base: str, source: str, seed: int, bins: int, binning: str
) -> pd.DataFrame:
    """Reliability diagrams of one reward model of each scheme, in both orientations.

    Returns
    -------
    DataFrame
        ``scheme, orientation, ece`` and the columns of
        :class:`proxyreward.metrics.calibration.Reliability`, a row for each bin.
    """
    frames = []
    for scheme in (RAW, *SCHEMES):
        margin = mixtures.margin(scheme, base)[seed, mixtures.source == source]
        for orientation in ORIENTATIONS:
            options = {"bins": bins, "binning": binning, "orientation": orientation}
            head = {"scheme": scheme, "orientation": orientation}
            head |= {"ece": float(pair_ece(margin, **options))}
            frames.append(pd.DataFrame(head | reliability(margin, **options)._asdict()))
    return pd.concat(frames, ignore_index=True)


def rescaled(mixtures: Mixtures, base: str, source: str, factors: Sequence[float]) -> pd.DataFrame:
    """ECE of the same reward models in every form, their rewards multiplied by a factor.

    Nothing else changes: neither the order of any two responses nor the accuracy.

    Returns
    -------
    DataFrame
        ``scheme, form, factor, size, ece``; `size` is the mean |margin| after scaling, both are
        means over seeds.
    """
    own, factor, rows = mixtures.source == source, np.asarray(factors, dtype=float), []
    for scheme in SCHEMES:
        margin = mixtures.margin(scheme, base)[:, None, own] * factor[:, None]
        size = abs(margin).mean(axis=(0, 2))
        for form, options in FORMS.items():
            error = pair_ece(margin, **options).mean(axis=0)
            rows += [(scheme, form, *row) for row in zip(factor, size, error)]
    return pd.DataFrame(rows, columns=["scheme", "form", "factor", "size", "ece"])


def cancelled(mixtures: Mixtures, base: str, source: str) -> dict[str, float]:
    r"""Share of pairs, by scheme, that lie in the middle bin of the paper's form of the ECE.

    Both orders of such a pair fall into it: with M bins of equal width those with
    :math:`|\Delta| < \mathrm{logit}((M + 1) / 2M)`. There they cancel, right or wrong.
    """
    bins = FORMS[PAPER_FORM]["bins"]
    edge, own = logit((bins + 1) / (2 * bins)), mixtures.source == source
    return {
        scheme: float((abs(mixtures.margin(scheme, base)[:, own]) < edge).mean())
        for scheme in SCHEMES
    }


def form_name(form: str) -> str:
    """What a form of the ECE is, in words.

    >>> form_name("standard")
    '10 bins of equal mass, one order'
    """
    options = FORMS[form]
    order = ORIENTATIONS[options["orientation"]]
    return f"{options['bins']} bins of equal {options['binning']}, {order}"
