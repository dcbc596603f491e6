"""Estimates and verdicts with planted effects, with none, and at the smallest size."""

from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from tests.findings.mixtures import EFFECTS, Effect, by_scheme, calibrated, mixtures
from tests.findings.rejections import rejection

from proxyreward.findings.core import verdict
from proxyreward.findings.core.replicates import Replicated
from proxyreward.findings.more import more_alignment
from proxyreward.findings.more.more_alignment.reader import DPO
from proxyreward.vocabulary import MORE, MULTITASK

CLAIMS = {
    "table2.c1", "table2.c2", "table2.c3", "table2.c4", "table2.c5",
    "finding.ece_alignment.c1", "finding.ece_alignment.c2", "finding.ece_alignment.c3",
    "appendix.judge.c1", "limitations.c1", "limitations.c2", "limitations.c3",
}  # fmt: skip
DEFINED = "appendix.judge.c1"
PLANTED = CLAIMS - {"limitations.c1"}  # too few policies for a correlation


def computed(mixed, told, evidence, resamples=100, seed=0):
    rng = np.random.default_rng(seed)
    return more_alignment.compute(mixed, told, evidence, resamples=resamples, rng=rng)


def decide(tables, registry):
    """Decisions over three replicates that came out almost alike."""
    found, notes = (say(tables, registry) for say in (more_alignment.measure, more_alignment.notes))
    noise = np.array([-1e-5, 0, 1e-5])
    alike = {
        name: Replicated(one.own + noise * (not one.is_counted), one.own, one.paper, one.is_counted)
        for name, one in found.items()
    }
    decisions, _ = verdict.decide("more_alignment", alike, registry, notes)
    return {decision.claim_id.removeprefix("more."): decision for decision in decisions}


def estimates(tables, registry):
    found = more_alignment.measure(tables, registry)
    return {name: quantity.values[0] for name, quantity in found.items()}


def level(rm):
    """A number from 0 to 1: 0 for MORE, 1 for MultiTask, else that of a kind."""
    if rm["scheme"] in (MORE, MULTITASK):
        return float(rm["scheme"] == MULTITASK)
    return crc32("-".join(map(str, rm[["scheme", "base", "k", "order"]])).encode()) % 1000 / 1000


def too_large(rm, source):
    """The same knowledge everywhere, margins too large by the level; tuning helps MORE more."""
    if rm["scheme"].startswith("tuned-"):
        return Effect(0.9 if rm["scheme"] == "tuned-more" else 0.6, 1.0)
    return Effect(0.7, calibrated(0.7) * (1 + 3 * level(rm)))


@pytest.fixture(scope="module")
def planted():
    return mixtures(too_large, pairs=150, bases=2, orders=1, steps=2)


@pytest.fixture(scope="module")
def tables(planted, evidence):
    """Smaller margins, better choices, likelier texts: everything speaks for MORE."""
    told = rejection(
        planted,
        skill=lambda rm: 0.95 - 0.9 * level(rm),
        gain={MORE: 0.8},
        nll={MORE: -0.2, MULTITASK: -0.1},
        size={DPO: 3.0},
        asked=120,
    )
    return computed(planted, told, evidence)


@pytest.fixture(scope="module")
def present(tables, registry):
    return decide(tables, registry)


@pytest.fixture(scope="module")
def opposite(evidence):
    """The calibrated models choose worse, and MORE is the one with large margins."""
    effects = EFFECTS | {
        "more": Effect(0.7, 4 * calibrated(0.7)),
        "tuned-more": Effect(0.5, 1.0),
        "tuned-multitask": Effect(0.9, 1.0),
    }
    mixed = mixtures(by_scheme(effects), pairs=150, bases=2, orders=1, steps=2)
    told = rejection(
        mixed,
        skill=lambda rm: 0.9 if rm["scheme"].startswith("more") else 0.0,
        gain={MORE: -0.8},
        nll={MORE: 0.2, MULTITASK: 0.1},
        size={"dpo-more": 3.0},
        asked=120,
    )
    return computed(mixed, told, evidence)


def test_each_claim_gets_one_row(present):
    assert set(present) == CLAIMS


def test_criteria_speak_of_all_that_is_measured(tables, registry):
    found = more_alignment.measure(tables, registry)
    _, comparisons = verdict.decide("more_alignment", found, registry)
    assert set(comparisons["quantity"]) == set(found)


def test_names_are_those_of_every_replicate(planted, tables, evidence, registry):
    """A number or a model in a name would keep replicates from being put together."""
    told = rejection(planted, seed=1)
    other = computed(planted, told, evidence, resamples=8, seed=1)
    assert list(estimates(other, registry)) == list(estimates(tables, registry))


def test_planted_effects_are_reproduced(present):
    for claim in PLANTED:
        expected = "definition" if claim == DEFINED else "reproduced"
        assert present[claim].verdict == expected, present[claim].reason


def test_estimates_have_the_planted_sizes(planted, tables, registry):
    """Texts become likelier by 0.2 nats a token with MORE, by 0.1 with MultiTask."""
    found = estimates(tables, registry)
    start = tables["policies"].query("measure == 'perplexity' and of == 'start'")
    start = start.set_index(["base", "source"])["estimate"]
    for base in planted.bases:
        before = start[base, "harmless"]
        fall = before * (np.exp(-0.2) - 1)
        name = f"{base}, MORE: harmless perplexity minus that before"
        assert found[name] == pytest.approx(fall, abs=0.02 * before)
        gap = before * (np.exp(-0.2) - np.exp(-0.1))
        name = f"{base}: harmless perplexity of MORE minus MultiTask"
        assert found[name] == pytest.approx(gap, abs=0.02 * before)


def test_opposite_effects_are_refuted(opposite, registry):
    decided = decide(opposite, registry)
    # Whichever of two models chooses better, accuracy does not tell it.
    same = {DEFINED, "finding.ece_alignment.c3"}
    for claim in PLANTED - same:
        assert decided[claim].verdict == "not reproduced", decided[claim].reason


def test_without_effects_estimates_are_close_to_none(evidence, registry):
    mixed = mixtures(pairs=100, bases=2, orders=1, steps=2)
    told = rejection(mixed, skill=lambda rm: 0.5, asked=80)
    found = estimates(computed(mixed, told, evidence), registry)
    for name, value in found.items():
        if "share" in name and "deviation" not in name:
            assert value == pytest.approx(0.5, abs=0.1), name
        elif name.startswith("count"):
            assert value == 0
        elif "Spearman" not in name:  # ECE, perplexity, accuracy
            assert abs(value) < 0.05, name
        elif "policies" not in name:  # these are too few
            assert abs(value) < 0.2, name


def test_no_model_pair_apart_in_worth_leaves_open_that_accuracy_is_too_little(tables, registry):
    none = dict(tables, furthest=pd.DataFrame())
    decision = decide(none, registry)["finding.ece_alignment.c3"]
    assert decision.estimate == pytest.approx(0) and decision.verdict == "inconclusive"
    assert "In the most striking one" not in decision.reason
    found = decide(tables, registry)["finding.ece_alignment.c3"]
    assert f"the choice of {tables['furthest']['better'][0]} beats" in found.reason


def test_ties_of_verdicts_that_agree_break_the_judges_definition(tables, registry):
    broken = tables["ties"].assign(ties=tables["ties"]["ties"] + 0.01)
    decision = decide(dict(tables, ties=broken), registry)[DEFINED]
    assert decision.verdict == "not reproduced"
    assert decision.estimate == pytest.approx(0.01)


def test_another_form_of_the_ece_is_told_where_its_sign_differs(tables, present, registry):
    told = "the form that the printed ECEs point to"
    claims = ("table2.c1", "finding.ece_alignment.c2", "limitations.c3")
    assert not any(told in present[claim].reason for claim in claims)
    turned = {name: table.copy() for name, table in tables.items()}
    turned["reward_models"]["paper"] *= -1
    for name in ("policies", "preferences"):
        other = turned[name]["measure"] == "ece, paper's form"
        turned[name].loc[other, "estimate"] *= -1
    decided = decide(turned, registry)
    assert all(told in decided[claim].reason for claim in claims)


def test_every_base_stands_beside_its_counterpart_in_the_paper(planted, tables, registry):
    found = more_alignment.measure(tables, registry)
    for base, name in more_alignment.counterparts(planted.bases).items():
        printed = registry.printed("more.table2", name)
        gap = printed["MORE"]["ppl_helpful"] - printed["MultiTask"]["ppl_helpful"]
        ours = found[f"{base}: helpful perplexity of MORE minus MultiTask"]
        assert ours.paper == pytest.approx(gap)
        before = registry.printed("more.table2", "no RM (Alpaca)", "ppl_harmless")
        ours = found[f"{base}, MORE: harmless perplexity minus that before"]
        assert ours.paper == pytest.approx(printed["MORE"]["ppl_harmless"] - before)
        wins = found[f"{base}: share of wins of MORE among decided comparisons"]
        gpt4 = printed["gpt4"]
        assert wins.paper == pytest.approx(gpt4["win"] / (gpt4["win"] + gpt4["lose"]))


def test_notes_tell_other_judges_optimisers_and_controls(tables, registry):
    notes = more_alignment.notes(tables, registry)
    for optimiser in ("best-of-4", "best-of-16", "PPO"):
        assert optimiser in notes["more.limitations.c1"]
    assert "the oracle" in notes["more.table2.c2"] and "a reward model" in notes["more.table2.c2"]
    assert "after temperature scaling" in notes["more.finding.ece_alignment.c2"]
    row = tables["alternatives"].iloc[0]
    told = notes["more.finding.ece_alignment.c1"]
    assert f"wins in {row['agree']:.0f} of {row['pairs']:.0f} pairs" in told


@pytest.fixture(scope="module")
def smallest():
    """As small as the scale smoke."""
    mixed = mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=2)
    return mixed, rejection(mixed, asked=6, tested=4)


def test_the_smallest_size_gives_verdicts_and_the_same_bytes(smallest, evidence, registry):
    found, again = (computed(*smallest, evidence, resamples=20) for _ in range(2))
    assert set(decide(found, registry)) == CLAIMS
    for name, table in found.items():
        assert table.to_csv() == again[name].to_csv(), name


def test_a_world_without_differences_gives_verdicts(evidence, registry):
    """Equal margins everywhere: constant ranks, empty sets of decided pairs."""
    mixed = mixtures(pairs=8, bases=2, seeds=1, orders=1, steps=2)
    for name in mixed.rms["rm"]:
        mixed.margins[name] = mixed.margins[mixed.rms["rm"][0]]
    told = rejection(mixed, asked=4, tested=4)
    for name in told.best:
        told.best[name] = told.best.iloc[:, 0]
    decided = decide(computed(mixed, told, evidence, resamples=20), registry)
    found = decided["finding.ece_alignment.c2"]
    assert found.verdict == "inconclusive"
    assert "undefined at this size" in found.reason
