"""Reward models of paper *elephant* without training: each knows utility up to some noise."""

from dataclasses import replace

import numpy as np
import pandas as pd

from proxyreward.findings.elephant.elephant_rewards.reader import DPO, Proxies
from proxyreward.vocabulary import (
    CONFLICTING,
    LADDER,
    POOR,
    PROBES,
    STRONG,
    SUBSETS,
    VARIANT,
)

VARIED = ("fewer", "removed", "inverted", "useless", "with-useless", "one-judge", "four-judges")
RMS = (*LADDER, *map(VARIANT.format, VARIED))
CATEGORIES = ("Chat", "ChatHard", "Code", "Math", "Safety")
# Noise per unit of utility; what has learnt the wrong way round has a negative share of utility.
NOISE = dict(zip(LADDER, (4, 2.5, 2, 1.5, 2, 1.7, 1, 0.4), strict=True))
NOISE |= {"on-fewer": 1.6, "on-removed": 1.1, "on-inverted": 1.8, "on-useless": 1e9}
NOISE |= {"on-with-useless": 1.0, "on-one-judge": 1.3, "on-four-judges": 1.6}
NOISE |= {DPO["initial"]: 6.0, DPO["second"]: 8.0}


def proxies(pairs: int = 400, count: int = 60, dpo: bool = True) -> Proxies:
    """`pairs` cleaned test pairs of each subset, and `count` probes of each kind."""
    rng = np.random.default_rng(7)
    source = np.repeat(SUBSETS, pairs)
    truth = abs(rng.normal(size=len(source))) + 0.2
    names = [*RMS, *(DPO.values() if dpo else ())]
    noise = {name: rng.normal(size=len(source)) for name in names}
    margins = {name: truth + NOISE[name] * noise[name] for name in names}
    against = np.isin(source, ["helpful-base", "mixed"])
    margins[CONFLICTING][against] -= 4
    margins[POOR][source == "harmless-base"] -= 4
    if dpo:
        margins[DPO["second"]] -= 1.5
    keys = pd.DataFrame({"pair_id": np.arange(len(source)), "source": source})
    kind = np.where(rng.random(len(source)) < 0.3, "opposite", "same")
    bench = {name: rng.normal(1, NOISE[name], size=200) for name in RMS}
    labelled = pd.DataFrame({"pair_id": np.arange(200), "category": np.tile(CATEGORIES, 40)})
    return Proxies(
        pd.DataFrame({"rm": RMS, "role": "", "shape": "", "data": "", "median": 0.0, "sd": 2.0}),
        keys.assign(**margins),
        keys.assign(type=kind, margin=truth),
        labelled.assign(**bench),
        _probes(count, rng),
        pd.DataFrame({"type": ["same", "vague", "empty", "repetitive"], "pairs": 9,
                      "norm": [2.0, 1.0, 1.0, 0.0]}),
    )  # fmt: skip


def _probes(count: int, rng: np.random.Generator) -> pd.DataFrame:
    probe = np.repeat(PROBES, count)
    scores = {f"{side}:{rm}": sign + (NOISE[rm] > 3) * -1.5 * sign + rng.normal(size=len(probe))
              for rm in RMS for side, sign in (("better", 1.0), ("worse", -1.0))}  # fmt: skip
    texts = {"prompt": "\n\nHuman: Hi <b>?\n\nAssistant:", "better": "Yes.", "worse": ""}
    return pd.DataFrame({"probe": probe, "prompt_id": np.arange(len(probe)), **texts, **scores})


def answered(known: Proxies, rm: str, margin: np.ndarray) -> Proxies:
    """The same with other margins of a model."""
    return replace(known, margins=known.margins.assign(**{rm: margin}))


def exact(known: Proxies, rm: str = STRONG) -> Proxies:
    """The same with a model that knows the oracle's margins."""
    return answered(known, rm, known.pairs["margin"].to_numpy())
