from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core import verdict
from proxyreward.findings.rethinking.repeats import OverDraws
from proxyreward.findings.rethinking.rethinking_appendix import notes
from proxyreward.findings.rethinking.rethinking_appendix.penalties import (
    Penalised,
    penalty_associations,
    printed,
    run_ends,
    trend,
)
from proxyreward.findings.rethinking.rethinking_appendix.penalty_claims import measure_penalty

PENALTIES = (0.0, 0.01, 0.05, 0.1)


def measure(evidence, registry):
    over = OverDraws("rethinking_appendix", resamples=200, seed=0)
    return measure_penalty(evidence, run_ends(evidence), over, registry)


def decide(evidence, registry):
    found = measure(evidence, registry)
    decisions, _ = verdict.decide("rethinking_appendix", found, registry, notes(found))
    return {decision.claim_id.removeprefix("rethinking."): decision for decision in decisions}


def planted(evidence, ndr):
    """PPO NDR from `ndr(kl_coef, proxies)`, of a golden RM's proxies, the most accurate first."""
    found = Penalised.of(evidence)
    values = {}
    for i, golden in enumerate(found.rms):
        order = [found.rms[j] for j in np.argsort(-found.accuracy[i], kind="stable") if j != i]
        for kl_coef in PENALTIES:
            for proxy, value in zip(order, ndr(kl_coef, len(order)), strict=True):
                values[kl_coef, golden, proxy] = value
    regret = evidence.regret
    ppo = regret["optimiser"] == "ppo"
    keys = zip(regret["kl_coef"], regret["golden"], regret["proxy"])
    new = [values.get(key, old) if is_ppo else old
           for key, old, is_ppo in zip(keys, regret["ndr"], ppo)]  # fmt: skip
    return replace(evidence, regret=regret.assign(ndr=new))


def with_relation(evidence, *related):
    """NDR follows accuracy at the penalties named and is random at the others."""
    rng = np.random.default_rng(0)

    def ndr(kl_coef, proxies):
        falling = np.arange(proxies, 0, -1.0)
        return falling if kl_coef in related else rng.permutation(falling)

    return planted(evidence, ndr)


def with_favourite(evidence, places):
    """The most accurate proxy has such a rank (0 the best) in NDR at each penalty."""

    def ndr(kl_coef, proxies):
        rest = list(range(1, proxies))
        rest.insert(places[kl_coef], 0)
        return -np.argsort(rest)

    return planted(evidence, ndr)


def drop_policies(evidence, keep):
    """Without the policies, and runs, of a penalty above 0 for which `keep(rm)` is False."""
    regret, runs = evidence.regret, evidence.runs
    gone = (regret["optimiser"] == "ppo") & (regret["kl_coef"] > 0)
    gone &= ~(regret["proxy"].map(keep) & regret["golden"].map(keep))
    stopped = (runs["kl_coef"] > 0) & ~runs["rm"].map(keep)
    return replace(evidence, regret=regret[~gone], runs=runs[~stopped])


def test_a_penalty_that_helps_and_then_hurts_reproduces_c1_and_c3(evidence, registry):
    planted = with_relation(evidence, 0.05)
    decided = decide(planted, registry)
    assert decided["table7.c1"].verdict == decided["table7.c3"].verdict == "reproduced"


def test_a_relation_that_only_the_absence_of_a_penalty_has_refutes_c1(evidence, registry):
    decided = decide(with_relation(evidence, 0.0), registry)
    assert decided["table7.c1"].verdict == "not reproduced"


def test_one_relation_at_all_penalties_makes_no_difference(evidence, registry):
    decided = decide(with_relation(evidence, *PENALTIES), registry)
    assert decided["table7.c1"].verdict == decided["table7.c3"].verdict == "no difference"


def test_an_mrr_that_falls_or_rises_with_the_penalty(evidence, registry):
    falling = with_favourite(evidence, dict(zip(PENALTIES, range(4))))
    rising = with_favourite(evidence, dict(zip(PENALTIES, reversed(range(4)))))
    assert Penalised.of(falling).by_golden("mrr")[:4, 0].tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    assert decide(falling, registry)["table7.c2"].verdict == "reproduced"
    assert decide(rising, registry)["table7.c2"].verdict == "not reproduced"


def test_the_papers_own_numbers_stand_beside(evidence, registry):
    found, table = measure(evidence, registry), printed(registry)

    def spearman(high, low):
        return pytest.approx(table[high]["spearman"] - table[low]["spearman"])

    assert found["Spearman with a penalty of 0.05 minus without"].paper == spearman(0.05, 0.0)
    assert found["Spearman at the largest penalty minus at 0.05"].paper == spearman(0.1, 0.05)
    assert decide(evidence, registry)["table7.c2"].paper_value == -1


def test_all_penalties_use_the_reward_models_that_have_every_penalty(evidence, registry):
    kept = evidence.names()[1:5]
    found = Penalised.of(drop_policies(evidence, lambda rm: rm in kept), below=0.5)
    assert found.rms == kept
    assert found.penalties == list(PENALTIES)
    whole = Penalised.of(evidence, below=0.5)
    np.testing.assert_array_equal(found.ndr, whole.ndr[:, 1:5, 1:5])
    np.testing.assert_array_equal(found.accuracy, whole.accuracy[1:5, 1:5])
    table = penalty_associations(
        drop_policies(evidence, lambda rm: rm in kept), 20, np.random.default_rng(0), registry
    )
    assert set(table["rms"]) == {4}
    assert table["kl_coef"].unique().tolist() == list(PENALTIES)
    row = table.query("kl_coef == 0.05 and statistic == 'mrr'").iloc[0]
    assert row["paper"] == printed(registry)[0.05]["mrr"]
    assert row["estimate"] == pytest.approx(found.by_golden("mrr")[2].mean())


def test_two_reward_models_decide_nothing_and_break_nothing(evidence, registry):
    small = drop_policies(evidence, lambda rm: rm in evidence.names()[:2])
    decided = decide(small, registry)
    for claim in ("c1", "c2", "c3"):
        assert decided[f"table7.{claim}"].verdict == "inconclusive"
        assert "undefined at this size" in decided[f"table7.{claim}"].reason
    assert penalty_associations(small, 20, np.random.default_rng(0), registry).empty


def test_the_ends_of_runs_hold_the_golden_reward_of_others(evidence):
    ends = run_ends(evidence)
    assert len(ends) == 6 * 5
    name = evidence.names()[2]
    rows = evidence.policies("ppo", training="joint", category="all", kl_coef=0.1)
    expected = rows[(rows["proxy"] == name) & (rows["golden"] != name)]["golden_reward"].mean()
    row = ends[(ends["rm"] == name) & (ends["kl_coef"] == 0.1)].iloc[0]
    assert row["golden_gain"] == pytest.approx(expected)
    assert row["label"] == "18% flipped"


def test_runs_of_one_penalty_or_one_category_are_left_out(evidence):
    extra = evidence.runs.head(1).assign(run="x", training="Chat", kl_coef=0.01)
    runs = pd.concat([evidence.runs, extra])
    alone = runs["rm"].ne(evidence.names()[0]) | runs["kl_coef"].eq(0)
    ends = run_ends(replace(evidence, runs=runs[alone]))
    assert evidence.names()[0] not in set(ends["rm"])
    assert len(ends) == 5 * 5


def test_mechanism_follows_the_runs(evidence, registry):
    decided = decide(evidence, registry)
    assert decided["appendix.kl_penalty.c1"].verdict == "reproduced"
    assert decided["appendix.kl_penalty.c2"].verdict == "reproduced"
    runs = evidence.runs.assign(kl_nats=1 + evidence.runs["kl_coef"], proxy_gain=1.0)
    decided = decide(replace(evidence, runs=runs), registry)
    assert decided["appendix.kl_penalty.c1"].verdict == "not reproduced"
    assert decided["appendix.kl_penalty.c2"].estimate == 0


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "not reproduced"),
        ({"proxy_gain": -0.1}, "not reproduced"),
        ({"proxy_gain": -0.1, "golden": -0.2}, "reproduced"),
        ({"status": "diverged", "proxy_gain": np.nan}, "reproduced"),
    ],
)
def test_collapse_needs_both_rewards_or_a_run_that_stopped(evidence, registry, change, verdict):
    large = evidence.runs["kl_coef"] == 0.5
    runs, regret = evidence.runs.copy(), evidence.regret.copy()
    for column in {"status", "proxy_gain"} & set(change):
        runs.loc[large, column] = change[column]
    if "golden" in change:
        regret.loc[regret["kl_coef"] == 0.5, "golden_reward"] = change["golden"]
    decision = decide(replace(evidence, runs=runs, regret=regret), registry)["table7.c4"]
    assert decision.verdict == verdict
    assert ("6 of 6 runs did not finish" in decision.reason) == ("status" in change)


def test_what_no_run_has_tried_is_not_testable(evidence, registry):
    runs = evidence.runs[evidence.runs["kl_coef"] < 0.5]
    decided = decide(replace(evidence, runs=runs), registry)
    assert decided["table7.c4"].verdict == "not testable here"
    assert decided["table7.c1"].verdict != "not testable here"
    regret, runs = (table[table["kl_coef"] == 0] for table in (evidence.regret, evidence.runs))
    decided = decide(replace(evidence, regret=regret, runs=runs), registry)
    for claim in ("table7.c1", "table7.c2", "table7.c3", "table7.c4", "appendix.kl_penalty.c1"):
        assert decided[claim].verdict == "not testable here"
        assert decided[claim].reason == "What it compares is not measured at this scale."


def test_trend_skips_what_is_unknown():
    assert trend([0, 1, 2], np.array([3.0, np.nan, 1.0])) == -1
    assert trend([0, 1, 2], np.array([2.0, 2.0, 2.0])) == 0
    assert np.isnan(trend([0, 1, 2], np.array([2.0, np.nan, np.nan])))
