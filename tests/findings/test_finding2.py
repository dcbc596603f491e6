"""Finding 2: what is drawn of sources and ranks, what its claims compare, and what is shown."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import names
from tests.findings.tables import as_read, crossed, values

from proxyreward.findings.core.reading import select
from proxyreward.findings.rethinking.finding2 import claims, measure, show
from proxyreward.findings.rethinking.repeats import alone, with_sd
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import by_golden

OPTIMISERS = ("best-of-n", "ppo")


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
        tests = evidence.testset()
        scores = tests.labels[..., tests.sources == source]
    expected = by_golden(statistic, accuracy_matrix(scores), evidence.ndr("ppo"))
    found = select(drawn["sources"], source=source, optimiser="ppo", statistic=statistic)
    np.testing.assert_allclose(found["coefficient"], np.tile(expected, 3))


def test_the_pool_is_one_test_set_of_the_policys_own_samples(drawn, evidence):
    expected = by_golden("spearman", evidence.own_accuracy(), evidence.ndr("best-of-n"))
    found = select(drawn["sources"], source="pool", optimiser="best-of-n", statistic="spearman")
    np.testing.assert_allclose(found["coefficient"], np.tile(expected, 3))


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
    rows = evidence.policies("ppo", setting="main", training="joint", category="all")
    others = rows.query("golden != proxy")["golden_reward"]
    assert reached["reward", "ppo"] == pytest.approx(others.mean())


@pytest.mark.parametrize("golden", ["", "flip-0.18"])
def test_means_are_over_all_golden_models_or_of_one(drawn, golden):
    found, kept = measure.estimates(drawn, golden), f"golden.str.contains({golden!r})"
    assert len(found["bins"]) == 12
    cell = "chosen == 1 and rejected == 3 and optimiser == 'ppo'"
    expected = drawn["bins"].query(cell).query(kept)["coefficient"].mean()
    assert found["bins"].query(cell)["value"].item() == pytest.approx(expected)
    cell = "source == 'timid' and optimiser == 'ppo' and statistic == 'mrr'"
    by_draw = drawn["sources"].query(cell).query(kept).groupby("draw")["coefficient"].mean()
    rows = found["sources"].query(cell).set_index("measure")["value"]
    assert rows.to_dict() == pytest.approx({"mean": by_draw.mean(), "sd": by_draw.std()})
    with pytest.raises(ValueError, match="no golden RM 'flip'; choose one of"):
        measure.estimates(drawn, "flip")


MEANS = {"careful": 0.5, "blunt": 0.2, "initial": 0.4, "origin": 0.3, "pool": 0.9}
SPREAD = {"careful": 0.2, "blunt": 0.6, "initial": 2.2, "origin": 0, "pool": 0}  # of their mean


def quantities(registry, cells=lambda *_: 0.5, bins=3, sd=0.05):
    """Of sources with these means, and cells as a function of chosen, rejected, optimiser."""
    sources = crossed(
        source=MEANS, optimiser=OPTIMISERS, statistic=("spearman", "mrr"), measure=("mean", "sd")
    )
    spread = sd * sources["source"].map(SPREAD)
    sources["value"] = sources["source"].map(MEANS).where(sources["measure"] == "mean", spread)
    places = [(*place, name) for place in combinations(range(bins), 2) for name in OPTIMISERS]
    drawn = pd.DataFrame(places, columns=["chosen", "rejected", "optimiser"])
    pressure = crossed(measure=("reward", "kl_bits"), optimiser=OPTIMISERS)
    return claims.quantities(
        sources,
        drawn.assign(value=[cells(*place) for place in places]),
        pressure.assign(value=[1.0, 1.5, 6.0, 9.0]),
        registry,
    )


def test_sources_against_own_responses_mixed_pairs_and_draws(registry):
    found = quantities(registry, cells=lambda chosen, rejected, _: 0.1 * (chosen + rejected))
    gaps = values(found, "PPO: Spearman with responses of * minus with own")
    assert gaps == pytest.approx([0.1, -0.2])  # careful, blunt
    gaps = values(found, "Best-of-n: MRR with mixed pairs minus with *")
    assert gaps == pytest.approx([-0.2, 0.1, -0.1])  # and own responses
    # The mixed pairs are no single source.
    assert values(found, "*: range of Spearman over sources minus *") == pytest.approx([0.25] * 2)
    assert values(found, "*: range of Spearman over bins minus *") == pytest.approx([-0.1] * 2)
    # Nor is the pool, which stands against the mixed pairs alone.
    gaps = values(found, "*: Spearman with all pairs of the pool minus with mixed pairs")
    assert gaps == pytest.approx([0.6] * 2)
    sd = np.std([0.1, 0.2, 0.3]) - np.std([0.5, 0.2, 0.4])
    assert values(found, "*: sd of Spearman over bins minus *") == pytest.approx([sd] * 2)
    assert values(found, "mean golden reward reached by PPO *") == [0.5]
    assert values(found, "KL divergence of PPO minus *") == [3]


@pytest.mark.parametrize(("chosen", "rejected"), [(0, 1), (1, 2)])
def test_the_best_region_is_found_where_it_is(registry, chosen, rejected):
    """Three bins, a third each: best-of-n is said to peak at (1, 2), PPO at (0, 1)."""
    found = quantities(registry, cells=lambda *key: 0.8 if key[:2] == (chosen, rejected) else 0.5)
    for name, at in (("Best-of-n", 1), ("PPO", 0)):
        mean, highest = (0.3, 0.3) if chosen == at else (-0.15, -0.3)
        assert values(found, f"{name}: mean * third, minus *") == pytest.approx([mean])
        assert values(found, f"{name}: highest * third, minus *") == pytest.approx([highest])


def test_worse_ranks_under_best_of_n_shift_the_mean_bin(registry):
    """All weight on (1, 2) under best-of-n, on (0, 1) under PPO; negative cells weigh nothing."""

    def cells(chosen, rejected, optimiser):
        best = (1, 2) if optimiser == "best-of-n" else (0, 1)
        return 0.6 if (chosen, rejected) == best else -0.4

    shift = "mean * bin under best-of-n minus under PPO, *"
    assert values(quantities(registry, cells=cells), shift) == pytest.approx([1, 1])
    for unknown in (-0.4, np.nan):
        none = quantities(registry, cells=lambda *place, x=unknown: x if place[1] == 2 else -0.4)
        assert np.isnan(values(none, shift)).all()


def test_without_a_middle_third_or_a_second_draw_quantities_are_undefined(registry):
    few = quantities(registry, bins=2, sd=np.nan)
    assert np.isnan(values(few, "*: * third, minus *")).all()
    assert np.isnan(values(few, "*: range of Spearman over sources minus *")).all()


def test_beside_a_source_stands_the_paper_model_that_supports_the_claim_most(registry):
    printed = registry.printed("rethinking.table2")
    own, best, origin = (
        printed[name]["bon_spearman"] for name in ("Llama3-8B*", "Vicuna-7b", "Origin")
    )
    found = quantities(registry)
    gap = found["Best-of-n: Spearman with responses of careful minus with own"]
    assert gap.paper == pytest.approx(best["mean"] - own["mean"])
    gap = found["Best-of-n: Spearman with mixed pairs minus with careful"]
    assert gap.paper == pytest.approx(origin - own["mean"])
    gap = found["PPO: range of Spearman over sources minus its mean sd over draws"]
    assert gap.paper == pytest.approx(0.648 - 0.527 - (0.037 + 0.047 + 0.039 + 0.036) / 4)


@pytest.fixture(scope="module")
def paper(registry):
    return alone(measure.printed_sources(registry))


@pytest.fixture(scope="module")
def tables(evidence):
    drawn = measure.draw(evidence, draws=3, bins=5, rng=np.random.default_rng(0))
    return {name: as_read(table) for name, table in measure.estimates(drawn).items()}


def test_each_source_stands_beside_the_papers_value(tables, registry, paper):
    axis = show.plot_sources(tables["sources"], paper).axes[0]
    assert names(axis)[-3:] == ["own policy*", "mixed (Origin)", "own policy, its pool"]
    rows = with_sd(tables["sources"]).query("optimiser == 'best-of-n' and statistic == 'spearman'")
    lines, points = axis.collections[:2]
    np.testing.assert_allclose(points.get_offsets()[:, 0], rows["estimate"])
    ends = np.array(lines.get_segments())[:, :, 0]
    np.testing.assert_allclose(ends, rows[["low", "high"]])
    printed = axis.lines[0].get_xdata()
    star = registry.printed("rethinking.table2", "Llama3-8B*", "bon_spearman")["mean"]
    assert printed[4] == star and np.isnan(printed[:4]).all()


def test_table2_has_the_papers_rows_beside_ours(tables, paper):
    ours, printed = (show.table2(rows).set_index("Source") for rows in (tables["sources"], paper))
    assert ours.index.tolist()[-4:] == [
        "timid",
        "own policy*",
        "mixed (Origin)",
        "own policy, its pool",
    ]
    assert ours.columns.tolist() == printed.columns.tolist()
    assert printed.loc["mixed (Origin)", "Best-of-n, Spearman"] == "0.75"
    assert printed.loc["own policy*", "PPO, MRR"] == "0.55 ±\u00a00.06"
    assert "±" not in ours.loc["mixed (Origin)", "PPO, MRR"]  # a fixed pair: every draw the same


def test_cells_lie_above_the_diagonal_and_the_papers_region_is_outlined(tables):
    figure = show.plot_bins(tables["bins"])
    for axis, where in zip(figure.axes[:2], ({(2, 3), (2, 4)}, {(0, 2), (1, 2)})):
        assert len(axis.texts) == 10
        outlined = {(int(patch.get_y()), int(patch.get_x()) + 1) for patch in axis.patches}
        assert outlined == where
    cell = tables["bins"].query("chosen == 0 and rejected == 1 and optimiser == 'best-of-n'")
    assert figure.axes[0].texts[0].get_text() == f"{cell['estimate'].item():.2f}"
