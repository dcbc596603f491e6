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
    theirs = {name: [row[name] for _, row in sorted(paper.items())] for name in ("spearman", "mrr")}
    ours = {name: tried.by_golden(name)[:, None] for name in theirs}  # one draw
    found = over.over_draws(
        "Kendall of the penalty and the MRR",
        lambda means: trend(tried.penalties, means),
        ours["mrr"],
        paper=trend(sorted(paper), np.array(theirs["mrr"])),
    )
    spearmans = dict(zip(sorted(paper), theirs["spearman"], strict=True))
    least, *_, most = tried.penalties
    for low, high, name in [
        *((least, one, "with a penalty of {1:g} minus without") for one in tried.penalties[1:]),
        *((one, most, "at the largest penalty minus at {0:g}") for one in tried.penalties[:-1]),
    ]:
        places = [list(tried.penalties).index(one) for one in (high, low)]
        found |= over.over_draws(
            f"Spearman {name.format(low, high)}",
            lambda means, places=places: float(np.subtract(*means[places])),
            ours["spearman"],
            paper=spearmans.get(high, np.nan) - spearmans.get(low, np.nan),
        )
    return found


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
