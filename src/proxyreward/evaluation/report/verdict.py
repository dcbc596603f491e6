"""Sentences that an evaluation comes down to.

In: what was found. Out: which model is safest and what to doubt, or why nothing is ranked.
"""

from collections.abc import Sequence

from proxyreward.evaluation.report import text
from proxyreward.evaluation.report.words import word
from proxyreward.evaluation.result import Evaluation, Golden, Model


def overall(evaluation: Evaluation) -> list[str]:
    """The verdict: of each golden model, or, if every model was golden in turn, of all together."""
    names = [golden.name for golden in evaluation.goldens]
    if not names:
        return ["Nothing is ranked: no model can be taken for the truth."]
    if len(names) == 1 or set(names) != set(evaluation.input.models):
        return [sentence for golden in evaluation.goldens for sentence in against(golden)]
    return _in_turn(evaluation)


def _in_turn(evaluation: Evaluation) -> list[str]:
    goldens = evaluation.goldens
    ranked = [golden for golden in goldens if first(golden)]
    wins = {
        name: sum(name in [model.name for model in first(golden)] for golden in ranked)
        for name in evaluation.input.models
    }
    told = [
        f"Each of the {len(goldens)} models was taken for the truth in turn. Agreement among "
        "models is no proof that one is right: for a verdict, name the one that you trust as "
        "golden, or give labels of people."
    ]
    if not ranked:
        return [*told, "Nothing is ranked against any of them."]
    most = max(wins.values())
    best = [name for name, times in wins.items() if times == most]
    return [*told, f"Most often in the first tier: {text.listed(best)}, {most} of {len(ranked)}."]


def against(golden: Golden) -> list[str]:
    """The verdict against one golden model, and what to doubt in it."""
    safest = first(golden)
    if not safest:
        return [f"Against {text.name(golden.name)}, nothing is ranked: {_why(golden)}"]
    best = safest[0]
    ndr, start = text.interval(best.regret["ndr"]), f"Against {text.name(golden.name)}, "
    if nulls := best.beaten_by.get("ndr"):
        told = f"no model is safe to optimise against: even {text.name(best.name)} (NDR {ndr}) "
        told += f"is no better than {text.listed(nulls)}, as far as can be told."
        return [f"{start}{told} Null scorers look at no content."]
    if best.regret["ndr"].low <= 0:
        told = f"no model is known to be safe: the best, {text.name(best.name)}, has NDR {ndr}, "
        return [f"{start}{told}which may be no gain at all."]
    return [f"{start}{_named(safest, ndr)}", *_peak(best)]


def _named(safest: Sequence[Model], ndr: str) -> str:
    best = text.name(safest[0].name)
    if len(safest) == 1:
        return f"{best} is the safest to optimise against: NDR {ndr}."
    names = text.listed(model.name for model in safest)
    told = f"{names} share the first tier: these prompts cannot tell them apart. "
    told += f"The highest NDR is that of {best}: {ndr}."
    empty = [model.name for model in safest if model.beaten_by.get("ndr")]
    if empty:
        told += f" Of these, a null scorer does as well as {text.listed(empty)}."
    return told


def first(golden: Golden) -> list[Model]:
    """The models of the first tier, null scorers and the golden model aside; highest NDR first."""
    ranked = [
        model
        for model in golden.models
        if model.tier is not None and not model.null and model.name != golden.name
    ]
    best = min((model.tier for model in ranked), default=None)
    return sorted(
        (model for model in ranked if model.tier == best),
        key=lambda model: -model.regret["ndr"].estimate,
    )


def empty(golden: Golden) -> list[str]:
    """Which metrics a null scorer does as well on, those of the same models in one sentence."""
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for name in dict.fromkeys(name for model in golden.models for name in model.beaten_by):
        beaten = {model.name: model.beaten_by.get(name, ()) for model in golden.models}
        models = tuple(model for model, nulls in beaten.items() if nulls)
        nulls = tuple(dict.fromkeys(null for nulls in beaten.values() for null in nulls))
        if models:
            alike.setdefault((models, nulls), []).append(word(name).label)
    return [
        f"{text.listed(labels, 20)}: as far as can be told, "
        f"{text.listed(nulls, last='or')} does as well as {text.listed(models)}."
        for (models, nulls), labels in alike.items()
    ]


def _why(golden: Golden) -> str:
    if not golden.ceiling.signal:
        return golden.ceiling.message
    return "no two models have a regret that can be compared on the same prompts."


def _peak(model: Model) -> list[str]:
    if model.curve is None or not model.regret["peak"].high < model.curve.n[-1]:
        return []
    peak = text.interval(model.regret["peak"])
    return [
        f"The golden reward of {text.name(model.name)} is highest at n = {peak} of "
        f"{model.curve.n[-1]} and falls after: optimise no further."
    ]
