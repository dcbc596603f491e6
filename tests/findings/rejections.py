"""Aligned policies with planted effects, without training: what `more_alignment` is tested on.

They belong to given `Mixtures`. Candidates have utilities u ~ N(0, 1); a reward model of skill s
takes the one with the largest s * u + sqrt(1 - s ** 2) * e, noise e ~ N(0, 1) of its own. A policy
says something worth its gain plus noise. The reference value of a likelihood is one nat a token.
"""

from collections.abc import Callable, Mapping
from functools import cache
from zlib import crc32

import numpy as np
import pandas as pd
from scipy.special import expit
from tests.findings.mixtures import Effect, calibrated, mixtures

from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_alignment.reader import DPO, DPO_MORE, START, Rejection
from proxyreward.vocabulary import HH, MORE, MULTITASK

SAMPLES, STEPS = 4, 6
SPREAD = 2.0  # of the gaps of test pairs, in logits of the label


def rejection(
    mixtures: Mixtures,
    *,
    skill: Callable[[pd.Series], float] = lambda rm: 0.5,
    gain: Mapping[str, float] = {},  # noqa: B006
    nll: Mapping[str, float] = {},  # noqa: B006
    size: Mapping[str, float] = {},  # noqa: B006
    asked: int = 60,
    tested: int = 60,
    seed: int = 0,
) -> Rejection:
    """Policies, candidates and choices that fit the mixtures.

    Parameters
    ----------
    skill
        Of a reward model, a row of `Mixtures.rms`; from -1 to 1.
    gain, nll
        By scheme: what its policies' responses are worth beyond those of the start policy, and
        what is added to the negative log-likelihood a token; 0 unless given.
    size
        By scheme of DPO: the margins over the calibrated ones; 1 unless given.
    asked, tested
        Prompts of each source to learn from, and to be tested on.
    """
    rng = np.random.default_rng(seed)
    policies = _policies(mixtures)
    candidates = pd.DataFrame(
        {
            "prompt_id": np.repeat(np.arange(2 * asked), SAMPLES),
            "source": np.repeat(HH, asked * SAMPLES),
            "sample_id": np.tile(np.arange(SAMPLES), 2 * asked),
            "utility": rng.normal(size=2 * asked * SAMPLES),
        }
    )
    candidates["oracle"] = candidates["utility"] + 0.1 * rng.normal(size=len(candidates))
    worth = candidates["utility"].to_numpy().reshape(-1, SAMPLES)
    best = {}
    for _, rm in mixtures.rms.iterrows():
        s = skill(rm)
        seen = s * worth + np.sqrt(1 - s**2) * rng.normal(size=worth.shape)
        best[rm["rm"]] = seen.argmax(axis=1).astype(np.uint8)
    keys = pd.DataFrame({"prompt_id": np.arange(2 * tested), "source": np.repeat(HH, tested)})
    said = []
    for _, policy in policies.iterrows():
        utility = rng.normal(size=len(keys)) + gain.get(policy["scheme"], 0.0)
        judge = np.nan if policy["scheme"] in (DPO, DPO_MORE) else utility
        told = keys.assign(utility=utility.round(1), oracle=utility, judge=judge)
        said.append(told.assign(policy=policy["policy"]))
    own = np.isin(mixtures.source, HH)
    perplexity = mixtures.margins.loc[own, ["pair_id", "source"]].assign(
        tokens=rng.integers(5, 20, size=own.sum())
    )
    hard = 1.0 + 0.3 * rng.random(own.sum())  # the same responses are hard for every policy
    for _, policy in policies[~policies["scheme"].isin([DPO, DPO_MORE])].iterrows():
        noise = 0.02 * rng.normal(size=own.sum())
        perplexity[policy["policy"]] = hard + nll.get(policy["scheme"], 0.0) + noise
    preferences, steps = mixtures.margins[["pair_id", "source"]].copy(), []
    gap = rng.normal(size=len(preferences))
    label = np.where(rng.random(len(gap)) < expit(SPREAD * gap), 1, -1)
    for _, policy in policies[policies["scheme"].isin([DPO, DPO_MORE])].iterrows():
        noise = 0.1 * rng.normal(size=len(gap))
        preferences[policy["policy"]] = (
            label * size.get(policy["scheme"], 1.0) * (SPREAD * gap + noise)
        )
        told = pd.DataFrame({"policy": policy["policy"], "step": np.arange(1, STEPS + 1)})
        if policy["scheme"] == DPO_MORE:
            weights = rng.dirichlet(np.ones(len(mixtures.sources)), size=STEPS)
            told[[f"weight_{name}" for name in mixtures.sources]] = weights
        steps.append(told)
    return Rejection(
        policies=policies,
        candidates=candidates,
        best=pd.DataFrame(best),
        said=pd.concat(said, ignore_index=True),
        perplexity=perplexity.reset_index(drop=True),
        preferences=preferences,
        preference_steps=pd.concat(steps, ignore_index=True),
    )


def level(rm: pd.Series) -> float:
    """A number from 0 to 1: 0 for MORE, 1 for MultiTask, else that of a kind."""
    if rm["scheme"] in (MORE, MULTITASK):
        return float(rm["scheme"] == MULTITASK)
    return crc32("-".join(map(str, rm[["scheme", "base", "k", "order"]])).encode()) % 1000 / 1000


@cache
def all_for_more() -> tuple[Mixtures, Rejection]:
    """Smaller margins, better choices, likelier texts: everything speaks for MORE.

    All reward models know the same, their margins are too large by the level; tuning helps MORE
    more.
    """

    def effect(rm: pd.Series, source: str) -> Effect:
        if rm["scheme"].startswith("tuned-"):
            return Effect(0.9 if rm["scheme"] == "tuned-more" else 0.6, 1.0)
        return Effect(0.7, calibrated(0.7) * (1 + 3 * level(rm)))

    mixed = mixtures(effect, pairs=150, bases=2, orders=1, steps=2)
    return mixed, rejection(
        mixed,
        skill=lambda rm: 0.95 - 0.9 * level(rm),
        gain={MORE: 0.8},
        nll={MORE: -0.2, MULTITASK: -0.1},
        size={DPO: 3.0},
        asked=120,
    )


def _policies(mixtures: Mixtures) -> pd.DataFrame:
    rms = mixtures.rms[mixtures.rms["scheme"].isin([MORE, MULTITASK])]
    aligned = rms[["rm", "scheme", "base", "seed"]].rename(columns={"rm": "policy"})
    rows = [(START, START, "", 0)] + [
        (f"{scheme}-seed{seed}", scheme, "", seed)
        for seed in range(mixtures.seeds)
        for scheme in (DPO, DPO_MORE)
    ]
    others = pd.DataFrame(rows, columns=aligned.columns)
    return pd.concat([others[:1], aligned, others[1:]], ignore_index=True)
