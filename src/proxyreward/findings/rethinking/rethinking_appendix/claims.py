"""What the claims of the appendix compare: Figure 12, Tables 7 and 8, training pairs, best-of-n.

In: tables of `measure` and `recipes`. Out: quantities, by the names that the registry's criteria
use. Called by the stage `rethinking_appendix`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.quantity import Quantity, counted, measured
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.evidence import at_n
from proxyreward.findings.rethinking.regret import n_grid
from proxyreward.findings.rethinking.rethinking_appendix.measure import collapse, kl_integral, trend
from proxyreward.metrics.best_of_n import kl_bound
from proxyreward.metrics.estimates import mean_known
from proxyreward.vocabulary import ARCHITECTURES, PARTS

LARGE, LARGEST = "with a very large penalty", "at the largest penalty minus"
MECHANISM = {"kl_nats": "KL divergence at the end", "proxy_gain": "gain in proxy reward"}


def quantities(
    estimates: Mapping[str, pd.DataFrame],
    runs: pd.DataFrame,
    recipes: pd.DataFrame,
    registry: Registry,
) -> dict[str, Quantity]:
    """Measure what the claims of the appendix compare.

    Parameters
    ----------
    estimates : `families`, `mutual`, `penalties` and `dataset` of one run: of
        `measure.family_associations` (the largest n counts), `mutual_accuracy`,
        `penalty_associations` and `training_pairs`.
    runs, recipes : of `measure.run_ends` and `recipes.recipe_table`.
    registry : the paper's printed values.
    """
    dataset = estimates["dataset"].set_index("quantity")["value"]
    return {
        **_families(estimates["families"], estimates["mutual"]),
        **_prediction(estimates["penalties"]),
        **_runs(runs, collapse(registry)),
        # Undefined where nothing was trained.
        **{
            f"{row.family}: different settings beyond one": counted(
                row.settings - 1 if row.items else np.nan
            )
            for row in recipes.itertuples()
        },
        "length of chosen minus rejected responses, in pooled sd": measured(dataset["gap"]),
        "prompts that occurred before": counted(dataset["duplicates"]),
        **_divergence(int(registry.printed("rethinking.appendix.details", "bon_n"))),
    }


def _families(associations: pd.DataFrame, mutual: pd.DataFrame) -> dict[str, Quantity]:
    found = {
        "Spearman of accuracy and NDR": at_n(associations.query("statistic == 'spearman'")),
        "mean mutual accuracy": mutual.query("quantity == 'mean'"),
        "sd of mutual accuracy": mutual.query("quantity == 'sd'"),
    }
    values = {name: rows.set_index("family")["value"] for name, rows in found.items()}
    return {
        f"{name}, data parts minus architectures": measured(value[PARTS] - value[ARCHITECTURES])
        for name, value in values.items()
    }


def _prediction(penalties: pd.DataFrame) -> dict[str, Quantity]:
    """Trend and differences over the penalties; nothing where there is one alone."""
    ours, paper = (
        penalties.pivot(index="kl_coef", columns="statistic", values=column)
        for column in ("value", "paper")
    )
    if len(ours) < 2:
        return {}
    mrr = measured(*(trend(ours.index, side["mrr"]) for side in (ours, paper)))
    spearman = ours["spearman"], paper["spearman"]
    least, most = ours.index[[0, -1]]
    pairs = {f"with a penalty of {one:g} minus without": (one, least) for one in ours.index[1:]}
    pairs |= {f"{LARGEST} at {one:g}": (most, one) for one in ours.index[:-1]}
    fall = measured(*(side["mrr"].loc[most] - side["mrr"].loc[least] for side in (ours, paper)))
    found = {"Kendall of the penalty and the MRR": mrr, f"MRR {LARGEST} without": fall}
    return found | {
        f"Spearman {name}": measured(*(side.loc[high] - side.loc[low] for side in spearman))
        for name, (high, low) in pairs.items()
    }


def _runs(runs: pd.DataFrame, collapse: float) -> dict[str, Quantity]:
    """How runs ended with the penalty of the collapse, if any had it, and what penalties do."""
    if runs.empty:
        return {}
    found, large = {}, runs[runs["kl_coef"] == collapse]
    if len(large):
        stopped, of = (large["status"] != "finished").sum(), "at the end of PPO"
        found = {
            f"PPO runs {LARGE} that did not finish": counted(stopped),
            f"PPO runs {LARGE}": counted(len(large)),
            f"proxy reward {of} {LARGE}": measured(large["proxy_gain"].mean()),
            f"golden reward {of} {LARGE}": measured(large["golden_gain"].mean()),
        }
    for column, name in MECHANISM.items():
        wide = runs.pivot(index="rm", columns="kl_coef", values=column)
        trends = np.array([trend(wide.columns, row) for row in wide.to_numpy(dtype=float)])
        found[f"Kendall of the penalty and the {name}"] = measured(mean_known(trends))
    return found


def _divergence(top: int) -> dict[str, Quantity]:
    ns = n_grid(top)
    formula = np.array([np.log2(n) - (n - 1) / n * np.log2(np.e) for n in ns])
    values = {
        f"KL of best-of-{top}, bits": formula[-1],
        "largest deviation of our KL from the formula, bits": abs(kl_bound(ns) - formula).max(),
        "largest deviation of the formula from integration, bits": abs(
            formula - [kl_integral(n) for n in ns]
        ).max(),
    }
    return {name: counted(value) for name, value in values.items()}
