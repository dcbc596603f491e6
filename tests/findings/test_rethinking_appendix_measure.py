from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from proxyreward.data.construction import length_gap
from proxyreward.data.pairs import Pair, to_frame
from proxyreward.findings.rethinking.rethinking_appendix import measure
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.best_of_n import kl_bound
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
    for n, family, statistic in product((4, 16), measure.TITLES, references):
        pairs = measure.family_pairs(evidence, n).query("family == @family")
        each = [
            references[statistic](of["accuracy"], of["ndr"]).statistic
            for _, of in pairs.groupby("golden")
        ]
        assert value[n, family, statistic] == pytest.approx(np.mean(each))


def test_mutual_accuracy_leaves_out_the_models_themselves(evidence):
    found = measure.mutual_accuracy(evidence).set_index(["family", "quantity"])["value"]
    for family in measure.TITLES:
        values = off_diagonal(accuracy_matrix(evidence.pairs(family)))
        assert found[family, "mean"] == pytest.approx(values.mean())
        assert found[family, "sd"] == pytest.approx(values.std())


def drop_policies(evidence, keep):
    """Without the policies, and runs, of a penalty above 0 for which `keep(rm)` is False."""
    regret, runs = evidence.regret, evidence.runs
    gone = (regret["optimiser"] == "ppo") & (regret["kl_coef"] > 0)
    gone &= ~(regret["proxy"].map(keep) & regret["golden"].map(keep))
    stopped = (runs["kl_coef"] > 0) & ~runs["rm"].map(keep)
    return replace(evidence, regret=regret[~gone], runs=runs[~stopped])


def test_all_penalties_use_the_reward_models_that_have_every_penalty(evidence, registry):
    kept = evidence.names()[1:5]
    few = drop_policies(evidence, lambda rm: rm in kept)
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
    small = drop_policies(evidence, lambda rm: rm in evidence.names()[:2])
    table = measure.penalty_associations(small, registry)
    assert len(table) == 16 and table["value"].isna().all() and table["paper"].notna().all()


@pytest.mark.parametrize("penalty", [0, 0.1])
def test_the_ends_of_runs_hold_the_golden_reward_of_others_with_every_penalty(evidence, penalty):
    kept = evidence.names()[1:5]
    extra = evidence.runs.head(1).assign(run="x", training="Chat", kl_coef=0.01)
    few = drop_policies(evidence, lambda rm: rm in kept)
    ends = measure.run_ends(replace(few, runs=pd.concat([few.runs, extra])))
    assert set(ends["rm"]) == set(kept) and len(ends) == 4 * 5
    name = evidence.names()[2]
    rows = few.policies("ppo", training="joint", category="all", kl_coef=penalty)
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


@pytest.mark.parametrize("n", [1, 2, 7, 1280])
def test_integration_agrees_with_the_closed_form(n):
    assert measure.kl_integral(n) == pytest.approx(float(kl_bound(n)), abs=1e-9)
