"""What the claims of Finding 4 compare: Table 4, Figures 6, 7, 14 and 15, appendix 8.8.

In: the tables of `measure.compute`. Out: quantities, by the names that the registry's criteria use.
Called by the stage `finding4`. Where a claim compares "more responses" with two, the mean over all
larger numbers is compared.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.rethinking.finding4.measure import (
    BUDGETS,
    GROWTH,
    PRINTED,
    SAMPLES,
    SECOND_POLICY,
    figure_rows,
)
from proxyreward.findings.rethinking.repeats import STATISTICS
from proxyreward.metrics.prediction import kendall, off_diagonal, pearson, slope
from proxyreward.metrics.within_prompt import accuracy
from proxyreward.vocabulary import BEST_OF_N, OPTIMISERS

PAIR, RANKS, SCORES = "accuracy_pair", ["spearman", "kendall"], ["pearson", "bo_n"]
LABELS = {metric: name.rstrip("*") for metric, name in PRINTED.items()}
RISING = "Kendall of responses per prompt and Spearman"
GAIN = "Spearman with more than two responses minus with two"


def quantities(tables: Mapping[str, pd.DataFrame]) -> dict[str, Quantity]:
    """Measure what the claims compare, from `table4`, `responses` and `errors` of one run."""
    mrr, bo_n, acc = (
        off_diagonal(rows.pivot(index="golden", columns="proxy", values="value")).ravel()
        for rows in (tables["errors"].query("metric == @m") for m in ("mrr", "bo_n", "accuracy"))
    )
    closer = measured(pearson(mrr, bo_n) - pearson(mrr, acc))
    found = _metrics(tables["table4"]) | _pairs_per_prompt()
    found["Pearson of MRR with Bo5 minus that with accuracy"] = closer
    for optimiser in OPTIMISERS:
        own = _sweeps(tables["responses"], optimiser)
        found |= {f"{NAMES[optimiser]}: {name}": measured(value) for name, value in own.items()}
    second = _curves(figure_rows(tables["responses"], "second"), SECOND_POLICY)
    for size, curve in second.iterrows():
        name = f"{NAMES[BEST_OF_N]}: {RISING}, {size} samples, second policy"
        found[name] = measured(kendall(curve.index, curve))
    found[f"{NAMES[BEST_OF_N]}: {GAIN}, mean of sizes, second policy"] = measured(_gain(second))
    return found


def _metrics(table4: pd.DataFrame) -> dict[str, Quantity]:
    """Cells of Table 4 against one another, ours and the paper's alike."""
    mean = table4[table4["measure"] == "mean"]
    grids = [
        mean.pivot(index=["optimiser", "statistic"], columns="metric", values=column)
        for column in ("value", "paper")
    ]
    found = {}

    def compare(optimiser: str, statistic: str, first: str, second: str) -> None:
        what = f"{STATISTICS[statistic]} of {LABELS[first]} minus that of {LABELS[second]}"
        ours, paper = (grid.loc[(optimiser, statistic)] for grid in grids)
        difference = measured(ours[first] - ours[second], paper[first] - paper[second])
        found[f"{NAMES[optimiser]}: {what}"] = difference

    more = [metric for metric in PRINTED if metric not in ("ece", PAIR)]
    for metric, optimiser, statistic in product(more, OPTIMISERS, STATISTICS):
        compare(optimiser, statistic, metric, PAIR)
    for rank, score, optimiser in product(RANKS, SCORES, OPTIMISERS):
        compare(optimiser, "spearman", rank, score)
    above = [grid[more].gt(grid[PAIR], axis=0).to_numpy().sum() for grid in grids]
    first = [(grid["xi"] > grid[[*PRINTED]].drop(columns="xi").max(axis=1)).sum() for grid in grids]
    found["cells of Table 4 above that of Accuracy-pair"] = measured(*above)
    found["columns in which xi comes first"] = measured(*first)
    for x in OPTIMISERS:
        ours, paper = (grid.loc[(x, "spearman"), [*PRINTED]] for grid in grids)
        gap = abs(ours.drop("ece")).min() - abs(ours["ece"])
        found[f"{NAMES[x]}: smallest |Spearman| of another metric minus ECE's"] = measured(gap)
        found[f"{NAMES[x]}: Spearman of ECE"] = measured(ours["ece"], paper["ece"])
    sd = table4[(table4["measure"] == "sd") & (table4["statistic"] == "spearman")]
    spread = sd.loc[sd["metric"].isin([*RANKS, *SCORES]), "value"].mean()
    found["mean sd over draws of the Spearman of a rank or score metric"] = measured(spread)
    return found


def _sweeps(responses: pd.DataFrame, optimiser: str) -> dict[str, float]:
    """What the number of responses does to Spearman under one optimiser, in every design."""
    growth = _curves(figure_rows(responses, GROWTH), optimiser)
    small = _curves(figure_rows(responses, "small"), optimiser)
    budget = _curves(figure_rows(responses, BUDGETS), optimiser)
    rows = responses[responses["design"] == SAMPLES]
    most = _curves(rows[rows["n_resp"] == rows["n_resp"].max()], optimiser).iloc[:, 0]

    found = {f"{RISING}, all prompts": kendall(growth.columns, growth.iloc[0])}
    for size, curve in small.iterrows():
        found[f"{GAIN}, {size} samples"] = _gain(curve)
        found[f"{RISING}, {size} samples"] = kendall(curve.index, curve)
    found[f"{GAIN}, mean of sizes"] = _gain(small)
    found["slope on log size of Spearman with most responses minus with two"] = slope(
        np.log(small.index), small.iloc[:, -1] - small.iloc[:, 0]
    )
    for place, (limit, curve) in enumerate(budget.iterrows()):
        half = "larger" if place >= len(budget) // 2 else "smaller"
        found[f"{GAIN}, {half} budget {limit}"] = _gain(curve)
    found[f"{GAIN}, mean of budgets"] = _gain(budget)
    found[f"{GAIN}, mean of larger budgets"] = _gain(budget.iloc[len(budget) // 2 :])
    ends, between = [budget.iloc[0], budget.iloc[-1]], "smallest minus largest budget"
    best = [np.nan if curve.isna().any() else curve.idxmax() for curve in ends]
    found[f"best number of responses, {between}"] = best[0] - best[1]
    found[f"slope of Spearman on responses, {between}"] = _slope(ends[0]) - _slope(ends[1])

    # At all responses per prompt, which every size allows.
    found["Spearman at the largest size minus at half of it"] = most.iloc[-1] - most.iloc[-2]
    log_size, half = most.set_axis(np.log(most.index)), -(-len(most) // 2)
    bend = _slope(log_size.iloc[-half:]) - _slope(log_size.iloc[:half])
    found["slope of Spearman on log size, larger minus smaller half of the sizes"] = bend
    return found


def _curves(rows: pd.DataFrame, optimiser: str) -> pd.DataFrame:
    """Mean Spearman by size (rows) and responses per prompt (columns), both ascending."""
    rows = rows[rows["optimiser"] == optimiser]
    return rows.pivot(index="size", columns="n_resp", values="value")


def _gain(curves: pd.DataFrame | pd.Series) -> float:
    """Mean over all larger numbers of responses minus that with two, mean over curves."""
    values = curves.to_numpy(dtype=float)
    return float((values[..., 1:].mean(axis=-1) - values[..., 0]).mean())


def _slope(curve: pd.Series) -> float:
    return slope(curve.index, curve)


def _pairs_per_prompt() -> dict[str, Quantity]:
    """One swap of neighbours changes one pair, so it shows how many the accuracy averages over."""
    deviation = 0.0
    for count in range(2, 21):
        order = np.arange(count, dtype=float)
        swapped = order[[1, 0, *range(2, count)]]
        pairs = 1 / (1 - accuracy(order[None], swapped[None]))
        deviation = max(deviation, abs(float(pairs) - count * (count - 1) / 2))
    name = "largest deviation of the pairs per prompt from r(r-1)/2, r = 2 to 20"
    return {name: counted(deviation)}
