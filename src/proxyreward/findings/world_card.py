"""The world card: what the embedded world looks like, and that it is not degenerate.

In: the initial policy's pool with its oracle utilities. Out: tables of samples, counts and checks.
Called by the stage `world_card`; the notebook `world` shows the tables.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from proxyreward.metrics.best_of_n import best_of_n
from proxyreward.world import annotators, oracle, prompts, records, sources
from proxyreward.world.tasks import CATEGORIES
from proxyreward.world.writers import WRITERS

LENGTH = "length in characters"


def write_responses(count: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two responses to each of ``count`` prompts, categories and writers in turn.

    Each a frame ``prompt, writer, response``, here called *texts*.
    """
    names = list(WRITERS)
    asked = [prompts.draw(rng, CATEGORIES[i % len(CATEGORIES)]) for i in range(count)]

    def one(shift: int) -> pd.DataFrame:
        who = [names[(i // len(CATEGORIES) + shift) % len(names)] for i in range(count)]
        said = [WRITERS[name].write(prompt, rng) for name, prompt in zip(who, asked, strict=True)]
        asked_for = [prompt.text for prompt in asked]
        return pd.DataFrame({"prompt": asked_for, "writer": who, "response": said})

    return one(0), one(1)


def worth(texts: pd.DataFrame, judge: Callable[..., np.ndarray] = oracle.utility) -> np.ndarray:
    """What the oracle, or another judge, gives each response."""
    return judge(texts["prompt"].tolist(), texts["response"].tolist())


def surface(texts: pd.DataFrame) -> pd.DataFrame:
    """Spearman correlation of the oracle's utility with each feature and with length.

    A feature that does not vary has no correlation (NaN).
    """
    utility = rankdata(worth(texts))
    columns = dict(zip(oracle.FEATURES, worth(texts, oracle.features).T, strict=True))
    columns[LENGTH] = texts["response"].map(len).to_numpy()
    rows = []
    for name, column in columns.items():
        varies = np.ptp(column) > 0
        rho = np.corrcoef(rankdata(column), utility)[0, 1] if varies else np.nan
        rows.append((name, column.mean(), rho))
    return pd.DataFrame(rows, columns=["feature", "mean", "spearman"])


def agreement_table(
    first: pd.DataFrame, second: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Share of pairs on which each annotator agrees with each other one and with the oracle."""
    u1, u2 = worth(first), worth(second)
    votes = annotators.prefers_first(u1, u2, rng)
    differ, alike = u1 != u2, annotators.agreement(votes)
    rows = []
    for a, quality in enumerate(annotators.QUALITIES):
        row = {"annotator": a + 1, "quality": quality}
        row |= {f"with {b + 1}": alike[a, b] for b in range(len(votes)) if b != a}
        row["with the oracle"] = np.mean((votes[a] == (u1 > u2))[differ])
        rows.append(row)
    return pd.DataFrame(rows)


def source_table(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Share of pairs that two sources order alike; the oracle is the last row and column."""
    judges = {name: partial(sources.utility, name) for name in sources.SOURCES}
    judges["oracle"] = oracle.utility
    gaps = [worth(first, judge) - worth(second, judge) for judge in judges.values()]
    orders = [np.sign(gap.round(9)) for gap in gaps]
    alike = [[np.mean(a == b) for b in orders] for a in orders]
    return pd.DataFrame(alike, list(judges), list(judges)).rename_axis("source").reset_index()


def record_table(rng: np.random.Generator) -> pd.DataFrame:
    """One record of each of the six types."""
    rows = []
    for i, kind in enumerate(records.TYPES):
        prompt = prompts.draw(rng, CATEGORIES[i % len(CATEGORIES)])
        rows.append((kind, prompt.text, *records.draw_record(kind, prompt, rng)))
    return pd.DataFrame(rows, columns=["type", "prompt", "chosen", "rejected"])


def sample_table(written: pd.DataFrame, policy: pd.DataFrame, per_category: int) -> pd.DataFrame:
    """The first responses of each category, by the writers and by the initial policy."""
    both = pd.concat([written.assign(part=0), policy.assign(part=1)], ignore_index=True)
    both["category"] = [prompts.find(prompt).category for prompt in both["prompt"]]
    shown = both.groupby(["part", "category"]).head(per_category)
    shown = shown.sort_values("category", kind="stable", ignore_index=True)
    shown = shown[["category", "prompt", "writer", "response"]]
    return shown.assign(utility=worth(shown))


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


def compute(
    policy: pd.DataFrame,
    utility: np.ndarray,
    pairs_by_category: Mapping[str, int],
    rng: np.random.Generator,
    count: int = 4000,
) -> dict[str, pd.DataFrame]:
    """All tables of the world card.

    Parameters
    ----------
    policy
        Texts of the initial policy's pool, prompt by prompt.
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
    order, gains = source_table(first, second), oracle_gains(utility)
    world = pd.Series([prompt.category for prompt in prompts.every_prompt().values()])
    counts = {name: (world == name).sum() for name in CATEGORIES}
    pairs = [int(pairs_by_category.get(name, 0)) for name in CATEGORIES]
    categories = pd.DataFrame({"category": CATEGORIES, "prompts": counts.values(), "pairs": pairs})

    checks = [("distinct prompts", len(world), 5000, np.inf)]
    for who, table in surfaces.items():
        rho = table.set_index("feature")["spearman"].abs()
        checks += [
            (f"|Spearman| of the oracle with length, {who}", rho.pop(LENGTH), 0, 0.3),
            (f"largest |Spearman| of the oracle with one feature, {who}", rho.max(), 0, 0.7),
        ]
    between = np.nanmean(people.filter(regex=r"^with \d"))
    top, nearest = gains["gain_sd"].iloc[-1], order["oracle"].iloc[:-1].max()
    checks += [
        ("mean agreement of two annotators", between, 0.70, 0.85),
        ("gain of best-of-n by the oracle at the largest n, in sd", top, 1.5, np.inf),
        ("fewest training pairs in a category", min(pairs), 1, np.inf),
        ("share of pairs that the nearest source orders as the oracle", nearest, 0.5, 0.95),
    ]
    checked = pd.DataFrame(checks, columns=["check", "value", "low", "high"])
    return {
        "checks": checked.assign(holds=checked["value"].between(checked["low"], checked["high"])),
        "features": pd.merge(*surfaces.values(), on="feature", suffixes=("_writers", "_policy")),
        "annotators": people,
        "sources": order,
        "records": record_table(rng),
        "samples": sample_table(first, policy, per_category=2),
        "categories": categories,
        "oracle_gains": gains,
    }
