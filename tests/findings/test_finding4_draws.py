from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking import finding4
from proxyreward.findings.rethinking.finding4.draws import _budgets, affordable


def compute(evidence, seed=0, **options):
    standard = {"responses": 5, "draws": 4, "quality": 2.0, "rng": np.random.default_rng(seed)}
    return finding4.compute(evidence, **(standard | options))


@pytest.fixture(scope="module")
def tables(evidence):
    return compute(evidence)


def mean(table, **condition):
    for column, value in condition.items():
        table = table[table[column] == value]
    return table["coefficient"].mean()


def test_prompts_are_annotated_until_one_would_exceed_the_budget():
    comparisons = np.array([[3, 3, 2, 1], [1, 1, 8, 1]])
    kept = affordable(comparisons, 6)
    assert kept.tolist() == [[True, True, False, False], [True, True, False, False]]


def test_every_condition_has_each_draw_and_golden(tables):
    assert len(tables["metrics"]) == 14 * 2 * 2 * 4 * 6
    for name, size in (("growth", "n_sample"), ("samples", "n_sample"), ("budgets", "budget")):
        counts = tables[name].groupby([size, "n_resp", "optimiser"]).size()
        assert (counts == 4 * 6).all()


def test_size_is_constant_and_prompts_give_way_to_responses(tables):
    samples = tables["samples"]
    assert (samples["n_prompt"] * samples["n_resp"] <= samples["n_sample"]).all()
    assert ((samples["n_prompt"] + 1) * samples["n_resp"] > samples["n_sample"]).all()
    assert samples["n_prompt"].max() == 50
    assert samples.loc[samples["n_resp"] == 2, "n_sample"].max() == 100
    assert samples["n_sample"].max() == 200
    assert (tables["growth"]["n_prompt"] == 50).all()


def test_a_budget_pays_for_fewer_prompts_with_more_responses(tables):
    budgets = tables["budgets"].drop_duplicates(["budget", "n_resp"])
    largest = budgets[budgets["budget"] == 50].set_index("n_resp")["n_prompt"]
    assert largest[2] == 50
    assert largest.is_monotonic_decreasing
    # Three responses take two or three comparisons.
    assert 50 / 3 <= largest[3] + 1 and largest[3] <= 25


def annotated(whole, quality, seed=3):
    """Errors by budget and responses per prompt, `(draws, goldens, proxies)`."""
    found = {}

    def keep(error, budget, n_resp, n_prompt):
        found[budget, n_resp] = error
        return pd.DataFrame()

    _budgets(whole, quality, 2, keep, np.random.default_rng(seed))
    return found


def test_a_budget_keeps_the_first_prompts_of_each_golden(evidence):
    whole, rng = evidence.testset(), np.random.default_rng(3)
    test, comparisons = whole.draw(2, rng, prompts=50).annotate(2.0, rng)
    found = annotated(whole, 2.0)
    np.testing.assert_allclose(found[50, 2][0], test.error())
    np.testing.assert_allclose(found[25, 2][0], test.at(np.arange(25)).error())
    # The second draw of two responses comes first, then the first one of three.
    whole.draw(2, rng, prompts=50).annotate(2.0, rng)
    test, comparisons = whole.draw(3, rng, prompts=25).annotate(2.0, rng)
    for golden, prompts in enumerate((comparisons.cumsum(axis=1) <= 50).sum(axis=1)):
        expected = test.at(np.arange(prompts)).error()[golden]
        np.testing.assert_allclose(found[50, 3][0, golden], expected)


def test_quality_runs_from_guessing_to_the_golden_order(evidence):
    clean, guessed = (annotated(evidence.testset(), quality) for quality in (np.inf, 0.0))
    for errors in clean.values():
        assert (np.diagonal(errors, axis1=1, axis2=2) == 1).all()
    assert np.mean([errors.mean() for errors in guessed.values()]) == pytest.approx(0.5, abs=0.05)


def test_ece_is_negated(tables):
    negated, raw = (
        tables["metrics"].query("metric == @name and statistic == 'spearman'")["coefficient"]
        for name in ("ece", "ece, not negated")
    )
    np.testing.assert_allclose(negated, -raw.to_numpy())


def test_more_responses_make_the_metric_of_the_figures_predict_better(evidence):
    growth = compute(evidence, metric="pearson", draws=12)["growth"]
    assert mean(growth, n_resp=5) > mean(growth, n_resp=2)


def test_the_second_policy_has_its_own_regret(evidence, tables):
    regret = evidence.regret.copy()
    other = (regret["policy"] == "second") & (regret["golden"] != regret["proxy"])
    regret.loc[other, "ndr"] *= -1
    again = compute(replace(evidence, regret=regret))["samples"]
    key = {"n_sample": 100, "n_resp": 5}
    flipped, first = finding4.SECOND_POLICY, "best-of-n"
    assert mean(again, optimiser=flipped, **key) == pytest.approx(
        -mean(tables["samples"], optimiser=flipped, **key)
    )
    assert mean(again, optimiser=first, **key) == mean(tables["samples"], optimiser=first, **key)


def test_the_errors_are_those_of_the_metrics(tables):
    wide = tables["errors"].pivot(index=["golden", "proxy"], columns="metric", values="error")
    np.testing.assert_allclose(wide["kendall"], 2 * wide["accuracy"] - 1)
    own = wide.reset_index().query("golden == proxy")[["pearson", "bo_n", "mrr", "ndcg"]]
    np.testing.assert_allclose(own, 1)


def test_equal_generators_give_equal_tables(evidence, tables):
    again = compute(evidence)
    assert all(again[name].equals(tables[name]) for name in tables)


def test_sizes_say_what_was_drawn(tables):
    assert tables["sizes"].to_dict("records") == [
        {"rms": 6, "prompts": 50, "available": 10, "responses": 5, "draws": 4, "quality": 2.0,
         "n": 16, "bins": 10, "metric": "accuracy"}
    ]  # fmt: skip
