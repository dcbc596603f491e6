"""Families of reward models without training: utility plus noise."""

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.rethinking.evidence import CURVES, REGRET, RUNS, Evidence


@pytest.fixture(scope="session")
def registry():
    return load_registry()


@pytest.fixture(scope="session")
def as_read():
    """Makes of a table of one run one as pages read it, with an interval of 0.1 to either side."""

    def over(table):
        value = table["value"]
        return table.assign(estimate=value, low=value - 0.1, high=value + 0.1).drop(columns="value")

    return over


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


CATEGORIES = ("Chat", "ChatHard", "Code", "Math", "Safety")
WRITERS = ("careful", "chatty", "blunt", "timid")


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
    rms = pd.DataFrame(rms, columns=["family", "rm", "label", "flip_rate"])
    noise = dict(zip(names, 0.2 + 4 * flips)) | {"arch-16x1": 1.5, "arch-32x2": 0.7}
    noise |= {"part-1": 0.6, "part-2": 0.4}

    def scored(rows, models):
        """Utility of each row plus every model's own noise."""
        utility = rng.normal(size=len(rows))
        scores = {m: (utility + noise[m] * rng.normal(size=len(rows))) for m in models}
        return pd.concat([rows, pd.DataFrame(scores).astype(np.float32)], axis=1)

    category = [CATEGORIES[i % 5] for i in range(50)]
    variants = ("original", "paraphrase", "rewrite")
    prompts = pd.DataFrame(
        [
            (v, i, category[i], f"\n\nHuman: {v} prompt {i}\n\nAssistant:")
            for v in variants
            for i in range(50)
        ],
        columns=["variant", "prompt_id", "category", "prompt"],
    )
    columns = ["variant", "prompt_id", "source", "sample_id"]
    asked = [
        ("original", i, source, k) for i in range(50) for source in (*WRITERS, "initial")
        for k in range(2)
    ]  # fmt: skip
    asked += [(v, i, source, 0) for v in variants[1:] for i in range(50) for source in WRITERS]
    bench = pd.DataFrame(
        [(i, CATEGORIES[i % 5], side) for i in range(80) for side in (0, 1)],
        columns=["pair_id", "category", "side"],
    )
    regret, curves = [], []
    accuracy = {m: 1 / (1 + noise[m]) for m in noise}

    def add(family, policy, optimiser, n, kl_coef, training, of):
        members = rms.loc[rms["family"] == family, "rm"]
        for golden in members:
            for proxy in members:
                ndr = 1.0 if golden == proxy else accuracy[proxy] + 0.1 * rng.normal()
                key = (family, policy, optimiser, n, kl_coef, training, of, golden, proxy)
                regret.append((*key, 2 * ndr, ndr, 2.0))

    for n in (4, 16):
        for family in ("main", "architectures", "parts"):
            add(family, "initial", "best-of-n", n, 0.0, "joint", "all")
        add("main", "second", "best-of-n", n, 0.0, "joint", "all")
        for of in CATEGORIES:
            add("main", "initial", "best-of-n", n, 0.0, "joint", of)
    for kl_coef in (0.0, 0.01, 0.05, 0.1, 0.5):
        add("main", "initial", "ppo", 0, kl_coef, "joint", "all")
    for of in CATEGORIES:
        add("main", "initial", "ppo", 0, 0.0, "joint", of)
        add("main", "initial", "ppo", 0, 0.0, of, of)
    for optimiser, steps in (("best-of-n", (1, 2, 4, 8, 16)), ("ppo", (0, 10, 20, 30))):
        for golden in names:
            for proxy in names:
                for k, step in enumerate(steps):
                    reward = 2.0 * k / (len(steps) - 1)
                    curves.append((optimiser, golden, proxy, step, 0.8 * k, reward, 0.5 * k))
    runs = [
        (f"{name}-kl-{kl_coef:g}", name, kl_coef, "joint", "finished", "", 30, 2.0 - kl_coef,
         3.0 - 4 * kl_coef, 1.0)
        for name in names for kl_coef in (0.0, 0.01, 0.05, 0.1, 0.5)
    ]  # fmt: skip
    return Evidence(
        rms=rms,
        prompts=prompts,
        bench=scored(bench, list(noise)),
        tests=scored(pd.DataFrame(asked, columns=columns), names),
        regret=pd.DataFrame(regret, columns=REGRET),
        curves=pd.DataFrame(curves, columns=CURVES),
        runs=pd.DataFrame(runs, columns=RUNS),
    )
