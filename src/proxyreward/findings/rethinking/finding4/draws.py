"""Repeated draws of the test sets of Finding 4, and how well each predicts regret.

In: the test-set scores and NDRs of `Evidence`. Out: long tables with a coefficient for each draw
and golden RM, kept in memory; `tables` sums them up and `claims` decides on them. Called by the
stage and the notebook `finding4`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from proxyreward.findings.rethinking.evidence import Evidence
from proxyreward.findings.rethinking.finding4.designs import (
    Measure,
    budgets,
    measures,
    response_grid,
    sample_sizes,
)
from proxyreward.findings.rethinking.repeats import coefficients, draw_errors
from proxyreward.metrics.testset import TestSet
from proxyreward.metrics.within_prompt import accuracy
from proxyreward.vocabulary import BEST_OF_N, PPO, SECOND

SECOND_POLICY = "best-of-n, second policy"
# Takes a way to draw a test set, and what distinguishes it; gives rows of coefficients.
Relate = Callable[..., pd.DataFrame]


def compute(
    evidence: Evidence,
    *,
    responses: int,
    draws: int,
    quality: float,
    rng: np.random.Generator,
    n: int = 0,
    bins: int = 10,
    metric: str = "accuracy",
) -> dict[str, pd.DataFrame]:
    """Draw every test set of the finding again and again and relate its metric to regret.

    Parameters
    ----------
    evidence : Evidence
        Its responses are drawn without replacement.
    responses : int
        Responses per prompt in Table 4.
    draws : int
        Test sets drawn per condition.
    quality : float
        Of the annotator in Figure 7; see :func:`proxyreward.metrics.annotation.noisy_order`.
    rng : numpy.random.Generator
        Source of all draws.
    n : int
        Of best-of-n; 0 takes the largest.
    bins : int
        Of ECE.
    metric : str
        Metric behind `growth` and `samples`, a key of
        ``proxyreward.metrics.within_prompt.METRICS``; ECE is negated.

    Returns
    -------
    dict of DataFrame
        `metrics` (metric, …), `growth` and `samples` (n_sample, n_resp, n_prompt, …) and
        `budgets` (budget, n_resp, n_prompt, …), with the columns of
        `repeats.coefficients` in place of the dots; `errors` (metric,
        golden, proxy, error), the metrics themselves as a mean over draws; `sizes`, one row.
    """
    whole, names = evidence.testset(), evidence.names()
    ndr = {BEST_OF_N: evidence.ndr(BEST_OF_N, n=n), PPO: evidence.ndr(PPO)}
    second = {SECOND_POLICY: evidence.ndr(BEST_OF_N, n=n, policy=SECOND)}
    errors = _metric_errors(whole, measures(bins), responses, draws, rng)
    every = [
        coefficients(error, ndr, names, ("spearman", "mrr"), metric=name)
        for name, error in errors.items()
    ]

    def relate(
        policies: Mapping[str, np.ndarray],
        make: Callable[[np.random.Generator], TestSet],
        **condition: object,
    ) -> pd.DataFrame:
        sign = -1 if metric == "ece" else 1
        return coefficients(
            sign * draw_errors(make, draws, rng, metric), policies, names, **condition
        )

    _, prompts, available = whole.labels.shape
    sizes = {
        "rms": len(names),
        "prompts": prompts,
        "available": available,
        "responses": responses,
        "draws": draws,
        "quality": quality,
        "n": int(evidence.policies(BEST_OF_N, n=n)["n"].iloc[0]),
        "bins": bins,
        "metric": metric,
    }
    return {
        "metrics": pd.concat(every, ignore_index=True),
        "errors": _long(errors, names),
        "growth": _growth(whole, partial(relate, ndr)),
        "samples": _samples(whole, partial(relate, {**ndr, **second})),
        "budgets": _budgets(
            whole, quality, draws, partial(coefficients, ndr=ndr, goldens=names), rng
        ),
        "sizes": pd.DataFrame([sizes]),
    }


def affordable(comparisons: np.ndarray, budget: int) -> np.ndarray:
    """Which prompts are annotated, one after the other, before one would exceed the budget.

    Input and output have shape `(..., prompts)`.
    """
    return comparisons.cumsum(axis=-1) <= budget


def _metric_errors(
    whole: TestSet,
    measures: Sequence[Measure],
    responses: int,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Each metric, more meaning better, on the same draws: `(draws, goldens, proxies)`."""
    tests = [whole.draw(responses, rng) for _ in range(draws)]
    return {
        m.name: m.sign * np.stack([test.error(m.metric, **m.options) for test in tests])
        for m in measures
    }


def _growth(whole: TestSet, relate: Relate) -> pd.DataFrame:
    """All prompts, with more and more responses."""
    _, prompts, available = whole.labels.shape
    found = [
        relate(
            lambda rng, r=n_resp: whole.draw(r, rng),
            n_sample=prompts * n_resp,
            n_resp=n_resp,
            n_prompt=prompts,
        )
        for n_resp in response_grid(available // 2)
    ]
    return pd.concat(found, ignore_index=True)


def _samples(whole: TestSet, relate: Relate) -> pd.DataFrame:
    """More responses to fewer prompts, the number of samples fixed."""
    _, prompts, available = whole.labels.shape
    found = [
        relate(
            lambda rng, r=n_resp, p=n_sample // n_resp: whole.draw(r, rng, prompts=p),
            n_sample=n_sample,
            n_resp=n_resp,
            n_prompt=n_sample // n_resp,
        )
        for n_sample in sample_sizes(prompts, available)
        for n_resp in response_grid(available)
        if n_sample // n_resp <= prompts
    ]
    return pd.concat(found, ignore_index=True)


def _budgets(
    whole: TestSet, quality: float, draws: int, relate: Relate, rng: np.random.Generator
) -> pd.DataFrame:
    """More responses to fewer prompts, the number of noisy comparisons fixed.

    Every golden RM has an annotator of its own, so the number of prompts that a budget pays for
    is its own, too; `n_prompt` is their mean.
    """
    _, prompts, available = whole.labels.shape
    limits = budgets(prompts, available // 2)
    found = []
    for n_resp in response_grid(available // 2):
        # Sorting n responses takes n - 1 comparisons at least.
        enough = min(prompts, limits[-1] // (n_resp - 1))
        errors, counts = [], []
        for _ in range(draws):
            test, comparisons = whole.draw(n_resp, rng, prompts=enough).annotate(quality, rng)
            kept = np.stack([affordable(comparisons, limit) for limit in limits]).astype(float)
            # A prompt at a time, so that one annotation serves all budgets.
            right = accuracy(test.labels[:, None, :, None], test.proxies[:, :, :, None])
            count = kept.sum(axis=-1)
            errors.append(np.einsum("gpx,bgx->bgp", right, kept) / count[..., None])
            counts.append(count)
        for k, limit in enumerate(limits):
            n_prompt = np.mean([count[k] for count in counts])
            error = np.stack([by_limit[k] for by_limit in errors])
            found.append(relate(error, budget=limit, n_resp=n_resp, n_prompt=n_prompt))
    return pd.concat(found, ignore_index=True)


def _long(errors: Mapping[str, np.ndarray], names: Sequence[str]) -> pd.DataFrame:
    """Mean over draws of each metric, a row per golden RM and proxy."""
    keys = pd.MultiIndex.from_product([errors, names, names], names=["metric", "golden", "proxy"])
    values = np.stack([error.mean(axis=0) for error in errors.values()])
    return pd.Series(values.ravel(), index=keys, name="error").reset_index()
