"""What the page of Finding 3 shows: summaries of its tables, the paper's Table 3, examples.

In: the tables of `tables.compute` and the registry. Out: small tables. Called by the `finding3`
stage, by `claims` and `figures`, and by the notebook.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.data.transcripts import last_request
from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.finding3.tables import KEYS, SEPARATE
from proxyreward.findings.rethinking.repeats import summary
from proxyreward.metrics.resampling import Interval, bootstrap
from proxyreward.vocabulary import BEST_OF_N, JOINT, ORIGINAL, PARAPHRASE, PPO, REWRITE

SAFETY = "Safety"
_PRINTED = {"BoN": BEST_OF_N, "PPO": PPO}


def summarise(
    tables: Mapping[str, pd.DataFrame], resamples: int, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """What figures show: coefficients over draws, and prompts by category.

    Parameters
    ----------
    tables : mapping of DataFrame
        From :func:`compute`.
    resamples, rng
        Of the intervals over prompts.

    Returns
    -------
    dict of DataFrame
        `categories`, `trainings`, `shares` as summaries; `prompts` (category, measure, prompts,
        estimate, low, high), the measures being the mean similarity of `paraphrase` and `rewrite`,
        the share of originals whose held-out guess is right (`guess`) and that of rewrites
        (`guess_rewrite`); `sizes`.
    """
    summaries = {name: summary(tables[name], *keys) for name, keys in KEYS.items()}
    prompts = tables["prompts"]
    measures = prompts[["paraphrase", "rewrite"]].assign(
        **{name: prompts[name] == prompts["category"] for name in ("guess", "guess_rewrite")}
    )
    groups = {"all": prompts["category"] != ""}
    groups |= {f"without {SAFETY}": prompts["category"] != SAFETY}
    groups |= {name: prompts["category"] == name for name in np.unique(prompts["category"])}
    rows = []
    for group, chosen in groups.items():
        for measure, values in measures[chosen].items():
            interval = mean_over_prompts(values.to_numpy(dtype=float), resamples, rng)
            rows.append((group, measure, int(chosen.sum()), *interval))
    columns = ["category", "measure", "prompts", "estimate", "low", "high"]
    return {**tables, **summaries, "prompts": pd.DataFrame(rows, columns=columns)}


def mean_over_prompts(values: np.ndarray, resamples: int, rng: np.random.Generator) -> Interval:
    """Mean with its interval, prompts resampled."""
    return bootstrap(lambda prompts: values[prompts].mean(), len(values), resamples, rng)


def paper_categories(registry: Registry) -> pd.DataFrame:
    """The paper's Table 3: optimiser, downstream, accuracy_on, mean, sd."""
    rows = [
        (optimiser, row, column, cell["mean"], cell["pm"])
        for name, optimiser in _PRINTED.items()
        for row, cells in registry.printed("rethinking.table3", name).items()
        for column, cell in cells.items()
    ]
    return pd.DataFrame(rows, columns=[*KEYS["categories"], "mean", "sd"])


def square(table: pd.DataFrame) -> np.ndarray:
    """Means of one optimiser or training as (downstream, accuracy_on), in alphabetical order."""
    return table.pivot(index="downstream", columns="accuracy_on", values="mean").to_numpy()


def advantage(matrix: np.ndarray) -> float:
    """Mean of the cells of one category minus mean of the cells of two; NaN if one is NaN."""
    same = np.eye(len(matrix), dtype=bool)
    return float(matrix[same].mean() - matrix[~same].mean())


def diagonal_maxima(matrix: np.ndarray, axis: int) -> float:
    """How many columns (axis 0) or rows (axis 1) have their largest cell on the diagonal.

    >>> diagonal_maxima(np.array([[2, 1], [3, 4]]), axis=0)
    1.0
    """
    if np.isnan(matrix).any():
        return np.nan
    return float((matrix.argmax(axis) == np.arange(len(matrix))).sum())


def advantages(
    categories: pd.DataFrame, trainings: pd.DataFrame, paper: pd.DataFrame
) -> pd.DataFrame:
    """Does the same category predict better? A row per optimiser, ours and the paper's."""
    found = {}
    for who, table in (("ours", categories), ("paper", paper)):
        for optimiser, rows in table.groupby("optimiser"):
            found[f"{NAMES[optimiser]}, {who}"] = square(rows)
    texts = {JOINT: "PPO on all prompts, fewer RMs", SEPARATE: "PPO per category, fewer RMs"}
    for training, rows in trainings.groupby("training"):
        found[texts[training]] = square(rows)
    return pd.DataFrame(
        {
            "Policies": list(found),
            "Same category": [np.diagonal(matrix).mean() for matrix in found.values()],
            "Other category": [
                np.diagonal(matrix).mean() - advantage(matrix) for matrix in found.values()
            ],
            "Best columns": [diagonal_maxima(matrix, 0) for matrix in found.values()],
            "Best rows": [diagonal_maxima(matrix, 1) for matrix in found.values()],
        }
    )


def table3(categories: pd.DataFrame, optimiser: str) -> pd.DataFrame:
    """Mean and sd over draws as text cells, a row per downstream category."""
    rows = categories[categories["optimiser"] == optimiser]
    text = [f"{row.mean:.2f} ± {row.sd:.2f}" for row in rows.itertuples()]
    wide = rows.assign(text=text).pivot(index="downstream", columns="accuracy_on", values="text")
    return wide.rename_axis(index="Downstream", columns=None).reset_index()


def examples(prompts: pd.DataFrame) -> pd.DataFrame:
    """The first prompt of each category, its paraphrase and its rewrite."""
    texts = prompts.assign(text=prompts["prompt"].map(last_request))
    wide = texts.pivot(index="prompt_id", columns="variant", values="text")
    first = prompts[prompts["variant"] == ORIGINAL].drop_duplicates("category")
    shown = wide.loc[first["prompt_id"], [ORIGINAL, PARAPHRASE, REWRITE]]
    shown.insert(0, "Category", first["category"].to_numpy())
    return shown.rename(columns=str.capitalize).sort_values("Category")
