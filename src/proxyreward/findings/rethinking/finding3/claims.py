"""What the claims of Finding 3, Table 3, Figure 5 and Tables 5 and 6 compare: changes of prompts.

In: the tables of `measure.estimates`. Out: quantities, by the names that the registry's criteria
use. Called by the stage `finding3`.
"""

import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.rethinking.finding3.measure import SAFETY, SEPARATE
from proxyreward.metrics.prediction import kendall
from proxyreward.vocabulary import BEST_OF_N, JOINT, OPTIMISERS, PARAPHRASE, PPO, REWRITE

CHANGED = "Spearman with all prompts changed minus with none"


def quantities(
    advantages: pd.DataFrame, shares: pd.DataFrame, prompts: pd.DataFrame
) -> dict[str, Quantity]:
    """What the claims compare, from the tables of `measure.estimates`, shares rising to 1."""
    return _categories(advantages) | _shares(shares) | _texts(prompts)


def _categories(advantages: pd.DataFrame) -> dict[str, Quantity]:
    """How much better the same category predicts, how often it predicts best, and for whom."""
    ours, paper = (
        advantages.pivot(index="optimiser", columns="measure", values=column).assign(
            gap=lambda table: table["same"] - table["other"],
            led=lambda table: table["columns"] + table["rows"],
        )
        for column in ("value", "paper")
    )
    found = {
        f"{name}, best-of-n minus PPO": measured(
            *(table.at[BEST_OF_N, what] - table.at[PPO, what] for table in (ours, paper))
        )
        for name, what in (
            ("same-category advantage", "gap"),
            ("columns and rows led by their own category", "led"),
        )
    }
    if SEPARATE in ours.index:
        found["same-category advantage under PPO per category minus under joint PPO"] = measured(
            ours.at[SEPARATE, "gap"] - ours.at[JOINT, "gap"]
        )
    texts = {
        "gap": "Spearman in the same category minus in others",
        "columns": "accuracy columns led by their own category",
        "rows": "regret rows led by their own category",
    }
    return found | {
        f"{NAMES[optimiser]}: {name}": measured(ours.at[optimiser, what], paper.at[optimiser, what])
        for optimiser in OPTIMISERS
        for what, name in texts.items()
    }


def _shares(shares: pd.DataFrame) -> dict[str, Quantity]:
    """How Spearman goes as more and more prompts are changed, by each strategy and on average."""
    found, changes = {}, []
    for strategy, rows in shares.groupby("strategy", sort=False):
        lines = rows.pivot(index="share", columns="optimiser", values="value")
        change = lines.iloc[-1] - lines.iloc[0]
        for optimiser in OPTIMISERS:
            found[f"{NAMES[optimiser]}, {strategy}: {CHANGED}"] = change[optimiser]
        trend = kendall(lines.index.to_numpy(dtype=float), lines[PPO].to_numpy())
        found[f"{NAMES[PPO]}, {strategy}: Kendall of the share changed and Spearman"] = float(trend)
        changes.append(change)
    mean = pd.DataFrame(changes).mean(skipna=False)
    found[f"{NAMES[PPO]}: {CHANGED}, mean of strategies"] = mean[PPO]
    found[f"{CHANGED}, PPO minus best-of-n"] = mean[PPO] - mean[BEST_OF_N]
    return {name: measured(value) for name, value in found.items()}


def _texts(prompts: pd.DataFrame) -> dict[str, Quantity]:
    """What the two strategies do to the prompts, all of them and without Safety."""
    means = prompts.pivot(index="category", columns="measure", values="value")
    held_out = "share of held-out originals that word counts place in their category"
    found = {held_out: measured(means.at["all", "guess"])}
    for group, suffix in (("all", ""), (f"without {SAFETY}", f", without {SAFETY}")):
        row = means.loc[group]
        closer = measured(row[PARAPHRASE] - row[REWRITE])
        found[f"similarity to the paraphrase minus to the rewrite{suffix}"] = closer
        placed = measured(row["guess_rewrite"])
        found[f"share of rewrites that word counts place in their category{suffix}"] = placed
    return found
