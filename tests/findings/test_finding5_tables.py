import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking import finding5
from proxyreward.findings.rethinking.finding5 import theory
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.best_of_n import best_of_n


@pytest.fixture(scope="module")
def found(family):
    return finding5.compute(*family, resamples=50, rng=np.random.default_rng(1))


def test_a_row_for_each_kind_golden_proxy_and_n(found, family):
    degrees, rms = found["degrees"], family[2]["rm"]
    assert len(degrees) == 3 * 5 * 4 * 5
    assert sorted(degrees["n"].unique()) == [2, 4, 8, 16, 20]
    assert (degrees["golden"] != degrees["proxy"]).all()
    assert degrees["kind"].drop_duplicates().tolist() == list(finding5.KINDS)
    label_flips = finding5.chosen(degrees, 8).query("kind == 'label flips'")
    assert label_flips["golden"].drop_duplicates().tolist() == rms.tolist()


def test_one_row_by_hand(found, family):
    pool, bench, rms = family
    golden, proxy = ((a - a.mean()) / a.std() for a in pool[[1, 3]].astype(float))
    row = found["degrees"].query("golden == 'rm0.1' and proxy == 'rm0.3' and n == 8").iloc[0]
    kept, promised = (best_of_n(a, proxy, [8]).mean() for a in (golden, proxy))
    assert row["degree"] == pytest.approx(kept / promised, abs=1e-5)
    assert row["proxy_gain"] == pytest.approx(promised, abs=1e-5)
    assert row["accuracy"] == accuracy_matrix(bench)[1, 3]
    assert row["expected"] == pytest.approx(np.sin(np.pi * (row["accuracy"] - 0.5)))
    assert row["expected_raw"] == pytest.approx(row["expected"] ** 2)
    assert (row["flip_golden"], row["flip_proxy"]) == (0.1, 0.3)
    assert row["residual_se"] > row["se"] > 0


def test_controls_are_as_accurate_as_the_proxies_they_stand_for(found):
    top = finding5.chosen(found["degrees"])
    accuracy = {kind: finding5.by_golden(top, kind)["accuracy"] for kind in finding5.KINDS}
    for kind in finding5.KINDS[1:]:
        gap = accuracy[kind] - accuracy["label flips"]
        # 300 pairs: a standard error is below 0.03.
        assert 0 < abs(gap).max() < 0.1 and abs(gap.mean()) < 0.02


def test_arrays_hold_a_golden_rm_in_each_row(found):
    top = finding5.chosen(found["degrees"], 4)
    arrays = finding5.by_golden(top, "label flips")
    rows = finding5.chosen(found["degrees"], 4, "rm0.2").query("kind == 'label flips'")
    np.testing.assert_array_equal(arrays["degree"][2], rows["degree"])
    np.testing.assert_allclose(arrays["residual"][2], rows["degree"] - rows["expected"])


def test_unknown_n_or_golden_names_the_known(found):
    with pytest.raises(ValueError, match=r"n=3 .*\[2, 4, 8, 16, 20\]"):
        finding5.chosen(found["degrees"], 3)
    with pytest.raises(ValueError, match=r"'rm9'.*rm0\.0"):
        finding5.chosen(found["degrees"], 4, "rm9")


def test_deviations_are_means_with_intervals_around_them(found):
    table = finding5.deviations(found["degrees"], resamples=100, rng=np.random.default_rng(0))
    assert len(table) == 3 * 5
    row = table.query("n == 8 and kind == 'label flips'").iloc[0]
    rows = found["degrees"].query("n == 8 and kind == 'label flips'")
    assert row["estimate"] == pytest.approx(abs(rows["degree"] - rows["expected"]).mean())
    assert (table["low"] <= table["estimate"]).all()
    assert (table["estimate"] <= table["high"]).all()


def test_rms_must_match_the_scores(family):
    pool, bench, rms = family
    with pytest.raises(ValueError, match="list has 4, the pool 5"):
        finding5.compute(pool, bench, rms[:4], resamples=5, rng=np.random.default_rng(0))


def test_same_seed_same_tables(family):
    runs = [finding5.compute(*family, resamples=5, rng=np.random.default_rng(3)) for _ in "ab"]
    for name in runs[0]:
        pd.testing.assert_frame_equal(runs[0][name], runs[1][name])


def test_pressure_of_noise_as_large_as_the_reward_keeps_half():
    table = finding5.pressure(1.0, np.random.default_rng(0)).set_index("n")
    np.testing.assert_allclose(table.loc[1, ["promised", "kept", "possible"]], 0, atol=0.02)
    np.testing.assert_allclose(table["expected"], table["promised"] / 2)
    assert abs(table.loc[16:, "kept"] / table.loc[16:, "promised"] - 0.5).max() < 0.03
    with pytest.raises(ValueError, match="above 0"):
        finding5.pressure(0.0, np.random.default_rng(0))


def test_simulation_covers_every_quantity():
    table = theory.simulate(np.random.default_rng(0), ratios=(1.0,))
    counts = table["quantity"].value_counts().to_dict()
    assert counts == {"accuracy": 3, "slope": 1, "degree": 8, "ndr": 8}
    assert (abs(table["estimate"] - table["expected"]) < 4.5 * table["se"]).all()
