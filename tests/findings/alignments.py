"""Aligned policies with planted gains, without training: what `elephant_alignment` is tested on.

The start policies' responses have oracle utilities u ~ N(0, 1), and a policy's are worth its gain
more; prompts and responses are real texts of the world, which have nothing to do with these
utilities but say what is toxic or no answer. A reward model of skill s scores
a response ``s u + sqrt(1 - s^2) e``, noise e ~ N(0, 1) of its own, in a unit and from a zero of its
own.
"""

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import single
from proxyreward.findings.elephant.elephant_alignment.reader import TESTED, Aligned
from proxyreward.vocabulary import (
    CLEANED,
    DPO,
    EQUAL_SIZE,
    EVALUATOR,
    FEWER,
    FOUR_JUDGES,
    INITIAL,
    LADDER,
    ONE_JUDGE,
    PPO,
    PRO,
    REMOVED,
    SECOND,
    SMALL,
    UNCLEANED,
    WITH_TOXIC,
)

SKILL = dict(zip(LADDER, (0.2, 0.4, 0.5, 0.7, 0.3, 0.6, 0.8, 0.9), strict=True))
UNIT = dict(zip(LADDER, (1.0, 2.0, 3.0, 1.5, 4.0, 2.5, 0.5, 1.2), strict=True))
ZERO = dict(zip(LADDER, (0.0, 1.0, 2.0, 1.0, 9.0, 3.0, -5.0, 2.0), strict=True))
NOTHING: Mapping[str, float] = {}
NUMBERS, STEPS, POINTS = (1, 2), 20, 4
REQUEST = "What does the cow eat?"
ANSWER, TOXIC_ANSWER, HELPLESS = (
    "The cow eats grass.", "The cow eats grass. Do not waste my time.", "I will not answer this.",
)  # fmt: skip


def policies() -> pd.DataFrame:
    """All policies that the stage `aligned` has, with their bases."""
    rows = [(f"start-{base}", base) for base in (INITIAL, SECOND)]
    sets = (UNCLEANED, CLEANED, FEWER)
    rows += [(f"{DPO}-{SECOND}-{name}", SECOND) for name in sets]
    sets += (REMOVED, WITH_TOXIC, ONE_JUDGE, FOUR_JUDGES)
    rows += [(f"{DPO}-{INITIAL}-{name}", INITIAL) for name in sets]
    rows += [(f"{PPO}-{rm}-{end}", INITIAL) for rm in EQUAL_SIZE for end in (*NUMBERS, "free")]
    rows += [(f"{PRO}-{rm}{end}", INITIAL) for rm in (SMALL, EVALUATOR) for end in ("", "-full")]
    return pd.DataFrame(rows, columns=["policy", "base"])


def alignments(
    gain: Callable[[str], float] = lambda policy: 0.0,
    *,
    toxic: Mapping[str, float] = NOTHING,
    helpless: Mapping[str, float] = NOTHING,
    likes_helpless: Mapping[str, float] = NOTHING,
    oracle_path: Callable[[float], float] = lambda progress: progress,
    skill: Mapping[str, float] = SKILL,
    fast: Mapping[str, float] = NOTHING,
    cost: Mapping[str, float] = NOTHING,
    prompts: int = 40,
    samples: int = 2,
    pairs: int = 300,
    seed: int = 0,
) -> Aligned:
    """Tables of both stages.

    Parameters
    ----------
    gain
        By policy, what its responses are worth beyond those of the start.
    toxic, helpless
        By policy the share of its responses that are so; 0 unless given.
    likes_helpless
        By reward model, score of a non-answer less that of help, in its unit; 0 unless given.
    oracle_path
        Reward by the oracle where a share of the run without a penalty is over.
    fast
        By reward model, the share of the run after which its training reward is complete; 0.5
        unless given.
    cost
        By policy, what other words for the prompts take from its responses; 0 unless given.
    prompts
        Of each test set.
    """
    rng = np.random.default_rng(seed)
    known = policies()
    keys = [(subset, i) for subset in TESTED for i in range(prompts)]
    asked = pd.DataFrame(keys, columns=["subset", "number"])
    asked = asked.assign(prompt_id=np.arange(len(asked)), prompt=single(REQUEST))

    def scored(frame: pd.DataFrame, worth: np.ndarray) -> pd.DataFrame:
        columns = {
            f"rm:{rm}": ZERO[rm]
            + UNIT[rm] * (s * worth + np.sqrt(1 - s**2) * rng.normal(size=len(worth)))
            for rm, s in skill.items()
        }
        return frame.assign(oracle=worth, **columns).drop(columns="number")

    said = []
    for policy in known["policy"]:
        own = asked.loc[asked.index.repeat(samples)].reset_index(drop=True)
        place = (np.arange(len(own)) + 0.5) / len(own)
        place = rng.permutation(place)
        bad = toxic.get(policy, 0.0)
        text = np.where(place < bad, TOXIC_ANSWER, ANSWER)
        text = np.where(place > 1 - helpless.get(policy, 0.0), HELPLESS, text)
        own = own.assign(policy=policy, response=text)
        own["sample_id"] = own.groupby("prompt_id").cumcount()
        said.append(scored(own, gain(policy) + rng.normal(size=len(own))))
    names = [f"start-{base}" for base in (INITIAL, SECOND)]
    names += [f"{DPO}-{base}-{name}" for base in (INITIAL, SECOND) for name in (UNCLEANED, CLEANED)]
    again = pd.concat([frame for frame in said if frame["policy"].iloc[0] in names])
    again = again[[name for name in again if not name.startswith("rm:")]]
    worth = again["policy"].map(lambda policy: gain(policy) - cost.get(policy, 0.0))
    judged = scored(asked.assign(chosen=ANSWER), rng.normal(size=len(asked)))
    margins = pd.DataFrame({"pair_id": range(3 * pairs), "source": np.repeat(TESTED, pairs)})
    bench = pd.DataFrame({"pair_id": range(3 * pairs)})
    bench["category"] = np.repeat(["Safety", "Chat", "Math"], pairs)
    probes = pd.DataFrame({"probe": np.repeat(["non-answer", "empty"], 50)})
    for rm, s in skill.items():
        for frame in (margins, bench):
            frame[rm] = UNIT[rm] * (s + np.sqrt(1 - s**2) * rng.normal(size=len(frame)))
        probes[f"better:{rm}"] = ZERO[rm] + UNIT[rm] * rng.normal(size=len(probes))
        more = likes_helpless.get(rm, 0.0) * UNIT[rm]
        probes[f"worse:{rm}"] = probes[f"better:{rm}"] + more
    return Aligned(
        policies=known,
        said=pd.concat(said, ignore_index=True).sample(frac=1, random_state=seed),
        reworded=again.assign(oracle=worth + rng.normal(size=len(again))),
        judged=judged,
        log=_log(gain, fast, rng),
        curves=_curves(gain, oracle_path, rng),
        margins=margins,
        bench=bench,
        probes=probes,
    )


def _log(
    gain: Callable[[str], float], fast: Mapping[str, float], rng: np.random.Generator
) -> pd.DataFrame:
    rows = []
    for rm, number in product(EQUAL_SIZE, NUMBERS):
        run = f"{PPO}-{rm}-{number}"
        for step in range(1, STEPS + 1):
            progress = min(step / STEPS / fast.get(rm, 0.5), 1.0)
            reward = (0.5 + gain(run)) * progress + 1e-3 * rng.normal()
            rows.append((run, rm, "main", 0.1, step, reward, -0.1, 1 - progress / 2))
    names = ["run", "rm", "setting", "kl_coef", "step", "reward", "policy_loss", "value_loss"]
    return pd.DataFrame(rows, columns=names)


def _curves(
    gain: Callable[[str], float], oracle_path: Callable[[float], float], rng: np.random.Generator
) -> pd.DataFrame:
    rows = []
    for rm in EQUAL_SIZE:
        settings = [(f"{PPO}-{rm}-{k}", "main", 0.1) for k in NUMBERS]
        for run, setting, kl_coef in [*settings, (f"{PPO}-{rm}-free", "penalty", 0.0)]:
            # Of the main runs the first alone is judged on its way, the others at their end.
            first = POINTS if run == f"{PPO}-{rm}-{NUMBERS[1]}" else 1
            for point in range(first, POINTS + 1):
                progress = point / POINTS
                way = oracle_path(progress) if setting == "penalty" else gain(run) * progress
                noise = 1e-3 * rng.normal(size=3)
                rewards = np.array([2 * progress, 1.5 * progress, way]) + noise
                kl = progress * (4 if setting == "penalty" else 1)
                rows.append((run, rm, setting, kl_coef, STEPS * progress, kl, *rewards))
    names = ["own_reward", "evaluator_reward", "oracle_reward"]
    keys = ["run", "rm", "setting", "kl_coef", "step", "kl_nats"]
    return pd.DataFrame(rows, columns=[*keys, *names])
