"""What the claims of Finding 3, Table 3, Figure 5 and Tables 5 and 6 compare: changes of prompts.

In: the tables of `measure.estimates`. Out: quantities, by the names that the registry's criteria
use. Called by the stage `finding3`.
"""

import pandas as pd

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.quantity import Quantity, measured
from proxyreward.findings.rethinking.finding3.measure import SAFETY, SEPARATE
from proxyreward.metrics.prediction import kendall, slope
from proxyreward.vocabulary import BEST_OF_N, JOINT, OPTIMISERS, PARAPHRASE, PPO, REWRITE


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
    """How Spearman goes as more and more prompts are changed."""
    found = {}
    for strategy, rows in shares.groupby("strategy", sort=False):
        lines = rows.pivot(index="share", columns="optimiser", values="value")
        levels = lines.index.to_numpy(dtype=float)
        steepness = {name: abs(slope(levels, lines[name].to_numpy())) for name in lines}
        values = {
            f"{NAMES[optimiser]}, {strategy}: Spearman with all prompts changed minus with none":
                lines[optimiser].iloc[-1] - lines[optimiser].iloc[0]
            for optimiser in OPTIMISERS
        } | {
            f"{strategy}: |slope of Spearman in the share changed|, PPO minus best-of-n":
                steepness[PPO] - steepness[BEST_OF_N],
            f"{NAMES[PPO]}, {strategy}: Kendall of the share changed and Spearman":
                float(kendall(levels, lines[PPO].to_numpy())),
        }  # fmt: skip
        found |= {name: measured(value) for name, value in values.items()}
    return found


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
