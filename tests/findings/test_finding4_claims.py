"""Planted coefficients: the verdict on an effect that is known to be there, or known not to be."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core.verdict import Part, conjunction
from proxyreward.findings.rethinking import finding4
from proxyreward.findings.rethinking.finding4.parts import every, includes_zero, magnitude
from proxyreward.findings.rethinking.finding4.tables import PRINTED
from proxyreward.metrics.resampling import Interval

CLAIMS = {
    "finding4.c1", "table4.c1", "table4.c2", "table4.c3", "table4.c4", "fig6.c1", "fig6.c2",
    "fig7.c1", "fig7.c2", "fig7.c3", "fig14.c1", "fig15.c1", "appendix.metrics.c1",
    "appendix.metrics.c2",
}  # fmt: skip
OPTIMISERS = ("best-of-n", "ppo")
GRID = (2, 5, 10, 20)
SIZES = (100, 200, 400, 800, 1600)


NOISE = 0.005


def rows(value, seed, statistics=("spearman",), optimisers=OPTIMISERS, **condition):
    """Coefficients of 5 draws and 6 golden RMs around a value."""
    rng = np.random.default_rng(seed)
    return [
        {**condition, "optimiser": x, "statistic": s, "draw": d, "golden": f"rm{g}",
         "coefficient": value + NOISE * rng.normal()}
        for x, s, d, g in product(optimisers, statistics, range(5), range(6))
    ]  # fmt: skip


def sweep(rule, size, sizes, grid, optimisers=OPTIMISERS):
    """Coefficients by `rule(size, responses)`, two responses only up to the size 400."""
    conditions = [(s, r) for s in sizes for r in grid if s <= 400 or r > 2]
    cells = [
        rows(rule(s, r), [s, r], optimisers=optimisers, n_resp=r, n_prompt=s // r, **{size: s})
        for s, r in conditions
    ]
    return pd.DataFrame(sum(cells, []))


def planted(metrics, growth, samples, budgets, errors):
    """Long tables as of `compute`; all metrics have the same noise."""
    values = dict.fromkeys(PRINTED, 0.5) | metrics
    table = [rows(value, 0, ("spearman", "mrr"), metric=name) for name, value in values.items()]
    three = (*OPTIMISERS, finding4.SECOND_POLICY)
    return {
        "metrics": pd.DataFrame(sum(table, [])),
        "growth": sweep(growth, "n_sample", (100,), GRID),
        "samples": sweep(samples, "n_sample", SIZES, GRID, three),
        "budgets": sweep(budgets, "budget", SIZES[:3], GRID),
        "errors": pd.concat(
            pd.DataFrame({"metric": name, "error": matrix.ravel()})
            for name, matrix in zip(("mrr", "bo_n", "accuracy"), errors, strict=True)
        ),
        "sizes": pd.DataFrame([{"rms": 6}]),
    }


def decide(tables, registry, resamples=60):
    decisions = finding4.decide(
        tables, resamples=resamples, rng=np.random.default_rng(1), registry=registry
    )
    return {decision.claim_id.removeprefix("rethinking."): decision for decision in decisions}


@pytest.fixture(scope="module")
def as_claimed(registry):
    """Every effect that the paper speaks of."""
    first, second = np.random.default_rng(0).normal(size=(2, 6, 6))
    tables = planted(
        metrics={"accuracy_pair": 0.4, "ece": 0.0, "xi": 0.6},
        growth=lambda size, responses: 0.1 * np.log(responses),
        samples=lambda size, responses: 0.8 - 40 / min(size, 800) / responses,
        budgets=lambda budget, responses: 0.1 * np.log(responses) * np.log2(budget / 100),
        errors=(first, first, second),
    )
    # Without any difference the interval is the point 0, which it includes.
    tables["budgets"].loc[tables["budgets"]["optimiser"] == "ppo", "coefficient"] = 0.5
    return decide(tables, registry)


@pytest.fixture(scope="module")
def reversed_(registry):
    """The opposite of every effect."""
    first, second = np.random.default_rng(0).normal(size=(2, 6, 6))
    tables = planted(
        metrics={"accuracy_pair": 0.6, "ece": 0.8, "xi": 0.4, "bo_n": 0.7},
        growth=lambda size, responses: -0.1 * np.log(responses),
        samples=lambda s, r: 0.1 * np.log(s) + np.log(r) * (0.02 * np.log(s) - 0.2),
        budgets=lambda budget, responses: -0.1 * np.log(responses) * np.log2(budget / 100),
        errors=(first, second, first),
    )
    return decide(tables, registry)


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_what_is_planted_is_found(as_claimed, claim):
    assert as_claimed[claim].verdict == "reproduced", as_claimed[claim].reason


@pytest.mark.parametrize("claim", sorted(CLAIMS - {"appendix.metrics.c1"}))
def test_the_opposite_refutes(reversed_, claim):
    assert reversed_[claim].verdict == "not reproduced", reversed_[claim].reason


def test_nothing_planted_and_nothing_rises(registry):
    def flat(size, responses):
        return 0.5

    same = np.random.default_rng(0).normal(size=(6, 6))
    found = decide(planted({}, flat, flat, flat, (same, same, same)), registry)
    for claim in CLAIMS - {"appendix.metrics.c1", "fig7.c3", "fig14.c1", "table4.c4"}:
        assert found[claim].verdict != "reproduced", found[claim].reason


def test_reasons_name_the_weakest_of_many_comparisons(as_claimed, reversed_):
    assert "12 hold, 0 fail, 0 are open" in as_claimed["fig6.c1"].reason
    assert "32 of 32 cells" in as_claimed["table4.c1"].reason
    assert "4 hold, 28 fail" in reversed_["table4.c1"].reason
    assert "xi minus" in reversed_["table4.c1"].reason
    assert "0.05/2" in as_claimed["fig7.c2"].reason


def test_a_row_on_no_difference_shows_the_difference_at_the_largest_budget(reversed_):
    # Against two responses: the mean of 5, 10 and 20, at four times the smallest budget.
    expected = -0.2 * np.mean(np.log([2.5, 5, 10]))
    assert reversed_["fig7.c3"].estimate == pytest.approx(expected, abs=0.01)


def test_rows_stand_beside_the_papers_numbers(as_claimed, reversed_):
    assert as_claimed["table4.c2"].paper_value == 3
    assert as_claimed["table4.c3"].paper_value == 0.173
    assert reversed_["table4.c3"].estimate == pytest.approx(0.8, abs=0.01)
    assert reversed_["table4.c1"].estimate == pytest.approx(-0.2, abs=0.01)
    weakest = reversed_["table4.c4"]
    printed = {
        "Best-of-n: |spearman - bo_n|": 0.002, "Best-of-n: |kendall - bo_n|": 0.001,
        "PPO: |spearman - bo_n|": 0.010, "PPO: |kendall - bo_n|": 0.016,
    }  # fmt: skip
    [expected] = [value for name, value in printed.items() if name in weakest.reason]
    assert weakest.paper_value == pytest.approx(expected)


def test_a_conjunction_of_many_is_decided_by_its_weakest():
    def part(low, high):
        return Part(f"{low}", (low + high) / 2, low, high, "above", 0.0)

    options = (part(1, 2), part(-1, 2), part(-2, -1), part(np.nan, np.nan))
    for parts in product(options, repeat=3):
        decision = every("rethinking.fig6.c1", parts, 5)
        assert decision.verdict == conjunction(p.verdict for p in parts)


def test_an_interval_includes_zero_or_is_away_from_it():
    assert includes_zero("x", Interval(0.1, -0.1, 0.3)).verdict == "reproduced"
    assert includes_zero("x", Interval(0.2, 0.1, 0.3)).verdict == "not reproduced"
    assert includes_zero("x", Interval(-0.2, -0.3, -0.1)).estimate == pytest.approx(0.1)
    assert includes_zero("x", Interval(np.nan, np.nan, np.nan)).verdict == "inconclusive"


def test_the_interval_of_a_magnitude():
    assert magnitude(Interval(-0.1, -0.3, 0.2)) == (0.1, 0.0, 0.3)
    assert magnitude(Interval(-0.2, -0.3, -0.1)) == (0.2, 0.1, 0.3)
    assert magnitude(Interval(0.2, 0.1, 0.3)) == (0.2, 0.1, 0.3)


def test_few_draws_and_a_golden_without_gain_still_get_all_claims(evidence, registry):
    regret = evidence.regret.copy()
    regret.loc[regret["golden"] == evidence.names()[2], "ndr"] = np.nan
    tables = finding4.compute(
        replace(evidence, regret=regret), responses=5, draws=2, quality=2.0,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    found = decide(tables, registry, resamples=20)
    assert set(found) == CLAIMS
    assert all(np.isfinite(decision.estimate) for decision in found.values())
