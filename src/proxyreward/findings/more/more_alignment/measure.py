"""What alignment made of the policies: Table 2, its judge, and two expectations of the authors.

In: `mixtures`, and `rejection`, the policies aligned with their reward models. Out: tables, with
``paper`` where Table 2 prints a number. Called by the stage `more_alignment`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit

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
)
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.metrics.judge import Judge, ask_twice, by_score, disagreement, outcomes, tally
from proxyreward.policy.perplexity import corpus_perplexity, mean_perplexity
from proxyreward.vocabulary import ALL, DPO, DPO_MORE, HH, MORE, MULTITASK, START
from proxyreward.world.annotators import prefers_first

SCHEMES = (MULTITASK, MORE)
GAP = "difference"  # of the second of two schemes and the first
ONE_TEXT = "perplexity of all as one text"
SCALED = "ece after temperature scaling"
QUALITIES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
NONE = "none"  # base of DPO's policies


def in_form(what: str, form: str) -> str:
    """Name of an ECE in one of the forms `STANDARD` and `PAPER_FORM`."""
    return what if form == STANDARD else f"{what}, paper's form"


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
        `ECES`, ``utility`` of the best of four, ``perplexity`` of the policy on preferred
        responses, or that ``of all as one text``; `source` one of `HH`, or ``both``, their mean;
        `of` the scheme, ``start``, or what sets them apart: ``difference`` and ``ratio`` of MORE
        and MultiTask, ``<scheme> from start``.
    """
    table2 = registry.printed("more.table2")
    rows = []
    for base, printed in counterparts(mixtures.bases).items():
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


def judged(mixtures: Mixtures, rejection: Rejection, registry: Registry) -> pd.DataFrame:
    """Comparisons of policies by every judge, on all prompts and seeds.

    MORE against MultiTask, also on the prompts of one source alone; either against the start
    policy; and the same with the two forms of DPO, which no reward model judges.

    Returns
    -------
    DataFrame
        ``first, second, base, judge, source, what, paper, value``: `what` is the share ``win, tie,
        lose`` of the first, ``disagree``, the share of pairs on which the two calls choose
        different responses, or ``rate``, wins among the pairs that are no ties. The paper's judge
        is another one; its numbers stand beside those by the source's utility.
    """
    printed, rows = counterparts(mixtures.bases), []
    for (first, second, base), pair in _comparisons(mixtures, rejection):
        main = (first, second) == (MORE, MULTITASK)
        for judge in ("utility", "oracle") if base == NONE else ("utility", "oracle", "judge"):
            sides = [rejection.spoken(judge, names) for names in pair]
            for source in (ALL, *HH) if main else (ALL,):
                kept = slice(None) if source == ALL else rejection.tested == source
                votes = ask_twice(by_score, *(side[:, kept].ravel() for side in sides))
                found = _shares(*tally(outcomes(votes))) | {"disagree": disagreement(votes)}
                papers = {}
                if main and (judge, source) == ("utility", ALL):
                    papers = _shares(**registry.printed("more.table2", printed[base], "gpt4"))
                rows += [
                    (first, second, base, judge, source, what, papers.get(what, np.nan), value)
                    for what, value in found.items()
                ]
    columns = ["first", "second", "base", "judge", "source", "what", "paper", "value"]
    return pd.DataFrame(rows, columns=columns)


def _shares(win: float, tie: float, lose: float) -> dict[str, float]:
    total, decided = win + tie + lose, win + lose
    shares = {"win": win / total, "tie": tie / total, "lose": lose / total}
    return shares | {"rate": win / decided if decided else np.nan}


def _comparisons(
    mixtures: Mixtures, rejection: Rejection
) -> Iterator[tuple[tuple[str, str, str], tuple[list[str], list[str]]]]:
    """First, second and base, and the policies of both sides, seed by seed."""
    sides = {
        base: [(scheme, mixtures.names(scheme, base)) for scheme in (MORE, MULTITASK)]
        for base in mixtures.bases
    }
    sides[NONE] = [(scheme, rejection.names(scheme)) for scheme in (DPO_MORE, DPO)]
    for base, (better, other) in sides.items():
        start = (START, rejection.names(START) * len(better[1]))
        for (first, a), (second, b) in ((better, other), (better, start), (other, start)):
            yield (first, second, base), (a, b)


def ties(
    mixtures: Mixtures,
    rejection: Rejection,
    rng: np.random.Generator,
    qualities: Sequence[float] = QUALITIES,
) -> pd.DataFrame:
    """MORE against MultiTask by noisy judges, all bases and seeds together.

    Gives ``quality, what, value``: quality as of :func:`expected_ties`; the share of ``ties`` among
    all pairs, ``expected`` of them, and ``disagree``, the share whose verdicts differ.
    """
    of = {scheme: [mixtures.names(scheme, base) for base in mixtures.bases] for scheme in SCHEMES}
    more, multitask = (
        rejection.spoken("utility", np.concatenate(of[scheme])).ravel()
        for scheme in (MORE, MULTITASK)
    )
    judges = [(quality, noisy(quality, rng)) for quality in qualities]
    judges += [(np.inf, by_score), (np.nan, first_position)]
    rows = []
    for quality, judge in judges:
        votes = ask_twice(judge, more, multitask)
        rows += [
            (quality, "ties", tally(outcomes(votes)).tie_rate),
            (quality, "expected", expected_ties(more - multitask, quality)),
            (quality, "disagree", disagreement(votes)),
        ]
    return pd.DataFrame(rows, columns=["quality", "what", "value"])


def noisy(quality: float, rng: np.random.Generator) -> Judge:
    """The judge who sees a utility through Bradley-Terry noise, drawn anew for every call."""
    return lambda first, second: prefers_first(first, second, rng, (quality,))[0]


def first_position(shown_first: np.ndarray, shown_second: np.ndarray) -> np.ndarray:
    """The judge who always chooses what is shown first."""
    return np.ones(len(shown_first), dtype=bool)


def expected_ties(gap: np.ndarray, quality: float) -> float:
    r"""Tie rate of a judge of some quality, the mean of :math:`2 p (1 - p)`.

    Asked twice, a judge with people's noise, who prefers the first response with probability
    :math:`p = \sigma(q\,(u_1 - u_2))` for a quality q, contradicts itself that often: half of the
    time where utilities are equal, whatever its quality. One without noise (infinite) ties there
    and nowhere else; one who decides by position alone (NaN) always. `gap` is
    :math:`u_1 - u_2`, shape (pairs,).

    >>> [expected_ties(np.array([0.0, 0.0, 1.0, 2.0]), q) for q in (0.0, np.inf, np.nan)]
    [0.5, 0.5, 1.0]
    """
    if np.isnan(quality):
        return 1.0
    if np.isinf(quality):
        return float((gap == 0).mean())
    p = expit(quality * gap)
    return float((2 * p * (1 - p)).mean())


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
        ``measure``, then as of :func:`by_source`: `measure` is ``ece`` in either form,
        ``accuracy`` or ``size`` (mean |margin|) of the implicit reward, or ``utility`` of
        responses, the ``mean`` of `HH`, which there is for the ``start`` too.
    """
    implicit = replace(mixtures, margins=rejection.preferences)
    names = {scheme: rejection.names(scheme) for scheme in (DPO, DPO_MORE)}
    margins = {who: rejection.preferences[own].to_numpy(float).T for who, own in names.items()}
    metrics = {in_form("ece", form): ece(form) for form in (STANDARD, PAPER_FORM)}
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
    return pd.DataFrame([counts | {"tested": len(rejection.tested)}])
