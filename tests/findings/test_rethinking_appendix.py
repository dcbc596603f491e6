"""The appendix: families of reward models, PPO with a KL penalty, data, and what claims compare."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from proxyreward.data.construction import length_gap
from proxyreward.data.pairs import Pair, to_frame
from proxyreward.findings.rethinking.rethinking_appendix import claims, measure, recipes
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.prediction import off_diagonal

PENALTIES = [0.0, 0.01, 0.05, 0.1]


def test_pairs_hold_what_the_evidence_holds_of_each_pair(evidence):
    pairs = measure.family_pairs(evidence, 4)
    assert pairs.groupby("family").size().to_dict() == {"architectures": 6, "main": 30, "parts": 6}
    rows = pairs[pairs["family"] == "parts"]
    assert rows.iloc[0][["golden", "label", "proxy"]].tolist() == ["part-1", "part-1", "part-2"]
    written = evidence.policies("best-of-n", n=4, family="parts")
    written = written.set_index(["golden", "proxy"])["ndr"]
    bench = evidence.bench.pivot(index="pair_id", columns="side")
    for row in rows.itertuples():
        assert row.ndr == written[row.golden, row.proxy]
        wins = [bench[name][0] > bench[name][1] for name in (row.golden, row.proxy)]
        assert row.accuracy == pytest.approx((wins[0] == wins[1]).mean())


def test_associations_are_those_of_the_pairs_at_each_common_n(evidence):
    regret = evidence.regret
    fewer = replace(evidence, regret=regret[(regret["family"] != "parts") | (regret["n"] < 16)])
    assert set(measure.family_associations(fewer)["n"]) == {4}
    found = measure.family_associations(evidence)
    assert set(found["n"]) == {4, 16}
    value = found.set_index(["n", "family", "statistic"])["value"]
    references = {"spearman": stats.spearmanr, "kendall": stats.kendalltau}
    for n, (statistic, reference) in product((4, 16), references.items()):
        for family, pairs in measure.family_pairs(evidence, n).groupby("family"):
            goldens = pairs.groupby("golden")
            each = [reference(of["accuracy"], of["ndr"]).statistic for _, of in goldens]
            assert value[n, family, statistic] == pytest.approx(np.mean(each))


def test_mutual_accuracy_leaves_out_the_models_themselves(evidence):
    found = measure.mutual_accuracy(evidence).set_index(["family", "quantity"])["value"]
    for family in measure.TITLES:
        values = off_diagonal(accuracy_matrix(evidence.pairs(family)))
        assert found[family, "mean"] == pytest.approx(values.mean())
        assert found[family, "sd"] == pytest.approx(values.std())


def with_penalties_of(evidence, kept):
    """Without the policies, and runs, of a penalty above 0 of other reward models."""
    regret = evidence.regret.query("kl_coef == 0 or (proxy in @kept and golden in @kept)")
    return replace(evidence, regret=regret, runs=evidence.runs.query("kl_coef == 0 or rm in @kept"))


def test_all_penalties_use_the_reward_models_that_have_every_penalty(evidence, registry):
    kept = evidence.names()[1:5]
    few = with_penalties_of(evidence, kept)
    names, accuracy, ndr = measure.penalised(few, below=0.5)
    assert (names, list(ndr)) == (kept, PENALTIES)
    _, whole, every = measure.penalised(evidence, below=0.5)
    np.testing.assert_array_equal(accuracy, whole[1:5, 1:5])
    for penalty, matrix in ndr.items():
        np.testing.assert_array_equal(matrix, every[penalty][1:5, 1:5])
    table = measure.penalty_associations(few, registry).set_index(["kl_coef", "statistic"])
    value = measure.coefficients(accuracy, ndr[0.05])["mrr"]
    assert table.loc[(0.05, "mrr")].tolist() == [0.3960, value]


def test_two_reward_models_have_no_coefficient(evidence, registry):
    small = with_penalties_of(evidence, evidence.names()[:2])
    table = measure.penalty_associations(small, registry)
    assert len(table) == 16 and table["value"].isna().all() and table["paper"].notna().all()


@pytest.mark.parametrize("penalty", [0, 0.1])
def test_the_ends_of_runs_hold_the_golden_reward_of_others_with_every_penalty(evidence, penalty):
    kept = evidence.names()[1:5]
    extra = evidence.runs.head(1).assign(run="x", training="Chat", kl_coef=0.01)
    few = with_penalties_of(evidence, kept)
    ends = measure.run_ends(replace(few, runs=pd.concat([few.runs, extra])))
    assert set(ends["rm"]) == set(kept) and len(ends) == 4 * 5
    name = evidence.names()[2]
    chosen = {"setting": "penalty", "training": "joint", "category": "all"}
    rows = few.policies("ppo", **chosen, kl_coef=penalty)
    others = rows[(rows["proxy"] == name) & rows["golden"].isin(set(kept) - {name})]
    row = ends[(ends["rm"] == name) & (ends["kl_coef"] == penalty)].iloc[0]
    assert row["golden_gain"] == pytest.approx(others["golden_reward"].mean())
    assert row["label"] == "18% flipped"
    mean = measure.mean_ends(ends).set_index(["kl_coef", "quantity"])["value"]
    own = ends.loc[ends["kl_coef"] == penalty, "kl_nats"]
    assert mean[penalty, "kl_nats"] == pytest.approx(own.mean())


def test_trend_skips_what_is_unknown():
    assert measure.trend([0, 1, 2], [3.0, np.nan, 1.0]) == -1
    assert measure.trend([0, 1, 2], [2.0, 2.0, 2.0]) == 0
    assert np.isnan(measure.trend([0, 1, 2], [2.0, np.nan, np.nan]))


def test_training_pairs_are_counted_and_measured():
    lengths = np.random.default_rng(0).integers(5, 40, size=(300, 2)) + np.array([3, 0])
    frame = to_frame(
        Pair(f"\n\nHuman: {i}?\n\nAssistant:", " ".join("w" * a), " ".join("w" * b), "world")
        for i, (a, b) in enumerate(lengths)
    )
    frame.loc[1, "prompt"] = frame.loc[0, "prompt"]
    found = measure.training_pairs(frame).set_index("quantity")["value"]
    assert (found["pairs"], found["duplicates"]) == (300, 1)
    assert found[["chosen_words", "rejected_words"]].tolist() == pytest.approx(lengths.mean(axis=0))
    assert found["gap"] == length_gap(frame) > 0


def quantities(evidence, registry, gap=0.0, specs=({"name": "a"}, {"name": "b"})):
    runs = measure.run_ends(evidence)
    trained = recipes.recipe_table({"reward models": (specs, ("name",)), "PPO runs": ([], ())})
    estimates = {
        "families": measure.family_associations(evidence),
        "mutual": measure.mutual_accuracy(evidence),
        "penalties": measure.penalty_associations(evidence, registry),
        "dataset": pd.DataFrame({"quantity": ["gap", "duplicates"], "value": [gap, 2]}),
    }
    return claims.quantities(estimates, runs, trained, registry)


@pytest.fixture(scope="module")
def found(evidence, registry):
    return quantities(evidence, registry)


@pytest.mark.parametrize("swapped", [False, True])
def test_alike_parts_without_a_relation_show(evidence, registry, swapped):
    families = ("parts", "architectures") if swapped else ("architectures", "parts")
    bench, regret = evidence.bench.copy(), evidence.regret.copy()
    rng = np.random.default_rng(0)
    utility = rng.normal(size=len(bench))
    for family, noise, sign in zip(families, (2.0, 0.1), (1, -1), strict=True):
        names = evidence.names(family)
        for name, own in zip(names, (noise, noise / 2, 0.0), strict=True):
            bench[name] = utility + own * rng.normal(size=len(bench))
        # At the largest n NDR follows accuracy, or its opposite: less noise is more accurate.
        rows = (regret["family"] == family) & (regret["n"] == 16)
        regret.loc[rows, "ndr"] = sign * regret.loc[rows, "proxy"].map(names.index)
    found = quantities(replace(evidence, bench=bench, regret=regret), registry)
    ends = ("Spearman of accuracy and NDR", "mean mutual accuracy", "sd of mutual accuracy")
    signs = [np.sign(found[f"{name}, data parts minus architectures"].own) for name in ends]
    assert signs == ([1, -1, 1] if swapped else [-1, 1, -1])


def planted(evidence, ndr):
    """PPO NDR from `ndr(kl_coef, rank)`; rank 0 is a golden RM's most accurate proxy."""
    names, accuracy, _ = measure.penalised(evidence)
    regret = evidence.regret.copy()
    ppo = (regret["optimiser"] == "ppo") & (regret["golden"] != regret["proxy"])
    for index, row in regret[ppo].iterrows():
        golden = names.index(row["golden"])
        order = [j for j in np.argsort(-accuracy[golden], kind="stable") if j != golden]
        rank = order.index(names.index(row["proxy"]))
        regret.loc[index, "ndr"] = ndr(row["kl_coef"], rank)
    return replace(evidence, regret=regret)


def test_a_relation_at_one_penalty_shows_in_the_differences_with_it(evidence, registry):
    follows = planted(evidence, lambda kl_coef, rank: -rank if kl_coef == 0.05 else rank)
    found = quantities(follows, registry)
    # From the opposite of accuracy to accuracy itself, but for ties in accuracy.
    rise = found["Spearman with a penalty of 0.05 minus without"]
    fall = found["Spearman at the largest penalty minus at 0.05"]
    assert rise.own > 1.8 and fall.own < -1.8
    assert (rise.paper, fall.paper) == pytest.approx((0.6692 - 0.4840, 0.6265 - 0.6692))
    for name in ("with a penalty of 0.1 minus without", "at the largest penalty minus at 0"):
        assert found[f"Spearman {name}"].own == 0


@pytest.mark.parametrize("sign", [-1, 1])
def test_the_rank_of_the_favourite_shows_in_the_trend_of_the_mrr(evidence, registry, sign):
    places = dict(zip(PENALTIES, (0.5, 1.5, 2.5, 3.5)[::-sign], strict=True))

    def ndr(kl_coef, rank):
        return -rank if rank else -places.get(kl_coef, 0)

    found = quantities(planted(evidence, ndr), registry)
    trend = found["Kendall of the penalty and the MRR"]
    assert (trend.own, trend.paper) == (sign, -1)
    fall = found["MRR at the largest penalty minus without"]
    assert fall.paper == pytest.approx(0.3750 - 0.5158)
    # Between the first and the fourth place.
    assert fall.own == pytest.approx(sign * (1 - 1 / 4))


def test_mechanism_follows_the_runs(evidence, found, registry):
    runs = evidence.runs.assign(kl_nats=1 + evidence.runs["kl_coef"], proxy_gain=1.0)
    changed = quantities(replace(evidence, runs=runs), registry)
    kl, gain = (f"Kendall of the penalty and the {name}" for name in claims.MECHANISM.values())
    assert [found[kl].own, found[gain].own] == pytest.approx([-1, -1])
    assert [changed[kl].own, changed[gain].own] == pytest.approx([1, 0])


def test_collapse_counts_runs_and_takes_the_rewards_of_the_largest_penalty(evidence, registry):
    large = evidence.runs["kl_coef"] == 0.5
    runs, regret = evidence.runs.copy(), evidence.regret.copy()
    first = evidence.names()[0]
    runs.loc[large, "proxy_gain"] = -0.6 * (runs["rm"] == first)
    runs.loc[large & (runs["rm"] == first), "status"] = "diverged"
    regret.loc[regret["kl_coef"] == 0.5, "golden_reward"] = -1.2 * (regret["proxy"] == first)
    found = quantities(replace(evidence, runs=runs, regret=regret), registry)
    large = [quantity.own for name, quantity in found.items() if claims.LARGE in name]
    assert large == pytest.approx([1, 6, -0.1, -0.2])  # stopped, of, proxy and golden reward


def test_what_no_run_has_tried_is_not_measured(evidence, found, registry):
    runs = evidence.runs[evidence.runs["kl_coef"] < 0.5]
    fewer = quantities(replace(evidence, runs=runs), registry)
    assert {name for name in found if "very large" in name} == set(found) - set(fewer)
    regret, runs = (table[table["kl_coef"] == 0] for table in (evidence.regret, evidence.runs))
    none = quantities(replace(evidence, regret=regret, runs=runs), registry)
    assert not any("penalty" in name for name in none)


def test_recipes_beyond_one_and_pairs_are_passed_on(evidence, registry):
    found = quantities(evidence, registry, 0.25, [{"name": "a"}, {"name": "b", "l2": 1}])
    assert found["reward models: different settings beyond one"].own == 1
    assert np.isnan(found["PPO runs: different settings beyond one"].own)
    assert found["length of chosen minus rejected responses, in pooled sd"].own == 0.25
    assert found["prompts that occurred before"].own == 2


@pytest.mark.parametrize("off", [0, -0.25])
def test_the_papers_n_gives_the_registrys_bits(evidence, registry, monkeypatch, off):
    bound, integral = claims.kl_bound, claims.kl_integral
    monkeypatch.setattr(claims, "kl_bound", lambda ns: bound(ns) + off * (np.array(ns) == 8))
    monkeypatch.setattr(claims, "kl_integral", lambda n: integral(n) - off * (n == 16))
    found = sorted(quantities(evidence, registry).items())
    *deviations, bits = [quantity.own for name, quantity in found if name.endswith("bits")][::-1]
    assert bits == pytest.approx(8.8804, abs=5e-5)
    assert deviations == pytest.approx([-off] * 2, abs=1e-8)
