import json

import numpy as np
import pytest

from proxyreward.findings.core.verdict import (
    Decision,
    Part,
    conjunction,
    decide_claim,
    estimated,
    exact,
    invariant,
    one_of,
    read_scorecard,
    write_scorecard,
)
from proxyreward.metrics.resampling import Interval

GOOD, BAD, OPEN = "reproduced", "not reproduced", "inconclusive"


@pytest.mark.parametrize(
    ("low", "high", "direction", "expected"),
    [
        (0.1, 0.5, "above", GOOD),
        (-0.5, -0.1, "above", BAD),
        (-0.1, 0.1, "above", OPEN),
        (-0.1, 0.0, "above", BAD),
        (0.0, 0.1, "above", OPEN),
        (-0.5, -0.1, "below", GOOD),
        (0.0, 0.1, "below", BAD),
        (-0.1, 0.0, "below", OPEN),
        (-0.1, 0.0, "within", GOOD),
        (np.nan, np.nan, "above", OPEN),
    ],
)
def test_the_whole_interval_decides(low, high, direction, expected):
    assert Part("x", (low + high) / 2, low, high, direction, 0.0).verdict == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([GOOD, GOOD], GOOD),
        ([GOOD, OPEN], OPEN),
        ([GOOD, None], OPEN),
        ([BAD, OPEN, None], BAD),
        ([], OPEN),
    ],
)
def test_a_conjunction_needs_every_part(parts, expected):
    assert conjunction(parts) == expected


def test_an_invariant_allows_its_tolerance():
    assert invariant("x", 0, 0).verdict == GOOD
    assert invariant("x", 2e-5, 1e-5).verdict == BAD
    assert invariant("x", np.nan, 1e-5).verdict == OPEN


def test_a_missing_part_can_be_refuted_but_not_reproduced():
    holds = decide_claim("c", [exact("x", 1, "above", 0)], 3, missing="PPO")
    fails = decide_claim("c", [exact("x", -1, "above", 0)], 3, missing="PPO")
    assert (holds.verdict, fails.verdict) == (OPEN, BAD)
    assert "holds so far; PPO is not run yet" in holds.reason
    assert "PPO" not in fails.reason


def test_the_reason_names_every_part():
    parts = [estimated("tau", Interval(0.5, 0.2, 0.7), "above", 0.0), exact("k", 0, "above", 0)]
    decision = decide_claim("c", parts, 3, scope="Best-of-n")
    assert decision.reason == "Best-of-n: tau 0.5 [0.2, 0.7] > 0: holds; k 0 > 0: fails."
    assert (decision.estimate, decision.ci_low, decision.ci_high) == (0.5, 0.2, 0.7)


def test_a_counted_quantity_has_no_interval():
    decision = decide_claim("c", [invariant("x", 0, 0)], 3)
    assert decision.verdict == GOOD and np.isnan([decision.ci_low, decision.ci_high]).all()


def test_the_shown_part_fills_the_row():
    parts = [exact("a", 1, "above", 0), exact("b", 2, "above", 0)]
    assert decide_claim("c", parts, 3, shown=parts[1], paper_value=1.5).estimate == 2


def test_a_decision_needs_a_known_verdict_and_a_reason():
    with pytest.raises(ValueError, match="none of"):
        Decision("c", "maybe", 0, 0, 0, 1, 0, "because")
    with pytest.raises(ValueError, match="needs a reason"):
        Decision("c", GOOD, 0, 0, 0, 1, 0, "")


def row(claim_id, estimate=1 / 3):
    return Decision(claim_id, GOOD, estimate, np.nan, np.inf, 3, np.nan, "because")


def test_the_file_is_sorted_plain_json_with_the_fields_of_the_scorecard(tmp_path, registry):
    path = tmp_path / "scorecard.json"
    write_scorecard(path, [row("rethinking.fig3.c1"), row("rethinking.fig1.c1")], registry)
    first, second = json.loads(path.read_text(encoding="utf-8"))
    assert (first["claim_id"], second["claim_id"]) == ("rethinking.fig1.c1", "rethinking.fig3.c1")
    assert first == {
        "claim_id": "rethinking.fig1.c1",
        "verdict": GOOD,
        "estimate": 0.333333,
        "ci_low": None,
        "ci_high": None,
        "n": 3,
        "paper_value": None,
        "reason": "because",
    }


def test_equal_decisions_give_equal_bytes_through_a_round_trip(tmp_path, registry):
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    write_scorecard(first, [row("rethinking.fig3.c1"), row("rethinking.fig1.c1")], registry)
    write_scorecard(second, reversed(read_scorecard(first)), registry)
    assert first.read_bytes() == second.read_bytes()
    assert np.isnan(read_scorecard(first)[0].ci_low)


def test_unknown_and_repeated_claims_are_refused(tmp_path, registry):
    with pytest.raises(ValueError, match="did you mean 'rethinking.fig1.c1'"):
        write_scorecard(tmp_path / "s.json", [row("rethinking.fig1.c9")], registry)
    with pytest.raises(ValueError, match="decided more than once"):
        write_scorecard(tmp_path / "s.json", [row("rethinking.fig1.c1")] * 2, registry)


def test_one_part_that_holds_is_enough_and_all_must_fail_to_refute():
    holds, clearer = (Part("", low + 0.1, low, 1, "above", 0) for low in (0.1, 0.3))
    fails, opposite = Part("", -1, -2, -0.5, "above", 0), Part("", 1, 0.5, 2, "below", 0)
    undecided, undefined = Part("", 0, -1, 1, "above", 0), Part("", *[np.nan] * 3, "above", 0)
    assert one_of([fails, holds, clearer, undecided]) is clearer
    assert one_of([undefined, fails, undecided]) is undecided
    assert one_of([opposite, fails]).verdict == "not reproduced"
    assert one_of([undefined, fails]) is undefined
