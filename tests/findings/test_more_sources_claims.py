"""Planted growth and cancelling: which quantities say so, and which claims read them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures
from tests.findings.test_more_sources_measure import SIZES, statistics

from proxyreward.findings.core.criterion import Comparison
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.more.more_sources import claims, measure

CLAIMS = load_registry().measured_by("more_sources")
KNOWLEDGE = 0.7
RIGHT = calibrated(KNOWLEDGE)
LENGTHS = {2: 0.8, 3: 0.6, 4: 0.45, 5: 0.3}


def quantities(planted, registry):
    curves, gains = measure.curves(planted), measure.gains(planted)
    tables = {
        "curves": curves,
        "forms": measure.forms(curves),
        "norms": measure.norms(planted),
        "association": measure.association(gains, measure.shares(planted, statistics())),
    }
    return claims.quantities(tables, measure.alone(planted, registry), planted.middle)


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
            return Effect(KNOWLEDGE, RIGHT * (6 + rm["k"]))
        if rm["scheme"].startswith("more"):
            return Effect(KNOWLEDGE, RIGHT * excess[rm["k"]])
        return others(rm, source)

    return found


def with_lengths(planted, of_sources, of_parts):
    """The same mixtures with combined gradients of these relative lengths, by K."""
    steps = planted.steps.merge(planted.rms[["rm", "scheme", "k"]])
    length = np.where(
        steps["scheme"] == "more-splits", steps["k"].map(of_parts), steps["k"].map(of_sources)
    )
    steps["combined"] = steps["single"] * length
    return replace(planted, steps=steps.drop(columns=["scheme", "k"]))


@pytest.fixture(scope="module")
def grown(registry):
    """Calibration comes with sources; gradients of sources cancel, those of parts do not."""
    planted = mixtures(effect({2: 8, 3: 4, 4: 2, 5: 1}, 5, True), pairs=220, steps=20)
    return quantities(with_lengths(planted, LENGTHS, dict.fromkeys(LENGTHS, 0.9)), registry)


@pytest.fixture(scope="module")
def shrunk(registry):
    """The opposite of all that."""
    planted = mixtures(effect({2: 1, 3: 2, 4: 4, 5: 8}, 1, False), pairs=150, steps=20)
    rising = {2: 0.5, 3: 0.6, 4: 0.7, 5: 0.8}
    return quantities(with_lengths(planted, rising, dict.fromkeys(rising, 0.4)), registry)


def told(found, *patterns):
    """Values of the quantities that patterns speak of."""
    names = [name for p in patterns for name in Comparison(p, "beside", 0).matching(found)]
    assert names
    return pd.Series({name: found[name].own for name in names})


@pytest.mark.parametrize("claim", CLAIMS, ids=[claim.id for claim in CLAIMS])
def test_planted_effects_move_what_claims_compare(claim, grown, shrunk):
    for comparison in (c for group in claim.decide for c in group.comparisons):
        sign = 1 if comparison.sign == ">" else -1
        assert (sign * told(grown, comparison.name) > 0.05).all()
        assert (sign * told(shrunk, comparison.name) < -0.05).all()
    for line in claim.beside:
        told(grown, line)


def test_every_quantity_is_read_by_a_claim(grown):
    lines = [c.name for claim in CLAIMS for group in claim.decide for c in group.comparisons]
    lines += [line for claim in CLAIMS for line in claim.beside]
    assert set(grown) == set(told(grown, *lines).index)


def test_controls_tell_what_is_due_to_size_alone(grown):
    text = "*: ECE with all sources minus"
    assert (told(grown, f"{text} with two, mean over orders") < -0.05).all()
    assert (told(grown, f"{text} with two, fixed total of pairs") > -0.05).all()
    # Knowledge does not grow, so nothing is left after temperature scaling.
    assert told(grown, f"{text} with two, after temperature scaling").abs().max() < 0.06
    lengths = told(grown, "5 sources: relative length * minus that *")
    assert lengths.tolist() == pytest.approx([0.3 - 0.45, 0.3 - 0.9])


def test_the_papers_difference_stands_beside_ours(grown, registry):
    row = registry.printed("more.table6", "Helpful")
    paper = grown["helpful: ECE with all sources minus Top"].paper
    assert paper == pytest.approx(row["MORE"]["ece"] - row["Single"]["ece"])


def test_the_smallest_scale_has_the_same_quantities_but_for_other_bases(grown, registry):
    found = quantities(mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=1), registry)
    assert {name for name in grown if "base" not in name} <= set(found)
    assert np.isfinite(told(found, "*: relative length *")).all()
