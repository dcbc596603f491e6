"""The KL penalty of PPO: how well accuracy predicts regret, and what the penalty does.

In: `Evidence`. Out: the association at each penalty on the same reward models, and the end of every
run. Called by `tables`, `claims` and the notebook `rethinking_kl`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import associate, by_golden, kendall
from proxyreward.vocabulary import ALL, INITIAL, JOINT, MAIN, PPO

ENTRY = "rethinking.table7"


@dataclass(frozen=True)
class Penalised:
    """Accuracy and PPO NDR of the same reward models at every penalty.

    Attributes
    ----------
    rms : names, in family order.
    penalties : rising, 0 first.
    accuracy : shape (goldens, proxies).
    ndr : shape (penalties, goldens, proxies).
    """

    rms: list[str]
    penalties: list[float]
    accuracy: np.ndarray
    ndr: np.ndarray

    @classmethod
    def of(cls, evidence: Evidence, below: float = np.inf) -> "Penalised":
        """Penalties below a limit, and the main RMs that have a policy at every one of them."""
        rows = _policies(evidence)
        rows = rows[rows["kl_coef"] < below]
        penalties = sorted(rows["kl_coef"].unique().tolist())
        tried = rows.groupby("proxy")["kl_coef"].nunique()
        names = evidence.names(MAIN)
        rms = [name for name in names if tried.get(name, 0) == len(penalties)]
        places = [names.index(name) for name in rms]
        wide = [
            group.pivot(index="golden", columns="proxy", values="ndr")
            .reindex(index=rms, columns=rms)
            .to_numpy(dtype=float)
            for _, group in rows.groupby("kl_coef")
        ]
        return cls(rms, penalties, accuracy_matrix(evidence.pairs(MAIN)[places]), np.stack(wide))

    def by_golden(self, statistic: str) -> np.ndarray:
        """Coefficient of accuracy with NDR, shape (penalties, goldens).

        NaN throughout for fewer than three reward models: a golden RM then has one proxy.
        """
        if len(self.rms) < 3:
            return np.full((len(self.penalties), len(self.rms)), np.nan)
        return by_golden(statistic, self.accuracy, self.ndr)


def printed(registry: Registry) -> dict[float, dict[str, float]]:
    """The paper's Table 7: penalty to its four statistics."""
    values = registry.printed(ENTRY)
    return {float(key): row for key, row in values.items() if key != "penalty_with_collapse"}


def collapse(registry: Registry) -> float:
    """The penalty with which the paper's training could collapse."""
    return float(registry.printed(ENTRY, "penalty_with_collapse"))


def penalty_associations(
    evidence: Evidence, resamples: int, rng: np.random.Generator, registry: Registry
) -> pd.DataFrame:
    """Association of accuracy with PPO NDR at every penalty below the one of the collapse.

    Returns
    -------
    DataFrame
        kl_coef, rms, the fields of :class:`proxyreward.metrics.prediction.Association`, and paper:
        Table 7's value, NaN where the paper has no such penalty. Empty for fewer than three
        reward models.
    """
    found, paper, rows = Penalised.of(evidence, collapse(registry)), printed(registry), []
    if len(found.rms) >= 3:
        for kl_coef, ndr in zip(found.penalties, found.ndr):
            for a in associate(found.accuracy, ndr, resamples, rng):
                value = paper.get(kl_coef, {}).get(a.statistic, np.nan)
                rows.append({"kl_coef": kl_coef, "rms": len(found.rms), **vars(a), "paper": value})
    columns = ["kl_coef", "rms", "statistic", "protocol", "estimate", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "n_goldens", "paper"])


def run_ends(evidence: Evidence) -> pd.DataFrame:
    """The end of every joint PPO run of a main RM for which more than one penalty was tried.

    Returns
    -------
    DataFrame
        rm, label, kl_coef, status, message, kl_nats, proxy_gain, and golden_gain: the policy's
        golden reward, mean over the other golden RMs. Gains in sd of the initial policy.
    """
    labels = evidence.rms[evidence.rms["family"] == MAIN].set_index("rm")["label"]
    runs = evidence.runs
    runs = runs[(runs["training"] == JOINT) & runs["rm"].isin(labels.index)]
    runs = runs[runs.groupby("rm")["kl_coef"].transform("nunique") > 1]
    policies = _policies(evidence)
    others = policies[policies["golden"] != policies["proxy"]]
    gains = others.groupby(["proxy", "kl_coef"])["golden_reward"].mean().rename("golden_gain")
    ends = runs.merge(gains, how="left", left_on=["rm", "kl_coef"], right_index=True)
    columns = ["rm", "kl_coef", "status", "message", "kl_nats", "proxy_gain", "golden_gain"]
    ends = ends[columns].sort_values(["rm", "kl_coef"], kind="stable", ignore_index=True)
    ends.insert(1, "label", ends["rm"].map(labels))
    return ends


def trend(penalties: Sequence[float], values: np.ndarray) -> float:
    """Kendall correlation of a value with the penalty, over the penalties where it is known.

    0 for a value that does not change; NaN if fewer than two are known.
    """
    known = np.isfinite(values)
    if known.sum() < 2:
        return np.nan
    return float(np.nan_to_num(kendall(np.asarray(penalties)[known], values[known])))


def _policies(evidence: Evidence) -> pd.DataFrame:
    return evidence.policies(PPO, family=MAIN, policy=INITIAL, training=JOINT, category=ALL)
