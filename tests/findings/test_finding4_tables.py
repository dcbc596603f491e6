import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking import finding4


@pytest.fixture(scope="module")
def long(evidence):
    return finding4.compute(
        evidence, responses=5, draws=4, quality=2.0, rng=np.random.default_rng(0)
    )


@pytest.fixture(scope="module")
def tables(long, registry):
    return finding4.summarise(long, resamples=50, rng=np.random.default_rng(1), registry=registry)


def test_table_4_has_mean_and_sd_over_draws(long, tables):
    row = (
        tables["table4"]
        .query("metric == 'kendall' and optimiser == 'ppo' and statistic == 'mrr'")
        .iloc[0]
    )
    drawn = long["metrics"].query(
        "metric == 'kendall' and optimiser == 'ppo' and statistic == 'mrr'"
    )
    by_draw = drawn.groupby("draw")["coefficient"].mean()
    assert (row["mean"], row["sd"]) == pytest.approx((by_draw.mean(), by_draw.std()))
    assert row["low"] < row["mean"] < row["high"]
    assert (row["paper"], row["paper_pm"]) == (0.558, 0.035)


def test_readings_that_the_paper_does_not_have_get_no_value_of_its(tables):
    others = tables["table4"][tables["table4"]["metric"].str.contains(",")]
    assert len(others) == 4 * 4
    assert others["paper"].isna().all()
    assert tables["table4"]["paper"].notna().sum() == 40


def test_figures_6_and_14_share_the_size_of_two_responses_to_every_prompt(tables):
    small, large = (pick(tables["samples"]) for pick in (
        finding4.small_sizes, finding4.larger_sizes))  # fmt: skip
    assert small["n_sample"].max() == large["n_sample"].min() == 100
    assert small["n_resp"].max() == 5
    assert large.loc[large["n_sample"] == 200, "n_resp"].unique().tolist() == [4, 5, 6, 8, 10]


def test_cells_set_ours_beside_the_papers(tables):
    cells = finding4.cells(tables["table4"]).set_index("Metric")
    assert len(cells) == 14 and len(cells.columns) == 4
    assert cells.index[:2].tolist() == ["Pearson corr.*", "Spearman corr."]
    assert cells.loc["Kendall corr.", "PPO, MRR"].endswith("(paper\u00a00.56\u00a0±\u00a00.04)")


def test_readings_of_ece_differ_in_sign(tables):
    cells = finding4.cells(finding4.readings(tables["table4"])).set_index("Metric")
    assert cells.index.tolist() == [
        "ECE", "xi corr.", "ECE, 5 bins", "ECE, 20 bins", "ECE, not negated",
        "xi, sorted by golden",
    ]  # fmt: skip
    column = cells["Best-of-n, Spearman"].str.split("\u00a0").str[0]
    assert {column["ECE"], column["ECE, not negated"]} == {
        column["ECE"].strip("−"), "−" + column["ECE"].strip("−")
    }  # fmt: skip


def test_written_tables_are_small_and_come_back(tables, tmp_path):
    for name, table in tables.items():
        file = tmp_path / name
        table.to_csv(file, index=False, float_format="%.6g")
        assert file.stat().st_size < 300_000
        assert pd.read_csv(file).columns.equals(table.columns)
