"""Mixtures with planted effects, without training: what the findings of paper *more* are tested on.

The table of reward models is the pipeline's own, so it has every scheme. Each test pair has a gap
g ~ N(0, 1) between its two responses; the first of them is chosen with probability
sigma(SPREAD * g). A reward model sees rho * g + sqrt(1 - rho ** 2) * e, with noise e ~ N(0, 1) of
its own, and its margin is that times a size.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.pipeline.mix_family import ladder_table, source_names, table
from proxyreward.pipeline.mix_tables import shown
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.typed import build
from proxyreward.reward.min_norm import min_norm

BASES = ("16x1x2", "32x1x2", "64x1x4")
SPREAD = 2.0  # of the gaps, in logits of the label


def calibrated(knowledge: float) -> float:
    """Size at which a margin is, nearly, the logit of being right."""
    left = SPREAD**2 * (1 - knowledge**2)
    return SPREAD * knowledge / np.sqrt(1 + np.pi / 8 * left)


class Effect(NamedTuple):
    """What a reward model knows of a source and how large its margins are.

    `knowledge` is rho, from -1 to 1. `level` and `spread` are those of a pair's mean reward.
    """

    knowledge: float
    size: float
    level: float = 0.0
    spread: float = 1.0


# "own" and "other" are one-source models on the source they were trained on and elsewhere, "tuned"
# is any model after the short training on a pair's own source.
EFFECTS = {
    "raw": Effect(0.0, 1.0),
    "own": Effect(0.8, calibrated(0.8)),
    "other": Effect(0.2, 0.8),
    "multitask": Effect(0.7, calibrated(0.7)),
    "more": Effect(0.7, calibrated(0.7)),
    "tuned": Effect(0.75, calibrated(0.75)),
}


def by_scheme(effects: Mapping[str, Effect]) -> Callable[[pd.Series, str], Effect]:
    """Effects that depend on the scheme alone: those of `EFFECTS` with changes.

    A control without an effect of its own has that of MORE or of MultiTask, whichever it varies.
    """
    known = EFFECTS | dict(effects)

    def effect(rm: pd.Series, source: str) -> Effect:
        scheme = rm["scheme"]
        if scheme.startswith("single-"):
            return known["own" if scheme == f"single-{source}" else "other"]
        if scheme.startswith("tuned-"):
            return known.get(scheme, known["tuned"])
        of_more = scheme.startswith("more") or scheme in ("public-code", "upgrad")
        return known.get(scheme, known["more" if of_more else "multitask"])

    return effect


def mixtures(
    effect: Callable[[pd.Series, str], Effect] | None = None,
    *,
    pairs: int = 80,
    bases: int = 2,
    seeds: int = 2,
    orders: int = 2,
    steps: int = 10,
    seed: int = 0,
    expected: bool = False,
) -> Mixtures:
    """Mixtures with planted effects.

    Parameters
    ----------
    effect
        Takes a row of `Mixtures.rms` and a source; for models tuned on the pair's own source the
        row has the scheme ``tuned-more`` or ``tuned-multitask``. Default `EFFECTS`, in which MORE
        and MultiTask are equally good and calibrated.
    pairs
        Test pairs of each source; 30 with ``bases=2, seeds=1, orders=1`` is the scale smoke.
    steps
        Of every training.
    seed
        Of gaps, labels, noise and steps.
    expected
        Whether the chances of the labels are known; else they are 1.
    """
    params, effect = _params(), effect or by_scheme({})
    sizes = BASES[:bases]
    mixes = replace(params.mixes, bases=sizes, seeds=seeds, orders=orders)
    params = replace(params, mixes=mixes)
    rms, rng = table(params), np.random.default_rng(seed)
    sources = source_names(params)
    source = np.repeat(sources, pairs)
    gap = rng.normal(size=len(source))
    order = np.where(rng.random(len(source)) < expit(SPREAD * gap), 1, -1)
    main = sizes[-1]
    row = np.arange(len(source))
    keys = pd.DataFrame({"pair_id": row, "group": row, "source": source})

    def by_pair(rm: pd.Series) -> np.ndarray:
        return np.repeat([effect(rm, name) for name in sources], pairs, axis=0).T

    def margin(rm: pd.Series) -> np.ndarray:
        rho, size, *_ = by_pair(rm)
        seen = rho * gap + np.sqrt(1 - rho**2) * rng.normal(size=len(source))
        return (order * size * seen).astype(np.float32)

    def tuned(rm: pd.Series) -> np.ndarray:
        return margin(rm.replace(rm["scheme"], f"tuned-{rm['scheme']}"))

    def rewards(rm: pd.Series) -> np.ndarray:
        """Of both responses, half a margin above and below the pair's mean reward."""
        _, _, level, spread = by_pair(rm)
        centre, half = level + spread * rng.normal(size=len(source)), margins[rm["rm"]] / 2
        return np.stack([centre + half, centre - half], axis=1).ravel().astype(np.float32)

    def wide(keys: pd.DataFrame, of: Callable[[pd.Series], np.ndarray], kept: pd.DataFrame):
        found = {rm["rm"]: of(rm) for _, rm in kept.iterrows()}
        return pd.concat([keys, pd.DataFrame(found)], axis=1)

    margins = wide(keys, margin, rms)
    both = rms[(rms["base"] == main) & rms["scheme"].isin(["more", "multitask"])]
    rungs, labels = ladder_table(params), keys[["pair_id", "source"]].copy()
    labels["chance"] = expit(SPREAD * order * gap) if expected else 1.0
    for conflict in params.mixes.conflicts:
        labels[f"chance at {conflict:g}"] = labels["chance"]
    known = rms.set_index("rm", drop=False)
    less = {row.rm: margin(known.loc[row.of]) for row in rungs[rungs["conflict"] < 1].itertuples()}
    sides = keys[["pair_id", "source"]].loc[row.repeat(2)].reset_index(drop=True)
    sides.insert(1, "side", np.tile([0, 1], len(source)))
    return Mixtures(
        rms=rms,
        margins=margins,
        tuned=wide(keys, tuned, both),
        rewards=wide(sides, rewards, rms[rms["rm"].isin(shown(rms, main))]),
        steps=_all_steps(rms[rms["scheme"] != "raw"], sources, steps, rng),
        labels=labels,
        ladder=rungs,
        ladder_margins=keys.assign(**less),
    )


@cache
def _params() -> Params:
    folder = Path(__file__).resolve().parents[2] / "params"
    return build(Params, compose(["scale=tiny"], folder), "params")


def with_margins(mixtures: Mixtures, changed: Mapping[str, np.ndarray]) -> Mixtures:
    """The same mixtures with other margins of the reward models (or keys) of these names."""
    return replace(mixtures, margins=mixtures.margins.assign(**changed))


def _all_steps(
    trained: pd.DataFrame, sources: Sequence[str], steps: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Losses of each source that fall, and random gradients, weighted as the trainer does."""
    found = []
    for _, rm in trained.iterrows():
        time = np.arange(1, steps + 1)
        losses = np.log(2) - 0.2 * time[:, None] / steps + 0.05 * rng.normal(size=(steps, rm["k"]))
        frame = pd.DataFrame({"rm": rm["rm"], "step": time, "loss": losses.mean(axis=1)})
        frame["plain_loss"] = frame["loss"]
        frame["size"] = time / steps
        if rm["scheme"].startswith("more") or rm["scheme"] in ("public-code", "upgrad"):
            gradients = rng.normal(size=(steps, rm["k"], 8)) + 0.3
            weights = min_norm(gradients @ np.swapaxes(gradients, 1, 2))
            frame["loss"] = np.vecdot(weights, losses)
            frame["combined"] = np.linalg.norm(np.vecmat(weights, gradients), axis=1)
            frame["equal"] = np.linalg.norm(gradients.mean(axis=1), axis=1)
            frame["single"] = np.linalg.norm(gradients, axis=2).mean(axis=1)
            frame[[f"weight_{name}" for name in sources[: rm["k"]]]] = weights
        found.append(frame)
    return pd.concat(found, ignore_index=True)
