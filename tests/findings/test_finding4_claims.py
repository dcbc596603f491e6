"""Planted coefficients: the verdict on an effect that is known to be there, or known not to be."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core import verdict
from proxyreward.findings.rethinking import finding4
from proxyreward.findings.rethinking.finding4.tables import PRINTED

CLAIMS = {
    "finding4.c1", "table4.c1", "table4.c2", "table4.c3", "table4.c4", "fig6.c1", "fig6.c2",
    "fig7.c1", "fig7.c2", "fig7.c3", "fig14.c1", "fig15.c1", "appendix.metrics.c1",
    "appendix.metrics.c2",
}  # fmt: skip
DEFINITION = "appendix.metrics.c1"
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
    found = finding4.measure(tables, resamples=resamples, seed=1, registry=registry)
    decisions, _ = verdict.decide("finding4", found, registry, finding4.notes(found))
    return {decision.claim_id.removeprefix("rethinking."): decision for decision in decisions}


@pytest.fixture(scope="module")
def as_claimed(registry):
    """Every effect that the paper speaks of."""
    first, second = np.random.default_rng(0).normal(size=(2, 6, 6))
    tables = planted(
        metrics={"accuracy_pair": 0.4, "ece": 0.0, "xi": 0.6},
        growth=lambda size, responses: 0.1 * np.log(responses),
        samples=lambda size, responses: 0.8 - 160 / min(size, 800) / responses,
        budgets=lambda budget, responses: 0.1 * np.log(responses) * np.log2(budget / 100),
        errors=(first, first, second),
    )
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


@pytest.mark.parametrize("claim", sorted(CLAIMS - {DEFINITION}))
def test_what_is_planted_is_found(as_claimed, claim):
    assert as_claimed[claim].verdict == "reproduced", as_claimed[claim].reason


def test_the_number_of_pairs_is_a_definition(as_claimed):
    assert as_claimed[DEFINITION].verdict == "definition"


@pytest.mark.parametrize("claim", sorted(CLAIMS - {DEFINITION}))
def test_the_opposite_refutes(reversed_, claim):
    assert reversed_[claim].verdict == "not reproduced", reversed_[claim].reason


def test_nothing_planted_and_nothing_rises(registry):
    def flat(size, responses):
        return 0.5

    same = np.random.default_rng(0).normal(size=(6, 6))
    found = decide(planted({}, flat, flat, flat, (same, same, same)), registry)
    for claim in CLAIMS - {DEFINITION, "fig7.c3", "fig14.c1", "table4.c4"}:
        assert found[claim].verdict != "reproduced", found[claim].reason
    for claim in ("table4.c1", "fig7.c1", "appendix.metrics.c2"):
        assert found[claim].verdict == "no difference", found[claim].reason
    # Half of its comparisons are rank correlations of noise, of which nothing is known.
    assert found["fig6.c1"].verdict == "not reproduced", found["fig6.c1"].reason


def test_a_gain_that_is_sure_but_small_makes_no_difference(registry):
    tables = planted(
        metrics={"accuracy_pair": 0.48},
        growth=lambda size, responses: 0.01 * responses,
        samples=lambda size, responses: 0.5 + 0.003 * responses,
        budgets=lambda budget, responses: 0.5 + 0.003 * responses,
        errors=np.random.default_rng(0).normal(size=(3, 6, 6)),
    )
    found = decide(tables, registry)
    assert found["finding4.c1"].verdict == "reproduced"  # it rises, by whatever it is
    assert found["fig6.c1"].verdict == "not reproduced"  # in order, yet by less than matters
    for claim in ("table4.c1", "fig7.c1"):
        assert found[claim].low > 0
        assert found[claim].verdict == "no difference", found[claim].reason


def test_one_comparison_of_many_refutes(as_claimed, reversed_):
    assert "Of 12 comparisons 12 hold." in as_claimed["fig6.c1"].reason
    assert "32 of 32 cells" in as_claimed["table4.c1"].reason
    assert "Of 32 comparisons 4 hold, 28 fail." in reversed_["table4.c1"].reason


def test_either_reading_of_a_fading_benefit_is_enough(as_claimed):
    assert "Of 2 comparisons 1 holds, 1 is open." in as_claimed["fig7.c2"].reason


def test_under_ppo_a_difference_at_the_largest_budget_refutes_that_there_is_none(reversed_):
    # Against two responses: the mean of 5, 10 and 20, at four times the smallest budget.
    expected = -0.2 * np.mean(np.log([2.5, 5, 10]))
    assert reversed_["fig7.c3"].estimate == pytest.approx(expected, abs=0.01)


def test_rows_stand_beside_the_papers_numbers(as_claimed, reversed_):
    assert as_claimed["table4.c1"].paper_value == pytest.approx(0.656 - 0.635)
    assert as_claimed["table4.c2"].paper_value == 3
    assert as_claimed["table4.c3"].paper_value in (0.173, 0.063)
    assert reversed_["table4.c1"].estimate == pytest.approx(-0.1, abs=0.01)
    assert reversed_["table4.c3"].estimate == pytest.approx(0.8, abs=0.01)
    bo5 = "corr. minus that of Bo5"
    printed = {
        f"Best-of-n: Spearman of Spearman {bo5}": -0.002,
        f"Best-of-n: Spearman of Kendall {bo5}": -0.001,
        f"PPO: Spearman of Spearman {bo5}": 0.010,
        f"PPO: Spearman of Kendall {bo5}": 0.016,
    }
    shown = reversed_["table4.c4"]
    [expected] = [value for name, value in printed.items() if shown.reason.startswith(name)]
    assert shown.paper_value == pytest.approx(expected)


def test_resamples_of_a_quantity_do_not_depend_on_the_others(registry):
    def flat(size, responses):
        return 0.5

    tables = planted({}, flat, flat, flat, np.ones((3, 6, 6)))
    one, other = (
        finding4.measure(tables | {"growth": growth}, resamples=20, seed=1, registry=registry)
        for growth in (tables["growth"], sweep(flat, "n_sample", (100,), (2, 5)))
    )
    for name in one:
        if "all prompts" not in name:
            np.testing.assert_array_equal(one[name].values, other[name].values)


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
