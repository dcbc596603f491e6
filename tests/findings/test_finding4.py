"""Finding 4: what is drawn of test sets, what its claims compare, and what is shown of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import dots, lines, title
from tests.findings.tables import as_read, crossed, values

from proxyreward.findings.core import verdict
from proxyreward.findings.core.quantity import Quantity
from proxyreward.findings.core.reading import select
from proxyreward.findings.rethinking.finding4 import claims, measure, show
from proxyreward.findings.rethinking.repeats import STATISTICS, alone
from proxyreward.metrics.annotation import noisy_order
from proxyreward.metrics.prediction import by_golden, mrr_chance
from proxyreward.metrics.within_prompt import METRICS, accuracy

OPTIMISERS = ("best-of-n", "ppo")
DEFINITION = "appendix.metrics.c1"


def compute(evidence, registry, **options):
    standard = {"draws": 4, "quality": 2.0, "rng": np.random.default_rng(0)}
    return measure.compute(evidence, registry, **(standard | options))


@pytest.fixture(scope="module")
def tables(evidence, registry):
    return compute(evidence, registry)


@pytest.fixture(scope="module")
def shown(tables):
    return {name: as_read(tables[name]) for name in ("table4", "responses")}


def test_every_metric_is_measured_and_other_readings_follow():
    assert set([*measure.measures(10)][:10]) == set(METRICS)
    assert [*measure.measures(5)][10:12] == ["ece, 10 bins", "ece, 20 bins"]


@pytest.mark.parametrize(("prompts", "responses"), [(50, 10), (500, 20), (2733, 20), (12, 4)])
def test_sizes_double_from_two_prompts_up_to_half_of_what_there_is(prompts, responses):
    sizes = measure.sample_sizes(prompts, responses)
    limits = measure.budgets(prompts, responses // 2)
    assert sizes[0] // responses >= 2 and (sizes[0] // 2 in (prompts // 8, *range(2 * responses)))
    assert prompts * responses / 4 < sizes[-1] <= prompts * responses / 2
    assert 2 * prompts in sizes and limits[-1] == prompts
    assert limits[0] // measure.worst_cost(responses // 2) >= 2
    grid = measure.response_grid(responses)
    assert (grid[0], grid[-1]) == (2, responses) and grid == sorted(set(grid))


@pytest.mark.parametrize("responses", [2, 3, 5, 8, 10])
def test_worst_cost_is_what_some_prompt_costs(responses):
    rewards = np.random.default_rng(0).normal(size=(5000, responses))
    _, comparisons = noisy_order(rewards, np.inf, np.random.default_rng(1))
    assert comparisons.max() == measure.worst_cost(responses)


def test_size_is_constant_and_prompts_give_way_to_responses():
    for design, size, n_resp, prompts in measure.conditions(50, 10):
        if design == "samples":
            assert prompts * n_resp <= size < (prompts + 1) * n_resp and prompts <= 50
        else:
            assert (size, prompts) == (50, None) and n_resp <= 5


def test_table_4_has_mean_and_sd_over_the_draws_beside_the_paper(evidence, registry, tables):
    keys = ["metric", "optimiser", "statistic", "measure"]
    table = tables["table4"].set_index(keys).sort_index()
    rng = np.random.default_rng(0)
    error = np.stack([evidence.testset().draw(5, rng).error("kendall") for _ in range(4)])
    by_draw = by_golden("mrr", error, evidence.ndr("ppo")).mean(axis=1)
    error = np.stack([evidence.testset().draw(2, rng).error() for _ in range(4)])  # the next drawn
    first = select(tables["responses"], design="growth", n_resp=2, optimiser="ppo")["value"].item()
    assert first == pytest.approx(by_golden("spearman", error, evidence.ndr("ppo")).mean())
    cell = table.loc[("kendall", "ppo", "mrr")]
    expected = [by_draw.mean(), by_draw.std(ddof=1)]
    assert cell.loc[["mean", "sd"], "value"].tolist() == pytest.approx(expected)
    assert cell.loc[["mean", "sd"], "paper"].tolist() == [0.558, 0.035]
    assert table["paper"].notna().sum() == 80 and len(table) == 14 * 2 * 2 * 2
    spearman = table["value"].xs(("spearman", "mean"), level=("statistic", "measure"))
    np.testing.assert_allclose(spearman["ece"], -spearman["ece, not negated"])


def test_errors_are_those_of_the_metrics(tables):
    wide = tables["errors"].pivot(index=["golden", "proxy"], columns="metric", values="value")
    np.testing.assert_allclose(wide["kendall"], 2 * wide["accuracy"] - 1)
    own = wide.reset_index().query("golden == proxy")[["pearson", "bo_n", "mrr", "ndcg"]]
    np.testing.assert_allclose(own, 1)


def annotated(whole, quality):
    """Accuracies by budget and responses per prompt, `(draws, goldens, proxies)`."""
    found = measure.annotated(whole, quality, 2, np.random.default_rng(3))
    return {(budget, n_resp): error for budget, n_resp, error in found}


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


def test_the_second_policy_has_its_own_regret(evidence, registry, tables):
    regret = evidence.regret.copy()
    other = (regret["policy"] == "second") & (regret["golden"] != regret["proxy"])
    regret.loc[other, "ndr"] *= -1
    again = compute(replace(evidence, regret=regret), registry)["responses"]
    second = again["optimiser"] == measure.SECOND_POLICY
    sign = np.where(second, -1, 1)
    np.testing.assert_allclose(again["value"], sign * tables["responses"]["value"])
    assert set(again.loc[second, "design"]) == {"samples"}


def test_figures_6_and_14_share_the_size_of_two_responses_to_every_prompt(tables):
    small, large, second = (
        measure.figure_rows(tables["responses"], name) for name in ("small", "large", "second")
    )
    assert small["size"].max() == large["size"].min() == second["size"].max() == 100
    assert small["n_resp"].max() == 5
    assert large.loc[large["size"] == 200, "n_resp"].unique().tolist() == [4, 5, 6, 8, 10]


def test_sizes_say_what_was_drawn(tables):
    assert tables["sizes"].to_dict("records") == [
        {"rms": 6, "prompts": 50, "available": 10, "responses": 5, "draws": 4, "quality": 2.0,
         "bins": 10, "metric": "accuracy", "n": 16}
    ]  # fmt: skip


def test_a_golden_without_gain_leaves_every_quantity_defined(evidence, registry):
    regret = evidence.regret.copy()
    regret.loc[regret["golden"] == evidence.names()[2], "ndr"] = np.nan
    found = claims.quantities(compute(replace(evidence, regret=regret), registry, draws=2))
    assert all(np.isfinite(quantity.own) for quantity in found.values())
    assert found["columns in which xi comes first"].paper == 3
    assert found["cells of Table 4 above that of Accuracy-pair"].paper == 25
    printed = found["PPO: Spearman of Kendall corr. minus that of Bo5"].paper
    assert printed == pytest.approx(0.016)


def test_the_ece_is_held_against_the_weakest_other_metric_whatever_their_signs(tables):
    value = tables["table4"]["metric"].map({"ece": -0.3, "xi": -0.4}).fillna(0.5)
    found = claims.quantities(tables | {"table4": tables["table4"].assign(value=value)})
    gaps = values(found, "*: smallest |Spearman| of another metric minus ECE's")
    assert gaps == pytest.approx([0.1, 0.1])
    assert values(found, "*: Spearman of ECE") == [-0.3, -0.3]
    assert values(found, "*: Spearman of xi * minus that of Accuracy-pair") == [-0.9, -0.9]
    assert values(found, "mean sd over draws *") == pytest.approx([0.5])


def test_more_responses_and_more_prompts_are_told_from_the_curves(tables, monkeypatch):
    monkeypatch.setattr(claims, "accuracy", lambda a, b: 8 / 9 if a.size == 5 else accuracy(a, b))
    found, rows = claims.quantities(tables), select(tables["responses"], optimiser="ppo")
    for name, design in (("50 samples", "samples"), ("larger budget 50", "budgets")):
        curve = select(rows, design=design, size=50).query("n_resp <= 5")["value"].tolist()
        [gain] = values(found, f"PPO: {claims.GAIN}, {name}")
        assert gain == pytest.approx(np.mean(curve[1:]) - curve[0])
    *_, half, whole = select(rows, design="samples", n_resp=10)["value"]
    assert values(found, "PPO: Spearman at the largest size *") == [whole - half]
    assert values(found, "largest deviation of the pairs *") == pytest.approx([1])  # 9 for 10


def planted(seed, metrics, growth, samples, budgets, errors):
    """Tables as of `compute`, with values by rules of size and responses; a little noise."""
    rng = np.random.default_rng(seed)
    conditions = {"growth": (growth, (50,)), "budgets": (budgets, (100, 200, 400))}
    conditions["samples"] = (samples, (100, 200, 400, 800, 1600))
    swept = []
    for design, (rule, sizes) in conditions.items():
        policies = (*OPTIMISERS, measure.SECOND_POLICY)
        rows = crossed(design=[design], size=sizes, n_resp=(2, 5, 10, 20), optimiser=policies)
        rows = rows[(rows["size"] <= 400) | (rows["n_resp"] > 2)]
        asked = rows[["size", "n_resp", "optimiser"]]
        swept.append(rows.assign(value=[rule(*of) for of in asked.itertuples(index=False)]))
    values = dict.fromkeys(measure.PRINTED, 0.5) | metrics
    table4 = crossed(
        metric=values, optimiser=OPTIMISERS, statistic=STATISTICS, measure=("mean", "sd")
    )
    means = table4["metric"].map(values).where(table4["measure"] == "mean", 0.01)
    table4, responses = table4.assign(value=means, paper=np.nan), pd.concat(swept)
    for table in (table4, responses):
        table["value"] += 1e-4 * rng.normal(size=len(table))
    long = crossed(metric=("mrr", "bo_n", "accuracy"), golden=range(6), proxy=range(6))
    return {"table4": table4, "responses": responses, "errors": long.assign(value=np.ravel(errors))}


def decide(registry, **effects):
    """Verdicts over replicates that differ by a little noise."""
    runs = [claims.quantities(planted(seed, **effects)) for seed in range(10)]
    found = {
        name: Quantity(np.array([run[name].own for run in runs]), is_counted=one.is_counted)
        for name, one in runs[0].items()
    }
    decisions, _ = verdict.decide("finding4", found, registry)
    return {decision.claim_id.removeprefix("rethinking."): decision for decision in decisions}


CLOSE, APART = np.random.default_rng(0).normal(size=(2, 6, 6))


@pytest.fixture(scope="module")
def as_claimed(registry):
    """Every effect that the paper speaks of."""
    return decide(
        registry,
        metrics={"accuracy_pair": 0.4, "ece": 0.0, "xi": 0.6},
        growth=lambda size, responses, _: 0.1 * np.log(responses),
        samples=lambda size, responses, _: 0.8 - 160 / min(size, 800) / responses,
        budgets=lambda budget, responses, optimiser: (
            0.5 if optimiser == "ppo" else 0.1 * np.log(responses) * np.log2(budget / 50)
        ),
        errors=(CLOSE, CLOSE, APART),
    )


@pytest.fixture(scope="module")
def opposite(registry):
    """The opposite of every effect."""
    return decide(
        registry,
        metrics={"accuracy_pair": 0.6, "ece": 0.8, "xi": 0.4, "bo_n": 0.7},
        growth=lambda size, responses, _: -0.1 * np.log(responses),
        samples=lambda s, r, _: 0.1 * np.log(s) + np.log(r) * (0.02 * np.log(s) - 0.2),
        budgets=lambda budget, responses, optimiser: (
            0.1 * np.log(responses) * (1 if optimiser == "ppo" else np.log2(150 / budget))
        ),
        errors=(CLOSE, APART, CLOSE),
    )


def test_what_is_planted_is_found_and_its_opposite_refutes(as_claimed, opposite):
    assert as_claimed[DEFINITION].verdict == opposite[DEFINITION].verdict == "definition"
    for claim in set(as_claimed) - {DEFINITION}:
        assert as_claimed[claim].verdict == "reproduced", as_claimed[claim].reason
        assert opposite[claim].verdict == "not reproduced", opposite[claim].reason


def test_what_more_responses_gain_is_the_mean_over_curves():
    """Of those after the first over the first, which stands for two responses."""
    found = claims.quantities(
        planted(
            0,
            metrics={},
            growth=lambda size, responses, _: responses,
            samples=lambda size, responses, _: size * responses,
            budgets=lambda budget, responses, _: budget * responses,
            errors=(CLOSE, CLOSE, APART),
        )
    )
    name = "Spearman with more than two responses minus with two"
    for optimiser in ("Best-of-n", "PPO"):
        each = values(found, f"{optimiser}: {name}, * samples")
        assert found[f"{optimiser}: {name}, mean of sizes"].own == pytest.approx(np.mean(each))
        small, large = (
            values(found, f"{optimiser}: {name}, {part} budget *") for part in ("smaller", "larger")
        )
        mean = found[f"{optimiser}: {name}, mean of larger budgets"].own
        assert mean == pytest.approx(np.mean(large))
        mean = found[f"{optimiser}: {name}, mean of budgets"].own
        assert mean == pytest.approx(np.mean([*small, *large]))


def test_table_4_draws_means_with_intervals_and_the_papers_values(shown):
    spearman, mrr = show.plot_table4(shown["table4"], 6).axes
    assert list(lines(spearman)["PPO, paper"].get_xdata()[[0, 5]]) == [0.685, 0.063]
    rows = select(shown["table4"], optimiser="ppo", statistic="spearman", measure="mean")
    np.testing.assert_allclose(dots(spearman)["PPO, ours"][:, 0], rows["estimate"][:10])
    assert lines(mrr)["no relation"].get_xdata()[0] == mrr_chance(5)


def test_readings_set_ours_beside_the_papers_and_differ_in_sign(shown):
    cells = show.readings(shown["table4"]).set_index("Metric")
    assert cells.index.tolist() == [
        "ECE", "xi corr.", "ECE, 5 bins", "ECE, 20 bins", "ECE, not negated",
        "xi, sorted by golden",
    ]  # fmt: skip
    assert cells.loc["xi corr.", "PPO, MRR"].endswith("; paper 0.58\u00a0±\u00a00.05")
    own, raw = (cells.loc[name, "PPO, Spearman"].split()[0] for name in ("ECE", "ECE, not negated"))
    assert {own.startswith("−"), raw.startswith("−")} == {True, False}
    assert own.strip("−") == raw.strip("−")


def test_a_panel_per_optimiser_and_a_line_with_a_band_per_size(tables, shown):
    figure = show.plot_responses(shown["responses"], "budgets", metric="xi")
    assert [title(axis) for axis in figure.axes] == ["Best-of-n", "PPO"]
    rows = measure.figure_rows(shown["responses"], "budgets")
    rows = select(rows, optimiser="ppo", size=50)
    line = figure.axes[1].lines[-1]
    assert line.get_label() == "50 comparisons" and "xi" in figure.axes[0].get_ylabel()
    np.testing.assert_array_equal(line.get_data(), rows[["n_resp", "estimate"]].T)
    assert len(figure.axes[1].collections) == rows["size"].nunique() * len(figure.axes[1].lines)
    # What a reader draws anew is one run, without intervals.
    [second] = show.plot_responses(alone(tables["responses"]), "second").axes
    assert list(lines(second)) == ["25 samples", "50 samples", "100 samples"]
