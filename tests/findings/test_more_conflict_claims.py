"""Planted effects: sources that are against each other, and sources that teach the same."""

from dataclasses import replace

import numpy as np
import pytest
from tests.findings.mixtures import Effect, by_scheme, mixtures

from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.core.verdict import judge
from proxyreward.findings.more.more_conflict import claims
from proxyreward.findings.more.more_conflict.measure import (
    distances,
    moments,
    rank_tests,
    transfers,
)

OURS = load_registry().measured_by("more_conflict")
RANGE = "{}: range of the models' mean margins in sd"


def quantities(planted, registry):
    found = transfers(planted)
    tables = distances(planted), moments(planted, found[planted.middle]), rank_tests(planted)
    return claims.quantities(planted, found, *tables, registry)


def right(found, claim):
    """Whether the plain numbers of a claim lie where it says, by claim."""
    groups = judge(next(c for c in OURS if c.id == f"more.{claim}"), found)
    return all(
        any(
            (part.quantity.own - part.comparison.threshold) * (-1) ** (part.comparison.sign != ">")
            > 0
            for part in group
        )
        for group in groups
    )


def effect(own, conflict, spread=1.0):
    """Models know `own` of their source and `conflict` of the others; one has wide rewards."""
    by_model = by_scheme({"own": Effect(own, 1.0), "other": Effect(conflict, 1.0)})

    def found(rm, source):
        wide = rm["scheme"] == "single-helpful"
        return by_model(rm, source)._replace(spread=spread if wide else 1.0)

    return found


@pytest.fixture(scope="module")
def conflicting(registry):
    """Every source is against all others; rewards on Helpful's model are wide."""
    return quantities(mixtures(effect(0.8, -0.6, spread=4.0), pairs=500, orders=0), registry)


@pytest.fixture(scope="module")
def friendly(registry):
    """What one source teaches helps on all others as much."""
    return quantities(mixtures(effect(0.8, 0.8), pairs=120, bases=2, orders=0), registry)


@pytest.mark.parametrize(
    "claim", ["fig1.c1", "fig1.c2", "fig1.c3", "fig3.c1", "fig3.c2", "fig7.c1"]
)
def test_conflict_is_found_where_it_was_planted(conflicting, friendly, claim):
    assert right(conflicting, claim)
    assert right(friendly, claim) == (claim == "fig1.c1")


def test_each_base_alone_finds_the_conflict(conflicting):
    for base in mixtures(pairs=2).bases:
        own = {name.split(": ")[1]: q.own for name, q in conflicting.items() if base in name}
        assert own["smallest accuracy above Raw of a source's own model"] > 0.1
        assert own["mean accuracy on other sources minus Top"] < -0.3
        assert own["models that shift harmless the other way"] == 4
        assert own["smallest range over test sources of the models' mean margins in sd"] > 0.8
    assert conflicting["share of entries (model, other source, base) below Raw"].own == 1


def test_other_shapes_are_at_a_distance(conflicting, registry):
    planted = mixtures(effect(0.8, -0.6), pairs=150, bases=2, orders=0)
    margins = planted.margins.copy()
    for rm in planted.names("single-webgpt"):
        margins[rm] = margins[rm] ** 3
    found = quantities(replace(planted, margins=margins), registry)
    name = "largest distance (Kolmogorov-Smirnov) of standardised margins"
    name = f"harmless, models on other sources: {name}"
    assert found[name].own > 0.15 > conflicting[name].own


def test_the_range_is_that_of_a_planted_shift_in_any_unit(registry):
    planted = mixtures(pairs=60, bases=2, orders=0)
    margins, rng = planted.margins.copy(), np.random.default_rng(0)
    wave = np.tile(np.linspace(-1, 1, 60), 5)
    wave /= wave[:60].std()
    for place, name in enumerate(planted.sources):
        for rm in planted.names(f"single-{name}"):
            noise = 1e-6 * rng.normal(size=len(wave))  # no ties
            margins[rm] = 10.0**place * (wave + 0.3 * (name == "oasst") + noise)
    found = quantities(replace(planted, margins=margins), registry)
    for name in planted.sources:
        assert found[RANGE.format(name)].own == pytest.approx(0.3, abs=1e-4)


def test_the_papers_gains_stand_beside_ours(friendly, registry):
    rows = registry.printed("more.table3").values()
    for source, printed in {"summarize": "Summ", "oasst": "Oasst1"}.items():
        gain = np.mean([row["Top"][printed] - row["Raw"][printed] for row in rows]) / 100
        assert friendly[f"{source}: accuracy above Raw of its own model"].paper == pytest.approx(
            gain
        )


def test_the_smallest_scale_measures_the_same_names(registry, friendly):
    found = quantities(mixtures(pairs=30, bases=2, seeds=1, orders=1), registry)
    assert list(found) == list(friendly)
    assert all(np.isfinite(quantity.own) for quantity in found.values())
