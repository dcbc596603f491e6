import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core import verdict
from proxyreward.findings.rethinking import finding5

CLAIMS = {
    "finding5.c1", "finding5.c2", "fig8.c1", "fig8.c2", "fig8.c3", "appendix.theory.c1",
    "appendix.theory.c2",
}  # fmt: skip
MEASURED = ("finding5.c1", "fig8.c2", "fig8.c3")


def decide(tables, registry):
    found = finding5.measure(tables, resamples=200, seed=2)
    decisions, _ = verdict.decide("finding5", found, registry, finding5.notes(found))
    return {decision.claim_id.removeprefix("rethinking."): decision for decision in decisions}


def compute(*scores):
    return finding5.compute(*scores, resamples=100, rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def normal(family):
    """Utility and noise are normal, alike in pool and test pairs: nothing but regression."""
    return compute(*family)


@pytest.fixture(scope="module")
def misled(family):
    """RMs that agree on the test pairs and not on the pool, each normal with sd 1 on both."""
    rng = np.random.default_rng(8)

    def scores(noise, *shape):
        utility = rng.normal(size=shape)
        return np.stack([
            (utility + noise * rng.normal(size=shape)) / np.hypot(1, noise) for _ in range(5)
        ])  # fmt: skip

    return compute(scores(2.0, 40, 20), scores(0.4, 300, 2), family[2])


def test_the_claims_of_this_finding_get_one_row_each(normal, registry, tmp_path):
    decided = decide(normal, registry)
    assert set(decided) == CLAIMS
    verdict.write_scorecard(tmp_path / "claims.json", decided.values(), registry)


def test_theory_holds(normal, registry):
    for claim, decision in decide(normal, registry).items():
        if claim not in MEASURED:
            assert decision.verdict == "definition", decision.reason
            assert np.isnan(decision.low)


def test_no_deviation_is_found_where_there_is_none(normal, registry):
    decided = decide(normal, registry)
    for claim in MEASURED:
        assert decided[claim].verdict != "reproduced", decided[claim].reason
    assert decided["finding5.c1"].estimate == pytest.approx(1, abs=0.4)


def test_outliers_by_the_error_of_the_accuracy_alone_do_not_count(normal, registry):
    found = finding5.measure(normal, resamples=200, seed=2)
    assert found["label flips: share of pairs more than 2 se off"].interval(0.95).low > 0.05
    assert decide(normal, registry)["fig8.c2"].verdict == "inconclusive"


def test_proxies_that_fail_on_the_pool_are_found_and_not_put_down_to_noise(misled, registry):
    decided = decide(misled, registry)
    for claim in ("fig8.c2", "fig8.c3"):
        assert decided[claim].verdict == "reproduced", decided[claim].reason
    # Every pair is off by the same amount, so pairs of one accuracy do not differ among themselves.
    found = finding5.measure(misled, resamples=200, seed=2)
    assert found["label flips: share of pairs outside the 95% band"].values[0] == 1
    assert decided["finding5.c1"].verdict != "reproduced"


def test_pairs_of_one_accuracy_that_differ_are_found(normal, registry):
    degrees = normal["degrees"].copy()
    flips = degrees["kind"] == "label flips"
    swing = np.where(degrees["proxy"].isin(["rm0.0", "rm0.2"]), 0.3, -0.3)
    degrees.loc[flips, "degree"] += swing[flips]
    decision = decide(normal | {"degrees": degrees}, registry)["finding5.c1"]
    assert decision.verdict == "reproduced" and decision.low > 1


@pytest.mark.parametrize(
    ("quantity", "claim"),
    [
        ("accuracy", "appendix.theory.c1"),
        ("slope", "appendix.theory.c2"),
        ("degree", "appendix.theory.c2"),
    ],
)
def test_a_simulation_off_by_some_standard_errors_breaks_the_identity(
    normal, registry, quantity, claim
):
    simulated = normal["simulated"].copy()
    row = simulated.index[simulated["quantity"] == quantity][0]
    simulated.loc[row, "estimate"] += 8 * simulated.loc[row, "se"]
    assert decide(normal | {"simulated": simulated}, registry)[claim].verdict == "not reproduced"


@pytest.mark.parametrize(
    ("row", "claim"), [(20, "fig8.c1"), (20, "finding5.c2"), (0, "finding5.c2")]
)
def test_a_bent_or_shifted_curve_is_noticed(normal, registry, row, claim):
    curve = normal["curve"].copy()
    curve.loc[row, "degree"] += 0.2 if row else 1e-4
    assert decide(normal | {"curve": curve}, registry)[claim].verdict == "not reproduced"


def test_decisions_survive_the_written_tables(misled, registry, tmp_path):
    again = {}
    for name, table in misled.items():
        table.to_csv(tmp_path / name, index=False, float_format="%.6g")
        again[name] = pd.read_csv(tmp_path / name)
    decided = decide(misled, registry)
    for claim, decision in decide(again, registry).items():
        assert decision.verdict == decided[claim].verdict
        assert decision.estimate == pytest.approx(decided[claim].estimate, rel=1e-2, abs=1e-3)


def test_four_reward_models_and_a_tiny_pool_suffice(family, registry):
    pool, bench, rms = family
    decided = decide(compute(pool[:4, :3, :5], bench[:4, :6], rms[:4]), registry)
    assert set(decided) == CLAIMS
