"""Quantities with planted effects, with none, and at the smallest size."""

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import mixtures
from tests.findings.rejections import all_for_more, rejection
from tests.findings.tables import compared, values

from proxyreward.findings.more.mixtures import counterparts
from proxyreward.findings.more.more_alignment import claims
from proxyreward.pipeline.stages.more_alignment import found

FEW = "Spearman of -ECE and utility over policies of rejection sampling"  # policies are too few
DEVIATION = "largest deviation of the tie rate from the share of disagreeing verdicts"


def measured(mixed, told, evidence, seed=0):
    return found(mixed, told, evidence, np.random.default_rng(seed))


def sides(of, registry):
    """By name what a criterion compares, on which side of its threshold the value lies."""
    return {
        name: (quantity.own - line.threshold) * (1 if line.sign == ">" else -1)
        for claim in registry.measured_by("more_alignment")
        for line in compared(claim)
        for name, quantity in of.quantities.items()
        if line.matching([name]) and DEVIATION not in name
    }


@pytest.fixture(scope="module")
def present(evidence):
    return measured(*all_for_more(), evidence)


def test_names_are_those_of_every_replicate(present, evidence):
    """A number or a model in a name would keep replicates from being put together."""
    mixed, _ = all_for_more()
    other = measured(mixed, rejection(mixed, seed=1), evidence, seed=1)
    for name, table in other.repeated.items():
        keys = table.columns.difference(["value"])
        pd.testing.assert_frame_equal(table[keys], present.repeated[name][keys])


def test_planted_effects_lie_on_the_claimed_side(present, evidence, registry):
    for name, side in sides(present, registry).items():
        assert side > 0 or name == FEW, name
    opposite = measured(*all_for_more(-1), evidence)
    for name, side in sides(opposite, registry).items():
        # Whichever of two models chooses better, accuracy does not tell it.
        assert side < 0 or name == FEW or name.startswith("count"), name


def test_estimates_have_the_planted_sizes(present):
    """Texts become likelier by 0.2 nats a token with MORE, by 0.1 with MultiTask."""
    start = present.estimates["policies"].query("measure == 'perplexity' and of == 'start'")
    start = start.set_index(["base", "source"])["value"]
    for base in all_for_more()[0].bases:
        before = start[base, "harmless"]
        for name, expected in {
            f"{base}, MORE: harmless perplexity minus that before": np.exp(-0.2) - 1,
            f"{base}: harmless perplexity of MORE minus MultiTask": np.exp(-0.2) - np.exp(-0.1),
        }.items():
            value = present.quantities[name].own
            assert value == pytest.approx(before * expected, abs=0.02 * before)


def test_without_effects_estimates_are_close_to_none(evidence, registry):
    mixed = mixtures(pairs=100, bases=2, orders=1, steps=2)
    chance = 3 / np.sqrt(len(mixed.rms))  # of a coefficient
    for name, side in sides(measured(mixed, rejection(mixed), evidence), registry).items():
        assert abs(side) < (chance if "Spearman" in name else 0.15) or name == FEW, name


def test_ties_of_verdicts_that_agree_break_the_judges_definition(present, registry):
    tables, ties = dict(present.estimates), present.estimates["ties"]
    off = ties.index[ties["what"] == "ties"][0]
    tables["ties"] = ties.assign(value=ties["value"] - 0.01 * (ties.index == off))
    of = claims.quantities(tables, present.tables["furthest"], registry)
    known, noisy = (quantity for name, quantity in of.items() if DEVIATION in name)
    assert known.is_counted and known.own == 0
    assert noisy.own == pytest.approx(0.01)


def test_no_striking_pair_is_counted_as_none(present, registry):
    furthest = present.tables["furthest"]
    within = "count of pairs of models within a point of accuracy whose choices differ in worth"
    ends = furthest.iloc[[0, 0, 0]].assign(at_least=[0.49, 0.5, 0.51])
    assert claims.quantities(present.estimates, ends, registry)[within].own == 1
    striking = "most striking pair of models: "
    first = furthest.loc[0, ["rate", "accuracy", "right"]].tolist()
    assert values(present.quantities, f"{striking}*") == first
    spearmans = values(present.quantities, "Spearman of *")
    assert len({*spearmans}) == len(spearmans)  # each has a pool or form of its own
    of = claims.quantities(present.estimates, furthest[:0], registry)
    assert of[within].own == 0
    wins = of[f"{striking}share of wins of the better choice"]
    assert np.isnan(wins.own) and wins.paper == pytest.approx(45 / (45 + 34))


def test_every_base_stands_beside_its_counterpart_in_the_paper(present, registry):
    of, table2 = present.quantities, registry.printed("more.table2")
    before = table2["no RM (Alpaca)"]["ppl_harmless"]
    for base, name in counterparts(all_for_more()[0].bases).items():
        more, multitask, gpt4 = (table2[name][who] for who in ("MORE", "MultiTask", "gpt4"))
        for what, expected in {
            ": ECE of MORE minus MultiTask": more["ece"] - multitask["ece"],
            ": helpful perplexity of MORE minus MultiTask": (
                more["ppl_helpful"] - multitask["ppl_helpful"]
            ),
            ", MORE: harmless perplexity minus that before": more["ppl_harmless"] - before,
            ": share of wins of MORE among decided comparisons": (
                gpt4["win"] / (gpt4["win"] + gpt4["lose"])
            ),
        }.items():
            assert of[base + what].paper == pytest.approx(expected)


def test_the_smallest_size_is_measured_and_the_same_again(evidence, present):
    """As small as the scale smoke."""
    mixed = mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=2)
    told = rejection(mixed, asked=6, tested=4)
    one, again = (measured(mixed, told, evidence) for _ in range(2))
    assert list(one.quantities) == list(present.quantities)
    for name, table in (one.repeated | one.tables).items():
        assert table.to_csv() == (again.repeated | again.tables)[name].to_csv(), name


def test_a_world_without_differences_leaves_correlations_undefined(evidence):
    """Equal and small margins everywhere: constant ranks, an ECE of zero, no decided pairs."""
    mixed = mixtures(pairs=8, bases=2, seeds=1, orders=1, steps=2)
    mixed.margins[mixed.rms["rm"]] = 0.1
    told = rejection(mixed, asked=4, tested=4)
    told.best[:] = 0
    of = measured(mixed, told, evidence)
    assert np.isnan(of.quantities["Spearman of -ECE and alignment over trained reward models"].own)
    policies = of.estimates["policies"].query('measure == "ece, paper\'s form"')
    assert (policies.query("of != 'ratio'")["value"] == 0).all()
    assert policies.query("of == 'ratio'")["value"].isna().all()
