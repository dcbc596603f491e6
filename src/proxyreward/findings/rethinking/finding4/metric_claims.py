"""Claims of Table 4 and of the appendix on metrics.

In: the coefficients of the ten metrics, by draw and golden RM. Out: decisions. Called by `claims`.
"""

from itertools import product

import numpy as np

from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Decision, decide_claim, estimated, invariant
from proxyreward.findings.rethinking.finding4.parts import (
    Coefficients,
    every,
    includes_zero,
    magnitude,
)
from proxyreward.findings.rethinking.finding4.tables import PRINTED, STATISTICS, printed
from proxyreward.metrics.prediction import off_diagonal, pearson
from proxyreward.metrics.resampling import bootstrap
from proxyreward.metrics.within_prompt import accuracy
from proxyreward.vocabulary import BEST_OF_N, OPTIMISERS

TEN = tuple(PRINTED)
RANKS, SCORES = ("spearman", "kendall"), ("pearson", "bo_n")


def decide_metrics(e: Coefficients, registry: Registry) -> list[Decision]:
    """Decide what Table 4 and the appendix say about metrics."""
    return [
        _better_than_pairs(e, registry),
        _xi_first(e, registry),
        _ece_unrelated(e, registry),
        _ranks_suffice(e, registry),
        _pairs_per_prompt(),
        _mrr_like_bo_n(e),
    ]


def _better_than_pairs(e: Coefficients, registry: Registry) -> Decision:
    parts, paper = [], {}
    for metric, x, statistic in product(TEN, OPTIMISERS, STATISTICS):
        if metric in ("ece", "accuracy_pair"):
            continue
        two = (metric, "accuracy_pair")
        both = [e.metric(m, x, statistic) for m in two]
        gain = e.interval(lambda means: means[0] - means[1], np.stack(both))
        name = f"{NAMES[x]}, {STATISTICS[statistic]}: {metric} minus accuracy on two responses"
        parts.append(estimated(name, gain, "above", 0.0))
        cells = [printed(registry, m, x, statistic)[0] for m in two]
        paper[name] = cells[0] - cells[1]
    above = sum(part.estimate > 0 for part in parts)
    return every(
        "rethinking.table4.c1",
        parts,
        e.goldens,
        paper=paper,
        note=f"Without regard to the intervals, {above} of {len(parts)} cells are above 0.",
    )


def _xi_first(e: Coefficients, registry: Registry) -> Decision:
    columns = list(product(OPTIMISERS, STATISTICS))
    names = ("xi", *(name for name in TEN if name != "xi"))
    values = np.stack([[e.metric(name, *column) for column in columns] for name in names])
    paper = np.array([[printed(registry, name, *c)[0] for c in columns] for name in names])

    def first(cells: np.ndarray) -> float:
        return float((cells[0] > cells[1:].max(axis=0)).sum())

    part = estimated("columns in which xi comes first", e.interval(first, values), "above", 2)
    return decide_claim("rethinking.table4.c2", [part], e.goldens, paper_value=first(paper))


def _ece_unrelated(e: Coefficients, registry: Registry) -> Decision:
    parts, shown = [], []
    names = ("ece", *(name for name in TEN if name != "ece"))
    for x in OPTIMISERS:
        values = np.stack([e.metric(name, x) for name in names])
        gap = e.interval(lambda means: abs(means[1:]).min() - abs(means[0]), values)
        own = e.interval(float, values[0])
        parts += [
            estimated(f"{NAMES[x]}: smallest |Spearman| of another metric minus ECE's", gap,
                      "above", 0.0),
            includes_zero(f"{NAMES[x]}: Spearman of ECE", own),
        ]  # fmt: skip
        shown.append(estimated("Spearman of ECE", own, "above", 0.0))
    return decide_claim(
        "rethinking.table4.c3",
        parts,
        e.goldens,
        shown=shown[0],
        paper_value=printed(registry, "ece", BEST_OF_N, "spearman")[0],
    )


def _ranks_suffice(e: Coefficients, registry: Registry) -> Decision:
    parts, paper = [], {}
    for *two, x in product(RANKS, SCORES, OPTIMISERS):
        both = np.stack([e.metric(m, x) for m in two])
        spread = float(np.nanmean(both, axis=-1).std(axis=-1, ddof=1).mean())
        apart = magnitude(e.interval(lambda means: means[0] - means[1], both))
        name = f"{NAMES[x]}: |{two[0]} - {two[1]}| against the sd over draws"
        parts.append(estimated(name, apart, "below", spread))
        cells = [printed(registry, m, x, "spearman")[0] for m in two]
        paper[name] = abs(cells[0] - cells[1])
    return every("rethinking.table4.c4", parts, e.goldens, paper=paper)


def _pairs_per_prompt() -> Decision:
    """One swap of neighbours changes one pair, so it shows how many the accuracy averages over."""
    deviation = 0.0
    for responses in range(2, 21):
        order = np.arange(responses, dtype=float)
        swapped = order[[1, 0, *range(2, responses)]]
        pairs = 1 / (1 - accuracy(order[None], swapped[None]))
        deviation = max(deviation, abs(float(pairs) - responses * (responses - 1) / 2))
    part = invariant("pairs per prompt against r(r-1)/2, r = 2 to 20", deviation, 1e-9)
    return decide_claim("rethinking.appendix.metrics.c1", [part], 19, scope="Accuracy")


def _mrr_like_bo_n(e: Coefficients) -> Decision:
    errors = e.tables["errors"]
    mrr, bo_n, acc = (
        off_diagonal(errors.loc[errors["metric"] == name, "error"].to_numpy().reshape(
            e.goldens, e.goldens))
        for name in ("mrr", "bo_n", "accuracy")
    )  # fmt: skip

    def closer(goldens: np.ndarray) -> float:
        first, second, third = (matrix[goldens].ravel() for matrix in (mrr, bo_n, acc))
        return float(pearson(first, second) - pearson(first, third))

    part = estimated(
        "Pearson of MRR with Bo-n minus that with accuracy",
        bootstrap(closer, e.goldens, e.resamples, e.rng),
        "above",
        0.0,
    )
    return decide_claim("rethinking.appendix.metrics.c2", [part], e.goldens)
