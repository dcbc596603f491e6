from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core import verdict
from proxyreward.findings.rethinking import finding1

CLAIMS = {
    "fig1.c1", "fig2.c1", "fig2.c2", "finding1.c1", "finding1.c2", "finding1.c3", "table1.c1",
    "table1.c2", "fig3.c1", "fig3.c2", "fig3.c3", "fig9.c1", "fig9.c2", "fig10.c1", "fig10.c2",
    "fig11.c1", "fig11.c2",
}  # fmt: skip


def nested(error=0.0):
    levels = [(a, b) for a in (0.0, 0.1, 0.3) for b in (0.0, 0.1, 0.3)]
    frame = pd.DataFrame(levels, columns=["flip_a", "flip_b"])
    return frame.assign(disagreement=(frame["flip_a"] - frame["flip_b"]).abs() + error)


def decide(tables, curves, registry, disagreement=None):
    found = finding1.measure(
        tables,
        curves,
        disagreement=nested() if disagreement is None else disagreement,
        n_labels=100,
        resamples=100,
        seed=2,
        registry=registry,
    )
    decisions, _ = verdict.decide("finding1", found, registry, finding1.notes(found))
    return {decision.claim_id.removeprefix("rethinking."): decision for decision in decisions}


def with_ndr(evidence, optimiser, change):
    """Evidence in which some NDRs are changed by a function of proxy number and old value."""
    regret = evidence.regret.copy()
    number = {name: i for i, name in enumerate(evidence.names())}
    chosen = (regret["optimiser"] == optimiser) & (regret["golden"] != regret["proxy"])
    chosen &= regret["family"] == "main"
    proxies = regret.loc[chosen, "proxy"].map(number)
    regret.loc[chosen, "ndr"] = change(proxies, regret.loc[chosen, "ndr"])
    return replace(evidence, regret=regret)


def decided_on(evidence, registry):
    tables = finding1.compute(evidence, resamples=50, rng=np.random.default_rng(1))
    return decide(tables, evidence.curves, registry)


@pytest.fixture(scope="module")
def decided(tables, evidence, registry):
    return decide(tables, evidence.curves, registry)


def test_every_claim_of_the_finding_gets_one_row(decided):
    assert set(decided) == CLAIMS


def test_definitions_hold_on_a_clean_run(decided):
    for claim in ("fig1.c1", "fig2.c2", "fig10.c1"):
        assert decided[claim].verdict == "definition", decided[claim].reason
    assert decided["fig2.c1"].verdict == "by construction"


def test_flips_that_are_not_nested_break_the_definition(tables, evidence, registry):
    broken = decide(tables, evidence.curves, registry, nested(error=0.02))
    assert broken["fig2.c1"].verdict == "not reproduced"


def test_a_relation_under_both_optimisers_is_reproduced(decided):
    assert decided["finding1.c1"].verdict == decided["table1.c1"].verdict == "reproduced"
    assert decided["fig3.c1"].verdict == "reproduced"
    assert decided["finding1.c3"].verdict == "not reproduced"  # it is not weak


@pytest.mark.parametrize("optimiser", ["best-of-n", "ppo"])
def test_one_optimiser_alone_can_refute_a_claim_on_both(evidence, registry, optimiser):
    worse = decided_on(with_ndr(evidence, optimiser, lambda proxy, ndr: 1 - ndr), registry)
    assert worse["finding1.c1"].verdict == worse["fig3.c1"].verdict == "not reproduced"
    assert worse["finding1.c1"].estimate < 0


def test_a_reversed_relation_under_ppo_makes_it_harder_to_predict(evidence, registry):
    evidence = with_ndr(evidence, "best-of-n", lambda proxy, ndr: 1 - proxy / 10)
    decided = decided_on(with_ndr(evidence, "ppo", lambda proxy, ndr: proxy / 10), registry)
    assert decided["table1.c2"].verdict == "reproduced", decided["table1.c2"].reason
    assert decided["table1.c2"].paper_value == pytest.approx(0.7533 - 0.6102)


def test_noise_under_ppo_is_more_extreme_and_less_explained(evidence, registry):
    noise = np.random.default_rng(3)
    wild = with_ndr(evidence, "ppo", lambda proxy, ndr: noise.normal(scale=3, size=len(ndr)))
    decided = decided_on(wild, registry)
    assert decided["fig3.c3"].verdict == decided["fig11.c2"].verdict == "reproduced"


def test_the_row_shows_the_smaller_spearman_and_the_papers_own(decided, tables):
    table = tables["association"]
    table = table[
        table["protocol"].eq("mean_g") & table["statistic"].eq("spearman") & table["n"].ne(4)
    ]
    smallest = table.nsmallest(1, "estimate").iloc[0]
    assert decided["finding1.c1"].estimate == pytest.approx(smallest["estimate"])
    assert decided["finding1.c1"].paper_value == smallest["paper"]


def test_dynamics_are_decided_where_they_show(tables, evidence, registry):
    curves = evidence.curves.copy()
    names = evidence.names()
    falls = (curves["optimiser"] == "ppo") & (curves["golden"] != names[0])
    falls &= curves["step"] == curves.loc[falls, "step"].max()
    curves.loc[falls, "golden_reward"] = 0.1
    decided = decide(tables, curves, registry)
    assert decided["fig9.c1"].verdict == "reproduced"  # nothing falls under best-of-n
    assert decided["fig9.c2"].estimate == 1 and "PPO" in decided["fig9.c2"].reason


def test_more_noise_less_agreement_with_its_second_reading_reported(decided):
    assert decided["fig10.c2"].verdict == "reproduced"
    assert "second reading" in decided["fig10.c2"].reason


def test_decisions_survive_the_written_tables(tables, evidence, registry, decided, tmp_path):
    again = {}
    for name, table in tables.items():
        table.to_csv(tmp_path / name, index=False, float_format="%.6g")
        again[name] = pd.read_csv(tmp_path / name)
    for claim, decision in decide(again, evidence.curves, registry).items():
        assert decision.verdict == decided[claim].verdict
        assert decision.estimate == pytest.approx(decided[claim].estimate, rel=1e-3, abs=1e-5)
