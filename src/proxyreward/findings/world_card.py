"""The world card: what the embedded world looks like, and that it is not degenerate.

The initial policy's pool with its oracle utilities comes in; tables of samples, counts and checks
go out.  The `world_card` stage is the caller, the notebook `world` shows the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from proxyreward.metrics.best_of_n import best_of_n
from proxyreward.world import annotators, oracle, prompts, records, sources
from proxyreward.world.tasks import CATEGORIES
from proxyreward.world.writers import WRITERS

LENGTH = "length in characters"


@dataclass(frozen=True)
class Texts:
    """Prompt texts, responses to them and who wrote these, of equal number."""

    prompts: list[str]
    responses: list[str]
    writers: list[str]


def write_responses(count: int, rng: np.random.Generator) -> tuple[Texts, Texts]:
    """Two responses to each of ``count`` prompts, categories and writers in turn."""
    names = list(WRITERS)
    asked = [prompts.draw(rng, CATEGORIES[i % len(CATEGORIES)]) for i in range(count)]

    def one(shift: int) -> Texts:
        who = [names[(i // len(CATEGORIES) + shift) % len(names)] for i in range(count)]
        said = [WRITERS[name].write(prompt, rng) for name, prompt in zip(who, asked)]
        return Texts([prompt.text for prompt in asked], said, who)

    return one(0), one(1)


def surface(texts: Texts) -> pd.DataFrame:
    """Spearman correlation of the oracle's utility with each feature and with length.

    A feature that does not vary has no correlation (NaN).
    """
    features = oracle.features(texts.prompts, texts.responses)
    utility = rankdata(oracle.utility(texts.prompts, texts.responses))
    columns = dict(zip(oracle.FEATURES, features.T))
    columns[LENGTH] = np.array([len(response) for response in texts.responses])
    rows = []
    for name, column in columns.items():
        varies = np.ptp(column) > 0
        rho = np.corrcoef(rankdata(column), utility)[0, 1] if varies else np.nan
        rows.append({"feature": name, "mean": column.mean(), "spearman": rho})
    return pd.DataFrame(rows)


def agreement_table(first: Texts, second: Texts, rng: np.random.Generator) -> pd.DataFrame:
    """Share of pairs on which each annotator agrees with each other one and with the oracle."""
    u1, u2 = (oracle.utility(texts.prompts, texts.responses) for texts in (first, second))
    votes = annotators.prefers_first(u1, u2, rng)
    differ, alike = u1 != u2, annotators.agreement(votes)
    rows = []
    for a, quality in enumerate(annotators.QUALITIES):
        row = {"annotator": a + 1, "quality": quality}
        row |= {f"with {b + 1}": alike[a, b] for b in range(len(votes)) if b != a}
        row["with the oracle"] = np.mean((votes[a] == (u1 > u2))[differ])
        rows.append(row)
    return pd.DataFrame(rows)


def source_table(first: Texts, second: Texts) -> pd.DataFrame:
    """Share of pairs that two sources order alike; the oracle is the last row and column."""
    judges = {name: partial(sources.utility, name) for name in sources.SOURCES}
    judges["oracle"] = oracle.utility
    orders = {}
    for name, judge in judges.items():
        worth = [judge(texts.prompts, texts.responses) for texts in (first, second)]
        orders[name] = np.sign((worth[0] - worth[1]).round(9))
    alike = {
        name: {other: np.mean(order == orders[other]) for other in orders}
        for name, order in orders.items()
    }
    return pd.DataFrame(alike).T.rename_axis("source").reset_index()


def record_table(rng: np.random.Generator) -> pd.DataFrame:
    """One record of each of the six types."""
    rows = []
    for i, kind in enumerate(records.TYPES):
        prompt = prompts.draw(rng, CATEGORIES[i % len(CATEGORIES)])
        chosen, rejected = records.draw_record(kind, prompt, rng)
        rows.append({"type": kind, "prompt": prompt.text, "chosen": chosen, "rejected": rejected})
    return pd.DataFrame(rows)


def sample_table(written: Texts, policy: Texts, per_category: int) -> pd.DataFrame:
    """The first responses of each category, by the writers and by the initial policy."""
    rows = []
    for texts in (written, policy):
        worth = oracle.utility(texts.prompts, texts.responses)
        seen = dict.fromkeys(CATEGORIES, 0)
        for prompt, response, writer, utility in zip(
            texts.prompts, texts.responses, texts.writers, worth
        ):
            category = prompts.find(prompt).category
            seen[category] += 1
            if seen[category] <= per_category:
                row = {"category": category, "prompt": prompt, "writer": writer}
                rows.append(row | {"response": response, "utility": utility})
    return pd.DataFrame(rows).sort_values("category", kind="stable", ignore_index=True)


def oracle_gains(utility: np.ndarray) -> pd.DataFrame:
    """Gain of best-of-n by the oracle itself, in sd of the pool's utility, for powers of two.

    Parameters
    ----------
    utility
        Oracle utilities of the pool, shape ``(prompts, samples)``.
    """
    samples = utility.shape[1]
    ns = sorted({2**k for k in range(samples.bit_length()) if 2**k <= samples} | {samples})
    best = best_of_n(utility, utility, ns).mean(axis=1)
    return pd.DataFrame({"n": ns, "gain_sd": ((best - utility.mean()) / utility.std()).round(9)})


def _check(name: str, value: float, low: float, high: float) -> dict:
    return {
        "check": name, "value": value, "low": low, "high": high, "holds": bool(low <= value <= high)
    }  # fmt: skip


def compute(
    policy: Texts, utility: np.ndarray, pairs_by_category: Mapping[str, int], rng, count: int = 4000
) -> dict[str, pd.DataFrame]:
    """All tables of the world card.

    Parameters
    ----------
    policy
        The initial policy's pool, prompt by prompt.
    utility
        Its oracle utilities, shape ``(prompts, samples)``.
    pairs_by_category
        Number of training pairs in each category.
    count
        Number of prompts that the writers answer for the card.

    Returns
    -------
    ``checks`` (each with its bounds and whether it holds), ``features``, ``annotators``,
    ``sources``, ``records``, ``samples``, ``categories`` and ``oracle_gains``.
    """
    first, second = write_responses(count, rng)
    surfaces = {"writers": surface(first), "initial policy": surface(policy)}
    people = agreement_table(first, second, rng)
    order = source_table(first, second)
    gains = oracle_gains(utility)
    between = people.filter(regex=r"^with \d").to_numpy()
    world = pd.Series([p.category for p in prompts.every_prompt().values()]).value_counts()
    categories = pd.DataFrame(
        {
            "category": CATEGORIES,
            "prompts": [int(world[c]) for c in CATEGORIES],
            "pairs": [int(pairs_by_category.get(c, 0)) for c in CATEGORIES],
        }
    )
    others = order.set_index("source").loc[list(sources.SOURCES), "oracle"]
    checks = [_check("distinct prompts", world.sum(), 5000, np.inf)]
    for who, table in surfaces.items():
        rho = table.set_index("feature")["spearman"].abs()
        name = "largest |Spearman| of the oracle with one feature"
        checks.append(_check(f"|Spearman| of the oracle with length, {who}", rho[LENGTH], 0, 0.3))
        checks.append(_check(f"{name}, {who}", rho.drop(LENGTH).max(), 0, 0.7))
    fewest, nearest, top = categories["pairs"].min(), others.max(), gains["gain_sd"].iloc[-1]
    checks += [
        _check("mean agreement of two annotators", np.nanmean(between), 0.70, 0.85),
        _check("gain of best-of-n by the oracle at the largest n, in sd", top, 1.5, np.inf),
        _check("fewest training pairs in a category", fewest, 1, np.inf),
        _check("share of pairs that the nearest source orders as the oracle", nearest, 0.5, 0.95),
    ]
    features = surfaces["writers"].merge(
        surfaces["initial policy"], on="feature", suffixes=("_writers", "_policy")
    )
    return {
        "checks": pd.DataFrame(checks),
        "features": features,
        "annotators": people,
        "sources": order,
        "records": record_table(rng),
        "samples": sample_table(first, policy, per_category=2),
        "categories": categories,
        "oracle_gains": gains,
    }
