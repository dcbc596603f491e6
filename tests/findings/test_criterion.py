"""Criteria as data: how a line is read, and that no comparison changes unnoticed."""

import csv

import pytest

from proxyreward.findings.core import left_out
from proxyreward.findings.core.criterion import Comparison, parse, units, words
from proxyreward.findings.core.registry import load_registry
from proxyreward.findings.core.replicates import quantities

PINNED = "tests/findings/comparisons.csv"


def test_a_line_is_a_name_a_sign_a_threshold_and_a_unit():
    [group] = parse(["Best-of-n: Spearman of x > -0.5 correlation"])
    [comparison] = group.comparisons
    assert comparison == Comparison("Best-of-n: Spearman of x", ">", -0.5, "correlation")
    assert comparison.margin == units()["correlation"]["margin"]


def test_a_name_may_hold_signs_of_its_own():
    [group] = parse(["count of |a - b| < 3 > 2"])
    assert group.comparisons == (Comparison("count of |a - b| < 3", ">", 2.0),)


def test_a_star_stands_for_any_text_and_for_nothing_else():
    comparison = Comparison("*: gap (a.b)", ">", 0)
    names = ["one: gap (a.b)", ": gap (a.b)", "two: gap (axb)", "two: gap (a.b), more"]
    assert comparison.matching(names) == ["one: gap (a.b)"]


def test_the_wording_says_everything():
    groups = parse(["a < 1", {"any": ["b of * > 0", "c ~ 0 accuracy"]}, "d >= 2 accuracy"])
    told = "a < 1; one of: b of each > 0 or c within 0.01 of 0; d ≥ 2 (or worse by less than 0.01)"
    assert words(groups) == told


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("a > 0", "must be a list"),
        ([], "must be a list"),
        ([3], "neither a comparison nor"),
        ([{"all": ["a > 0"]}], "neither a comparison nor"),
        (["a = 0"], "no comparison"),
        (["a > much"], "no comparison"),
        (["a > 0 furlong"], "unit 'furlong' is none of"),
        (["a ~ 0"], "what is near needs a unit"),
    ],
)
def test_what_is_no_criterion_is_refused(lines, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse(lines)


def test_every_margin_is_a_size_and_has_a_reason():
    for name, unit in units().items():
        assert set(unit) == {"margin", "reason"} and unit["margin"] > 0 and unit["reason"], name


def compared(claim):
    """Number of the group, all or any, and comparison; groups of the positive control are < 0."""
    groups = [(-number, group) for number, group in enumerate(claim.control, start=1)]
    groups += list(enumerate(claim.decide, start=1))
    return [
        (number, "any" if group.one_is_enough else "all", comparison)
        for number, group in groups
        for comparison in group.comparisons
    ]


def test_the_comparisons_of_all_claims_are_those_that_are_pinned(registry, root):
    """Whoever changes a threshold, a sign or a margin has to change this list with it."""
    found = [
        (claim.id, claim.kind, str(number), group, line.name, line.sign, f"{line.threshold:g}",
         "" if line.margin is None else f"{line.margin:g}")
        for claim in registry.claims() for number, group, line in compared(claim)
    ]  # fmt: skip
    with (root / PINNED).open(encoding="utf-8", newline="") as stream:
        pinned = [tuple(row) for row in csv.reader(stream)]
    assert found == pinned[1:]


# What the default scale lacks: a base between the two, reworded prompts.
LACKING = ("more.table6.c1", "more.table6.c2", "elephant.finding.goodhart.c2")
FINDINGS = sorted({claim.finding for claim in load_registry().claims() if claim.finding})


@pytest.mark.parametrize("finding", FINDINGS)
def test_claims_speak_of_all_that_a_finding_measures_and_of_nothing_else(finding, registry, root):
    """By the results of the default scale, or of published data, which come with the project."""
    results, spoken = root / "results", set()
    if finding in left_out.PUBLISHED:
        measured = left_out.published(results, finding)
    else:
        measured = quantities(results / "tiny" / finding)
    for claim in registry.measured_by(finding):
        lines = [line for *_, line in compared(claim)]
        for line in (*lines, *(Comparison(name, ">", 0) for name in claim.beside)):
            names = line.matching(measured)
            assert names or claim.id in LACKING, f"{claim.id}: {line.name}"
            spoken |= set(names)
    assert spoken == set(measured)
