"""Verdicts with planted effects, with none, and at the smallest size."""

from zlib import crc32

import numpy as np
import pytest
from tests.findings.mixtures import EFFECTS, Effect, by_scheme, calibrated, mixtures
from tests.findings.rejections import rejection

from proxyreward.findings.more import more_alignment
from proxyreward.findings.more.more_alignment.reader import DPO
from proxyreward.vocabulary import MORE, MULTITASK

CLAIMS = {
    "table2.c1", "table2.c2", "table2.c3", "table2.c4", "table2.c5",
    "finding.ece_alignment.c1", "finding.ece_alignment.c2", "finding.ece_alignment.c3",
    "appendix.judge.c1", "limitations.c1", "limitations.c2", "limitations.c3",
}  # fmt: skip
PLANTED = CLAIMS - {"limitations.c1"}  # too few policies for a correlation


def computed(mixed, told, evidence, resamples=200):
    rng = np.random.default_rng(0)
    return more_alignment.compute(mixed, told, evidence, resamples=resamples, rng=rng)


def decided_from(tables, registry):
    decisions = more_alignment.decide(tables, registry=registry)
    return {decision.claim_id.removeprefix("more."): decision for decision in decisions}


def decide(mixed, told, evidence, registry, resamples=200):
    return decided_from(computed(mixed, told, evidence, resamples), registry)


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
    return decided_from(tables, registry)


@pytest.fixture(scope="module")
def opposite(evidence, registry):
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
    return decide(mixed, told, evidence, registry)


def test_each_claim_gets_one_row(present):
    assert set(present) == CLAIMS


def test_planted_effects_are_reproduced(present):
    for claim in PLANTED:
        assert present[claim].verdict == "reproduced", present[claim].reason


def test_opposite_effects_are_refuted(opposite):
    same = {"appendix.judge.c1", "finding.ece_alignment.c1", "finding.ece_alignment.c3"}
    for claim in PLANTED - same:
        assert opposite[claim].verdict == "not reproduced", opposite[claim].reason
    assert opposite["finding.ece_alignment.c1"].verdict != "reproduced"


def test_without_effects_nothing_is_reproduced(evidence, registry):
    mixed = mixtures(pairs=100, bases=2, orders=1, steps=2)
    told = rejection(mixed, skill=lambda rm: 0.5, asked=80)
    decided = decide(mixed, told, evidence, registry, resamples=100)
    for claim in CLAIMS - {"appendix.judge.c1", "limitations.c1"}:
        assert decided[claim].verdict != "reproduced", decided[claim].reason


def test_another_form_of_the_ece_is_told_where_its_sign_differs(tables, registry):
    told = "the form that the printed ECEs point to"
    claims = ("table2.c1", "finding.ece_alignment.c2", "limitations.c3")
    decided = decided_from(tables, registry)
    assert not any(told in decided[claim].reason for claim in claims)
    turned = {name: table.copy() for name, table in tables.items()}
    turned["reward_models"]["paper"] *= -1
    for name in ("policies", "preferences"):
        other = turned[name]["measure"] == "ece, paper's form"
        turned[name].loc[other, "estimate"] *= -1
    decided = decided_from(turned, registry)
    assert all(told in decided[claim].reason for claim in claims)


def test_rows_show_the_papers_values(present, registry):
    printed = registry.printed("more.table2", "Pythia-1.4B")
    gap = printed["MORE"]["ppl_helpful"] - printed["MultiTask"]["ppl_helpful"]
    assert present["table2.c3"].paper_value == pytest.approx(gap)
    gpt4 = printed["gpt4"]
    rate = gpt4["win"] / (gpt4["win"] + gpt4["lose"])
    assert present["table2.c2"].paper_value == pytest.approx(rate)


def test_every_base_and_every_other_optimiser_is_named(present, planted):
    for base in planted.bases:
        assert base in present["table2.c1"].reason
    for optimiser in ("best-of-4", "best-of-16", "PPO"):
        assert optimiser in present["limitations.c1"].reason


@pytest.fixture(scope="module")
def smallest():
    """As small as the scale smoke."""
    mixed = mixtures(pairs=30, bases=2, seeds=1, orders=1, steps=2)
    return mixed, rejection(mixed, asked=6, tested=4)


def test_the_smallest_size_gives_verdicts_and_the_same_bytes(smallest, evidence, registry):
    found, again = (computed(*smallest, evidence, resamples=20) for _ in range(2))
    assert set(decided_from(found, registry)) == CLAIMS
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
    decided = decide(mixed, told, evidence, registry, resamples=20)
    found = decided["finding.ece_alignment.c2"]
    assert found.verdict == "inconclusive"
    assert "undefined at this size" in found.reason
