"""What a row of the scorecard says, and the file. The rule itself: `test_planted_faults`."""

import json

import numpy as np
import pytest
from scipy.stats import t

from proxyreward.findings.core import scorecard
from proxyreward.findings.core.criterion import parse
from proxyreward.findings.core.quantity import Quantity, counted
from proxyreward.findings.core.registry import Claim, Entry, Registry
from proxyreward.findings.core.verdict import (
    COLUMNS,
    Decision,
    decide,
    write_scorecard,
)

GOOD, BAD, OPEN = "reproduced", "not reproduced", "inconclusive"


def quantity(estimate, half, paper=np.nan):
    """A quantity over seven replicates with an interval of `half` to either side."""
    steps = np.arange(7) - 3.0
    error = steps.std(ddof=1) / np.sqrt(7)
    return Quantity(estimate + half * steps / error / t.ppf(0.975, 6), paper)


def decided(lines, quantities, **said):
    claim = Claim("c", "s", "supported", finding="f", decide=parse(lines), **said)
    entry = Entry("e", "p", "table", "w", "t", "q", "m", {}, (claim,))
    [decision], comparisons = decide("f", quantities, Registry((entry,)))
    return decision, comparisons


def test_the_row_shows_the_comparison_that_comes_closest_to_breaking_the_claim():
    found = {"a: x": quantity(2.0, 1.0, 0.3), "b: x": quantity(1.0, 0.9, 0.4)}
    decision, _ = decided(["*: x > 0"], found)
    assert decision.verdict == GOOD and decision.estimate == pytest.approx(1.0)
    assert (decision.n, decision.paper_value) == (7, 0.4)
    assert decision.low == pytest.approx(0.1)
    assert "B: x = 1 [0.1" in decision.reason and "Of 2 comparisons 2 hold." in decision.reason


def test_the_row_shows_the_primary_contrast_where_there_is_one():
    found = {"a: x": quantity(2.0, 1.0), "b: x": quantity(1.0, 0.9)}
    assert decided(["*: x > 0"], found, primary="a: x")[0].estimate == pytest.approx(2.0)


def test_of_a_group_the_row_shows_the_part_that_is_enough():
    found = {"x": quantity(2.0, 1.0), "y": quantity(-2.0, 1.0)}
    decision, _ = decided([{"any": ["x > 0", "y > 0"]}], found)
    assert decision.verdict == GOOD and decision.estimate == pytest.approx(2.0)
    assert "Of 2 comparisons 1 holds, 1 fails." in decision.reason


def test_a_counted_quantity_has_no_interval():
    decision, _ = decided(["x <= 0"], {"x": counted(0)})
    assert decision.verdict == GOOD and np.isnan([decision.low, decision.high]).all()
    assert decision.reason == "X = 0, asked ≤ 0: holds."


def test_what_is_undefined_is_said():
    decision, _ = decided(["x > 0"], {"x": quantity(np.nan, 1.0)})
    assert decision.verdict == OPEN and decision.reason == "X is undefined at this size."


def test_what_is_not_measured_is_said_with_the_findings_own_reason():
    decision, comparisons = decided(["x > 0"], {})
    assert decision.verdict == "not testable here" and decision.n == 0 and comparisons.empty
    assert decision.reason == "What it compares is not measured at this scale."
    assert decided(["x > 0"], {}, note="No policy was trained.")[0].reason.startswith("No policy")
    partly, _ = decided(["x > 0", "y > 0"], {"x": quantity(2.0, 1.0)})
    assert "A part is not measured at this scale." in partly.reason


def test_every_comparison_has_a_row_with_the_levels_that_follow_from_its_place():
    found = {name: quantity(2.0, 1.0) for name in "xyz"}
    _, comparisons = decided(["x > 0 accuracy", {"any": ["y > 1.5", "z < 0"]}], found)
    assert comparisons.columns.tolist() == COLUMNS
    assert comparisons["group"].tolist() == [1, 2, 2]
    assert comparisons["confirm"].tolist() == [0.95, 0.975, 0.975]
    assert comparisons["refute"].tolist() == [0.975] * 3
    assert comparisons["margin"].tolist()[0] == 0.01 and comparisons["margin"].isna().sum() == 2
    assert comparisons["outcome"].tolist() == ["holds", "open", "fails"]


def test_what_stands_beside_a_claim_is_shown_and_does_not_decide():
    found = {"x": quantity(2.0, 1.0), "a: y": quantity(-3.0, 1.0, paper=0.2), "z": counted(1)}
    decision, comparisons = decided(["x > 0"], found, beside=("*: y",), note="As told.")
    assert decision.verdict == GOOD and decision.reason.endswith("holds. As told.")
    assert comparisons["outcome"].tolist() == ["holds", "beside"]
    beside = comparisons.iloc[1]
    assert (beside.quantity, beside.group, beside.paper) == ("a: y", 0, 0.2)
    assert (beside.low, beside.high) == pytest.approx((-4.0, -2.0)) and np.isnan(beside.threshold)


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
        "low": None,
        "high": None,
        "n": 3,
        "paper_value": None,
        "reason": "because",
    }


def test_equal_decisions_give_equal_bytes_in_any_order(tmp_path, registry):
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    write_scorecard(first, [row("rethinking.fig3.c1"), row("rethinking.fig1.c1")], registry)
    write_scorecard(second, [row("rethinking.fig1.c1"), row("rethinking.fig3.c1")], registry)
    assert first.read_bytes() == second.read_bytes()
    assert scorecard.read(first)[0]["low"] is None


def test_unknown_and_repeated_claims_are_refused(tmp_path, registry):
    with pytest.raises(ValueError, match="did you mean 'rethinking.fig1.c1'"):
        write_scorecard(tmp_path / "s.json", [row("rethinking.fig1.c9")], registry)
    with pytest.raises(ValueError, match="decided more than once"):
        write_scorecard(tmp_path / "s.json", [row("rethinking.fig1.c1")] * 2, registry)
