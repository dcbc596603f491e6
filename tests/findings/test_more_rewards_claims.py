"""Planted effects: schemes whose rewards are too large, too small, or have heavy tails."""

from dataclasses import replace

import numpy as np
import pytest
from tests.findings.mixtures import Effect, by_scheme, calibrated, mixtures

from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.core.verdict import judge
from proxyreward.findings.more.more_rewards import claims, measure
from proxyreward.vocabulary import HH

OURS = {
    claim.id.removeprefix("more."): claim for claim in load_registry().measured_by("more_rewards")
}
INTACT = "finding.overrewarding.c2"  # asks for accuracies that are equal to a point


def quantities(mixes, registry):
    table = measure.measures(mixes, registry)
    outlying, trends = measure.outlying(mixes, registry), measure.trends(mixes)
    return claims.quantities(table, measure.means(table), outlying, trends)


def right(found, claim):
    """Whether each comparison of a claim lies on the right side in plain numbers."""
    parts = [part for group in judge(OURS[claim], found) for part in group]
    signs = {">": 1, "<": -1}
    return [signs[p.comparison.sign] * (p.quantity.own - p.comparison.threshold) > 0 for p in parts]


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
    return quantities(with_tails(mixes, {"single": 2, "multitask": 4}), registry)


@pytest.fixture(scope="module")
def reversed_story(registry):
    mixes = world({"own": 2.5, "multitask": 1.0, "more": 10.0})
    tails = with_tails(mixes, {"single": 2, "more": 4})
    falling = tails.steps.assign(size=-tails.steps["size"])
    return quantities(replace(tails, steps=falling), registry)


@pytest.mark.parametrize("claim", sorted(set(OURS) - {INTACT}))
def test_the_papers_story_and_its_opposite(over_rewarded, reversed_story, claim):
    assert all(right(over_rewarded, claim))
    assert not all(right(reversed_story, claim))


SIZES = {
    "multitask": 0.1, "balanced": 0.2, "multitask-as-is": 0.3, "own": 0.45, "more-as-is": 0.6,
    "public-code": 0.8, "more": 1.0,
}  # fmt: skip
ASSOCIATION = "Spearman of mean |dr| and ECE over schemes"


def middle(found, name):
    [quantity] = [q for key, q in found.items() if key.startswith("middle") and name in key]
    return quantity.own


def test_size_goes_with_the_error_if_rewards_are_too_large_and_against_it_if_too_small(registry):
    small, large = SIZES, {name: 5 - 4 * size for name, size in SIZES.items()}
    assert middle(quantities(world(small), registry), ASSOCIATION) < -0.5
    unequal = quantities(world(large, multitask=Effect(-0.5, 5.0)), registry)
    assert middle(unequal, ASSOCIATION) > 0.5
    gaps = {name.split(": ")[1]: q.own for name, q in unequal.items() if "middle" in name}
    assert gaps["accuracy, Top minus MultiTask"] > 0.2
    assert sum(name.startswith("accuracy") for name in gaps) == 21


def test_what_scale_alone_makes_vanishes_with_a_temperature_and_in_sd(registry):
    mixes = with_tails(mixtures(pairs=300, bases=2, orders=0), {"more": 3})
    margins = mixes.margins.copy()
    margins[mixes.names("multitask")] = 4 * margins[mixes.names("more")].to_numpy()
    found = quantities(replace(mixes, margins=margins), registry)
    size = "mean size of outliers {}, MORE minus MultiTask"
    assert middle(found, size.format("with one box")) < -1
    assert middle(found, size.format("in sd of margins")) == pytest.approx(0, abs=1e-6)
    gap = ", helpful: ECE{}, MORE minus MultiTask"
    assert (
        middle(found, gap.format("")) < 0 and middle(found, gap.format(" in the paper's form")) < 0
    )
    assert middle(found, gap.format(" with one temperature")) == pytest.approx(0, abs=1e-6)


def test_a_dip_shows_in_the_second_half_and_growth_in_the_end(registry):
    mixes = mixtures(pairs=40, bases=2, orders=0)
    dip = mixes.steps.assign(size=abs(mixes.steps["step"] - 6.0))
    found = quantities(replace(mixes, steps=dip), registry)
    of = f"{mixes.middle}, MultiTask: Spearman of step and mean |dr|"
    assert found[f"middle base {of}"].own < 0.5
    assert found[f"middle base {of}, second half"].own == pytest.approx(1)
    both = [
        np.mean([abs(mixes.margin(name)[:, mixes.source == source]).mean() for source in HH])
        for name in ("multitask", "raw")
    ]
    grown = middle(found, "mean |dr| of MultiTask over that of Raw")
    assert grown == pytest.approx(both[0] / both[1])


def test_the_papers_differences_stand_beside(over_rewarded, registry):
    printed = registry.printed("more.table1", "Helpful")
    more, plain, top = (printed[name] for name in ("MORE", "MultiTask", "Top"))
    base = mixtures(pairs=2, bases=2).middle
    paper = {
        name.removeprefix(f"large base {base}, helpful: "): quantity.paper
        for name, quantity in over_rewarded.items()
    }
    assert paper["ECE, MORE minus MultiTask"] == pytest.approx(more["ece"] - plain["ece"])
    assert paper["ECE, MultiTask minus Top"] == pytest.approx(plain["ece"] - top["ece"])
    mean = abs(more["neg_mean"]) - abs(plain["neg_mean"])
    assert paper["mean size of negative outliers, MORE minus MultiTask"] == pytest.approx(mean)
    count = more["pos_count"] + more["neg_count"] - plain["pos_count"] - plain["neg_count"]
    share = 100 * count / registry.printed("more.table4", "Anthropic Helpful", "test")
    assert paper["outliers in % of pairs, MORE minus MultiTask"] == pytest.approx(share)
    assert np.isnan(paper["ECE with one temperature, MORE minus MultiTask"])


def test_the_smallest_scale_measures_the_same_names(registry, over_rewarded):
    found = quantities(mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=3), registry)
    assert set(found) == set(over_rewarded)
