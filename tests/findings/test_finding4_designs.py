import numpy as np
import pytest

from proxyreward.findings.rethinking.finding4.designs import (
    budgets,
    measures,
    response_grid,
    sample_sizes,
    worst_cost,
)
from proxyreward.metrics.annotation import noisy_order
from proxyreward.metrics.within_prompt import METRICS


def test_every_metric_is_measured_and_other_readings_follow():
    names = [m.name for m in measures(10)]
    assert set(names[:10]) == set(METRICS)
    assert names[10:] == ["ece, 5 bins", "ece, 20 bins", "ece, not negated", "xi, sorted by golden"]
    assert [m.name for m in measures(5)][10:12] == ["ece, 10 bins", "ece, 20 bins"]


@pytest.mark.parametrize("available", [2, 5, 7, 20])
def test_responses_run_from_two_to_all(available):
    grid = response_grid(available)
    assert (grid[0], grid[-1]) == (2, available)
    assert grid == sorted(set(grid))


def test_sizes_double_up_to_half_of_what_there_is():
    assert sample_sizes(50, 10) == [25, 50, 100, 200]
    assert sample_sizes(2733, 20)[3] == 2 * 2733
    assert 500 * 20 / 4 < sample_sizes(500, 20)[-1] <= 500 * 20 / 2


@pytest.mark.parametrize(("prompts", "responses"), [(50, 10), (500, 20), (2733, 20), (12, 4)])
def test_the_smallest_test_sets_still_have_two_prompts(prompts, responses):
    assert sample_sizes(prompts, responses)[0] // responses >= 2
    assert budgets(prompts, responses // 2)[0] // worst_cost(responses // 2) >= 2


@pytest.mark.parametrize("responses", [2, 3, 5, 8, 10])
def test_worst_cost_is_what_some_prompt_costs(responses):
    rewards = np.random.default_rng(0).normal(size=(5000, responses))
    _, comparisons = noisy_order(rewards, np.inf, np.random.default_rng(1))
    assert comparisons.max() == worst_cost(responses)
