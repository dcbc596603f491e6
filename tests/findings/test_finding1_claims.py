import numpy as np
import pandas as pd
import pytest

from proxyreward.findings import finding1

RETHINKING = {
    "fig1.c1", "fig2.c1", "fig2.c2", "finding1.c1", "finding1.c2", "finding1.c3", "table1.c1",
    "fig3.c1", "fig3.c2", "fig9.c1", "fig9.c2", "fig10.c1", "fig10.c2", "fig11.c1",
}  # fmt: skip


def nested(error=0.0):
    levels = [(a, b) for a in (0.0, 0.1, 0.3) for b in (0.0, 0.1, 0.3)]
    frame = pd.DataFrame(levels, columns=["flip_a", "flip_b"])
    return frame.assign(disagreement=(frame["flip_a"] - frame["flip_b"]).abs() + error)


def decide(tables, registry, disagreement=None):
    decisions = finding1.decide(
        tables,
        disagreement=nested() if disagreement is None else disagreement,
        n_labels=100,
        resamples=100,
        rng=np.random.default_rng(2),
        registry=registry,
    )
    return {decision.claim_id.removeprefix("rethinking."): decision for decision in decisions}


@pytest.fixture(scope="module")
def decided(tables, registry):
    return decide(tables, registry)


def test_the_claims_of_this_half_get_one_row_each(decided):
    assert set(decided) == RETHINKING


def test_definitions_hold_on_a_clean_run(decided):
    for claim in ("fig1.c1", "fig2.c1", "fig2.c2", "fig10.c1"):
        assert decided[claim].verdict == "reproduced", decided[claim].reason


def test_flips_that_are_not_nested_break_the_definition(tables, registry):
    broken = decide(tables, registry, nested(error=0.02))
    assert broken["fig2.c1"].verdict == "not reproduced"


def test_a_claim_on_both_optimisers_waits_for_ppo(decided):
    for claim in ("finding1.c1", "table1.c1", "fig3.c1"):
        assert decided[claim].verdict == "inconclusive"
        assert "holds so far; the PPO half is not run yet" in decided[claim].reason


def test_the_row_shows_the_smallest_correlation_and_the_papers_own(decided, tables):
    association = finding1.at_n(tables["association"]).query("protocol == 'mean_g'")
    smallest = association[association["statistic"] != "mrr"].nsmallest(1, "estimate").iloc[0]
    assert decided["finding1.c1"].estimate == smallest["estimate"]
    assert decided["finding1.c1"].paper_value == smallest["paper"]


def test_a_strong_relation_refutes_weak_without_ppo(decided):
    assert decided["finding1.c3"].ci_low > 0.5
    assert decided["finding1.c3"].verdict == "not reproduced"


def test_a_reversed_metric_refutes_the_association_without_ppo(family, registry):
    pool, bench, rms = family
    # Accuracy of flipped order: those that agree least on the pairs agree most on the pool.
    tables = finding1.compute(pool, bench, rms, resamples=50, rng=np.random.default_rng(1))
    tables["pairs"]["accuracy"] = 1 - tables["pairs"]["accuracy"]
    tables["association"] = finding1.associations(
        tables["pairs"], resamples=50, rng=np.random.default_rng(1)
    )
    decided = decide(tables, registry)
    assert decided["finding1.c1"].verdict == decided["fig3.c1"].verdict == "not reproduced"


def test_more_noise_less_agreement_with_its_second_reading_reported(decided):
    assert decided["fig10.c2"].verdict == "reproduced"
    assert "Second reading" in decided["fig10.c2"].reason


def test_decisions_survive_the_written_tables(tables, registry, decided, tmp_path):
    again = {}
    for name, table in tables.items():
        table.to_csv(tmp_path / name, index=False, float_format="%.6g")
        again[name] = pd.read_csv(tmp_path / name)
    for claim, decision in decide(again, registry).items():
        assert decision.verdict == decided[claim].verdict
        assert decision.estimate == pytest.approx(decided[claim].estimate, rel=1e-3, abs=1e-5)


def test_four_reward_models_and_a_tiny_pool_suffice(family, registry):
    pool, bench, rms = family
    small = finding1.compute(
        pool[:4, :3, :5], bench[:4, :6], rms[:4], resamples=20, rng=np.random.default_rng(0)
    )
    decided = decide(small, registry)
    assert set(decided) == RETHINKING
    assert decided["fig3.c2"].verdict == "inconclusive"
    assert "undefined at this size" in decided["fig3.c2"].reason
