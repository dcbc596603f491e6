import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core import replicates
from proxyreward.findings.rethinking import repeats
from proxyreward.metrics.prediction import by_golden

NAMES = ["a", "b", "c", "d"]


@pytest.fixture
def errors():
    """Of three draws."""
    return np.random.default_rng(1).normal(size=(3, 4, 4))


@pytest.fixture
def ndr():
    rng = np.random.default_rng(2)
    return {"best-of-n": rng.normal(size=(4, 4)), "ppo": rng.normal(size=(4, 4))}


def test_both_optimisers_have_the_regret_asked_for(evidence):
    found = repeats.ndrs(evidence, 4, "Math")
    assert list(found) == ["best-of-n", "ppo"]
    np.testing.assert_array_equal(found["ppo"], evidence.ndr("ppo", category="Math"))
    expected = evidence.ndr("best-of-n", n=4, category="Math")
    np.testing.assert_array_equal(found["best-of-n"], expected)


def test_the_long_table_holds_the_coefficients(errors, ndr):
    table = repeats.coefficients(errors, ndr, NAMES, ("spearman", "mrr"), source="z")
    wide = table.pivot(index=["optimiser", "statistic", "draw"], columns="golden")["coefficient"]
    for (optimiser, statistic), rows in wide.groupby(level=[0, 1]):
        np.testing.assert_array_equal(rows[NAMES], by_golden(statistic, errors, ndr[optimiser]))
    assert (table["source"] == "z").all()


def test_means_over_goldens_and_draws_leave_out_what_is_undefined(errors, ndr):
    ndr["ppo"][2] = np.nan  # a golden RM without a coefficient
    table = repeats.coefficients(errors, ndr, NAMES)
    known = np.delete(by_golden("spearman", errors, ndr["ppo"]), 2, axis=1)
    found = repeats.summary(table, "optimiser").set_index(["optimiser", "measure"])["value"]
    expected = {"mean": known.mean(), "sd": known.mean(axis=1).std(ddof=1)}
    assert found["ppo"].to_dict() == pytest.approx(expected)
    whole = repeats.overall(table, "optimiser").set_index("optimiser")["value"]
    assert whole["ppo"] == pytest.approx(known.mean())
    same = repeats.summary(repeats.coefficients(2 * [errors[0]], ndr, NAMES), "optimiser")
    assert same.query("measure == 'sd'")["value"].tolist() == [0, 0]


def test_over_replicates_each_mean_has_its_sd_beside_it(errors, ndr, tmp_path):
    """One run has a single draw, so that it has a mean and no sd."""
    runs = {
        seed: repeats.summary(repeats.coefficients(part, ndr, NAMES), "optimiser")
        for seed, part in enumerate((errors, errors[:, ::-1], errors[:1]))
    }
    replicates.write(tmp_path, 0, {seed: {"x": run} for seed, run in runs.items()}, "x")
    table = replicates.read(tmp_path, "x").assign(paper=[0.5, 0.4, 0.1, 0.2])
    found = repeats.with_sd(table)
    assert found["optimiser"].tolist() == ["best-of-n", "ppo"]
    values = pd.concat([run["value"] for run in runs.values()], axis=1).mean(axis=1)
    np.testing.assert_allclose(found[["estimate", "sd"]].to_numpy().T.ravel(), values, atol=1e-8)
    assert found["paper_sd"].tolist() == [0.1, 0.2]
    row = next(repeats.with_sd(repeats.alone(runs[0])).itertuples())
    assert repeats.sd_cell(row) == f"{row.estimate:.2f} ±\u00a0{row.sd:.2f}"
    assert "±" not in repeats.sd_cell(row._replace(sd=0.0))


def test_a_paper_cell_without_spread_has_no_sd(registry):
    found = repeats.printed(registry, "rethinking.table2", "source", {"Llama3-8B*": "initial"})
    value = found.set_index(["source", "optimiser", "statistic", "measure"])["value"].sort_index()
    assert value["initial", "ppo", "mrr"].tolist() == [0.551, 0.061]
    assert value["Origin", "best-of-n", "spearman", "mean"] == 0.753
    assert value.isna().sum() == 4 and len(value) == 5 * 4 * 2
