import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking import finding2
from proxyreward.findings.rethinking.repeats import as_array
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import by_golden

WRITERS = ["careful", "chatty", "blunt", "timid"]


@pytest.fixture(scope="module")
def tables(evidence):
    return finding2.compute(evidence, draws=3, bins=4, rng=np.random.default_rng(0))


def test_every_source_and_cell_has_every_draw_and_golden(tables):
    sources = as_array(tables["sources"], "source", "optimiser", "statistic")
    assert sources.shape == (6, 2, 2, 3, 6) and np.isfinite(sources).all()
    bins = as_array(tables["bins"], "chosen", "rejected", "optimiser")
    assert np.isfinite(bins[..., 0, 0, 0]).sum() == 6  # upper triangle of four bins


def test_mixed_pairs_are_those_of_the_accuracy_prompts(tables, evidence):
    accuracy = accuracy_matrix(evidence.pairs()[:, :50])
    expected = by_golden("spearman", accuracy, evidence.ndr("ppo"))
    origin = tables["sources"].query("source == 'origin' and optimiser == 'ppo'")
    found = as_array(origin, "statistic")[0]
    np.testing.assert_allclose(found, np.tile(expected, (3, 1)))


def test_two_of_two_responses_leave_nothing_to_draw(tables, evidence):
    # The fixture has two responses per source, so every draw is the same pair.
    first = evidence.tests.query("variant == 'original' and source == 'blunt'")
    scores = first[evidence.names()].to_numpy(dtype=float).T.reshape(6, 50, 2)
    expected = by_golden("mrr", accuracy_matrix(scores), evidence.ndr("best-of-n"))
    blunt = tables["sources"].query("source == 'blunt' and optimiser == 'best-of-n'")
    np.testing.assert_allclose(as_array(blunt, "statistic")[1], np.tile(expected, (3, 1)))


def test_n_chooses_the_best_of_n(evidence, tables):
    other = finding2.compute(evidence, draws=3, bins=4, n=4, rng=np.random.default_rng(0))
    assert (tables["sizes"]["n"].item(), other["sizes"]["n"].item()) == (16, 4)
    same = tables["sources"]["optimiser"] == "ppo"
    pd.testing.assert_frame_equal(tables["sources"][same], other["sources"][same])
    assert not tables["sources"].equals(other["sources"])
    kl = other["pressure"].query("optimiser == 'best-of-n' and measure == 'kl_bits'")
    assert kl["value"].tolist() == pytest.approx([1.6] * 6)


def test_pressure_leaves_out_the_golden_rms_own_policy(evidence, tables):
    rows = evidence.policies("ppo", family="main", kl_coef=0.0, training="joint", category="all")
    mean = rows[rows["golden"] != rows["proxy"]].groupby("golden")["golden_reward"].mean()
    found = tables["pressure"].query("optimiser == 'ppo' and measure == 'reward'")
    expected = mean.loc[found["rm"]]
    np.testing.assert_allclose(found["value"], expected)


def test_one_golden_rm_or_the_mean_over_all(tables, evidence):
    one = finding2.summarise(tables, golden=evidence.names()[2])["bins"]
    array = as_array(tables["bins"], "chosen", "rejected", "optimiser")
    cell = one.query("chosen == 1 and rejected == 3 and optimiser == 'ppo'")
    assert cell["mean"].item() == pytest.approx(array[1, 2, 1, :, 2].mean())
    with pytest.raises(ValueError, match="no golden RM 'flip'; choose one of"):
        finding2.summarise(tables, golden="flip")


def test_table2_has_the_papers_rows_beside_ours(tables, registry):
    ours = finding2.table2(finding2.summarise(tables)["sources"])
    paper = finding2.table2(finding2.paper_sources(registry))
    assert ours["Source"].tolist() == [*WRITERS, "own policy*", "mixed (Origin)"]
    assert ours.columns.tolist() == paper.columns.tolist()
    origin = paper.set_index("Source").loc["mixed (Origin)"]
    assert (
        origin["Best-of-n, Spearman"]
        == f"{registry.printed('rethinking.table2', 'Origin')['bon_spearman']:.2f}"
    )
    assert "±" in paper.set_index("Source").loc["own policy*", "PPO, MRR"]
    assert "±" not in ours.set_index("Source").loc["mixed (Origin)", "PPO, MRR"]


def test_the_same_seed_gives_the_same_tables(tables, evidence):
    again = finding2.compute(evidence, draws=3, bins=4, rng=np.random.default_rng(0))
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, again[name])
