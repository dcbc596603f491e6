"""Tables of Finding 4: the repeated draws of `draws.compute`, summed up.

In: the long tables of `draws`. Out: tables small enough for Git. Called by the `finding4` stage
and, where a parameter differs from the stage's, by the notebook.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.repeats import as_array, summary
from proxyreward.metrics.resampling import bootstrap_draws
from proxyreward.vocabulary import BEST_OF_N, PPO

# What the paper calls its metrics and columns.
PRINTED = {
    "pearson": "Pearson corr.*",
    "spearman": "Spearman corr.",
    "kendall": "Kendall corr.",
    "accuracy": "Accuracy",
    "bo_n": "Bo5*",
    "ece": "ECE",
    "mrr": "MRR",
    "ndcg": "NDCG",
    "xi": "xi corr.",
    "accuracy_pair": "Accuracy-pair",
}
COLUMNS = {BEST_OF_N: "bon", PPO: "ppo"}
STATISTICS = {"spearman": "Spearman", "mrr": "MRR"}


def summarise(
    tables: Mapping[str, pd.DataFrame],
    *,
    resamples: int,
    rng: np.random.Generator,
    registry: Registry,
) -> dict[str, pd.DataFrame]:
    """Sum the draws up.

    Parameters
    ----------
    tables : mapping of DataFrame
        From `finding4.draws.compute`.
    resamples : int
        Bootstrap resamples of draws and golden RMs.
    rng : numpy.random.Generator
        Source of the resamples.
    registry : Registry
        Where the paper's values come from.

    Returns
    -------
    dict of DataFrame
        `table4` (metric, optimiser, statistic, mean, sd, low, high, low, high, paper,
        paper_pm): `sd`, `low` and `high` over draws, the interval over draws and golden RMs;
        `growth`, `samples` (n_sample, n_resp, n_prompt, optimiser, mean, sd, low, high) and
        `budgets` (budget instead of n_sample), Spearman; `errors` as it is; `sizes`, one row.
    """
    ours = summary(tables["metrics"], "metric", "optimiser", "statistic")
    ends, paper = [], []
    for row in ours.itertuples():
        one = tables["metrics"].query(
            "metric == @row.metric and optimiser == @row.optimiser and statistic == @row.statistic"
        )
        ends.append(bootstrap_draws(float, as_array(one), resamples, rng)[1:])
        paper.append(printed(registry, row.metric, row.optimiser, row.statistic))
    ours[["low", "high"]], ours[["paper", "paper_pm"]] = ends, paper
    sweeps = {
        name: summary(tables[name], size, "n_resp", "n_prompt", "optimiser")
        for name, size in (("growth", "n_sample"), ("samples", "n_sample"), ("budgets", "budget"))
    }
    sizes = tables["sizes"].assign(resamples=resamples)
    return {"table4": ours, **sweeps, "errors": tables["errors"], "sizes": sizes}


def printed(registry: Registry, metric: str, optimiser: str, statistic: str) -> tuple[float, float]:
    """Mean and ± of a cell of the paper's Table 4; NaN for a metric that it does not have."""
    if metric not in PRINTED:
        return np.nan, np.nan
    column = f"{COLUMNS[optimiser]}_{statistic}"
    cell = registry.printed("rethinking.table4", PRINTED[metric], column)
    return cell["mean"], cell["pm"]


def small_sizes(samples: pd.DataFrame) -> pd.DataFrame:
    """Rows of Figure 6: sizes that allow two responses per prompt, up to half of all responses.

    With more than half of a prompt's responses, repeated draws would be much the same.
    """
    small = samples.loc[samples["n_resp"] == 2, "n_sample"].max()
    half = samples["n_resp"].max() // 2
    return samples[(samples["n_sample"] <= small) & (samples["n_resp"] <= half)]


def larger_sizes(samples: pd.DataFrame) -> pd.DataFrame:
    """Rows of Figure 14: from the largest size that allows two responses per prompt."""
    small = samples.loc[samples["n_resp"] == 2, "n_sample"].max()
    return samples[samples["n_sample"] >= small]


def readings(table4: pd.DataFrame) -> pd.DataFrame:
    """Rows of Table 4 on ECE and xi, in all readings."""
    return table4[table4["metric"].str.startswith(("ece", "xi"))]


def cells(table4: pd.DataFrame) -> pd.DataFrame:
    """Rows of Table 4 as text `mean ± sd`, ours and the paper's, a row per metric."""

    def text(mean: float, pm: float) -> str:
        return f"{mean:.2f}\u00a0±\u00a0{pm:.2f}".replace("-", "−")

    def both(row: tuple) -> str:
        paper = f" (paper\u00a0{text(row.paper, row.paper_pm)})" if np.isfinite(row.paper) else ""
        return text(row.mean, row.sd) + paper

    named = pd.DataFrame(
        {
            "Metric": table4["metric"].replace(PRINTED).str.replace("ece", "ECE"),
            "column": table4["optimiser"].map(NAMES) + ", " + table4["statistic"].map(STATISTICS),
            "cell": [both(row) for row in table4.itertuples()],
        }
    )
    wide = named.pivot(index="Metric", columns="column", values="cell").rename_axis(columns=None)
    ordered = wide.reindex(index=named["Metric"].unique(), columns=named["column"].unique())
    return ordered.reset_index()
