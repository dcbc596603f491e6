"""What the claims of Table 4 and of the appendix on metrics compare.

In: the coefficients of the ten metrics, by draw and golden RM. Out: quantities. Called by `claims`.
"""

from itertools import product

import numpy as np

from proxyreward.data.seeds import generator
from proxyreward.findings.core.drawing import NAMES
from proxyreward.findings.core.registry import Registry
from proxyreward.findings.core.verdict import Quantity, counted
from proxyreward.findings.rethinking.finding4.coefficients import Coefficients
from proxyreward.findings.rethinking.finding4.tables import PRINTED, STATISTICS, printed
from proxyreward.metrics.prediction import off_diagonal, pearson
from proxyreward.metrics.resampling import resample
from proxyreward.metrics.within_prompt import accuracy
from proxyreward.vocabulary import OPTIMISERS

TEN = tuple(PRINTED)
PAIR, RANKS, SCORES = "accuracy_pair", ("spearman", "kendall"), ("pearson", "bo_n")
LABELS = {metric: name.rstrip("*") for metric, name in PRINTED.items()}
MORE = f"minus that of {LABELS[PAIR]}"  # ends the name of every cell of Table 4 against one pair
SPREAD = "mean sd over draws of the Spearman of a rank or score metric"


def measure_metrics(e: Coefficients, registry: Registry) -> dict[str, Quantity]:
    """Measure what Table 4 and the appendix say about metrics."""
    return (
        _better_than_pairs(e, registry)
        | _xi_first(e, registry)
        | _ece_unrelated(e, registry)
        | _ranks_suffice(e, registry)
        | _pairs_per_prompt()
        | _mrr_like_bo_n(e)
    )


def _better_than_pairs(e: Coefficients, registry: Registry) -> dict[str, Quantity]:
    found = {}
    for metric, x, statistic in product(TEN, OPTIMISERS, STATISTICS):
        if metric not in ("ece", PAIR):
            found |= _difference(e, registry, metric, PAIR, x, statistic)
    return found


def _xi_first(e: Coefficients, registry: Registry) -> dict[str, Quantity]:
    columns = list(product(OPTIMISERS, STATISTICS))
    names = ("xi", *(name for name in TEN if name != "xi"))
    values = np.stack([[e.metric(name, *column) for column in columns] for name in names])
    paper = np.array([[printed(registry, name, *c)[0] for c in columns] for name in names])

    def first(cells: np.ndarray) -> float:
        return float((cells[0] > cells[1:].max(axis=0)).sum())

    return e.over_draws("columns in which xi comes first", first, values, paper=first(paper))


def _ece_unrelated(e: Coefficients, registry: Registry) -> dict[str, Quantity]:
    found = {}
    names = ("ece", *(name for name in TEN if name != "ece"))
    for x in OPTIMISERS:
        values = np.stack([e.metric(name, x) for name in names])
        found |= e.over_draws(
            f"{NAMES[x]}: smallest |Spearman| of another metric minus ECE's",
            lambda means: abs(means[1:]).min() - abs(means[0]),
            values,
        )
        own = printed(registry, "ece", x, "spearman")[0]
        found |= e.over_draws(f"{NAMES[x]}: Spearman of ECE", float, values[0], paper=own)
    return found


def _ranks_suffice(e: Coefficients, registry: Registry) -> dict[str, Quantity]:
    found, spreads = {}, []
    for rank, score, x in product(RANKS, SCORES, OPTIMISERS):
        found |= _difference(e, registry, rank, score, x, "spearman")
    for metric, x in product((*RANKS, *SCORES), OPTIMISERS):
        spreads.append(np.nanmean(e.metric(metric, x), axis=-1).std(ddof=1))
    return found | {SPREAD: counted(np.mean(spreads), e.goldens)}


def _difference(
    e: Coefficients, registry: Registry, first: str, second: str, optimiser: str, statistic: str
) -> dict[str, Quantity]:
    """A cell of Table 4 minus that of another metric."""
    both = np.stack([e.metric(metric, optimiser, statistic) for metric in (first, second)])
    paper = [printed(registry, metric, optimiser, statistic)[0] for metric in (first, second)]
    what = f"{STATISTICS[statistic]} of {LABELS[first]} minus that of {LABELS[second]}"
    return e.over_draws(
        f"{NAMES[optimiser]}: {what}",
        lambda means: means[0] - means[1],
        both,
        paper=paper[0] - paper[1],
    )


def _pairs_per_prompt() -> dict[str, Quantity]:
    """One swap of neighbours changes one pair, so it shows how many the accuracy averages over."""
    responses = range(2, 21)
    deviation = 0.0
    for count in responses:
        order = np.arange(count, dtype=float)
        swapped = order[[1, 0, *range(2, count)]]
        pairs = 1 / (1 - accuracy(order[None], swapped[None]))
        deviation = max(deviation, abs(float(pairs) - count * (count - 1) / 2))
    name = "largest deviation of the pairs per prompt from r(r-1)/2, r = 2 to 20"
    return {name: counted(deviation, len(responses))}


def _mrr_like_bo_n(e: Coefficients) -> dict[str, Quantity]:
    errors = e.tables["errors"]
    mrr, bo_n, acc = (
        off_diagonal(errors.loc[errors["metric"] == name, "error"].to_numpy().reshape(
            e.goldens, e.goldens))
        for name in ("mrr", "bo_n", "accuracy")
    )  # fmt: skip

    def closer(goldens: np.ndarray) -> float:
        first, second, third = (matrix[goldens].ravel() for matrix in (mrr, bo_n, acc))
        return float(pearson(first, second) - pearson(first, third))

    name = "Pearson of MRR with Bo5 minus that with accuracy"
    values = resample(closer, e.goldens, e.resamples, generator(f"finding4 {name}", e.seed))
    return {name: Quantity(values, e.goldens)}
