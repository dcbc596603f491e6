"""What the claims about the KL penalty of PPO compare: Table 7 and appendix 8.5.

In: `Evidence` and the table of runs. Out: quantities. Called by `claims`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Quantity, counted
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.repeats import OverDraws
from proxyreward.findings.rethinking.rethinking_appendix.penalties import (
    Penalised,
    collapse,
    printed,
    trend,
)

STOPPED = "PPO runs with a very large penalty that did not finish"
REWARDS = {
    "proxy_gain": "proxy reward at the end of PPO with a very large penalty",
    "golden_gain": "golden reward at the end of PPO with a very large penalty",
}
MECHANISM = {"kl_nats": "KL divergence at the end", "proxy_gain": "gain in proxy reward"}


def measure_penalty(
    evidence: Evidence, runs: pd.DataFrame, over: OverDraws, registry: Registry
) -> dict[str, Quantity]:
    """Measure what `rethinking.table7` and `rethinking.appendix.kl_penalty` compare.

    Parameters
    ----------
    evidence : Evidence
    runs : DataFrame
        Of `rethinking_appendix.penalties.run_ends`.
    over : OverDraws
        Bootstrap over golden RMs; there is one draw of the test set.
    registry : Registry
        The paper's printed values. What was tried at one penalty alone is left out.
    """
    return (
        _prediction(evidence, over, registry)
        | _collapse(runs[runs["kl_coef"] == collapse(registry)], over)
        | _mechanism(runs, over)
    )


def told_collapse(found: Mapping[str, Quantity]) -> str:
    """How the runs with the penalty of the collapse ended; empty if there are none."""
    if STOPPED not in found:
        return ""
    stopped, [proxy, golden] = found[STOPPED], [found[name].values[0] for name in REWARDS.values()]
    told = f"{stopped.values[0]:.0f} of {stopped.n} runs did not finish."
    if np.isfinite(proxy + golden):
        told += f" At the end the proxy reward is {proxy:.2g} and the golden reward {golden:.2g}."
    return told


def _prediction(evidence: Evidence, over: OverDraws, registry: Registry) -> dict[str, Quantity]:
    tried = Penalised.of(evidence, collapse(registry))
    if len(tried.penalties) < 2:
        return {}
    paper = printed(registry)
    theirs = {
        name: np.array([row[name] for _, row in sorted(paper.items())])
        for name in ("spearman", "mrr")
    }
    ours = {name: tried.by_golden(name)[:, None] for name in theirs}  # one draw
    return {
        # Resamples of a largest value lie above it, so these two are centred on their estimates.
        **over.over_draws(
            "largest Spearman with a penalty minus without",
            _gain, ours["spearman"], recentre=True, paper=_gain(theirs["spearman"]),
        ),
        **over.over_draws(
            "Spearman at the largest penalty minus the best of the others",
            _late, ours["spearman"], recentre=True, paper=_late(theirs["spearman"]),
        ),
        **over.over_draws(
            "Kendall of the penalty and the MRR",
            lambda means: trend(tried.penalties, means),
            ours["mrr"], paper=trend(sorted(paper), theirs["mrr"]),
        ),
    }  # fmt: skip


def _collapse(large: pd.DataFrame, over: OverDraws) -> dict[str, Quantity]:
    """How the runs with the penalty of the collapse ended."""
    if large.empty:
        return {}
    found = {STOPPED: counted((large["status"] != "finished").sum(), len(large))}
    for column, name in REWARDS.items():
        found |= over.over_draws(name, float, large[column].to_numpy(dtype=float)[None])
    return found


def _mechanism(runs: pd.DataFrame, over: OverDraws) -> dict[str, Quantity]:
    found = {}
    for column, name in MECHANISM.items() if len(runs) else ():
        wide = runs.pivot(index="rm", columns="kl_coef", values=column)
        trends = np.array([trend(wide.columns, row) for row in wide.to_numpy(dtype=float)])
        found |= over.over_draws(f"Kendall of the penalty and the {name}", float, trends[None])
    return found


def _gain(means: np.ndarray) -> float:
    """Largest value with a penalty minus the value without; penalties rise along the axis."""
    return float(means[1:].max() - means[0])


def _late(means: np.ndarray) -> float:
    """Value at the largest penalty minus the largest before it."""
    return float(means[-1] - means[:-1].max())
