from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core import verdict
from proxyreward.findings.core.verdict import Quantity
from proxyreward.findings.rethinking.rethinking_appendix import (
    association_table,
    common_n,
    family_associations,
    family_pairs,
    mutual_accuracy,
)
from proxyreward.findings.rethinking.rethinking_appendix.claims import _families
from proxyreward.findings.rethinking.rethinking_appendix.families import difference, matrices


def planted(evidence, spread_a, spread_p, follows_a, follows_p, size=6):
    """Families whose members differ by so much noise, and whose NDR follows accuracy so closely."""
    rng = np.random.default_rng(0)
    utility = rng.normal(size=2000)
    bench = pd.DataFrame(
        [(i, "Chat", side) for i in range(1000) for side in (0, 1)],
        columns=["pair_id", "category", "side"],
    )
    rms, regret = [], []
    columns = evidence.regret.columns
    for family, spread, follows in (
        ("main", (0.2, 2.0), 1.0),
        ("architectures", spread_a, follows_a),
        ("parts", spread_p, follows_p),
    ):
        names = [f"{family}-{i}" for i in range(size)]
        rms += [(family, name, name.upper(), 0.0) for name in names]
        for name, noise in zip(names, np.linspace(*spread, size)):
            bench[name] = utility + noise * rng.normal(size=2000)
        quality = np.linspace(0.9, 0.3, size)
        for golden in range(size):
            for proxy in range(size):
                ndr = follows * quality[proxy] + (1 - follows) * rng.random()
                key = (family, "initial", "best-of-n", 8, 0.0, "joint", "all")
                regret.append((*key, names[golden], names[proxy], ndr, ndr, 1.0))
    return replace(
        evidence,
        rms=pd.DataFrame(rms, columns=["family", "rm", "label", "flip_rate"]),
        bench=bench,
        regret=pd.DataFrame(regret, columns=columns),
    )


def decide(evidence, registry):
    found = _families(evidence, 200, seed=1)
    decisions, _ = verdict.decide("rethinking_appendix", found, registry)
    return {decision.claim_id.removeprefix("rethinking.fig12."): decision for decision in decisions}


def test_similar_parts_with_a_weak_relation_reproduce_both_claims(evidence, registry):
    decided = decide(planted(evidence, (0.1, 2.0), (0.2, 0.4), 1.0, 0.0), registry)
    assert decided["c1"].verdict == decided["c2"].verdict == "reproduced"
    assert decided["c1"].n == 6


def test_the_opposite_refutes_both(evidence, registry):
    decided = decide(planted(evidence, (0.2, 0.4), (0.1, 2.0), 0.0, 1.0), registry)
    assert decided["c1"].verdict == decided["c2"].verdict == "not reproduced"


def test_equal_families_decide_nothing(evidence, registry):
    decided = decide(planted(evidence, (0.2, 1.0), (0.2, 1.0), 0.8, 0.8), registry)
    assert decided["c1"].verdict == "inconclusive"


def test_pairs_hold_what_the_evidence_holds(evidence):
    pairs = family_pairs(evidence, 4)
    assert pairs.groupby("family").size().to_dict() == {
        "architectures": 6,
        "main": 30,
        "parts": 6,
    }
    accuracy, ndr = matrices(evidence, "parts", 4)
    rows = pairs[pairs["family"] == "parts"].reset_index(drop=True)
    assert rows.loc[0, ["golden", "label", "proxy"]].tolist() == ["part-1", "part-1", "part-2"]
    assert rows.loc[0, "accuracy"] == accuracy[0, 1]
    assert rows.loc[0, "ndr"] == ndr[0, 1] != family_pairs(evidence, 16).query("family == 'parts'")[
        "ndr"
    ].iloc[0]  # fmt: skip


def test_families_are_compared_at_an_n_that_all_have(evidence):
    regret = evidence.regret
    fewer = replace(evidence, regret=regret[(regret["family"] != "parts") | (regret["n"] < 16)])
    assert (common_n(evidence), common_n(fewer), common_n(evidence, 4)) == (16, 4, 4)
    with pytest.raises(ValueError, match="n=16 is not common to all families; choose one of \\[4"):
        common_n(fewer, 16)


def test_associations_and_cells(evidence):
    found = family_associations(evidence, 16, 20, np.random.default_rng(0))
    assert found.groupby("family", sort=False)["rms"].first().tolist() == [6, 3, 3]
    cells = association_table(found, "family", "Family")
    assert cells["Family"].tolist() == ["main", "architectures", "parts"]
    assert list(cells.columns) == ["Family", "RMs", "Kendall", "Pearson", "Spearman", "MRR"]
    main = found.query("family == 'main' and statistic == 'mrr'").iloc[0]
    assert cells["MRR"].iloc[0].startswith(f"{main['estimate']:.2f} [")


def test_mutual_accuracy_is_that_of_the_off_diagonal(evidence):
    found = mutual_accuracy(evidence, 50, np.random.default_rng(0))
    accuracy, _ = matrices(evidence, "architectures", 16)
    upper = accuracy[np.triu_indices(3, 1)]
    rows = found[found["family"] == "architectures"].set_index("quantity")
    assert rows.loc["mean", "estimate"] == pytest.approx(upper.mean())
    assert rows.loc["sd", "estimate"] == pytest.approx(upper.std())
    assert (found["low"] <= found["estimate"]).all()


def test_difference_resamples_each_family_on_its_own():
    rng = np.random.default_rng(0)
    first, second = rng.normal(1.0, 1.0, 400), rng.normal(0.0, 2.0, 100)
    found = Quantity(difference(np.mean, first, second, 2000, rng), 100)
    estimate, low, high = found.interval(0.95)
    assert estimate == pytest.approx(first.mean() - second.mean())
    half = 1.96 * np.hypot(first.std() / 20, second.std() / 10)
    assert high - low == pytest.approx(2 * half, rel=0.1)


def test_recentred_difference_of_spreads_holds_its_estimate():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=6), 3 * rng.normal(size=6)
    found = Quantity(difference(np.ptp, first, second, 500, rng), 6, recentre=True)
    estimate, low, high = found.interval(0.95)
    assert low < estimate < high
