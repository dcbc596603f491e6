from dataclasses import replace

import numpy as np
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures
from tests.findings.test_more_sources_gradients import SIZES, statistics

from proxyreward.findings.core import verdict
from proxyreward.findings.more import more_sources
from proxyreward.findings.more.mixtures import Draws

CLAIMS = {"fig6.c1", "fig6.c2", "finding.drift_cancel.c1", "finding.drift_cancel.c2"}
KNOWLEDGE = 0.7
RIGHT = calibrated(KNOWLEDGE)


def decide(planted, registry, resamples=60):
    draws = Draws.of(planted, resamples, np.random.default_rng(2))
    controls = more_sources.Controls.of(planted, draws, statistics(SIZES), np.random.default_rng(3))
    found, notes = more_sources.measure(controls, registry), more_sources.notes(controls)
    decisions, _ = verdict.decide("more_sources", found, registry, notes)
    return {decision.claim_id.removeprefix("more."): decision for decision in decisions}


def effect(excess, top, by_share):
    """MORE on k sources has margins `excess[k]` times too large, the own models `top` times.

    What MultiTask knows of a source, taken as it is, rises (or falls) with the source's share.
    """
    others = by_scheme({"own": Effect(0.9, top * calibrated(0.9))})
    order = sorted(SIZES, key=SIZES.get, reverse=not by_share)

    def found(rm, source):
        if rm["scheme"] == "multitask-as-is":
            return Effect(-0.2 + 0.25 * order.index(source), 1.0)
        if rm["scheme"] == "more-fixed-total":
            return Effect(KNOWLEDGE, RIGHT * (6 + rm["k"]))  # no claim is decided by it
        if rm["scheme"].startswith("more"):
            return Effect(KNOWLEDGE, RIGHT * excess[rm["k"]])
        return others(rm, source)

    return found


def with_lengths(planted, of_sources, of_parts):
    """The same mixtures with combined gradients of these relative lengths, by K, and some noise."""
    steps = planted.steps.merge(planted.rms[["rm", "scheme", "k"]])
    length = np.where(
        steps["scheme"] == "more-splits", steps["k"].map(of_parts), steps["k"].map(of_sources)
    )
    noise = np.random.default_rng(0).normal(scale=0.02, size=len(steps))
    steps["combined"] = steps["single"] * (length + noise)
    return replace(planted, steps=steps.drop(columns=["scheme", "k"]))


@pytest.fixture(scope="module")
def grown(registry):
    """Calibration comes with sources; gradients of sources cancel, those of parts do not."""
    planted = mixtures(effect({2: 8, 3: 4, 4: 2, 5: 1}, 5, True), pairs=220, steps=20)
    lengths = {2: 0.8, 3: 0.6, 4: 0.45, 5: 0.3}
    return decide(with_lengths(planted, lengths, dict.fromkeys(lengths, 0.9)), registry)


@pytest.fixture(scope="module")
def shrunk(registry):
    """The opposite of all that."""
    planted = mixtures(effect({2: 1, 3: 2, 4: 4, 5: 8}, 1, False), pairs=150, steps=20)
    lengths = {2: 0.5, 3: 0.6, 4: 0.7, 5: 0.8}
    return decide(with_lengths(planted, lengths, dict.fromkeys(lengths, 0.4)), registry)


def test_each_claim_gets_one_row(grown):
    assert set(grown) == CLAIMS


def test_what_was_planted_is_found(grown):
    for claim in CLAIMS:
        assert grown[claim].verdict == "reproduced", grown[claim].reason


def test_the_opposite_refutes(shrunk):
    for claim in CLAIMS:
        assert shrunk[claim].verdict == "not reproduced", shrunk[claim].reason


def test_falling_lengths_are_not_enough_if_parts_of_one_source_fall_as_well(registry):
    lengths = {2: 0.8, 3: 0.6, 4: 0.45, 5: 0.3}
    shorter = {k: value - 0.1 for k, value in lengths.items()}
    planted = with_lengths(mixtures(pairs=12, bases=2, orders=1, steps=20), lengths, shorter)
    decided = decide(planted, registry, resamples=30)["finding.drift_cancel.c1"]
    assert decided.verdict == "not reproduced"
    assert "Of 7 comparisons 3 hold, 4 fail" in decided.reason
    assert decided.n == 40  # steps of both seeds


def test_reasons_tell_controls_and_other_bases(grown):
    planted = mixtures(pairs=2)
    falls = grown["fig6.c1"].reason
    for control in ("mean over 3 orders", "fixed total", "temperature scaling", "paper's form"):
        assert control in falls
    below = grown["fig6.c2"].reason
    assert f"on base {planted.bases[0]}" in below and f"on base {planted.bases[2]}" in below
    assert "resampled to equal size" in grown["finding.drift_cancel.c2"].reason


def test_the_papers_difference_stands_beside_ours(grown, registry):
    rows = registry.printed("more.table6", "Helpful")
    expected = rows["MORE"]["ece"] - rows["Single"]["ece"]
    assert grown["fig6.c2"].paper_value == pytest.approx(expected)
    largest = registry.printed("more.table1", "Harmless")
    found = more_sources.paper_top(registry, 2)["harmless"]
    assert found == (largest["MORE"]["ece"], largest["Top"]["ece"])


def test_the_smallest_scale_runs_and_the_same_seed_gives_the_same_decisions(registry):
    planted = mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=1)
    decided = decide(planted, registry, resamples=20)
    assert set(decided) == CLAIMS
    assert decided["finding.drift_cancel.c1"].verdict == "inconclusive"
    again = decide(planted, registry, resamples=20)
    assert repr(again) == repr(decided)  # NaNs are not equal
