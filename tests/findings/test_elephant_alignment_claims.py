"""Quantities with planted effects, with the opposite, and with none."""

import numpy as np
import pandas as pd
import pytest
from tests.findings.alignments import SKILL, alignments
from tests.findings.tables import compared, told, values

from proxyreward.findings.core.criterion import Comparison
from proxyreward.pipeline.stages.elephant_alignment import found
from proxyreward.vocabulary import EQUAL_SIZE

ORDER = sorted(EQUAL_SIZE, key=SKILL.get)


def planted(sign=1.0, seed=0):
    """What the paper says, or its opposite: clean data help, and so does a better reward model."""

    def gain(policy):
        method, what = policy.split("-")[:2]
        if method == "ppo":
            return sign * 3 * SKILL[what]
        if method == "pro":
            return sign * (2 * SKILL[what] - 1)
        return sign * (0.8 if policy.endswith("clean") else 0.0)

    aligned = alignments(
        gain,
        toxic={f"dpo-initial-{'with-toxic' if sign > 0 else 'clean'}": 0.3},
        helpless={f"ppo-{rm}-1": 0.1 * i for i, rm in enumerate(ORDER)},
        likes_helpless={rm: sign * i for i, rm in enumerate(ORDER)},
        oracle_path=lambda p: sign * (3 * p - 4 * p**2 if p < 1 else -1.0),
        fast={} if sign > 0 else dict(zip(ORDER, (0.2, 0.2, 0.2, 1.0), strict=True)),
        cost={
            f"{method}-{base}{data}": sign * more
            for base in ("initial", "second")
            for method, data, more in (("start", "", 0.5), ("dpo", "-clean", 1.0))
        },
        prompts=150,
        pairs=2000,
        seed=seed,
    )
    return found(aligned, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def present():
    return planted()


@pytest.fixture(scope="module")
def opposite():
    return planted(-1.0)


def holds(line, quantity):
    if line.sign == "~":
        return abs(quantity.own - line.threshold) <= line.margin
    side = quantity.own - line.threshold
    return side > 0 if line.sign[0] == ">" else side <= 0


def sides(of, claim):
    """By name, whether what a claim compares lies where it says."""
    return {
        name: holds(line, of.quantities[name])
        for line in compared(claim)
        for name in line.matching(of.quantities)
    }


def test_planted_effects_lie_on_the_claimed_side(present, opposite, registry):
    for claim in registry.measured_by("elephant_alignment"):
        assert all(sides(present, claim).values()), (claim.id, sides(present, claim))
        assert not all(sides(opposite, claim).values()), claim.id
        told(present.quantities, *(line.name for g in claim.control for line in g.comparisons))


def test_controls_hold_with_the_effects_and_fail_without(present, opposite, registry):
    for claim in registry.measured_by("elephant_alignment"):
        for line in (line for group in claim.control for line in group.comparisons):
            for name in line.matching(present.quantities):
                assert present.quantities[name].own > 0, name
                unharmed = "own reward" in name  # training rewards are planted apart
                assert unharmed or opposite.quantities[name].own < 0, name


def test_claims_speak_of_all_that_is_measured(present, registry):
    spoken = set()
    for claim in registry.measured_by("elephant_alignment"):
        lines = [line for group in (*claim.control, *claim.decide) for line in group.comparisons]
        for line in (*lines, *(Comparison(name, ">", 0) for name in claim.beside)):
            names = line.matching(present.quantities)
            assert names, (claim.id, line.name)
            spoken |= set(names)
    assert spoken == set(present.quantities)


def test_other_words_cost_what_is_planted_beyond_what_they_cost_the_start():
    cost = {"start-initial": 0.2, "dpo-initial-clean": 0.7, "dpo-initial-original": 0.3}
    cost |= {"start-second": 0.4, "dpo-second-clean": 0.4, "dpo-second-original": 0.0}
    of = found(
        alignments(lambda p: 1.0, cost=cost, prompts=4000), np.random.default_rng(0)
    ).quantities
    lost, less = "lost to reworded prompts", "gain of DPO, clean minus original, by the oracle"
    expected = {
        f"reward of the start by the oracle {lost}": 0.3,
        f"gain of DPO on clean by the oracle {lost}": 0.25,
        f"gain of DPO on original by the oracle {lost}": -0.15,
        f"base initial: {less} {lost}": 0.4,
        f"base second: {less} {lost}": 0.4,
        f"gain of DPO by the oracle {lost}, clean minus original": 0.4,
    }
    assert {name: of[name].own for name in expected} == pytest.approx(expected, abs=0.04)


def test_names_are_those_of_every_replicate(present, opposite):
    """A number or a model in a name would keep replicates from being put together."""
    for name, table in opposite.repeated.items():
        keys = table.columns.difference(["value"])
        pd.testing.assert_frame_equal(table[keys], present.repeated[name][keys])


def test_without_effects_no_policy_is_better():
    of = found(alignments(prompts=300), np.random.default_rng(1)).quantities
    for pattern in ("base *: gain of DPO, *", "*: wins less losses of *", "PPO on *: gain by *"):
        assert max(map(abs, values(of, pattern))) < 0.25
    assert max(map(abs, values(of, "PRO * reward model: gain by *"))) < 0.15


def test_better_models_in_the_same_order_are_so_in_every_pair(present):
    of = present.quantities
    strict = told(of, "test set *: accuracy and alignment by the oracle in the same order")
    assert len(strict) == 3 and (strict == 1).all()
    share = "PPO: share of pairs whose better reward model gives the better policy by the evaluator"
    assert of[share].own == 1 and of[share].paper == pytest.approx(17 / 18)
    spearman = of["bench, average: Spearman of accuracy and alignment by the evaluator"]
    assert spearman.own == pytest.approx(1) and spearman.paper == pytest.approx(0.8)


def test_differences_are_those_of_what_stands_beside(present):
    of = present.quantities
    for base in ("initial", "second"):
        gains = [of[f"base {base}: gain of DPO on {name} by the oracle"].own
                 for name in ("clean", "original")]  # fmt: skip
        less = of[f"base {base}: gain of DPO, clean minus original, by the oracle"].own
        assert less == pytest.approx(gains[0] - gains[1])
    rates = [of[f"share of toxic responses: DPO on {n}"].own for n in ("with-toxic", "clean")]
    more = of["share of toxic responses, DPO with toxic pairs minus without"].own
    assert more == pytest.approx(rates[0] - rates[1]) == pytest.approx(0.3, abs=0.01)


def test_the_best_policy_has_the_lowest_raw_and_the_highest_standardised_reward(present):
    """Units and zeros of the reward models are planted so, and the gains by skill."""
    of, name = present.quantities, "training reward with the best policy by the oracle minus the"
    assert of[f"raw {name} others"].own < 0 < of[f"standardised {name} others"].own


def test_the_smallest_scale_measures_the_same_names(present):
    small = found(alignments(prompts=4, samples=1, pairs=8), np.random.default_rng(0))
    assert list(small.quantities) == list(present.quantities)
    assert {name: len(table) for name, table in small.estimates.items()} == {
        name: len(table) for name, table in present.estimates.items()
    }
