"""Finding 1: pairs and coefficients, what its claims compare, and what is drawn of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.findings.figures import lines, names, title
from tests.findings.tables import as_read, crossed

from proxyreward.findings.rethinking.evidence import square, under
from proxyreward.findings.rethinking.finding1 import claims, show
from proxyreward.findings.rethinking.finding1.measure import associations
from proxyreward.findings.rethinking.regret import agreement
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import mrr_chance

BOTH, LABELS = ("best-of-n", "ppo"), ("Kendall", "Pearson", "Spearman")


def nested(error=0.0):
    frame = crossed(flip_a=(0.0, 0.1, 0.3), flip_b=(0.0, 0.1, 0.3))
    stated = (frame["flip_a"] - frame["flip_b"]).abs()
    return frame.assign(disagreement=stated + error * (frame.index == 5))


def values(evidence, registry, curves=None, error=0.0, pairs=None, repeats=None):
    """What the claims compare, by name."""
    curves = evidence.curves if curves is None else curves
    pairs = evidence.couples() if pairs is None else pairs
    repeats = evidence.repeats if repeats is None else repeats
    found = claims.quantities(pairs, curves, repeats, nested(error), 100, registry)
    return {name: quantity.own for name, quantity in found.items()}


def with_ndr(evidence, optimiser, change):
    """Evidence in which the NDRs of an optimiser are changed by a function."""
    regret = evidence.regret.copy()
    chosen = (regret["optimiser"] == optimiser) & (regret["golden"] != regret["proxy"])
    chosen &= regret["family"] == "main"
    regret.loc[chosen, "ndr"] = change(regret.loc[chosen, "ndr"])
    return replace(evidence, regret=regret)


@pytest.fixture(scope="module")
def pairs(evidence):
    return evidence.couples()


@pytest.fixture(scope="module")
def association(pairs, registry):
    found = associations(pairs, registry)
    return as_read(pd.concat([under(found, optimiser) for optimiser in BOTH]))


def test_pairs_are_all_ordered_pairs_under_each_optimiser(pairs):
    sizes = pairs.groupby(["optimiser", "n"]).size()
    assert sizes.to_dict() == {("best-of-n", 4): 30, ("best-of-n", 16): 30, ("ppo", 0): 30}
    assert (pairs["golden"] != pairs["proxy"]).all()
    with pytest.raises(ValueError, match=r"choose one of \[4, 16\]"):
        under(pairs, "best-of-n", 5)


def two_runs(one, other, extra=()):
    """Repeats of runs with these NDRs of two pairs and more; each golden's own is always 1."""
    columns = ["number", "golden", "proxy", "golden_reward", "ndr"]
    rows = []
    for number, ndr in enumerate((one, other, *extra), 1):
        pairs = [("a", "a", 1), ("b", "b", 1), *zip("aabbc", "bcaca", ndr)]
        rows += [(number, golden, proxy, 0.0, value) for golden, proxy, value in pairs]
    return pd.DataFrame(rows, columns=columns)


def test_runs_agree_as_their_ranks_do_and_means_of_them_agree_more():
    one, other = np.array([1, 2, 3, 4, 5]), np.array([2, 1, 3, 5, 4])
    found = agreement(two_runs(one, other)).set_index("averaged")["value"]
    r = stats.spearmanr(one, other)[0]
    assert found.to_dict() == pytest.approx({1: r, 2: 2 * r / (1 + r)})
    three = agreement(two_runs(one, other, [one**3])).set_index("averaged")["value"]
    mean = (r + 1 + r) / 3
    assert three.to_dict() == pytest.approx({1: mean, 3: 3 * mean / (1 + 2 * mean)})
    reversed_golden = two_runs(one, other).sample(frac=1, random_state=0)
    assert agreement(reversed_golden)["value"].tolist() == pytest.approx(found.tolist())


def test_one_run_agrees_with_nothing():
    single = two_runs([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]).query("number == 1")
    assert agreement(single)["value"].isna().all()


def test_spearman_browns_formula_is_what_means_of_runs_have_in_common():
    """For normal noise, of which half of the variance is the run's own."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=40000)
    runs = shared + rng.normal(size=(6, 40000))
    r = np.corrcoef(runs[0], runs[1])[0, 1]
    means = np.corrcoef(runs[:3].mean(axis=0), runs[3:].mean(axis=0))[0, 1]
    assert means == pytest.approx(3 * r / (1 + 2 * r), abs=0.02)


@pytest.mark.parametrize("optimiser", BOTH)
def test_square_undoes_the_long_form(evidence, pairs, optimiser):
    wholes = {"accuracy": accuracy_matrix(evidence.pairs()), "ndr": evidence.ndr(optimiser)}
    for column, whole in wholes.items():
        expected = np.where(np.eye(6, dtype=bool), np.nan, whole)
        np.testing.assert_array_equal(square(under(pairs, optimiser), column), expected)


def test_associations_are_those_of_scipy_and_stand_beside_the_paper(
    evidence, pairs, association, registry
):
    found = association.set_index(["optimiser", "statistic", "protocol"]).sort_index()
    ppo = under(pairs, "ppo")
    each = [stats.kendalltau(g["accuracy"], g["ndr"])[0] for _, g in ppo.groupby("golden")]
    assert found.loc[("ppo", "kendall", "mean_g"), "estimate"] == pytest.approx(np.mean(each))
    pooled = stats.spearmanr(ppo["accuracy"], ppo["ndr"])[0]
    assert found.loc[("ppo", "spearman", "pooled"), "estimate"] == pytest.approx(pooled)
    assert found.loc[("best-of-n", "kendall"), "paper"].tolist() == [0.6561, 0.6561]
    found = claims.quantities(pairs, evidence.curves, evidence.repeats, nested(), 100, registry)
    for optimiser, name in zip(BOTH, ("Best-of-n", "PPO"), strict=True):
        own, mean = under(pairs, optimiser), association.query("protocol == 'mean_g'")
        mean = mean[mean["optimiser"] == optimiser].set_index("statistic")["estimate"]
        line = stats.linregress(own["accuracy"], own["ndr"])
        told = {f"{label} of accuracy and NDR": mean[label.lower()] for label in LABELS}
        told |= {"MRR above that of a random order": mean["mrr"] - mrr_chance(5)}
        for what, expected in (told | {"slope of NDR on accuracy": line.slope}).items():
            assert found[f"{name}: {what}"].own == pytest.approx(expected)
    a, b = ppo["flip_golden"], ppo["flip_proxy"]
    for name, reading in {"the pair's mean flip share": a + b, "|a-b|": abs(a - b)}.items():
        expected = stats.spearmanr(reading, ppo["accuracy"]).statistic
        assert found[f"Spearman of {name} with accuracy"].own == pytest.approx(expected)
    gap, mrr = "Kendall under best-of-n minus under PPO", "PPO: MRR above that of a random order"
    papers = [found[name].paper for name in (gap, mrr)]
    assert papers == pytest.approx([0.6561 - 0.4654, 0.5167 - mrr_chance(5)])


def test_definitions_hold_on_a_clean_run_and_show_where_they_are_broken(evidence, registry):
    found = values(evidence, registry)
    exact = [name for name in found if "deviation" in name or "missing" in name or "misses" in name]
    assert len(exact) == 6 and max(found[name] for name in exact) < 1e-9
    assert found["largest |acc[g,p] - acc[p,g]|"] == 0
    curves, second = evidence.curves.copy(), evidence.names()[1]
    one = (curves["golden"] == curves["proxy"]) & (curves["golden"] == second)
    repeats = evidence.repeats.copy()  # one of three runs of a golden RM loses half
    lost = (repeats[["golden", "proxy"]] == second).all(axis=1) & (repeats["number"] == 2)
    repeats.loc[lost, "golden_reward"] *= 0.5
    curves.loc[one & (curves["step"] == 1), "golden_reward"] = -0.2
    (pairs := evidence.couples()).loc[pairs.index[pairs["n"] == 16][0], "accuracy"] += 0.1
    broken = values(evidence, registry, curves, -0.02, pairs, repeats)
    assert broken["largest |acc[g,p] - acc[p,g]|"] == pytest.approx(0.1)
    assert broken["deviation of the initial policy's NDR from 0"] == pytest.approx(0.1)
    assert broken["labels by which a disagreement misses |a-b|"] == pytest.approx(2)
    assert broken["PPO: deviation of the golden RM's own NDR from 1"] == pytest.approx(0.5 / 3)


def test_ppo_that_follows_the_noise_is_harder_to_predict_and_more_extreme(evidence, registry):
    noise = np.random.default_rng(3)
    wild = with_ndr(evidence, "ppo", lambda ndr: -noise.normal(scale=3, size=len(ndr)))
    found = values(wild, registry)
    assert found["Spearman under best-of-n minus under PPO"] > 0.3
    bon, ppo = (under(wild.couples(), optimiser)["ndr"] for optimiser in BOTH)
    assert found["sd of NDR, PPO minus best-of-n"] == pytest.approx(ppo.std() - bon.std())
    largest = abs(ppo).max() - abs(bon).max()
    assert found["largest |NDR|, PPO minus best-of-n"] == pytest.approx(largest)
    unexplained = "share of the NDR's variance that accuracy leaves open, PPO minus best-of-n"
    assert 0.05 < found[unexplained] < 1


def test_a_fall_of_all_but_one_golden_model_shows_in_the_curves(evidence, registry):
    curves, first = evidence.curves.copy(), evidence.names()[0]
    falls = (curves["optimiser"] == "ppo") & (curves["golden"] != first)
    falls &= curves["step"] == curves.loc[falls, "step"].max()
    curves.loc[falls, "golden_reward"] = 0.1
    found = values(evidence, registry, curves)
    twin = "largest share of proxies with a drop, another golden RM as accurate"
    assert found[f"PPO: {twin}"] == 1
    assert found["PPO: smallest mean relative drop of a golden RM"] == 0


def test_deciles_of_a_line_of_noise_and_of_too_few():
    line, (x, y) = np.arange(30.0), np.random.default_rng(0).normal(size=(2, 1000))
    middle = (14**3 - 12**3, 17**3 - 15**3)  # of ten groups of three
    assert claims.decile_ranges(line, line**3) == pytest.approx(np.mean(middle) / 29**3)
    assert claims.decile_spread(line, line) == pytest.approx(1 / line.std(ddof=1))
    assert claims.decile_spread(x, y) == pytest.approx(1, abs=0.05)
    for statistic in (claims.decile_ranges, claims.decile_spread):
        assert np.isnan([statistic(line[:19], line[:19]), statistic(line, np.ones(30))]).all()


def test_twins_are_close_in_accuracy_and_apart_in_ndr():
    accuracy = np.array([0.700, 0.709, 0.800, 0.815])
    assert claims.near_twins(accuracy, np.array([0.0, 0.26, 1.0, 0.4])) == 1
    assert np.isnan(claims.near_twins(accuracy, np.array([0.0, 1.0, 0.5, np.nan])))


def test_relative_drop_of_known_curves():
    curves = np.array([[0, 1, 2], [0, 2, 1], [0, -1, -2], [0, 0, 0]], dtype=float)
    assert claims.relative_drop(curves).tolist() == [0, 0.5, np.inf, 0]


def test_falling_twin_needs_another_golden_of_similar_accuracy():
    falling, rising = [0.0, 2.0, 1.86], [0.0, 1.0, 2.0]
    rewards = np.array([[rising, rising], [falling, falling], [falling, rising]])
    for accuracy, expected in (
        ([0.7, 0.72, 0.71], 1),
        ([0.7, 0.79, 0.71], 0.5),
        ([0.7, 0.5, 1], 0),
    ):
        assert claims.falling_twin(rewards, np.array(accuracy)) == expected


def test_only_the_asymmetric_matrix_has_an_asymmetry():
    symmetric = np.array([[np.nan, 1, 2], [1, np.nan, 3], [2, 3, np.nan]])
    skewed = symmetric + np.triu(np.ones((3, 3)))
    expected = 1 / skewed[~np.eye(3, dtype=bool)].std(ddof=1)
    assert claims.asymmetry(skewed) == pytest.approx(expected)
    assert claims.asymmetry(symmetric) == 0


def test_scatter_has_a_panel_per_optimiser_with_a_least_squares_line(pairs):
    figure = show.plot_scatter(pd.concat([under(pairs, optimiser) for optimiser in BOTH]))
    for axis, head, optimiser in zip(figure.axes, ("best-of-16", "PPO"), BOTH, strict=False):
        own = under(pairs, optimiser)
        points = [100 * own["accuracy"], own["ndr"]]
        np.testing.assert_allclose(axis.collections[0].get_offsets().T, points)
        assert head in title(axis)
        slope = np.divide(*np.diff(axis.lines[0].get_data())[::-1])
        assert slope == pytest.approx(stats.linregress(*points).slope)


def test_table_1_shows_estimates_and_paper(association):
    figure = show.plot_table1(association, 6)
    for axis, optimiser in zip(figure.axes, BOTH, strict=True):
        rows = association[association["optimiser"] == optimiser]
        np.testing.assert_allclose(axis.collections[1].get_offsets()[:, 0], rows["estimate"])
        np.testing.assert_allclose(lines(axis)["paper"].get_xdata(), rows["paper"])
    cells = show.table1(association, 6).set_index(["Optimiser", "Statistic"])
    first = association.iloc[0]
    assert cells.loc[("Best-of-n", "Kendall"), "Each golden"].startswith(f"{first.estimate:.2f} [")
    papers = ["0.66", "0.75", "0.75", "0.63", "0.47", "0.64", "0.61", "0.52"]
    assert cells["Paper"].tolist() == papers
    assert cells.loc[("PPO", "MRR (chance 0.46)"), "All pairs"] == "–"


@pytest.mark.parametrize("plot", [show.plot_accuracy, show.plot_ndr])
def test_heat_maps_are_ordered_by_flip_rate_and_leave_the_diagonal_empty(pairs, plot):
    figure = plot(under(pairs, "ppo").sample(frac=1, random_state=0))
    labels = names(figure.axes[0])
    assert labels == sorted(labels, key=float)
    empty = np.ma.getmaskarray(figure.axes[0].collections[0].get_array()).reshape(6, 6)
    assert empty.diagonal().all() and empty.sum() == 6


@pytest.mark.parametrize(("goldens", "shown"), [(1, 1), (3, 3), (99, 6)])
def test_dynamics_shows_as_many_goldens_as_asked_for(evidence, goldens, shown):
    flips = pd.Series(evidence.flips(), index=evidence.names())
    figure = show.plot_dynamics(evidence.curves, flips, goldens=goldens, proxies=2)
    panels = [a for a in figure.axes if a.get_visible() and a.get_label() != "<colorbar>"]
    assert len(panels) == 2 * shown and all(len(axis.lines) == 3 for axis in panels)
    assert panels[0].get_xlabel() == "KL bound (bits)" and panels[-1].get_xlabel() == "KL (bits)"
