"""The reward models of paper *elephant*: a ladder of different worth, and one model on many sets.

In: parameters. Out: specs of reward models, and the table that says which is which. Called by the
stages that train, score or optimise against them.

The ladder stands for the reward models that the paper took from elsewhere, each with what is known
of it: size, amount of data, whose labels.

============ ============ ==========================================
ours         the paper's  what sets it apart
============ ============ ==========================================
poor         GPT-J        small, a quarter of the data
small        Pythia-1.4B  small
middle       Pythia-2.8B  of middle size
large        Pythia-6.9B  of the policies' size
conflicting  Beaver-7B    a cost model: harmlessness alone counts
half         Ziya-7B      half of the data
strong       Starling-7B  cleaned data
evaluator    Starling-34B cleaned data, more of them, and the largest
============ ============ ==========================================

A variant is as the large one but for its training set. All models of one size start from the same
weights.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from proxyreward.data import seeds
from proxyreward.models.build import Shape
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.reward_families import plain
from proxyreward.pipeline.stage import outputs
from proxyreward.reward.members import Member
from proxyreward.vocabulary import (
    CLEAN_AND_MORE,
    CLEANED,
    CONFLICTING,
    COST,
    EVALUATOR,
    FEWER,
    FOUR_JUDGES,
    HALF,
    INVERTED,
    LADDER,
    LARGE,
    MIDDLE,
    ONE_JUDGE,
    POOR,
    REMOVED,
    SMALL,
    STRONG,
    UNCLEANED,
    USELESS,
    VARIANT,
    WITH_USELESS,
)

VARIED = (FEWER, REMOVED, INVERTED, USELESS, WITH_USELESS, ONE_JUDGE, FOUR_JUDGES)
"""Training sets of the variants; `LARGE` and `STRONG` have the original and the clean one."""


def members(params: Params) -> list[Member]:
    """Every reward model, the ladder first."""
    proxies, length = params.proxies, params.model.max_length
    small, middle, evaluator = (
        Shape.parse(text, length) for text in (proxies.small, proxies.middle, proxies.evaluator)
    )
    common = replace(plain(params), seed=seeds.number("proxies", params.seed), flip_rate=0.0)

    def member(name: str, data: str, **changes: object) -> Member:
        pairs = str(outputs(params, "cleaning") / f"{data}.parquet")
        return replace(common, name=name, pairs=pairs, **changes)

    ladder = {
        POOR: member(POOR, UNCLEANED, shape=small, parts=(1, 4)),
        SMALL: member(SMALL, UNCLEANED, shape=small),
        MIDDLE: member(MIDDLE, UNCLEANED, shape=middle),
        LARGE: member(LARGE, UNCLEANED),
        CONFLICTING: member(CONFLICTING, COST),
        HALF: member(HALF, UNCLEANED, parts=(1, 2)),
        STRONG: member(STRONG, CLEANED),
        EVALUATOR: member(EVALUATOR, CLEAN_AND_MORE, shape=evaluator),
    }
    return [ladder[name] for name in LADDER] + [
        member(VARIANT.format(data), data) for data in VARIED
    ]


def table(params: Params) -> pd.DataFrame:
    """Which is which: rm, role (ladder or variant), shape, data, and the share of these."""
    rows = [
        (
            one.name,
            "ladder" if one.name in LADDER else "variant",
            "x".join(map(str, (one.shape.hidden_size, one.shape.layers, one.shape.heads))),
            Path(one.pairs).stem,
            one.parts[0] / one.parts[1],
        )
        for one in members(params)
    ]
    return pd.DataFrame(rows, columns=["rm", "role", "shape", "data", "share"])
