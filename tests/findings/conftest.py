"""Reward models without training: utility plus noise."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from tests.findings.tables import crossed

from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking.evidence import (
    CURVES,
    REGRET,
    REPEATS,
    RUNS,
    Evidence,
)
from proxyreward.metrics.agreement import pool_accuracy

CATEGORIES = ("Chat", "ChatHard", "Code", "Math", "Safety")
WRITERS = ("careful", "chatty", "blunt", "timid")
VARIANTS = ("original", "paraphrase", "rewrite")
PENALTIES = (0.0, 0.01, 0.05, 0.1, 0.5)
KL_COEF = 0.1  # of the main setting


@pytest.fixture(scope="session")
def registry():
    return load_registry()


@pytest.fixture(scope="session")
def family():
    """`pool`, `bench` and the list of five RMs whose noise grows with the flip rate."""
    rng = np.random.default_rng(0)
    flips = np.array([0.0, 0.1, 0.2, 0.3, 0.4])

    def scores(*shape):
        utility = rng.normal(size=shape)
        return np.stack([utility + 4 * q * rng.normal(size=shape) for q in flips])

    rms = pd.DataFrame({"rm": [f"rm{q:.1f}" for q in flips], "flip_rate": flips, "seed": range(5)})
    return scores(40, 20).astype(np.float32), scores(300, 2).astype(np.float32), rms


@pytest.fixture(scope="session")
def evidence():
    """All of `Evidence` without training: six RMs, 50 accuracy prompts, 12 downstream prompts."""
    rng = np.random.default_rng(5)
    flips = np.linspace(0, 0.45, 6)
    names = [f"flip-{q:.2f}" for q in flips]
    rms = [("main", name, f"{q:.0%} flipped", q) for name, q in zip(names, flips)]
    others = {"architectures": ["arch-16x1", "arch-32x2"], "parts": ["part-1", "part-2"]}
    for family, members in others.items():
        rms += [(family, name, name, 0.0) for name in [*members, names[0]]]
    apart = ["apart-0", "apart-1"]
    rms += [("apart", name, name, 0.0) for name in apart]
    rms = pd.DataFrame(rms, columns=["family", "rm", "label", "flip_rate"])
    noise = dict(zip(names, 0.2 + 4 * flips)) | {"arch-16x1": 1.5, "arch-32x2": 0.7}
    noise |= {"part-1": 0.6, "part-2": 0.4, "apart-0": 0.5, "apart-1": 0.9}

    def scored(rows, models):
        """Utility of each row plus every model's own noise."""
        utility = rng.normal(size=len(rows))
        scores = {m: (utility + noise[m] * rng.normal(size=len(rows))) for m in models}
        return pd.concat([rows, pd.DataFrame(scores).astype(np.float32)], axis=1)

    prompts = crossed(variant=VARIANTS, prompt_id=range(50))
    prompts["category"] = np.take(CATEGORIES, prompts["prompt_id"] % 5)
    asked = prompts["variant"] + " prompt " + prompts["prompt_id"].astype(str)
    prompts["prompt"] = "\n\nHuman: " + asked + "\n\nAssistant:"
    bench = crossed(pair_id=range(80), side=(0, 1))
    bench["category"] = np.take(CATEGORIES, bench["pair_id"] % 5)
    ids, sources = range(50), (*WRITERS, "initial")
    original = crossed(variant=["original"], prompt_id=ids, source=sources, sample_id=(0, 1))
    others = crossed(variant=VARIANTS[1:], prompt_id=ids, source=WRITERS, sample_id=[0])

    judges = [*names, *apart, "oracle"]
    beside = np.random.default_rng(6)
    truth = beside.normal(size=(20, 8))
    noises = [noise.get(name, 0) * beside.normal(size=truth.shape) for name in judges]
    own = crossed(golden=judges, proxy=judges)
    own["accuracy"] = pool_accuracy(np.stack([truth + each for each in noises])).ravel()
    regret = []

    def add(family, policy, optimiser, n, setting, kl_coef, training, of):
        members = rms.loc[rms["family"] == family, "rm"]
        if family == "across":
            members = judges
        for golden, proxy in product(members, members):
            ndr = 1.0 if golden == proxy else 1 / (1 + noise.get(proxy, 0)) + 0.1 * rng.normal()
            key = (family, policy, optimiser, n, setting, kl_coef, training, of, golden, proxy)
            regret.append((*key, 2 * ndr, ndr, 2.0))

    for n in (4, 16):
        best = ("best-of-n", n, "main", 0.0, "joint")
        for family in ("main", "architectures", "parts"):
            add(family, "initial", *best, "all")
        add("main", "second", *best, "all")
        for of in CATEGORIES:
            add("main", "initial", *best, of)
    for family in ("apart", "across"):
        add(family, "initial", "best-of-n", 16, "main", 0.0, "joint", "all")
    ppo = ("main", "initial", "ppo", 0)
    for of in ("all", *CATEGORIES):
        add(*ppo, "main", KL_COEF, "joint", of)
        for kl_coef in PENALTIES:
            add(*ppo, "penalty", kl_coef, "joint", of)
    for of in CATEGORIES:
        add(*ppo, "main", KL_COEF, of, of)
    repeats = [
        (number, golden, proxy, 2.0, 1 - abs(i - j) / 6 + 0.1 * rng.normal())
        for number, (i, golden), (j, proxy) in product(
            (1, 2, 3), enumerate(names), enumerate(names)
        )
    ]
    curves = [
        (optimiser, golden, proxy, step, 0.8 * k, 2 * k / (len(steps) - 1), 0.5 * k)
        for optimiser, steps in (("best-of-n", (1, 2, 4, 8, 16)), ("ppo", (0, 10, 20, 30)))
        for golden, proxy, (k, step) in product(names, names, enumerate(steps))
    ]
    runs = [
        (f"{rm}-{setting}-{number}-{kl:g}", rm, setting, number, kl, "joint", "finished", "", 30,
         2 - kl, 3 - 4 * kl, 1.0)
        for rm in names
        for setting, number, kl in [
            *(("main", k, KL_COEF) for k in (1, 2, 3)),
            *(("penalty", 1, kl) for kl in PENALTIES if kl != KL_COEF),
        ]
    ]  # fmt: skip
    return Evidence(
        rms=rms,
        prompts=prompts,
        bench=scored(bench, list(noise)),
        tests=scored(pd.concat([original, others], ignore_index=True), names),
        own=own,
        regret=pd.DataFrame(regret, columns=REGRET),
        curves=pd.DataFrame(curves, columns=CURVES),
        runs=pd.DataFrame(runs, columns=RUNS),
        repeats=pd.DataFrame(repeats, columns=REPEATS),
    )
