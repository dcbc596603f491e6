"""What alignment made of the policies: Table 2 and two expectations of the authors.

In: `mixtures`, and `rejection`, the policies aligned with their reward models. Out: tables, with
``paper`` where Table 2 prints a number. Called by the stage `more_alignment`.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from proxyreward.findings.core.reading import select
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import (
    METRICS,
    PAPER_FORM,
    STANDARD,
    Metric,
    Mixtures,
    accuracy,
    counterparts,
    ece,
    floor,
)
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.policy.perplexity import corpus_perplexity, mean_perplexity
from proxyreward.vocabulary import DPO, DPO_MORE, HH, MORE, MULTITASK, START

SCHEMES = (MULTITASK, MORE)
GAP = "difference"  # of the second of two schemes and the first
ONE_TEXT = "perplexity of all as one text"
SCALED = "ece after temperature scaling"


def in_form(what: str, form: str) -> str:
    """Name of an ECE in one of the forms `STANDARD` and `PAPER_FORM`."""
    return what if form == STANDARD else f"{what}, paper's form"


def floor_of(what: str) -> str:
    """Name of what an ECE is by chance alone."""
    return f"{what}, floor"


# Columns of the paper's Table 2.
PRINTED = {"ece": "ece", in_form("ece", PAPER_FORM): "ece", "perplexity": "ppl_{}"}
# The ECE as it is and after temperature scaling, in the form that decides and in the paper's.
ECES = tuple(in_form(what, form) for form in (STANDARD, PAPER_FORM) for what in ("ece", SCALED))


def with_gap(values: Mapping[str, float]) -> dict[str, float]:
    """Values of schemes, and the ``difference``: the second less the first."""
    first, second, *_ = values.values()
    return {**values, GAP: second - first}


def policies(
    models: pd.DataFrame, mixtures: Mixtures, rejection: Rejection, registry: Registry
) -> pd.DataFrame:
    """Calibration of the MultiTask and MORE models, perplexity of the policies aligned with them.

    `models` are those of `relation.reward_models`.

    Returns
    -------
    DataFrame
        ``base, measure, source, of, paper, value``, means over seeds. `measure` is one of the
        `ECES`, ``utility`` of the best candidate, ``perplexity`` of the policy on preferred
        responses, or that ``of all as one text``; `source` one of `HH`, or ``both``, their mean;
        `of` the scheme, ``start``, or what sets them apart: ``difference`` and ``ratio`` of MORE
        and MultiTask, ``<scheme> from start``.
    """
    table2 = registry.printed("more.table2")
    rows = []
    for base, printed in counterparts(rejection.bases).items():
        paper = {scheme: table2[printed][SCHEME_NAMES[scheme]] for scheme in SCHEMES}
        paper |= {START: table2["no RM (Alpaca)"]}
        own = {scheme: select(models, base=base, scheme=scheme) for scheme in SCHEMES}
        found = {
            (measure, "both"): {scheme: rms[measure].mean() for scheme, rms in own.items()}
            for measure in (*ECES, "utility")
        }
        names = {scheme: rms["rm"] for scheme, rms in own.items()} | {START: [START]}
        for source in HH:
            nll = select(rejection.perplexity, source=source)
            found["perplexity", source] = {
                who: np.mean([mean_perplexity(nll[name]).mean for name in listed])
                for who, listed in names.items()
            }
            found[ONE_TEXT, source] = {
                who: np.mean([corpus_perplexity(nll[name], nll["tokens"]) for name in listed])
                for who, listed in names.items()
            }
        for (measure, source), values in found.items():
            column = PRINTED.get(measure, "").format(source)
            papers = _contrasts({who: paper[who].get(column, np.nan) for who in values})
            for of, value in _contrasts(values).items():
                if (measure, of) != ("utility", "ratio"):  # it has no zero to divide by
                    rows.append((base, measure, source, of, papers[of], value))
    return pd.DataFrame(rows, columns=["base", "measure", "source", "of", "paper", "value"])


def _contrasts(values: Mapping[str, float]) -> dict[str, float]:
    """The values, and what sets them apart; no ratio to an ECE of zero."""
    more, multitask = values[MORE], values[MULTITASK]
    told = with_gap(values) | {"ratio": more / multitask if multitask > 0 else np.nan}
    if START in values:
        told |= {f"{scheme} from start": values[scheme] - values[START] for scheme in SCHEMES}
    return told


def tuned(mixtures: Mixtures) -> pd.DataFrame:
    """Accuracy on each source ``when`` before and after a short training on it: `by_source`."""
    found = {"before": mixtures, "after": replace(mixtures, margins=mixtures.tuned)}
    return pd.concat(
        by_source(at, accuracy, {scheme: at.margin(scheme) for scheme in SCHEMES}, when=when)
        for when, at in found.items()
    )


def preferences(mixtures: Mixtures, rejection: Rejection) -> pd.DataFrame:
    """Calibration of DPO's implicit reward, and what the policies are worth.

    Returns
    -------
    DataFrame
        ``measure``, then as of :func:`by_source`: `measure` is ``ece`` in either form, its floor,
        ``accuracy`` or ``size`` (mean |margin|) of the implicit reward, or ``utility`` of
        responses, the ``mean`` of `HH`, which there is for the ``start`` too.
    """
    # The pairs are the first test pairs of each source.
    count, labels = rejection.preferences["source"].value_counts(), mixtures.labels
    asked = labels[labels.groupby("source").cumcount() < labels["source"].map(count)]
    implicit = replace(mixtures, margins=rejection.preferences, labels=asked)
    names = {scheme: rejection.names(scheme) for scheme in (DPO, DPO_MORE)}
    margins = {who: rejection.preferences[own].to_numpy(float).T for who, own in names.items()}
    metrics = {in_form("ece", form): ece(form) for form in (STANDARD, PAPER_FORM)}
    metrics |= {floor_of(in_form("ece", form)): floor(form) for form in (STANDARD, PAPER_FORM)}
    metrics |= {name: METRICS[name] for name in ("accuracy", "size")}
    tables = [by_source(implicit, metric, margins, measure=of) for of, metric in metrics.items()]
    worth = {
        who: over_sources(rejection.spoken("utility", own), rejection.tested).mean()
        for who, own in (names | {START: [START]}).items()
    }
    rows = [("utility", "mean", of, value) for of, value in with_gap(worth).items()]
    return pd.concat([*tables, pd.DataFrame(rows, columns=list(tables[0]))])


def by_source(
    mixtures: Mixtures, metric: Metric, margins: Mapping[str, np.ndarray], **keys: str
) -> pd.DataFrame:
    """A metric of two schemes on each source, and the ``mean`` of all.

    `margins` are those of the schemes, shape (seeds, pairs). Gives a column for each of the `keys`,
    then ``source, of, value``, where `of` is a scheme or ``difference``.
    """
    rows = []
    for source in ("mean", *mixtures.sources):
        on = () if source == "mean" else (source,)
        found = {who: mixtures.evaluate(metric, margin, *on) for who, margin in margins.items()}
        rows += [(*keys.values(), source, of, value) for of, value in with_gap(found).items()]
    return pd.DataFrame(rows, columns=[*keys, "source", "of", "value"])


def candidates(rejection: Rejection) -> pd.DataFrame:
    """What a candidate drawn at random is worth, and the best of each prompt.

    Gives ``measure`` (utility or oracle), ``what`` (chance or best), ``value``.
    """
    rows = []
    for measure in ("utility", "oracle"):
        worth = rejection.worth(measure)
        for what, values in (("chance", worth.mean(axis=1)), ("best", worth.max(axis=1))):
            rows.append((measure, what, over_sources(values, rejection.asked)))
    return pd.DataFrame(rows, columns=["measure", "what", "value"])


def over_sources(values: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Mean over the prompts of each of `HH`, then over both: (..., prompts) gives (...)."""
    return np.mean([values[..., source == name].mean(axis=-1) for name in HH], axis=0)


def sizes(mixtures: Mixtures, rejection: Rejection) -> pd.DataFrame:
    """How much there is of everything, one row."""
    counts = {"pairs": len(mixtures.source) // len(mixtures.sources), "seeds": mixtures.seeds}
    counts |= {"asked": len(rejection.asked), "samples": rejection.samples}
    counts |= {"rounds": int(rejection.rounds["round"].max())}
    tests = {"tested": len(rejection.tested), "test_samples": rejection.test_samples}
    return pd.DataFrame([counts | tests])
