from dataclasses import replace

import numpy as np
import pytest
from tests.findings.mixtures import EFFECTS, Effect, by_scheme, mixtures

from proxyreward.findings.core import verdict
from proxyreward.findings.core.replicates import Replicated
from proxyreward.findings.more import more_conflict
from proxyreward.findings.more.mixtures import Draws
from proxyreward.findings.more.more_conflict import Conflict

LARGEST_P = "largest p of Kruskal and Wallis's test over test sources and seeds"
CLAIMS = {"fig1.c1", "fig1.c2", "fig1.c3", "fig3.c1", "fig3.c2", "fig7.c1"}
HARMLESS = "harmless"


def evaluated(planted, resamples=60):
    return Conflict.of(planted, Draws.of(planted, resamples, np.random.default_rng(2)))


def decide(planted, registry, resamples=60):
    conflict = evaluated(planted, resamples)
    found, notes = more_conflict.measure(conflict, registry), more_conflict.notes(conflict)
    [p] = found[LARGEST_P].values
    if p < 0.05:  # a test has no resamples; as in three replicates that came out almost alike
        found[LARGEST_P] = Replicated(p + np.array([0, 1e-5, 2e-5]))
    decisions, _ = verdict.decide("more_conflict", found, registry, notes)
    return {decision.claim_id.removeprefix("more."): decision for decision in decisions}


def effect(own, conflict, spread=1.0):
    """Models know `own` of their source and `conflict` of the others; each has rewards as wide."""
    effects = {"own": Effect(own, 1.0, spread=spread), "other": Effect(conflict, 1.0)}
    by_model = by_scheme(effects)

    def found(rm, source):
        planted = by_model(rm, source)
        wide = rm["scheme"] == "single-helpful"
        return planted._replace(spread=spread if wide else 1.0)

    return found


@pytest.fixture(scope="module")
def conflicting(registry):
    """Every source is against all others; rewards on Helpful's model are wide."""
    return decide(mixtures(effect(0.8, -0.6, spread=4.0), pairs=500, orders=0), registry)


@pytest.fixture(scope="module")
def friendly(registry):
    """What one source teaches helps on all others as much."""
    return decide(mixtures(effect(0.8, 0.8), pairs=120, bases=2, orders=0), registry)


def test_each_claim_gets_one_row(conflicting):
    assert set(conflicting) == CLAIMS


def test_conflict_is_found_where_it_was_planted(conflicting):
    for claim in CLAIMS:
        assert conflicting[claim].verdict == "reproduced", conflicting[claim].reason


def test_no_conflict_is_found_where_there_is_none(friendly):
    for claim in ("fig1.c2", "fig1.c3", "fig3.c1", "fig3.c2"):
        assert friendly[claim].verdict == "not reproduced", friendly[claim].reason


def test_training_that_does_harm_refutes_the_first_claim(registry):
    decided = decide(mixtures(effect(-0.5, 0.0), pairs=80, bases=2, orders=0), registry)["fig1.c1"]
    assert decided.verdict == "not reproduced", decided.reason


def test_one_source_out_of_line_refutes_the_two_directions(registry):
    """The model on OASST shifts Harmless in the same direction as that on Harmless itself."""
    hostile = effect(0.8, -0.6)
    ally = EFFECTS["own"]

    def found(rm, source):
        same = rm["scheme"] == "single-oasst" and source == HARMLESS
        return ally if same else hostile(rm, source)

    decided = decide(mixtures(found, pairs=100, bases=2, orders=0), registry)["fig3.c1"]
    assert decided.verdict == "not reproduced"
    assert "model on oasst" in decided.reason and "fails" in decided.reason


def test_other_shapes_refute_that_differences_are_alike(registry):
    planted = mixtures(effect(0.8, -0.6, spread=4.0), pairs=150, bases=2, orders=0)
    margins = planted.margins.copy()
    for rm in planted.names("single-webgpt"):
        margins[rm] = margins[rm] ** 3
    decided = decide(replace(planted, margins=margins), registry)["fig3.c2"]
    assert decided.verdict == "not reproduced", decided.reason


def test_equal_models_leave_open_whether_distributions_differ(registry):
    planted = mixtures(pairs=60, orders=0)
    margins = planted.margins.copy()
    rng = np.random.default_rng(0)
    for base in planted.bases:
        for name in planted.sources:
            same = np.linspace(-1, 1, len(margins))[:, None]
            noise = 1e-6 * rng.normal(size=(len(margins), planted.seeds))  # no ties
            margins[planted.names(f"single-{name}", base)] = same + noise
    decided = decide(replace(planted, margins=margins), registry)["fig7.c1"]
    assert decided.verdict == "inconclusive"
    assert decided.estimate == pytest.approx(1)


def test_reasons_tell_what_each_base_alone_gives(conflicting):
    bases = mixtures(pairs=2).bases
    for claim in ("fig1.c1", "fig1.c3"):
        assert all(f"on base {base}" in conflicting[claim].reason for base in bases)
    assert "Of all 60 entries" in conflicting["fig1.c2"].reason
    for claim in ("fig3.c1", "fig7.c1"):
        assert all(f"on base {base}" in conflicting[claim].reason for base in (bases[0], bases[2]))
    assert f"4 on base {bases[0]}; 4 on base {bases[2]}" in conflicting["fig3.c1"].reason


def test_the_papers_gains_stand_beside_ours(registry):
    rows = registry.printed("more.table3").values()
    found = more_conflict.measure(evaluated(mixtures(pairs=10, orders=0), 5), registry)
    for source, printed in {"summarize": "Summ", "oasst": "Oasst1"}.items():
        gain = np.mean([row["Top"][printed] - row["Raw"][printed] for row in rows]) / 100
        quantity = found[f"{source}: accuracy above Raw of its own model"]
        assert quantity.paper == pytest.approx(gain)
    first, planted = next(iter(rows)), mixtures(pairs=2)
    lost = more_conflict.paper_raw(registry, planted, planted.bases[0])
    assert lost[4] == pytest.approx((first["Raw"]["Summ"] - first["Top"]["Summ"]) / 100)
    # Two bases do not stand for the paper's three.
    two, mean = mixtures(pairs=2, bases=2), more_conflict.paper_raw(registry, planted)
    np.testing.assert_array_equal(more_conflict.paper_raw(registry, two, two.bases[0]), mean)


def test_the_smallest_scale_runs_and_the_same_seed_gives_the_same_decisions(registry):
    planted = mixtures(pairs=30, bases=2, seeds=1, orders=1)
    decided = decide(planted, registry, resamples=20)
    assert set(decided) == CLAIMS
    assert repr(decide(planted, registry, resamples=20)) == repr(decided)  # NaNs are not equal
