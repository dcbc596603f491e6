import numpy as np
import pytest

from proxyreward.findings import finding1
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.best_of_n import best_of_n


def test_grid_holds_powers_of_two_and_the_pool():
    assert finding1.n_grid(16) == [1, 2, 4, 8, 16]
    assert finding1.n_grid(1280)[-2:] == [1024, 1280]


def test_pairs_are_all_ordered_pairs_at_each_n(tables):
    assert (tables["pairs"].groupby("n").size() == 5 * 4).all()
    assert (tables["pairs"]["golden"] != tables["pairs"]["proxy"]).all()
    assert tables["pairs"]["n"].min() == 2


def test_ndr_of_a_pair_from_first_principles(family, tables):
    pool = family[0].astype(float)
    golden, proxy = pool[1], pool[3]
    start = golden.mean()
    gain = best_of_n(golden, proxy, [8]).mean() - start
    expected = gain / (best_of_n(golden, golden, [8]).mean() - start)
    pairs = finding1.at_n(tables["pairs"], 8)
    row = pairs[(pairs["golden"] == "rm0.1") & (pairs["proxy"] == "rm0.3")].iloc[0]
    assert row["ndr"] == pytest.approx(expected, abs=1e-9)
    assert row["golden_gain"] == pytest.approx(gain / expected / golden.std(), abs=1e-9)
    assert (row["flip_golden"], row["flip_proxy"]) == (0.1, 0.3)


def test_square_undoes_the_long_form(family, tables):
    accuracy = finding1.square(finding1.at_n(tables["pairs"]), "accuracy")
    expected = accuracy_matrix(family[1])
    np.fill_diagonal(expected, np.nan)
    np.testing.assert_array_equal(accuracy, expected)


def test_curves_start_at_exactly_zero_and_golden_policies_never_fall(tables):
    curves = tables["curves"]
    assert (curves.loc[curves["n"] == 1, "golden_reward"] == 0).all()
    own = curves[curves["golden"] == curves["proxy"]]
    assert (own.groupby("golden")["golden_reward"].diff().dropna() > 0).all()
    np.testing.assert_array_equal(own["golden_reward"], own["proxy_reward"])


def test_gains_are_those_of_the_pairs_at_the_top(tables):
    pairs = finding1.at_n(tables["pairs"]).drop_duplicates("golden")
    np.testing.assert_allclose(tables["gains"]["gain_sd"], pairs["golden_gain"])
    assert (tables["gains"]["n"] == 20).all()


def test_associations_stand_beside_the_paper_at_every_n(tables):
    association = tables["association"]
    assert sorted(association["n"].unique()) == [2, 4, 8, 16, 20]
    top = finding1.at_n(association).set_index(["statistic", "protocol"])
    assert top.loc[("kendall", "mean_g"), "paper"] == 0.6561
    assert top.loc[("mrr", "mean_g"), "paper"] == 0.6333
    assert (top["ci_low"] <= top["ci_high"]).all() and (top["estimate"] > 0).all()


def test_written_pairs_are_enough_to_redo_an_association(tables, tmp_path):
    import pandas as pd

    tables["pairs"].to_csv(tmp_path / "pairs.csv", index=False, float_format="%.6g")
    pairs = finding1.at_n(pd.read_csv(tmp_path / "pairs.csv"), 4)
    redone = finding1.associations(pairs, resamples=5, rng=np.random.default_rng(0))
    expected = finding1.at_n(tables["association"], 4)
    np.testing.assert_allclose(redone["estimate"], expected["estimate"], atol=1e-4)


def test_scale_and_offset_of_a_reward_model_do_not_count(family, tables):
    pool, bench, rms = family
    scaled = pool.astype(float) * np.arange(1, 6)[:, None, None] + 7
    again = finding1.compute(scaled, bench, rms, resamples=5, rng=np.random.default_rng(0))
    for table, column in (("pairs", "ndr"), ("curves", "golden_reward")):
        np.testing.assert_allclose(again[table][column], tables[table][column], atol=1e-6)


def test_equal_generators_give_equal_tables(family, tables):
    again = finding1.compute(*family, resamples=50, rng=np.random.default_rng(1))
    assert all(again[name].equals(tables[name]) for name in tables)


def test_an_n_that_was_not_computed_is_refused(tables):
    with pytest.raises(ValueError, match=r"choose one of \[2, 4, 8, 16, 20\]"):
        finding1.at_n(tables["pairs"], 5)


def test_inputs_that_do_not_fit_are_refused(family):
    pool, bench, rms = family
    generous = {"resamples": 5, "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match="the list has 5, the pool 4"):
        finding1.compute(pool[:4], bench, rms, **generous)
    with pytest.raises(ValueError, match="rm0.0 is listed twice"):
        finding1.compute(pool, bench, rms.assign(rm="rm0.0"), **generous)
    with pytest.raises(ValueError, match="ns must hold 1"):
        finding1.compute(pool, bench, rms, ns=[2, 4], **generous)
    pool = pool.copy()
    pool[2] = 1.0
    with pytest.raises(ValueError, match="rm0.2 gives every sample of the pool one score"):
        finding1.compute(pool, bench, rms, **generous)


def test_sizes_are_those_of_the_arrays(tables):
    expected = {"rms": 5, "prompts": 40, "samples": 20, "pairs": 300, "resamples": 50}
    assert tables["sizes"].to_dict("records") == [expected]


def test_table_1_has_a_row_of_short_text_per_statistic(tables):
    association = finding1.at_n(tables["association"])
    cells = finding1.table1(association, 5).set_index("Statistic")
    first = association.iloc[0]
    assert cells.loc["Kendall", "Each golden"].startswith(f"{first.estimate:.2f} [")
    assert cells["Paper"].tolist() == ["0.66", "0.75", "0.75", "0.63"]
    assert cells.loc["MRR (chance 0.52)", "All pairs"] == "–"
