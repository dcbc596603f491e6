"""Planted effects: schemes whose rewards are too large, too small, or have heavy tails."""

from dataclasses import replace

import numpy as np
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures

from proxyreward.findings.core import verdict
from proxyreward.findings.more import more_rewards
from proxyreward.findings.more.mixtures import Draws

CLAIMS = {
    "table1.c1", "table1.c2", "table1.c3", "fig5.c1", "fig5.c2", "table5.c1", "table5.c2",
    "table6.c1", "table6.c2", "finding.overrewarding.c1", "finding.overrewarding.c2",
    "finding.overrewarding.c3",
}  # fmt: skip
# Whatever only compares MORE with its baselines.
INTACT = "finding.overrewarding.c2"
OF_MORE = sorted(claim for claim in CLAIMS if not claim.startswith("finding"))


def decide(mixes, registry):
    draws = Draws.of(mixes, 60, np.random.default_rng(0))
    replicates = more_rewards.compute(mixes, draws, np.random.default_rng(1))
    found, notes = (say(replicates, registry) for say in (more_rewards.measure, more_rewards.notes))
    decisions, _ = verdict.decide("more_rewards", found, registry, notes)
    return {decision.claim_id.removeprefix("more."): decision for decision in decisions}


def world(sizes, seeds=1, **effects):
    """Schemes of equal knowledge with rewards that many times the calibrated ones."""
    effects = {name: Effect(0.7, size * calibrated(0.7)) for name, size in sizes.items()} | effects
    return mixtures(by_scheme(effects), pairs=300, bases=2, orders=0, seeds=seeds)


def with_tails(mixes, powers):
    """Margins m become m |m| ** (power - 1): the larger the power, the more outliers."""
    margins = mixes.margins.copy()
    for scheme, power in powers.items():
        names = mixes.rms.loc[mixes.rms["scheme"].str.startswith(scheme), "rm"]
        margins[list(names)] *= abs(margins[list(names)]) ** (power - 1)
    return replace(mixes, margins=margins)


@pytest.fixture(scope="module")
def over_rewarded(registry):
    """The paper's story: plain training makes large rewards, most of all on mixed data."""
    mixes = world({"own": 2.5, "multitask": 10.0, "more": 1.0}, seeds=2)
    return decide(with_tails(mixes, {"single": 2, "multitask": 4}), registry)


@pytest.fixture(scope="module")
def reversed_story(registry):
    mixes = world({"own": 2.5, "multitask": 1.0, "more": 10.0})
    tails = with_tails(mixes, {"single": 2, "more": 4})
    falling = tails.steps.assign(size=-tails.steps["size"])
    return decide(replace(tails, steps=falling), registry)


def test_each_claim_gets_one_row(over_rewarded):
    assert set(over_rewarded) == CLAIMS


def test_the_papers_story_is_found_where_it_was_planted(over_rewarded):
    for claim in CLAIMS - {INTACT}:
        assert over_rewarded[claim].verdict == "reproduced", over_rewarded[claim].reason


def test_that_accuracies_are_equal_takes_more_pairs_than_that_they_do_not_differ(over_rewarded):
    decision = over_rewarded[INTACT]
    assert decision.verdict == "inconclusive" and decision.low > 0
    assert "21 are open" in decision.reason  # no pair of seven schemes is known to a point


def test_the_opposite_is_refuted(reversed_story):
    for claim in [*OF_MORE, "finding.overrewarding.c1", "finding.overrewarding.c3"]:
        assert reversed_story[claim].verdict == "not reproduced", reversed_story[claim].reason


def test_equal_schemes_show_no_effect(registry):
    decided = decide(world({"own": 1.0, "multitask": 1.0, "more": 1.0}), registry)
    for claim in CLAIMS - {"finding.overrewarding.c1"}:
        assert decided[claim].verdict != "reproduced", decided[claim].reason


SIZES = {
    "multitask": 0.1, "balanced": 0.2, "multitask-as-is": 0.3, "own": 0.45, "more-as-is": 0.6,
    "public-code": 0.8, "more": 1.0,
}  # fmt: skip


def test_rewards_that_are_too_small_turn_the_association_round(registry):
    decision = decide(world(SIZES), registry)["finding.overrewarding.c2"]
    assert decision.verdict == "not reproduced", decision.reason
    assert decision.high < 0


def test_schemes_of_unequal_accuracy_refute_that_it_stays(registry):
    sizes = {name: 5 - 4 * size for name, size in SIZES.items()}
    mixes = world(sizes, multitask=Effect(-0.5, 5.0))
    decision = decide(mixes, registry)["finding.overrewarding.c2"]
    assert decision.estimate > 0
    assert decision.verdict == "not reproduced", decision.reason


def test_a_temperature_and_the_other_form_are_told(over_rewarded):
    reason = over_rewarded["table6.c1"].reason
    assert "With one temperature for each reward model 2 of 4" in reason
    assert "5 bins of equal width, both orders) 4 of 4" in reason
    assert "with one box" in over_rewarded["table6.c2"].reason
    assert "in sd of all margins" in over_rewarded["table6.c2"].reason


def test_a_dip_shows_in_the_second_half(registry):
    mixes = mixtures(pairs=40, bases=2, orders=0)
    dip = mixes.steps.assign(size=abs(mixes.steps["step"] - 6.0))
    decision = decide(replace(mixes, steps=dip), registry)["finding.overrewarding.c1"]
    assert decision.verdict == "inconclusive", decision.reason
    assert "second half of the steps 4 of 4 rise" in decision.reason
    assert decision.n == 2  # runs of MultiTask on the middle base


def test_the_papers_differences_stand_beside(over_rewarded, registry):
    printed = registry.printed("more.table1", "Helpful")
    ece = printed["MORE"]["ece"] - printed["MultiTask"]["ece"]
    assert over_rewarded["table1.c3"].paper_value == pytest.approx(ece)
    mean = printed["MORE"]["pos_mean"] - printed["MultiTask"]["pos_mean"]
    assert over_rewarded["table1.c2"].paper_value == pytest.approx(mean)
    counts = [
        printed[name]["pos_count"] + printed[name]["neg_count"] for name in ("MORE", "MultiTask")
    ]
    pairs = registry.printed("more.table4", "Anthropic Helpful", "test")
    share = 100 * (counts[0] - counts[1]) / pairs
    assert over_rewarded["table1.c1"].paper_value == pytest.approx(share)
    middle = registry.printed("more.table6", "Helpful")
    more = middle["MultiTask"]["ece"] - middle["Single"]["ece"]
    assert over_rewarded["finding.overrewarding.c3"].paper_value == pytest.approx(more)


def test_the_smallest_scale_runs(registry):
    smoke = mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=3)
    assert set(decide(smoke, registry)) == CLAIMS
