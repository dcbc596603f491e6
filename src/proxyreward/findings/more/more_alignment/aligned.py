"""What alignment made of the policies: Table 2 without its judge.

In: margins of the MultiTask and MORE models, likelihoods and responses of the policies aligned with
them. Out: a long table with intervals. Called by `tables`.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from proxyreward.findings.more.mixtures import PAPER_FORM, STANDARD, Draws, Mixtures, accuracy, ece
from proxyreward.findings.more.more_alignment.reader import START, Rejection
from proxyreward.findings.more.more_alignment.rows import prompt_draws, row
from proxyreward.metrics.labelled import mean
from proxyreward.policy.perplexity import EXTREME, corpus_perplexity
from proxyreward.vocabulary import HH, MORE, MULTITASK

SCHEMES = (MULTITASK, MORE)
GAP, RATIO, FROM_START = "difference", "ratio", "from start"


def perplexity(nll: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Mean perplexity of examples, the extreme ones left out, as a metric for :class:`Draws`.

    With counts of 1 the mean of :func:`proxyreward.policy.perplexity.mean_perplexity`.
    """
    each = np.exp(nll)
    kept = each < EXTREME
    parts = np.where(kept, each, 0.0), kept * 1.0
    total, examples = (np.vecdot(part, counts) for part in parts)
    return np.divide(total, examples, out=np.full(examples.shape, np.nan), where=examples > 0)


def policies(
    mixtures: Mixtures,
    rejection: Rejection,
    draws: Draws,
    resamples: int,
    rng: np.random.Generator,
    form: str = STANDARD,
) -> pd.DataFrame:
    """Measures of the MultiTask and MORE models and of the policies aligned with them.

    Parameters
    ----------
    draws : Draws
        Resamples of the test pairs.
    resamples, rng
        Of the test prompts.
    form : str
        Of the ECE.

    Returns
    -------
    DataFrame
        ``base, measure, source, of, estimate, low, high``. `measure` is ``ece`` and ``accuracy`` of
        the reward model, ``perplexity``, ``utility`` or ``oracle`` of the policy; without interval
        ``ece, paper's form`` and ``perplexity of all as one text``. `source` is one of `HH`, or
        ``both``, their mean. `of` is the scheme, ``start``, or what sets them apart: ``difference``
        and ``ratio`` of MORE and MultiTask, ``<scheme> from start``.
    """
    prompts = prompt_draws(mixtures, rejection.tested, resamples, rng)
    [start] = rejection.names(START)
    rows = []
    for base in mixtures.bases:
        names = {scheme: mixtures.names(scheme, base) for scheme in SCHEMES}
        margins = {scheme: mixtures.margin(scheme, base) for scheme in SCHEMES}
        only = draws.first(0)
        for measure, metric, on in (
            ("ece", ece(form), draws),
            ("accuracy", accuracy, draws),
            ("ece, paper's form", ece(PAPER_FORM), only),
        ):
            found = {scheme: on.mean(metric, margins[scheme], HH) for scheme in SCHEMES}
            keys = {"base": base, "measure": measure, "source": "both"}
            rows += _contrasts(found, keys, recentre=measure.startswith("ece"))
        names |= {START: [start] * mixtures.seeds}
        nll = {who: rejection.nll(listed, mixtures) for who, listed in names.items()}
        for source in HH:
            found = {who: draws.evaluate(perplexity, nll[who], source) for who in names}
            rows += _contrasts(found, {"base": base, "measure": "perplexity", "source": source})
            found = {who: _as_one_text(rejection, names[who], source) for who in names}
            keys = {"base": base, "measure": "perplexity of all as one text", "source": source}
            rows += _contrasts(found, keys)
            for measure in ("utility", "oracle"):
                said = {who: rejection.spoken(measure, listed) for who, listed in names.items()}
                found = {who: prompts.evaluate(mean, said[who], source) for who in names}
                rows += _contrasts(found, {"base": base, "measure": measure, "source": source})
    return pd.DataFrame(rows)


def _contrasts(
    found: dict[str, np.ndarray], keys: dict[str, str], recentre: bool = False
) -> Iterator[dict]:
    more, multitask = found[MORE], found[MULTITASK]
    told = found | {GAP: more - multitask}
    if keys["measure"] not in ("utility", "oracle"):  # these have no zero to divide by
        told[RATIO] = more / multitask
    if START in found:
        told |= {f"{scheme} {FROM_START}": found[scheme] - found[START] for scheme in SCHEMES}
    for name, replicates in told.items():
        yield row(replicates, recentre, **keys, of=name)


def _as_one_text(rejection: Rejection, names: list[str], source: str) -> np.ndarray:
    """Mean over seeds, shape (1,): no resample."""
    own = rejection.perplexity[rejection.perplexity["source"] == source]
    each = [corpus_perplexity(own[name].to_numpy(float), own["tokens"]) for name in names]
    return np.mean(each, keepdims=True)
