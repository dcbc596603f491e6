"""Accuracy and best-of-n NDR in families that differ by architecture or by training data.

In: `Evidence`. Out: one row per golden-proxy pair, the association in each family, and how alike
its members are. Called by `tables`, `claims` and the notebook `rethinking_families`.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import associate, off_diagonal
from proxyreward.metrics.resampling import bootstrap, draw_goldens
from proxyreward.vocabulary import ARCHITECTURES, BEST_OF_N, INITIAL, MAIN, PARTS

TITLES = {MAIN: "label flips", ARCHITECTURES: "architectures", PARTS: "data parts"}


def common_n(evidence: Evidence, n: int = 0) -> int:
    """An n that all families have; 0 stands for the largest.

    Raises
    ------
    ValueError
        If they do not all have that n; lists those that they share.
    """
    rows = evidence.regret[
        (evidence.regret["optimiser"] == BEST_OF_N) & (evidence.regret["policy"] == INITIAL)
    ]
    of_family = [set(rows.loc[rows["family"] == family, "n"]) for family in TITLES]
    known = sorted(int(each) for each in set.intersection(*of_family) if each > 1)
    chosen = n or max(known, default=0)
    if chosen not in known:
        raise ValueError(f"n={n} is not common to all families; choose one of {known}, or 0")
    return chosen


def matrices(evidence: Evidence, family: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and best-of-n NDR of a family, each `(goldens, proxies)`."""
    accuracy = accuracy_matrix(evidence.pairs(family))
    return accuracy, evidence.ndr(BEST_OF_N, n=n, family=family)


def family_pairs(evidence: Evidence, n: int) -> pd.DataFrame:
    """One row per family and golden-proxy pair: family, golden, label, proxy, accuracy, ndr.

    In the order of `Evidence.rms`, whose `label` is that of the golden RM.
    """
    frames = []
    for family in TITLES:
        accuracy, ndr = matrices(evidence, family, n)
        members = evidence.rms[evidence.rms["family"] == family]
        names, labels = members["rm"].to_numpy(), members["label"].to_numpy()
        golden, proxy = (~np.eye(len(names), dtype=bool)).nonzero()
        columns = {
            "family": family,
            "golden": names[golden],
            "label": labels[golden],
            "proxy": names[proxy],
            "accuracy": accuracy[golden, proxy],
            "ndr": ndr[golden, proxy],
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def family_associations(
    evidence: Evidence, n: int, resamples: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Kendall, Pearson, Spearman and MRR of accuracy with NDR in each family.

    Returns
    -------
    DataFrame
        family, rms, and the fields of :class:`proxyreward.metrics.prediction.Association`.
    """
    rows = []
    for family in TITLES:
        accuracy, ndr = matrices(evidence, family, n)
        found = associate(accuracy, ndr, resamples, rng)
        rows += [{"family": family, "rms": len(accuracy), **vars(a)} for a in found]
    return pd.DataFrame(rows)


def mutual_accuracy(evidence: Evidence, resamples: int, rng: np.random.Generator) -> pd.DataFrame:
    """Mean and sd of the accuracies between the members of each family, with 95 % intervals.

    Returns
    -------
    DataFrame
        family, quantity (mean or sd), estimate, low, high.
    """
    rows = []
    for family in TITLES:
        accuracy = off_diagonal(accuracy_matrix(evidence.pairs(family)))
        for quantity, statistic in (("mean", np.mean), ("sd", np.std)):
            interval = bootstrap(
                lambda draw, a=accuracy, f=statistic: float(f(a[draw])),
                len(accuracy), resamples, rng, recentre=quantity == "sd",
            )  # fmt: skip
            rows.append((family, quantity, *interval))
    return pd.DataFrame(rows, columns=["family", "quantity", "estimate", "low", "high"])


def difference(
    statistic: Callable[[np.ndarray], float],
    first: np.ndarray,
    second: np.ndarray,
    resamples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Statistic of one family minus that of another, then in resamples: shape (1 + resamples,).

    The golden RMs of each family are resampled on their own: nothing pairs a member of one with a
    member of the other.

    Parameters
    ----------
    statistic : callable
        Takes values ``(goldens, ...)`` and returns a number, or NaN where it is undefined.
    first, second : ndarray, shapes (goldens, ...)
        One value or row per golden RM.
    resamples, rng
        As in :func:`proxyreward.metrics.resampling.bootstrap`.
    """
    draws = zip(*(draw_goldens(len(values), resamples, rng) for values in (first, second)))
    found = [statistic(first[a]) - statistic(second[b]) for a, b in draws]
    return np.array([statistic(first) - statistic(second), *found])
