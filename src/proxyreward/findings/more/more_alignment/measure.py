"""What alignment made of the policies: Table 2, its judge, and two expectations of the authors.

In: `mixtures`, and `rejection`, the policies aligned with their reward models. Out: tables, with
``paper`` where Table 2 prints a number. Called by the stage `more_alignment`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.more.mixture_drawing import SCHEME_NAMES
from proxyreward.findings.more.mixtures import (
    METRICS,
    PAPER_FORM,
    STANDARD,
    Mixtures,
    accuracy,
    ece,
)
from proxyreward.findings.more.more_alignment.reader import DPO, DPO_MORE, START, Rejection
from proxyreward.metrics.judge import Judge, ask_twice, by_score, disagreement, outcomes, tally
from proxyreward.policy.perplexity import corpus_perplexity, mean_perplexity
from proxyreward.vocabulary import ALL, HH, MORE, MULTITASK
from proxyreward.world.annotators import prefers_first

SCHEMES = (MULTITASK, MORE)
GAP, RATIO, FROM_START = "difference", "ratio", "from start"
BOTH, MEAN = "both", "mean"  # of helpful and harmless, of all sources
BEFORE, AFTER = "before", "after"
ONE_TEXT = "perplexity of all as one text"
JUDGES = ("utility", "oracle", "judge")
QUALITIES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
NONE = "none"  # base of DPO's policies
# Rows of the paper's Table 2, the smallest base first.
PAPER_BASES = ("Pythia-1.4B", "Pythia-2.8B", "LLaMa-7B")


def in_form(what: str, form: str) -> str:
    """Name of an ECE in one of the forms `STANDARD` and `PAPER_FORM`."""
    return what if form == STANDARD else f"{what}, paper's form"


def select(table: pd.DataFrame, **keys: object) -> pd.DataFrame:
    """Rows that have these values."""
    for column, value in keys.items():
        table = table[table[column] == value]
    return table


def counterparts(bases: Sequence[str]) -> dict[str, str]:
    """The paper's base that each of ours stands for; the first and the last of fewer than three."""
    places = np.linspace(0, len(PAPER_BASES) - 1, len(bases)).round().astype(int)
    return dict(zip(bases, (PAPER_BASES[place] for place in places), strict=True))


def tables(
    mixtures: Mixtures, rejection: Rejection, registry: Registry, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """All tables over replicates by the names of their functions; `rng` as of :func:`ties`."""
    return {
        "policies": policies(mixtures, rejection, registry),
        "judged": judged(mixtures, rejection, registry),
        "ties": ties(mixtures, rejection, rng),
        "tuned": tuned(mixtures),
        "preferences": preferences(mixtures, rejection),
        "candidates": candidates(rejection),
    }


def policies(mixtures: Mixtures, rejection: Rejection, registry: Registry) -> pd.DataFrame:
    """Calibration of the MultiTask and MORE models, perplexity of the policies aligned with them.

    Returns
    -------
    DataFrame
        ``base, measure, source, of, paper, value``, means over seeds. `measure` is ``ece`` of the
        reward model in either form, ``perplexity`` of the policy on preferred responses, or that
        ``of all as one text``; `source` one of `HH`, or ``both``, their mean; `of` the scheme,
        ``start``, or what sets them apart: ``difference`` and ``ratio`` of MORE and MultiTask,
        ``<scheme> from start``.
    """
    [start], rows = rejection.names(START), []
    for base, printed in counterparts(mixtures.bases).items():
        found = {}
        for form in (STANDARD, PAPER_FORM):
            found[in_form("ece", form), BOTH] = {
                scheme: mixtures.evaluate(ece(form), mixtures.margin(scheme, base), *HH)
                for scheme in SCHEMES
            }
        names = {scheme: mixtures.names(scheme, base) for scheme in SCHEMES} | {START: [start]}
        for source in HH:
            own = select(rejection.perplexity, source=source)
            found["perplexity", source] = {
                who: np.mean([mean_perplexity(own[name]).mean for name in listed])
                for who, listed in names.items()
            }
            found[ONE_TEXT, source] = {
                who: np.mean([corpus_perplexity(own[name], own["tokens"]) for name in listed])
                for who, listed in names.items()
            }
        for (measure, source), values in found.items():
            papers = _contrasts(_printed(registry, printed, measure, source))
            for of, value in _contrasts(values).items():
                rows.append((base, measure, source, of, papers.get(of, np.nan), value))
    return pd.DataFrame(rows, columns=["base", "measure", "source", "of", "paper", "value"])


def _printed(registry: Registry, base: str, measure: str, source: str) -> dict[str, float]:
    """The paper's numbers by scheme, and of the start; none of what it does not print."""
    if measure == ONE_TEXT:
        return {}
    key = f"ppl_{source}" if measure == "perplexity" else "ece"
    named = {scheme: (base, SCHEME_NAMES[scheme]) for scheme in SCHEMES}
    if measure == "perplexity":
        named[START] = ("no RM (Alpaca)",)
    return {who: registry.printed("more.table2", *row, key) for who, row in named.items()}


def _contrasts(values: Mapping[str, float]) -> dict[str, float]:
    """The values, and what sets them apart."""
    told = dict(values)
    if values:
        more, multitask = values[MORE], values[MULTITASK]
        told |= {GAP: more - multitask, RATIO: more / multitask}
    if START in values:
        told |= {f"{scheme} {FROM_START}": values[scheme] - values[START] for scheme in SCHEMES}
    return told


def judged(mixtures: Mixtures, rejection: Rejection, registry: Registry) -> pd.DataFrame:
    """Comparisons of policies by every judge, on all prompts and seeds.

    MORE against MultiTask, also on the prompts of one source alone; either against the start
    policy; and the same with the two forms of DPO.

    Returns
    -------
    DataFrame
        ``first, second, base, judge, source, what, paper, value``: `what` is the share ``win, tie,
        lose`` of the first, ``disagree``, the share of pairs on which the two calls choose
        different responses, or ``rate``, wins among the pairs that are no ties. The paper's judge
        is another one; its numbers stand beside those by the source's utility.
    """
    rows = []
    for keys, pair in _comparisons(mixtures, rejection):
        main = (keys["first"], keys["second"]) == (MORE, MULTITASK)
        for judge in JUDGES:
            sides = [rejection.spoken(judge, names) for names in pair]
            if np.isnan(sides).any():
                continue
            for source in (ALL, *HH) if main else (ALL,):
                kept = slice(None) if source == ALL else rejection.tested == source
                votes = ask_twice(by_score, *(side[:, kept].ravel() for side in sides))
                found = _shares(*tally(outcomes(votes))) | {"disagree": disagreement(votes)}
                papers = {}
                if main and (judge, source) == ("utility", ALL):
                    base = counterparts(mixtures.bases)[keys["base"]]
                    papers = _shares(**registry.printed("more.table2", base, "gpt4"))
                rows += [
                    keys | {"judge": judge, "source": source, "what": what}
                    | {"paper": papers.get(what, np.nan), "value": value}
                    for what, value in found.items()
                ]  # fmt: skip
    return pd.DataFrame(rows)


def _shares(win: float, tie: float, lose: float) -> dict[str, float]:
    total, decided = win + tie + lose, win + lose
    shares = {"win": win / total, "tie": tie / total, "lose": lose / total}
    return shares | {"rate": win / decided if decided else np.nan}


def _comparisons(
    mixtures: Mixtures, rejection: Rejection
) -> Iterator[tuple[dict[str, str], tuple[list[str], list[str]]]]:
    """Who is compared, and the names of both sides, seed by seed."""
    sides = {
        base: [(scheme, mixtures.names(scheme, base)) for scheme in (MORE, MULTITASK)]
        for base in mixtures.bases
    }
    sides[NONE] = [(scheme, rejection.names(scheme)) for scheme in (DPO_MORE, DPO)]
    for base, (better, other) in sides.items():
        start = (START, rejection.names(START) * len(better[1]))
        for (first, a), (second, b) in ((better, other), (better, start), (other, start)):
            yield {"first": first, "second": second, "base": base}, (a, b)


def ties(
    mixtures: Mixtures,
    rejection: Rejection,
    rng: np.random.Generator,
    qualities: Sequence[float] = QUALITIES,
) -> pd.DataFrame:
    """MORE against MultiTask by noisy judges, all bases and seeds together.

    Returns
    -------
    DataFrame
        ``quality, what, value``: quality as of :func:`expected_ties`; the share of ``ties`` among
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
    """Accuracy on each source before and after a short training on it.

    Returns
    -------
    DataFrame
        ``source, when, of, value``; `of` is a scheme, or ``difference``, MORE less MultiTask. The
        source ``mean`` is the mean of all.
    """
    rows = []
    for when, at in ((BEFORE, mixtures), (AFTER, replace(mixtures, margins=mixtures.tuned))):
        for source in (MEAN, *mixtures.sources):
            of = () if source == MEAN else (source,)
            found = {scheme: at.evaluate(accuracy, at.margin(scheme), *of) for scheme in SCHEMES}
            found[GAP] = found[MORE] - found[MULTITASK]
            rows += [(source, when, scheme, value) for scheme, value in found.items()]
    return pd.DataFrame(rows, columns=["source", "when", "of", "value"])


def preferences(mixtures: Mixtures, rejection: Rejection) -> pd.DataFrame:
    """Calibration of DPO's implicit reward, and what the policies are worth.

    Returns
    -------
    DataFrame
        ``measure, source, of, value``: `measure` is ``ece`` in either form, ``accuracy`` or
        ``size`` (mean |margin|) of the implicit reward on a source or the ``mean`` of all, or
        ``utility`` of responses, the ``mean`` of `HH`; `of` is ``dpo``, ``dpo-more``,
        ``difference`` (the latter less the former) or, for responses, ``start``.
    """
    implicit = replace(mixtures, margins=rejection.preferences)
    margins = {
        scheme: rejection.preferences[rejection.names(scheme)].to_numpy(float).T
        for scheme in (DPO, DPO_MORE)
    }
    measures = {in_form("ece", form): ece(form) for form in (STANDARD, PAPER_FORM)}
    measures |= {name: METRICS[name] for name in ("accuracy", "size")}
    found = {}
    for measure, metric in measures.items():
        for source in (MEAN, *implicit.sources):
            of = () if source == MEAN else (source,)
            found[measure, source] = {
                scheme: implicit.evaluate(metric, margin, *of) for scheme, margin in margins.items()
            }
    found["utility", MEAN] = {}
    for scheme in (DPO, DPO_MORE, START):
        said = rejection.spoken("utility", rejection.names(scheme))
        found["utility", MEAN][scheme] = over_sources(said, rejection.tested).mean()
    rows = [
        (measure, source, of, value)
        for (measure, source), values in found.items()
        for of, value in (values | {GAP: values[DPO_MORE] - values[DPO]}).items()
    ]
    return pd.DataFrame(rows, columns=["measure", "source", "of", "value"])


def candidates(rejection: Rejection) -> pd.DataFrame:
    """What a candidate drawn at random is worth, and the best of each prompt.

    Returns
    -------
    DataFrame
        ``measure`` (utility or oracle), ``what`` (chance or best), value.
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
    counts = {
        "pairs": int((mixtures.source == mixtures.sources[0]).sum()),  # of a source
        "seeds": mixtures.seeds,
        "asked": len(rejection.asked),
        "samples": rejection.samples,
        "tested": len(rejection.tested),
    }
    return pd.DataFrame([counts])
