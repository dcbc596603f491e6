import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking import finding1
from proxyreward.metrics.agreement import accuracy_matrix


def test_pairs_are_all_ordered_pairs_under_each_optimiser(tables):
    sizes = tables["pairs"].groupby(["optimiser", "n"]).size()
    assert sizes.to_dict() == {("best-of-n", 4): 30, ("best-of-n", 16): 30, ("ppo", 0): 30}
    assert (tables["pairs"]["golden"] != tables["pairs"]["proxy"]).all()


@pytest.mark.parametrize("optimiser", ["best-of-n", "ppo"])
def test_square_undoes_the_long_form(evidence, tables, optimiser):
    pairs = finding1.under(tables["pairs"], optimiser)
    for column, whole in (
        ("accuracy", accuracy_matrix(evidence.pairs())),
        ("ndr", evidence.ndr(optimiser)),
    ):
        expected = np.where(np.eye(6, dtype=bool), np.nan, whole)
        np.testing.assert_array_equal(finding1.square(pairs, column), expected)


def test_associations_stand_beside_the_paper(tables):
    association = tables["association"]
    bon = finding1.under(association, "best-of-n").set_index(["statistic", "protocol"])
    ppo = finding1.under(association, "ppo").set_index(["statistic", "protocol"])
    assert bon.loc[("kendall", "mean_g"), "paper"] == 0.6561
    assert ppo.loc[("kendall", "mean_g"), "paper"] == 0.4654
    assert (association["low"] <= association["high"]).all()


def test_written_pairs_are_enough_to_redo_an_association(tables, tmp_path):
    tables["pairs"].to_csv(tmp_path / "pairs.csv", index=False, float_format="%.6g")
    pairs = finding1.under(pd.read_csv(tmp_path / "pairs.csv"), "best-of-n", 4)
    redone = finding1.associations(pairs, resamples=5, rng=np.random.default_rng(0))
    expected = finding1.under(tables["association"], "best-of-n", 4)
    np.testing.assert_allclose(redone["estimate"], expected["estimate"], atol=1e-4)


def test_equal_generators_give_equal_tables(evidence, tables):
    again = finding1.compute(evidence, resamples=50, rng=np.random.default_rng(1))
    assert all(again[name].equals(tables[name]) for name in tables)


def test_an_n_that_was_not_computed_is_refused(tables):
    with pytest.raises(ValueError, match=r"choose one of \[4, 16\]"):
        finding1.under(tables["pairs"], "best-of-n", 5)


def test_sizes_are_those_of_the_arrays(tables):
    assert tables["sizes"].to_dict("records") == [{"rms": 6, "pairs": 80, "resamples": 50}]


def test_table_1_has_a_row_of_short_text_per_optimiser_and_statistic(tables):
    association = pd.concat(
        [finding1.under(tables["association"], name) for name in ("best-of-n", "ppo")]
    )
    cells = finding1.table1(association, 6).set_index(["Optimiser", "Statistic"])
    first = association.iloc[0]
    assert cells.loc[("Best-of-n", "Kendall"), "Each golden"].startswith(f"{first.estimate:.2f} [")
    assert cells["Paper"].tolist() == [
        "0.66",
        "0.75",
        "0.75",
        "0.63",
        "0.47",
        "0.64",
        "0.61",
        "0.52",
    ]
    assert cells.loc[("PPO", "MRR (chance 0.46)"), "All pairs"] == "–"
