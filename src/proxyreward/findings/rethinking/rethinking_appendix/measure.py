"""Other families of reward models, the KL penalty of PPO, and what holds of the training pairs.

In: the `evidence.Evidence` of one run, and its training pairs. Out: tables. Called by the stage
`rethinking_appendix`, the module `claims`, and for scatter plots by `rethinking_families`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from proxyreward.data.construction import response_words, standardised_gap
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.evidence import PLAIN, Evidence, square, under
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.estimates import mean_known
from proxyreward.metrics.prediction import STATISTICS, by_golden, kendall
from proxyreward.vocabulary import (
    ARCHITECTURES,
    BEST_OF_N,
    INITIAL,
    JOINT,
    MAIN,
    PARTS,
    PENALTY,
    PPO,
)

TITLES = {MAIN: "label flips", ARCHITECTURES: "architectures", PARTS: "data parts"}
ENDS = ("kl_nats", "proxy_gain", "golden_gain")
TABLE7 = "rethinking.table7"


def coefficients(accuracy: np.ndarray, ndr: np.ndarray) -> dict[str, float]:
    """Kendall, Pearson, Spearman and MRR over each golden RM's proxies, mean over golden RMs.

    Arguments of shape (goldens, proxies). All NaN for fewer than three reward models: a golden RM
    then has one proxy.
    """
    if len(accuracy) < 3:
        return dict.fromkeys(STATISTICS, np.nan)
    return {name: mean_known(by_golden(name, accuracy, ndr)) for name in STATISTICS}


def family_pairs(evidence: Evidence, n: int) -> pd.DataFrame:
    """Rows of `Evidence.couples` for best-of-n, with family, and the golden RM's label in it."""
    frames = []
    for family in TITLES:
        labels = evidence.rms[evidence.rms["family"] == family].set_index("rm")["label"]
        pairs = under(evidence.couples(family), BEST_OF_N, n)
        frames.append(pairs.assign(family=family, label=pairs["golden"].map(labels)))
    return pd.concat(frames, ignore_index=True)


def family_associations(evidence: Evidence) -> pd.DataFrame:
    """Association of accuracy with best-of-n NDR in each family: n, family, statistic, value.

    At each n above 1 that all families have; the statistics are those of :func:`coefficients`.
    """
    bon = evidence.regret[(evidence.regret["policy"] == INITIAL) & (evidence.regret["n"] > 1)]
    ns = set.intersection(*(set(bon.loc[bon["family"] == family, "n"]) for family in TITLES))
    rows = [
        (n, family, *each)
        for n in sorted(ns)
        for family, pairs in family_pairs(evidence, n).groupby("family", sort=False)
        for each in coefficients(square(pairs, "accuracy"), square(pairs, "ndr")).items()
    ]
    return pd.DataFrame(rows, columns=["n", "family", "statistic", "value"])


def mutual_accuracy(evidence: Evidence) -> pd.DataFrame:
    """Mean and sd of the accuracies between the members of each family: family, quantity, value."""
    accuracy = family_pairs(evidence, 0).groupby("family", sort=False)["accuracy"]
    found = pd.DataFrame({"mean": accuracy.mean(), "sd": accuracy.std(ddof=0)})
    return found.melt(ignore_index=False, var_name="quantity").reset_index()


def collapse(registry: Registry) -> float:
    """The penalty with which the paper's training could collapse."""
    return float(registry.printed(TABLE7, "penalty_with_collapse"))


def penalised(
    evidence: Evidence, below: float = np.inf
) -> tuple[list[str], np.ndarray, dict[float, np.ndarray]]:
    """Accuracy and PPO NDR of the same reward models at every penalty below a limit.

    Returns the names of the main RMs that have a policy at every one of these penalties, in family
    order; their accuracy, shape (goldens, proxies); and NDR of that shape by penalty, rising.
    """
    rows = _policies(evidence)
    rows = rows[rows["kl_coef"] < below]
    tried = rows.groupby("proxy")["kl_coef"].nunique()
    whole = tried.index[tried == rows["kl_coef"].nunique()]
    names = [name for name in evidence.names() if name in whole]
    rows = rows[rows["golden"].isin(names) & rows["proxy"].isin(names)]
    places = [evidence.names().index(name) for name in names]
    ndr = {float(k): evidence.square(group, "ndr") for k, group in rows.groupby("kl_coef")}
    return names, accuracy_matrix(evidence.pairs()[places]), ndr


def penalty_associations(evidence: Evidence, registry: Registry) -> pd.DataFrame:
    """Association of accuracy with PPO NDR at every penalty below the one of the collapse.

    Rows kl_coef, statistic, paper (Table 7's value, NaN where it has no such penalty), value.
    """
    _, accuracy, ndr = penalised(evidence, collapse(registry))
    paper = {float(key): row for key, row in registry.printed(TABLE7).items() if key[0].isdigit()}
    rows = [
        (kl_coef, statistic, paper.get(kl_coef, {}).get(statistic, np.nan), value)
        for kl_coef, matrix in ndr.items()
        for statistic, value in coefficients(accuracy, matrix).items()
    ]
    return pd.DataFrame(rows, columns=["kl_coef", "statistic", "paper", "value"])


def run_ends(evidence: Evidence) -> pd.DataFrame:
    """The end of one PPO run at each penalty, for the main RMs with more than one.

    Rows rm, label, kl_coef, status, message, kl_nats, proxy_gain, and golden_gain: the policy's
    golden reward, mean over the others of these RMs, the same ones at every penalty. Gains in sd of
    the initial policy.
    """
    labels = evidence.rms[evidence.rms["family"] == MAIN].set_index("rm")["label"]
    runs = evidence.runs
    first = (runs["training"] == JOINT) & (runs["number"] == 1)
    runs = runs[first & runs["rm"].isin(labels.index)]
    runs = runs[runs.groupby("rm")["kl_coef"].transform("nunique") > 1]
    policies = _policies(evidence)
    others = policies[
        policies["golden"].isin(runs["rm"]) & (policies["golden"] != policies["proxy"])
    ]
    gains = others.groupby(["proxy", "kl_coef"])["golden_reward"].mean().rename("golden_gain")
    ends = runs.merge(gains, how="left", left_on=["rm", "kl_coef"], right_index=True)
    ends = ends.sort_values(["rm", "kl_coef"], kind="stable", ignore_index=True)
    ends["label"] = ends["rm"].map(labels)
    return ends[["rm", "label", "kl_coef", "status", "message", *ENDS]]


def mean_ends(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean over reward models of the `ENDS` of their runs: kl_coef, quantity, value."""
    means = runs.groupby("kl_coef")[list(ENDS)].mean()
    return means.melt(ignore_index=False, var_name="quantity").reset_index()


def trend(penalties: Sequence[float], values: Sequence[float]) -> float:
    """Kendall correlation of a value with the penalty, over the penalties where it is known.

    0 for a value that does not change; NaN if fewer than two are known.
    """
    penalties, values = np.asarray(penalties, dtype=float), np.asarray(values, dtype=float)
    known = np.isfinite(values)
    if known.sum() < 2:
        return np.nan
    return float(np.nan_to_num(kendall(penalties[known], values[known])))


def training_pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """Size, lengths in words and duplicates of a training set: quantity, value.

    `gap` is the mean length of chosen minus that of rejected responses in pooled sd, `duplicates`
    counts prompts that occurred before.
    """
    chosen, rejected = response_words(frame)
    values = {
        "pairs": len(frame),
        "duplicates": frame["prompt"].duplicated().sum(),
        "chosen_words": chosen.mean(),
        "rejected_words": rejected.mean(),
        "gap": standardised_gap(chosen, rejected),
    }
    return pd.DataFrame(values.items(), columns=["quantity", "value"])


def kl_integral(n: int) -> float:
    r"""KL divergence of best-of-n in bits, from the density of the largest of n uniform scores.

    Best-of-n depends on the scores through their ranks alone, so they may be taken as uniform
    on (0, 1); the initial policy then has density 1 and best-of-n the density
    :math:`f(u) = n u^{n-1}`:

    .. math:: D(n) = \int_0^1 f(u) \log_2 f(u)\, du = \int_0^1 \log_2 f(v^{1/n})\, dv

    with :math:`v = u^n`, which spreads the peak of f evenly.

    >>> round(kl_integral(2), 4)
    0.2787
    """
    from scipy.integrate import quad

    return quad(lambda v: np.log2(n) + (n - 1) / n * np.log2(v), 0.0, 1.0, limit=200)[0]


def _policies(evidence: Evidence) -> pd.DataFrame:
    """What one run at each KL coefficient is worth."""
    chosen = PLAIN | {"family": MAIN, "setting": PENALTY}
    return evidence.policies(PPO, **chosen)
