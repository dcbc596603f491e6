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
from tests.findings.tables import crossed

from proxyreward.findings.more.mixtures import Mixtures
from proxyreward.findings.more.more_alignment.reader import Rejection
from proxyreward.pipeline.rejection_tables import controls
from proxyreward.vocabulary import DPO, DPO_MORE, HH, MORE, MULTITASK, ORACLE, START

SAMPLES, STEPS = 4, 6
SPREAD = 2.0  # of the gaps of test pairs, in logits of the label
NOTHING: Mapping[str, float] = {}


def rejection(
    mixtures: Mixtures,
    *,
    skill: Callable[[pd.Series], float] = lambda rm: 0.5,
    gain: Mapping[str, float] = NOTHING,
    nll: Mapping[str, float] = NOTHING,
    size: Mapping[str, float] = NOTHING,
    asked: int = 60,
    tested: int = 60,
    said_each: int = 2,
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
    said_each
        Responses of a policy to each of the latter.
    """
    rng = np.random.default_rng(seed)
    worth = rng.normal(size=(2 * asked, SAMPLES))
    best = {}
    for _, rm in mixtures.rms.iterrows():
        s = skill(rm)
        seen = s * worth + np.sqrt(1 - s**2) * rng.normal(size=worth.shape)
        best[rm["rm"]] = seen.argmax(axis=1).astype(np.uint8)

    rms = mixtures.rms[mixtures.rms["scheme"].isin([MORE, MULTITASK])]
    rms = rms[rms["base"] == mixtures.bases[-1]]
    aligned = rms[["rm", "scheme", "base", "seed"]].to_numpy().tolist()
    trained = [
        (f"{scheme}-seed{seed}", scheme, "", seed)
        for seed in range(mixtures.seeds)
        for scheme in (DPO, DPO_MORE)
    ]
    rows = [(START, START, "", 0), (ORACLE, ORACLE, "", 0), *aligned, *trained]
    hh = mixtures.margins[["pair_id", "source"]][np.isin(mixtures.source, HH)]
    hard = 1.0 + 0.3 * rng.random(len(hh))  # the same responses are hard for every policy
    perplexity = hh.assign(tokens=rng.integers(5, 20, size=len(hh)))
    preferences = mixtures.margins[["pair_id", "source"]].copy()
    gap = rng.normal(size=len(preferences))
    label = np.where(rng.random(len(gap)) < expit(SPREAD * gap), 1, -1)
    said, rewards, steps = [], [], []
    for name, scheme, *_ in rows:
        keys = crossed(prompt_id=range(2 * tested), sample_id=range(said_each))
        keys.insert(0, "policy", name)
        utility = rng.normal(size=len(keys)) + gain.get(scheme, 0.0)
        told = keys.assign(
            source=np.repeat(HH, tested * said_each),
            utility=utility.round(1),
            oracle=utility,
            judge=utility,
        )
        if scheme not in (DPO, DPO_MORE):
            # A reward model likes the responses of the policy that it has aligned.
            liked = {rm: utility + (rm == name) for rm in rms["rm"]}
            rewards.append(keys.assign(**liked))
        if scheme in (DPO, DPO_MORE):
            told["judge"] = np.nan
            margin = SPREAD * gap + 0.1 * rng.normal(size=len(gap))
            preferences[name] = label * size.get(scheme, 1.0) * margin
            steps.append(pd.DataFrame({"policy": name, "step": np.arange(1, STEPS + 1)}))
        else:
            perplexity[name] = hard + nll.get(scheme, 0.0) + 0.02 * rng.normal(size=len(hh))
        if scheme == DPO_MORE:
            weights = rng.dirichlet(np.ones(len(mixtures.sources)), size=STEPS)
            steps[-1][[f"weight_{source}" for source in mixtures.sources]] = weights
        said.append(told)
    candidates = crossed(prompt_id=range(2 * asked), sample_id=range(SAMPLES))
    candidates["source"] = np.repeat(HH, asked * SAMPLES)
    candidates["utility"] = worth.ravel()
    candidates["oracle"] = worth.ravel() + 0.1 * rng.normal(size=worth.size)
    policies = pd.DataFrame(rows, columns=["policy", "scheme", "base", "seed"])
    return Rejection(
        policies=policies,
        candidates=candidates,
        best=pd.DataFrame(best),
        said=pd.concat(said, ignore_index=True),
        rewards=pd.concat(rewards, ignore_index=True),
        perplexity=perplexity.reset_index(drop=True),
        preferences=preferences,
        preference_steps=pd.concat(steps, ignore_index=True),
        controls=controls(policies, pd.concat(said), pd.concat(rewards)),
        rounds=crossed(policy=[ORACLE, *rms["rm"]], round=[1, 2]).assign(reward=0.0, best=1.0),
    )


def level(rm: pd.Series) -> float:
    """A number from 0 to 1: 0 for MORE, 1 for MultiTask, else that of a kind."""
    if rm["scheme"] in (MORE, MULTITASK):
        return float(rm["scheme"] == MULTITASK)
    return crc32("-".join(map(str, rm[["scheme", "base", "k", "order"]])).encode()) % 1000 / 1000


@cache
def all_for_more(sign: int = 1) -> tuple[Mixtures, Rejection]:
    """Smaller margins, better choices, likelier texts: everything speaks for MORE.

    All reward models know the same, their margins are too large by the level; tuning helps MORE
    more. With a `sign` of -1 everything speaks against MORE and against small margins.
    """

    def excess(rm: pd.Series) -> float:
        return level(rm) if sign > 0 else 1 - level(rm)

    def effect(rm: pd.Series, source: str) -> Effect:
        if rm["scheme"].startswith("tuned-"):
            return Effect(0.75 + sign * (0.15 if rm["scheme"] == "tuned-more" else -0.15), 1.0)
        return Effect(0.7, calibrated(0.7) * (1 + 3 * excess(rm)))

    mixed = mixtures(effect, pairs=150, bases=2, orders=1, steps=2)
    return mixed, rejection(
        mixed,
        skill=lambda rm: 0.5 + sign * (0.45 - 0.9 * excess(rm)),
        gain={MORE: sign * 0.8, ORACLE: sign * 1.2},
        nll={MORE: sign * -0.2, MULTITASK: sign * -0.1},
        size={DPO if sign > 0 else DPO_MORE: 3.0},
        asked=120,
    )
