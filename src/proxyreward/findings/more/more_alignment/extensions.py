"""What the paper expects beyond its experiments: a start for one preference, and DPO.

In: margins after a short training on one source; implicit rewards and responses of DPO policies.
Out: tables with intervals. Called by `tables`.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import (
    PAPER_FORM,
    STANDARD,
    Draws,
    Mixtures,
    accuracy,
    ece,
    size,
)
from proxyreward.findings.more.more_alignment.aligned import GAP, SCHEMES
from proxyreward.findings.more.more_alignment.reader import DPO, DPO_MORE, START, Rejection
from proxyreward.findings.more.more_alignment.rows import prompt_draws, row
from proxyreward.metrics.labelled import mean
from proxyreward.vocabulary import HH, MORE, MULTITASK

MEAN = "mean"  # of the sources
BEFORE, AFTER = "before", "after"


def tuned(mixtures: Mixtures, draws: Draws) -> pd.DataFrame:
    """Accuracy on each source before and after a short training on it.

    Returns
    -------
    DataFrame
        ``source, when, of, estimate, low, high``; `of` is a scheme, or ``difference``, MORE less
        MultiTask. The source ``mean`` is the mean of all.
    """
    times = {BEFORE: mixtures, AFTER: replace(mixtures, margins=mixtures.tuned)}
    margins = {
        (when, scheme): at.margin(scheme) for when, at in times.items() for scheme in SCHEMES
    }
    rows = []
    for source in (MEAN, *mixtures.sources):
        sources = mixtures.sources if source == MEAN else (source,)
        for when in (BEFORE, AFTER):
            found = {
                scheme: draws.mean(accuracy, margins[when, scheme], sources) for scheme in SCHEMES
            }
            found[GAP] = found[MORE] - found[MULTITASK]
            rows += [row(told, source=source, when=when, of=of) for of, told in found.items()]
    return pd.DataFrame(rows)


def preferences(
    mixtures: Mixtures,
    rejection: Rejection,
    draws: Draws,
    resamples: int,
    rng: np.random.Generator,
    form: str = STANDARD,
) -> pd.DataFrame:
    """Calibration of DPO's implicit reward, and what the policies are worth.

    Parameters
    ----------
    draws : Draws
        Resamples of the test pairs.
    resamples, rng
        Of the test prompts.

    Returns
    -------
    DataFrame
        ``measure, source, of, estimate, low, high``: `measure` is ``ece``, ``accuracy`` or ``size``
        (mean |margin|) of the implicit reward on a source or the ``mean`` of all, ``ece, paper's
        form`` without interval, or ``utility`` and ``oracle`` of responses to the prompts of `HH`
        or their ``mean``; `of` is ``dpo``, ``dpo-more``, ``difference`` (the latter less the
        former) or, for responses, ``start``.
    """
    margins = {
        scheme: rejection.preferences[rejection.names(scheme)].to_numpy(float).T
        for scheme in (DPO, DPO_MORE)
    }
    rows = []
    for measure, metric, on in (
        ("ece", ece(form), draws),
        ("accuracy", accuracy, draws),
        ("size", size, draws),
        ("ece, paper's form", ece(PAPER_FORM), draws.first(0)),
    ):
        found = {
            (scheme, source): on.evaluate(metric, margin, source)
            for scheme, margin in margins.items()
            for source in mixtures.sources
        }
        rows += _rows(measure, found, mixtures.sources, measure.startswith("ece"))
    prompts = prompt_draws(mixtures, rejection.tested, resamples, rng)
    for measure in ("utility", "oracle"):
        found = {}
        for scheme in (DPO, DPO_MORE, START):
            names = rejection.names(scheme)
            # The start policy stands beside each seed.
            said = rejection.spoken(measure, names * (mixtures.seeds // len(names)))
            for source in HH:
                found[scheme, source] = prompts.evaluate(mean, said, source)
        rows += _rows(measure, found, HH)
    return pd.DataFrame(rows)


def _rows(
    measure: str,
    found: dict[tuple[str, str], np.ndarray],
    sources: tuple[str, ...],
    recentre: bool = False,
) -> list[dict]:
    schemes = list(dict.fromkeys(scheme for scheme, _ in found))
    for scheme in schemes:
        found[scheme, MEAN] = np.mean([found[scheme, source] for source in sources], axis=0)
    for source in (MEAN, *sources):
        found[GAP, source] = found[DPO_MORE, source] - found[DPO, source]
    return [
        row(found[of, source], recentre, measure=measure, source=source, of=of)
        for source in (MEAN, *sources)
        for of in (*schemes, GAP)
    ]
