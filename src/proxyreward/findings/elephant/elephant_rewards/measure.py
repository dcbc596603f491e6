"""How accurate the reward models of paper *elephant* are, what cleaning does to them, and probes.

In: `Proxies` of one run. Out: tables by reward model. Called by the stage `elephant_rewards`.
"""

import numpy as np
import pandas as pd

from proxyreward.findings.core.reading import select
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.elephant.elephant_rewards.reader import PRINTED, Proxies
from proxyreward.metrics.calibration import inverse_temperature
from proxyreward.vocabulary import (
    ALL,
    CLEAR,
    EQUAL_SIZE,
    FEWER,
    FOUR_JUDGES,
    HARMFUL,
    HARMLESS_BASE,
    HELPFUL_BASE,
    HELPFUL_ONLINE,
    HELPFUL_REJECTION,
    INVERTED,
    LADDER,
    LARGE,
    MIXED,
    ONE_JUDGE,
    OPPOSITE,
    ORACLE,
    PROBES,
    REFUSED,
    REMOVED,
    SAME,
    STRONG,
    SUBSETS,
    VARIANT,
    WITH_USELESS,
)

ANNOTATORS = "annotators"
COLUMNS = {
    HARMLESS_BASE: "CHarmless_base",
    HELPFUL_BASE: "CHelpful_base",
    HELPFUL_ONLINE: "CHelpful_online",
    HELPFUL_REJECTION: "CHelpful_rejection",
    MIXED: "CTest_mixed",
}
BENCH = {"Safety": "rewardbench_Safety", "Chat": "rewardbench_Chat", ALL: "rewardbench_Avg"}
"""Columns of its Tables 4 and 5, by what they stand for here."""
CONTRASTS = {
    "clean minus original": (STRONG, LARGE),
    "fewer minus original": (VARIANT.format(FEWER), LARGE),
    "clean minus fewer": (STRONG, VARIANT.format(FEWER)),
    "inverted minus clean": (VARIANT.format(INVERTED), STRONG),
    "removed minus clean": (VARIANT.format(REMOVED), STRONG),
    "with-useless minus clean": (VARIANT.format(WITH_USELESS), STRONG),
    "four judges minus one": (VARIANT.format(FOUR_JUDGES), VARIANT.format(ONE_JUDGE)),
}
"""Reward models of one size that differ in their training set."""
NEAR = 0.1
"""Standard deviations of a model's scores within which two are nearly the same."""


def accuracy(proxies: Proxies, registry: Registry) -> pd.DataFrame:
    """Accuracy of every model on every cleaned test set, and under `ALL` their mean.

    Columns rm; tested; by: whose label counts, that of the annotators, as in the paper, or the
    oracle's, where it has a preference; paper; value. A tie is an error (paper, eq. 2).
    """
    truth, source = proxies.pairs["margin"].to_numpy(), proxies.margins["source"]
    rows = []
    for name in proxies.names:
        margin = proxies.margins[name].to_numpy()
        right = {ANNOTATORS: margin > 0, ORACLE: np.where(truth == 0, np.nan, margin * truth > 0)}
        for by, each in right.items():
            means = pd.Series(each, dtype=float).groupby(source.to_numpy()).mean().loc[[*SUBSETS]]
            found = {**means, ALL: means.mean()}
            paper = _printed(registry, name) if by == ANNOTATORS else {}
            rows += [(name, t, by, paper.get(t, np.nan), value) for t, value in found.items()]
    return pd.DataFrame(rows, columns=["rm", "tested", "by", "paper", "value"])


def _printed(registry: Registry, name: str) -> dict[str, float]:
    """The paper's accuracies of a model, as shares."""
    if name not in PRINTED:
        return {}
    row = registry.printed("elephant.table4", PRINTED[name])
    found = {ours: row[theirs] / 100 for ours, theirs in COLUMNS.items()}
    return {**found, ALL: float(np.mean(list(found.values())))}


def bench(proxies: Proxies, registry: Registry) -> pd.DataFrame:
    """Accuracy of the ladder on pairs of five categories that the oracle labels, and their mean.

    Columns rm, category, paper (RewardBench, of those of equal size), value.
    """
    right = (proxies.bench[[*LADDER]] > 0).groupby(proxies.bench["category"]).mean()
    right.loc[ALL] = right.mean()
    table = right.T.rename_axis("rm").reset_index().melt("rm", var_name="category")
    paper = [
        registry.printed("elephant.table5", PRINTED[rm])[BENCH[category]] / 100
        if rm in EQUAL_SIZE and category in BENCH
        else np.nan
        for rm, category in table[["rm", "category"]].to_numpy()
    ]
    table.insert(2, "paper", paper)
    return table


def contrasts(found: pd.DataFrame) -> pd.DataFrame:
    """Differences of accuracy by training set: contrast, by, tested, value.

    `found` is what :func:`accuracy` gives.
    """
    reached = found.set_index(["by", "tested", "rm"])["value"]
    rows = [
        (name, by, tested, reached[by, tested, more] - reached[by, tested, less])
        for name, (more, less) in CONTRASTS.items()
        for by in (ANNOTATORS, ORACLE)
        for tested in (*SUBSETS, ALL)
    ]
    return pd.DataFrame(rows, columns=["contrast", "by", "tested", "value"])


def scale(proxies: Proxies) -> pd.DataFrame:
    """How large rewards are on the cleaned tests: rm, measure, value.

    ``size`` is the mean size of the margins, ``inverse temperature`` the factor on them that fits
    the annotators' labels best: 1 is calibrated, less is over-confident.
    """
    margins = proxies.margins[list(proxies.rms["rm"])]
    sizes = margins.abs().mean()
    factors = inverse_temperature(margins.to_numpy(float).T)
    rows = [("size", *one) for one in sizes.items()]
    rows += [("inverse temperature", *one) for one in zip(margins, factors, strict=True)]
    return pd.DataFrame(rows, columns=["measure", "rm", "value"])[["rm", "measure", "value"]]


def pitfalls(proxies: Proxies) -> pd.DataFrame:
    """What each reward model does on each probe: rm, probe, measure, value.

    ``rate``: share of pairs whose worse response scores above the better one. ``gap``: mean of the
    worse response's score less the better one's, in sd of the model's scores on usual responses. On
    clear pairs ``near``, the share with scores within :data:`NEAR` sd of each other. On harmful
    requests ``high``, the share of harmful responses that score above the median of what helps with
    harmless ones.
    """
    rows, sd = [], proxies.rms.set_index("rm")["sd"]
    for rm in proxies.rms["rm"]:
        scores = {
            probe: group[[f"better:{rm}", f"worse:{rm}"]].to_numpy(float).T
            for probe, group in proxies.probes.groupby("probe")
        }
        for probe in PROBES:
            better, worse = scores[probe]
            rows.append((rm, probe, "rate", (worse > better).mean()))
            rows.append((rm, probe, "gap", (worse - better).mean() / sd[rm]))
        rows.append((rm, CLEAR, "near", (abs(np.subtract(*scores[CLEAR])) < NEAR * sd[rm]).mean()))
        high = scores[HARMFUL][1] > np.median(scores[REFUSED][0])
        rows.append((rm, HARMFUL, "high", high.mean()))
    return pd.DataFrame(rows, columns=["rm", "probe", "measure", "value"])


def inverted(proxies: Proxies, rm: str) -> float:
    """Share of test pairs with an inverted label on which a model scores the response labelled as
    rejected above the other; in the cleaned pairs it stands first."""
    own = proxies.pairs["type"] == OPPOSITE
    return float((proxies.margins.loc[own.to_numpy(), rm] > 0).mean())


def chance_distance(proxies: Proxies, rm: str) -> float:
    """Distance of a model's accuracy from one half, in half-widths of the binomial interval of 95 %
    around one half; over all cleaned test pairs."""
    right = proxies.margins[rm] > 0
    return float(abs(right.mean() - 0.5) / (1.96 * np.sqrt(0.25 / len(right))))


def relative_gradient(proxies: Proxies, kind: str) -> float:
    """Length of the gradient on training records of a type over that on records with a right label;
    NaN where there are no such records."""
    norms = proxies.gradients.set_index("type")["norm"]
    return float(norms.get(kind, np.nan) / norms[SAME])


def best_other(found: pd.DataFrame, rm: str, tested: str) -> float:
    """Accuracy of a model above the best other one that stands for one of the paper's."""
    rows = select(found, by=ANNOTATORS, tested=tested)
    reached = rows[rows["rm"].isin(PRINTED)].set_index("rm")["value"]
    return reached[rm] - reached.drop(rm).max()
