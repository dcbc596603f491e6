import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking.finding2 import measure
from proxyreward.findings.rethinking.repeats import as_array
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import by_golden


def draw(evidence, n=0):
    return measure.draw(evidence, draws=3, bins=4, n=n, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def drawn(evidence):
    return draw(evidence)


@pytest.mark.parametrize(("source", "statistic"), [("origin", "spearman"), ("blunt", "mrr")])
def test_where_nothing_is_left_to_draw_coefficients_are_known(drawn, evidence, source, statistic):
    """Origin is one pair for each prompt, and the fixture has two responses per source."""
    scores = evidence.pairs()[:, :50]
    if source != "origin":
        rows = evidence.tests.query("variant == 'original' and source == @source")
        scores = rows[evidence.names()].to_numpy(dtype=float).T.reshape(6, 50, 2)
    expected = by_golden(statistic, accuracy_matrix(scores), evidence.ndr("ppo"))
    found = drawn["sources"].query(
        "source == @source and optimiser == 'ppo' and statistic == @statistic"
    )
    np.testing.assert_allclose(as_array(found)[:, :], np.tile(expected, (3, 1)))


def test_bins_of_one_response_compare_two_ranks_of_the_golden_order(evidence):
    """Ten bins for the ten responses, so that the pair is known; counted by hand."""
    found = measure.draw(evidence, draws=1, bins=10, rng=np.random.default_rng(0))["bins"]
    scores = evidence.testset().labels
    accuracy = np.zeros((6, 6))
    for golden in range(6):
        order = np.argsort(-scores[golden], axis=-1)
        better, worse = (
            np.take_along_axis(scores, order[None, :, [k]], axis=-1)[..., 0] for k in (2, 7)
        )
        accuracy[golden] = (better > worse).mean(axis=1)
    cell = found.query("chosen == 2 and rejected == 7 and optimiser == 'ppo'")
    expected = by_golden("spearman", accuracy, evidence.ndr("ppo"))
    np.testing.assert_allclose(cell["coefficient"], expected)


def test_every_draw_is_from_one_generator_and_n_changes_best_of_n_alone(drawn, evidence):
    other = draw(evidence, n=4)
    assert (drawn["sizes"]["n"].item(), other["sizes"]["n"].item()) == (16, 4)
    same = drawn["sources"]["optimiser"] == "ppo"
    pd.testing.assert_frame_equal(drawn["sources"][same], other["sources"][same])
    assert not drawn["sources"].equals(other["sources"])


def test_pressure_is_at_that_n_and_leaves_out_the_golden_rms_own_policy(evidence):
    reached = measure.pressure(evidence, n=4).set_index(["measure", "optimiser"])["value"]
    assert reached["kl_bits", "best-of-n"] == pytest.approx(1.6)
    rows = evidence.policies("ppo", family="main", kl_coef=0.0, training="joint", category="all")
    others = rows[rows["golden"] != rows["proxy"]]
    assert reached["reward", "ppo"] == pytest.approx(others["golden_reward"].mean())


@pytest.mark.parametrize("golden", ["", "flip-0.18"])
def test_means_and_their_spread_over_draws(drawn, evidence, golden):
    found = measure.estimates(drawn, golden)
    kept = [evidence.names().index(golden)] if golden else slice(None)
    cells = as_array(drawn["bins"], "chosen", "rejected", "optimiser")
    assert cells.shape == (3, 3, 2, 3, 6) and len(found["bins"]) == 12
    cell = found["bins"].query("chosen == 1 and rejected == 3 and optimiser == 'ppo'")
    assert cell["value"].item() == pytest.approx(cells[1, 2, 1][:, kept].mean())
    rows = found["sources"].query("source == 'timid' and optimiser == 'ppo' and statistic == 'mrr'")
    array = as_array(drawn["sources"], "source", "optimiser", "statistic")[3, 1, 1][:, kept]
    expected = {"mean": array.mean(), "sd": array.mean(axis=1).std(ddof=1)}
    assert rows.set_index("measure")["value"].to_dict() == pytest.approx(expected)
    with pytest.raises(ValueError, match="no golden RM 'flip'; choose one of"):
        measure.estimates(drawn, "flip")


def test_the_papers_table_keeps_its_rows_and_columns(registry):
    paper = measure.printed_sources(registry).set_index([*measure.SOURCE_KEYS, "measure"])["value"]
    cell = registry.printed("rethinking.table2", "Llama3-8B*", "ppo_mrr")
    key = ("initial", "ppo", "mrr")
    assert (paper[*key, "mean"], paper[*key, "sd"]) == (cell["mean"], cell["pm"])
    origin = registry.printed("rethinking.table2", "Origin", "bon_spearman")
    assert paper["origin", "best-of-n", "spearman", "mean"] == origin
