from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.rethinking.rethinking_appendix import claims, measure, recipes

PENALTIES = (0.0, 0.01, 0.05, 0.1)


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

    found = quantities(planted(evidence, ndr), registry)["Kendall of the penalty and the MRR"]
    assert (found.own, found.paper) == (sign, -1)


def test_mechanism_follows_the_runs(evidence, found, registry):
    runs = evidence.runs.assign(kl_nats=1 + evidence.runs["kl_coef"], proxy_gain=1.0)
    changed = quantities(replace(evidence, runs=runs), registry)
    kl, gain = (f"Kendall of the penalty and the {name}" for name in claims.MECHANISM.values())
    assert [found[kl].own, found[gain].own] == pytest.approx([-1, -1])
    assert [changed[kl].own, changed[gain].own] == pytest.approx([1, 0])


def test_collapse_counts_runs_and_takes_the_rewards_of_the_largest_penalty(evidence, registry):
    large = evidence.runs["kl_coef"] == 0.5
    runs, regret = evidence.runs.copy(), evidence.regret.copy()
    runs.loc[large, "proxy_gain"] = -0.1
    runs.loc[large & (runs["rm"] == evidence.names()[0]), "status"] = "diverged"
    regret.loc[regret["kl_coef"] == 0.5, "golden_reward"] = -0.2
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


def test_the_papers_n_gives_the_registrys_bits(found):
    *deviations, bits = [q.own for name, q in sorted(found.items()) if name.endswith("bits")][::-1]
    assert bits == pytest.approx(8.8804, abs=5e-5)
    assert max(deviations) < 1e-8
