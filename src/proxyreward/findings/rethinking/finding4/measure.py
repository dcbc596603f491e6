"""Test sets with more responses per prompt, drawn again and again, and how each predicts regret.

In: the `evidence.Evidence` of one run. Out: tables. Called by the stage `finding4` and, where a
parameter differs from the stage's, by the notebook.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from proxyreward.findings.core.registry import Registry
from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.repeats import (
    STATISTICS,
    coefficients,
    ndrs,
    overall,
    printed,
    summary,
)
from proxyreward.metrics.testset import TestSet
from proxyreward.metrics.within_prompt import accuracy
from proxyreward.vocabulary import BEST_OF_N, SECOND

RESPONSES = 5  # per prompt in Table 4, as the name Bo5 of a metric says
GRID = (2, 3, 4, 5, 6, 8, 10, 16)  # responses per prompt
BINS = (5, 10, 20)  # of ECE
SECOND_POLICY = "best-of-n, second policy"
GROWTH, SAMPLES, BUDGETS = "growth", "samples", "budgets"
PRINTED = {  # what the paper calls its metrics
    "pearson": "Pearson corr.*", "spearman": "Spearman corr.", "kendall": "Kendall corr.",
    "accuracy": "Accuracy", "bo_n": "Bo5*", "ece": "ECE", "mrr": "MRR", "ndcg": "NDCG",
    "xi": "xi corr.", "accuracy_pair": "Accuracy-pair",
}  # fmt: skip


def compute(
    evidence: Evidence,
    registry: Registry,
    *,
    draws: int,
    quality: float,
    rng: np.random.Generator,
    responses: int = RESPONSES,
    n: int = 0,
    bins: int = 10,
    metric: str = "accuracy",
) -> dict[str, pd.DataFrame]:
    """Draw every test set of the finding again and again and relate its metric to regret.

    Parameters
    ----------
    evidence : its responses are drawn without replacement.
    registry : the paper's printed values.
    draws : test sets drawn per condition, from `rng`.
    quality : of the annotator in Figure 7, see `proxyreward.metrics.annotation.noisy_order`.
    responses : per prompt in Table 4.
    n : of best-of-n; 0 takes the largest.
    bins : of ECE.
    metric : behind all of `responses` but the budgets, a key of
        ``proxyreward.metrics.within_prompt.METRICS``; ECE is negated.

    Returns
    -------
    dict of DataFrame
        `table4` (metric, optimiser, statistic, measure, value, paper): the coefficient's `mean`
        over draws and golden RMs and, of the mean over golden RMs, the `sd` over draws;
        `responses` (design, size, n_resp, optimiser, value): mean Spearman, where `size` counts
        prompts (design `growth`), samples (`samples`) or comparisons (`budgets`);
        `errors` (metric, golden, proxy, value): the metrics themselves, means over draws;
        `sizes`, one row.
    """
    whole, names = evidence.testset(), evidence.names()
    _, prompts, available = whole.labels.shape
    ndr = ndrs(evidence, n)
    second = {SECOND_POLICY: evidence.ndr(BEST_OF_N, n=n, policy=SECOND)}

    tests = [whole.draw(responses, rng) for _ in range(draws)]
    errors = {
        name: sign * np.stack([test.error(of, **options) for test in tests])
        for name, (of, options, sign) in measures(bins).items()
    }
    both = tuple(STATISTICS)
    related = [coefficients(e, ndr, names, both, metric=name) for name, e in errors.items()]
    swept = []
    for design, size, n_resp, drawn in conditions(prompts, available):
        test_sets = (whole.draw(n_resp, rng, prompts=drawn) for _ in range(draws))
        error = (-1 if metric == "ece" else 1) * np.stack(
            [test.error(metric) for test in test_sets]
        )
        policies = ndr | second if design == SAMPLES else ndr
        swept.append(coefficients(error, policies, names, design=design, size=size, n_resp=n_resp))
    for budget, n_resp, error in annotated(whole, quality, draws, rng):
        swept.append(coefficients(error, ndr, names, design=BUDGETS, size=budget, n_resp=n_resp))

    table4 = summary(pd.concat(related), "metric", "optimiser", "statistic")
    paper = printed(registry, "rethinking.table4", "metric", {PRINTED[m]: m for m in PRINTED})
    keys = pd.MultiIndex.from_product([errors, names, names], names=["metric", "golden", "proxy"])
    each = np.stack([error.mean(axis=0) for error in errors.values()])
    sizes = {"rms": len(names), "prompts": prompts, "available": available, "responses": responses}
    sizes |= {"draws": draws, "quality": quality, "bins": bins, "metric": metric}
    sizes["n"] = evidence.policies(BEST_OF_N, n=n)["n"].iloc[0]
    return {
        "table4": table4.merge(paper.rename(columns={"value": "paper"}), how="left"),
        "responses": overall(pd.concat(swept), "design", "size", "n_resp", "optimiser"),
        "errors": pd.Series(each.ravel(), keys, name="value").reset_index(),
        "sizes": pd.DataFrame([sizes]),
    }


def figure_rows(responses: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Rows of the table `responses` that a figure shows.

    `growth` and `budgets` (Figure 7), as the designs. Of the samples `small` (Figure 6): sizes that
    allow two responses per prompt, up to half of all responses, as repeated draws of more would be
    much the same; `second`: the same of the second policy (Figure 15); `large`: from the largest
    size that allows two responses per prompt (Figure 14).
    """
    if figure in (GROWTH, BUDGETS):
        return responses[responses["design"] == figure]
    rows = responses[responses["design"] == SAMPLES]
    both = rows.loc[rows["n_resp"] == 2, "size"].max()
    rows = rows[(rows["optimiser"] == SECOND_POLICY) == (figure == "second")]
    if figure == "large":
        return rows[rows["size"] >= both]
    return rows[(rows["size"] <= both) & (rows["n_resp"] <= rows["n_resp"].max() // 2)]


def measures(bins: int) -> dict[str, tuple[str, dict[str, Any], int]]:
    """Metric, options, and the sign that makes more mean better, by name.

    First the ten metrics of Table 4, ECE with so many bins, then other readings of ECE and xi: the
    paper does not say whether ECE was negated, how many bins it had, or by which of the two
    variables xi sorts.
    """
    found: dict[str, tuple[str, dict[str, Any], int]] = {name: (name, {}, 1) for name in PRINTED}
    found["ece"] = "ece", {"bins": bins}, -1
    found |= {f"ece, {other} bins": ("ece", {"bins": other}, -1) for other in BINS if other != bins}
    found["ece, not negated"] = "ece", {"bins": bins}, 1
    found["xi, sorted by golden"] = "xi", {"sort_by": "golden"}, 1
    return found


def conditions(prompts: int, available: int) -> Iterator[tuple[str, int, int, int | None]]:
    """Test sets without annotators: design, size, responses per prompt, prompts (None for all).

    `growth` has all prompts with up to half of their responses, `samples` so many responses in all.
    """
    for n_resp in response_grid(available // 2):
        yield GROWTH, prompts, n_resp, None
    for size in sample_sizes(prompts, available):
        for n_resp in response_grid(available):
            if size // n_resp <= prompts:
                yield SAMPLES, size, n_resp, size // n_resp


def annotated(
    whole: TestSet, quality: float, draws: int, rng: np.random.Generator
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Accuracy against noisy annotators, the number of their comparisons fixed (Figure 7).

    Prompts are annotated one after the other, before one would exceed the budget; for every golden
    RM by an annotator of its own. Yields budget, responses per prompt and the accuracies, shape
    (draws, goldens, proxies).
    """
    prompts, available = whole.labels.shape[1:]
    limits = budgets(prompts, available // 2)
    for n_resp in response_grid(available // 2):
        # Sorting n responses takes n - 1 comparisons at least.
        enough = min(prompts, limits[-1] // (n_resp - 1))
        errors = []
        for _ in range(draws):
            test, comparisons = whole.draw(n_resp, rng, prompts=enough).annotate(quality, rng)
            spent = comparisons.cumsum(axis=-1)
            kept = np.stack([spent <= limit for limit in limits]).astype(float)
            # A prompt at a time, so that one annotation serves all budgets.
            right = accuracy(test.labels[:, None, :, None], test.proxies[:, :, :, None])
            total = np.einsum("gpx,bgx->bgp", right, kept)
            errors.append(total / kept.sum(axis=-1)[..., None])
        for limit, error in zip(limits, np.stack(errors, axis=1), strict=True):
            yield limit, n_resp, error


def response_grid(available: int) -> list[int]:
    """Responses per prompt to try, from 2 to all that there are.

    >>> response_grid(10), response_grid(20)[-3:]
    ([2, 3, 4, 5, 6, 8, 10], [10, 16, 20])
    """
    return [*(number for number in GRID if number < available), available]


def sample_sizes(prompts: int, responses: int) -> list[int]:
    """Sizes of test sets, each twice the one before, around two responses to every prompt.

    From an eighth of that, if it holds two prompts with all their responses, to at most half of
    what there is: draws of more would be much the same.

    >>> sample_sizes(500, 20)
    [125, 250, 500, 1000, 2000, 4000]
    """
    pairs, half = 2 * prompts, prompts * responses // 2
    sizes = [pairs * 2**k // 8 for k in range(3 + responses.bit_length())]
    return [size for size in sizes if 2 * responses <= size <= max(pairs, half)]


def budgets(prompts: int, responses: int) -> list[int]:
    """Numbers of comparisons, from an eighth of the prompts to all prompts.

    Each pays for two prompts with so many responses, at their worst; the largest pays for one
    pair of every prompt.

    >>> budgets(500, 10)
    [62, 125, 250, 500]
    """
    least = 2 * worst_cost(responses)
    return [prompts // 2**k for k in (3, 2, 1, 0) if prompts // 2**k >= least]


def worst_cost(responses: int) -> int:
    r"""Most comparisons that a merge sort of n responses asks for.

    .. math:: n \lceil\log_2 n\rceil - 2^{\lceil\log_2 n\rceil} + 1

    >>> [worst_cost(n) for n in (2, 3, 4, 5, 6, 8, 10)]
    [1, 3, 5, 8, 11, 17, 25]
    """
    levels = (responses - 1).bit_length()
    return responses * levels - 2**levels + 1
