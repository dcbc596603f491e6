"""From files of scores, or from scores, to everything that an evaluation finds.

In: files, or `Scores`. Out: an `Evaluation`. Called by the command `evaluate`, and by Python users
as :func:`proxyreward.evaluate`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from joblib import Parallel, cpu_count, delayed

from proxyreward.evaluation import ceiling, measures, tiers
from proxyreward.evaluation.gains import Gain
from proxyreward.evaluation.nulls import with_nulls
from proxyreward.evaluation.reading import read
from proxyreward.evaluation.reading.options import Options
from proxyreward.evaluation.result import LEVEL, Evaluation, Golden, Input, Model, Note, Symptom
from proxyreward.evaluation.sample import Sample
from proxyreward.evaluation.scores import Scores
from proxyreward.evaluation.symptoms import symptoms

LARGE = 5_000_000
"""Scores times golden models beyond which several processes pay."""
NAMED = 8
"""So many names in a line."""
PLANES = 2**20
"""So many golden models times models times prompts at a time, of which each has some 20 numbers."""


def evaluate(
    paths: str | Path | Sequence[str | Path],
    *,
    golden: str | Sequence[str] = (),
    golden_file: str | Path | None = None,
    category: str | None = None,
    cluster: str | None = None,
    seed: int = 0,
) -> Evaluation:
    """Which of the models in files of scores is safe to optimise against.

    Parameters
    ----------
    paths
        One or several CSV, Parquet or JSON lines files, or folders of them: see `reading`.
    golden
        Models that are taken for the truth; without one, and without a file of them, every model in
        turn.
    golden_file
        File of golden scores of the same responses.
    category, cluster
        Columns that say what a prompt belongs to; ``category`` and ``cluster`` where there are such
        columns. Intervals are over clusters.
    seed
        Of null scorers, folds, and halves of raters. The same seed gives the same result.

    Raises
    ------
    DataError
        If a file cannot be used; names file, row, field and remedy.
    """
    listed = [paths] if isinstance(paths, str | Path) else paths
    names = (golden,) if isinstance(golden, str) else tuple(golden)
    options = Options(names, golden_file and Path(golden_file), category, cluster)
    scores, told = read([Path(path) for path in listed], options)
    settings = {
        "golden": list(names),
        "golden_file": golden_file and str(golden_file),
        "category": category,
        "cluster": cluster,
        "seed": seed,
    }
    return of_scores(scores, told, settings, seed)


def of_scores(
    scores: Scores, told: Input, settings: dict[str, object], seed: int = 0
) -> Evaluation:
    """Everything about scores that `told` describes, as `settings` asked for."""
    goldens = scores.goldens or scores.models
    workers = _workers(len(goldens), scores.values.size)
    parts = _split(scores, goldens, workers)
    ran = Parallel(workers)(delayed(_against_all)(scores, part, seed) for part in parts)
    found, seen = tuple(golden for part in ran for golden in part), symptoms(scores)
    settings, told = {**settings, "level": LEVEL}, _with_outweighed(told, scores)
    return Evaluation(told, seen, found, tuple(_alarms(scores, seen, found)), settings)


def _with_outweighed(told: Input, scores: Scores) -> Input:
    """The input, with a note where one cluster outweighs the others."""
    sample = Sample(scores)
    if not sample.outweighed:
        return told
    most = int(np.bincount(sample.group).max())
    message = (
        f"one of {sample.groups} clusters has {most:,} of {scores.prompts:,} prompts and outweighs "
        "the others: means have intervals without bounds, and nothing is told apart; give finer "
        "clusters, or more of them"
    )
    return dataclasses.replace(told, notes=(*told.notes, Note("one-cluster", most, message)))


def _workers(goldens: int, size: int) -> int:
    """How many processes are worth their while, at most one a core."""
    return min(cpu_count(), goldens) if size * goldens > LARGE else 1


def _split(scores: Scores, goldens: tuple[str, ...], workers: int) -> list[tuple[str, ...]]:
    """The golden models in a part for each process, or in smaller ones that need little memory."""
    most = max(1, PLANES // (len(scores.models) * scores.prompts))
    parts = min(len(goldens), max(workers, -(-len(goldens) // most)))
    return [tuple(part.tolist()) for part in np.array_split(np.array(goldens, object), parts)]


def _against_all(scores: Scores, goldens: tuple[str, ...], seed: int) -> list[Golden]:
    """All models against each of some golden models."""
    together, nulls = with_nulls(scores, seed)
    sample = Sample(together, seed)
    names = (*scores.models, *nulls)
    found = measures.models(together, goldens, names, sample, nulls)
    return [_against(scores, golden, *found[golden], sample, seed) for golden in goldens]


def _against(
    scores: Scores,
    golden: str,
    models: tuple[Model, ...],
    gains: dict[str, Gain],
    sample: Sample,
    seed: int,
) -> Golden:
    """All other models against one; they have tiers where it orders responses at all."""
    found = measures.beaten(models)
    own = ceiling.ceiling(scores, golden, seed)
    if not own.signal:
        return Golden(golden, own, found, ())
    tier, differences = tiers.rank(scores, golden, gains, sample)
    found = tuple(dataclasses.replace(model, tier=tier.get(model.name)) for model in found)
    return Golden(golden, own, found, differences)


def _alarms(scores: Scores, seen: Sequence[Symptom], goldens: Sequence[Golden]) -> Iterator[str]:
    """What a reader must act on, a line each; on regret only where the golden model is named.

    Where the same is true of several, one line names them.
    """
    subjects: dict[str, list[str]] = {}
    for subject, told in _found(scores, seen, goldens):
        subjects.setdefault(told, []).append(subject)
    for told, names in subjects.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield f"{'; '.join(names[:NAMED])}{more}: {told}"


def _found(
    scores: Scores, seen: Sequence[Symptom], goldens: Sequence[Golden]
) -> Iterator[tuple[str, str]]:
    """Alarms: who, and what."""
    yield from ((each.model, each.message) for each in seen if each.alarming)
    for golden in goldens:
        if not golden.ceiling.signal:
            yield f"{golden.name}, as golden model", golden.ceiling.message
        elif scores.goldens:
            yield from _regrets(golden)


def _regrets(golden: Golden) -> Iterator[tuple[str, str]]:
    to = f"by {golden.name}"
    if measures.told_by_order(golden.models):
        yield (
            f"Order of the file, {to}",
            "the responses that come first are better, so the order tells the answer; see that no "
            "scorer has seen it, and shuffle the responses",
        )
    for model in (model for model in golden.models if not model.null):
        if model.regret["ndr"].high < 0:
            yield model.name, f"the best of n is worse than an average response {to}"
        elif nulls := model.beaten_by.get("ndr"):
            yield model.name, f"no more of the possible gain {to} than {', '.join(nulls)}"
        elif (n := _turns(model)) is not None:
            yield model.name, f"golden rewards {to} fall again beyond best of {n}"
    for pair in golden.differences:
        if pair.hidden:
            yield f"{pair.first} and {pair.second}", f"equal accuracy {to}, different regret"


def _turns(model: Model) -> int | None:
    """The n from which golden rewards fall, where the whole interval of the peak lies below N."""
    peak = model.regret["peak"]
    if model.curve is None or np.isnan(peak.high) or peak.high >= model.curve.n[-1]:
        return None
    return round(peak.estimate)
