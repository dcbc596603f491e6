"""From files of scores, or from scores, to everything that an evaluation finds.

In: files, or `Scores`. Out: an `Evaluation`. Called by the command `evaluate`, and by Python users
as :func:`proxyreward.evaluate`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from proxyreward.evaluation import ceiling, measures, tiers
from proxyreward.evaluation.nulls import FIRST, with_nulls
from proxyreward.evaluation.reading import read
from proxyreward.evaluation.reading.options import Options
from proxyreward.evaluation.resampling import Resampling
from proxyreward.evaluation.result import LEVEL, Evaluation, Golden, Input, Model, Symptom
from proxyreward.evaluation.scores import Scores
from proxyreward.evaluation.symptoms import symptoms

RESAMPLES = 1000


def evaluate(
    paths: str | Path | Sequence[str | Path], options: Options | None = None, *, seed: int = 0
) -> Evaluation:
    """Which of the models in files of scores is safe to optimise against.

    Parameters
    ----------
    paths
        One or several CSV, Parquet or JSON lines files, or folders of them: see `reading`.
    options
        Golden models, and columns with a meaning of their own.
    seed
        Of null scorers, resampling and folds. The same seed gives the same result.

    Raises
    ------
    DataError
        If a file cannot be used; names file, row, field and remedy.

    Examples
    --------
    >>> import proxyreward
    >>> proxyreward.evaluate("scores.csv").goldens  # doctest: +SKIP
    """
    options = options or Options()
    listed = [paths] if isinstance(paths, str | Path) else list(paths)
    scores, told = read([Path(path) for path in listed], options)
    settings = {
        "golden": list(options.golden),
        "golden_file": options.golden_file and str(options.golden_file),
        "category": options.category,
        "cluster": options.cluster,
    }
    return of_scores(scores, told, settings, seed)


def of_scores(
    scores: Scores, told: Input, settings: dict[str, object], seed: int = 0
) -> Evaluation:
    """Everything about scores that `told` describes, as `settings` asked for."""
    goldens = scores.goldens or scores.models
    together, nulls = with_nulls(scores, seed)
    resampling = Resampling(together, RESAMPLES, seed)
    names = (*scores.models, *nulls)
    measured = measures.models(together, goldens, names, resampling, nulls)
    found = tuple(
        _against(scores, golden, measured[golden], resampling, seed) for golden in goldens
    )
    seen = symptoms(scores)
    settings = {**settings, "seed": seed, "level": LEVEL, "resamples": RESAMPLES}
    return Evaluation(told, seen, found, tuple(_alarms(scores, seen, found)), settings)


def _against(
    scores: Scores, golden: str, models: tuple[Model, ...], resampling: Resampling, seed: int
) -> Golden:
    """All other models against one; they have tiers where it orders responses at all."""
    found = measures.beaten([model for model in models if model.name != golden])
    own = ceiling.ceiling(scores, golden, seed)
    if not own.signal:
        return Golden(golden, own, found, ())
    names = [model.name for model in found if not model.null]
    tier, differences = tiers.rank(scores, golden, names, resampling)
    found = tuple(dataclasses.replace(model, tier=tier.get(model.name)) for model in found)
    return Golden(golden, own, found, differences)


def _alarms(scores: Scores, seen: Sequence[Symptom], goldens: Sequence[Golden]) -> Iterator[str]:
    """What a reader must act on, a line each; on regret only where the golden model is named."""
    yield from (f"{each.model}: {each.message}" for each in seen if each.alarming)
    for golden in goldens:
        if not golden.ceiling.signal:
            yield f"{golden.name}, as golden model: {golden.ceiling.message}"
        elif scores.goldens:
            yield from _regrets(golden)


def _regrets(golden: Golden) -> Iterator[str]:
    to = f"by {golden.name}"
    for null in (model for model in golden.models if model.name == FIRST):
        if null.regret["ndr"].low > 0:
            yield (
                f"{FIRST}: the response that comes first in the file keeps "
                f"{null.regret['ndr'].estimate:.0%} of the possible gain {to}, so the order of the "
                "file tells the answer; see that no scorer has seen responses in this order"
            )
    for model in (model for model in golden.models if not model.null):
        nulls = [name for name in model.beaten_by.get("ndr", ()) if name != FIRST]
        if model.regret["ndr"].high < 0:
            yield f"{model.name}: the best of its choices are worse than the average one {to}"
        elif nulls:
            yield f"{model.name}: keeps no more of the possible gain {to} than {', '.join(nulls)}"
        elif (n := _turns(model)) is not None:
            yield f"{model.name}: golden rewards {to} fall again beyond best of {n}"
    for pair in golden.differences:
        if pair.hidden:
            yield f"{pair.first} and {pair.second}: equal accuracy {to}, different regret"


def _turns(model: Model) -> int | None:
    """The n from which golden rewards fall, where the whole interval of the peak lies below N."""
    peak = model.regret["peak"]
    if model.curve is None or np.isnan(peak.high) or peak.high >= model.curve.n[-1]:
        return None
    return round(peak.estimate)
