"""The families of reward models that the parameters ask for.

In: parameters. Out: specs of reward models by family. Called by every stage that trains, scores or
names reward models.
"""

from dataclasses import replace

from proxyreward.data import seeds
from proxyreward.models.build import Shape
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import outputs
from proxyreward.reward.members import Member
from proxyreward.reward.train import RewardSettings
from proxyreward.vocabulary import APART, ARCHITECTURES, MAIN, PAIRS_APART, PARTS


def settings(params: Params) -> RewardSettings:
    """How reward models are trained."""
    reward = params.reward
    return RewardSettings(
        reward.epochs,
        reward.learning_rate,
        reward.batch_size,
        reward.warmup_ratio,
        reward.l2,
        params.model.precision,
    )


def plain(params: Params) -> Member:
    """A reward model without a name and a seed, on all training pairs; families vary it."""
    reward, model, data = params.reward, params.model, outputs(params, "data")
    return Member(
        name="",
        data=str(data),
        pairs=str(data / "pairs.parquet"),
        flip_rate=reward.flip_rates[0],
        flip_seed=params.seed,
        fold=None,
        parts=(1, 1),
        seed=0,
        base=model.base,
        shape=Shape(model.hidden_size, model.layers, model.heads, model.max_length),
        settings=settings(params),
    )


def families(params: Params) -> dict[str, list[Member]]:
    """Members of each family in order.

    The first of `main`, with the fewest flips, is in all but `apart`, which shares neither pairs
    nor flips, shape, initial weights or batch order with the others. All of a fold share one seed,
    so that members of a family differ in what it varies, and not in initial weights or batch order
    besides. Folds are parts of one measurement; theirs differ.
    """
    reward, model, common = params.reward, params.model, plain(params)

    def member(name: str, fold: int | None = None, **changes: object) -> Member:
        seed = seeds.number(f"reward model {fold}", params.seed)
        return replace(common, name=name, fold=fold, seed=seed, **changes)

    folds = range(reward.folds) if reward.folds else [None]
    flipped = [
        member(f"flip-{q:.2f}" + f"-fold-{k}" * (k is not None), flip_rate=q, fold=k)
        for q in reward.flip_rates
        for k in folds
    ]
    shapes = [
        member(f"size-{text}", shape=Shape.parse(text, model.max_length))
        for text in reward.architectures
    ]
    parts = [
        member(f"part-{k}-of-{reward.parts}", parts=(k, reward.parts))
        for k in range(1, reward.parts)
    ]
    world = params.data.source == "world"  # real pairs are not drawn a second time
    own_seed = seeds.number("reward models apart", params.seed)
    apart = [
        replace(
            common,
            name=f"apart-{q:.2f}",
            pairs=str(outputs(params, "data") / PAIRS_APART),
            flip_rate=q,
            flip_seed=own_seed,
            seed=own_seed,
            shape=Shape.parse(reward.apart_shape, model.max_length),
        )
        for q in (reward.apart_flip_rates if world else ())
    ]
    return {
        MAIN: flipped,
        ARCHITECTURES: [*shapes, flipped[0]],
        PARTS: [*parts, flipped[0]],
        APART: apart,
    }


def members(params: Params) -> list[Member]:
    """Every reward model once, the main family first."""
    return list({m.name: m for family in families(params).values() for m in family}.values())


def label(family: str, member: Member) -> str:
    """What figures call a member of a family."""
    if family == ARCHITECTURES:
        return " × ".join(str(n) for n in (member.shape.hidden_size, member.shape.layers))
    if family == PARTS:
        return f"{member.parts[0]}/{member.parts[1]}" if member.parts[1] > 1 else "all"
    return f"{member.flip_rate:g}"
