"""How often verdicts are wrong, and what they say. The rule itself: `test_planted_faults`."""

import numpy as np
import pytest
from scipy.stats import t

from proxyreward.findings.core.controls import Control
from proxyreward.findings.core.criterion import parse
from proxyreward.findings.core.quantity import Quantity, counted
from proxyreward.findings.core.registry import Claim, Entry, Registry
from proxyreward.findings.core.verdict import COLUMNS, decide, judge, verdict_of

GOOD, BAD, SAME, OPEN = "reproduced", "not reproduced", "no difference", "inconclusive"


def quantity(estimate, half, paper=np.nan):
    """A quantity over seven replicates with an interval of `half` to either side."""
    steps = np.arange(7) - 3.0
    error = steps.std(ddof=1) / np.sqrt(7)
    return Quantity(estimate + half * steps / error / t.ppf(0.975, 6), paper)


def decided(lines, quantities, controls=(), controlled=None, **said):
    claim = Claim("c", "s", "supported", finding="f", decide=parse(lines), **said)
    entry = Entry("e", "p", "table", "w", "t", "q", "m", {}, (claim,))
    [decision], comparisons = decide("f", quantities, Registry((entry,)), controls, controlled)
    return decision, comparisons


def control(line, *claims):
    return Control("k", "k", parse([line])[0].comparisons[0], "u", "t", claims)


FOUR = [f"{name} > 0 accuracy" for name in "abcd"]
M = 0.01  # what matters in accuracy
# Criterion, true means, and the verdicts that are wrong then.
TRUTHS = {
    "nothing, where all have to differ": (FOUR, [0, 1, 1, 1], {GOOD}),
    "the least, where all have to differ": (FOUR, [1e-9] * 4, {GOOD}),
    "hardly any, where all differ": (["* > 0"], [1e-9] * 4, {BAD}),
    "nothing, where one is enough": ([{"any": FOUR}], [0] * 4, {GOOD}),
    "one that differs": ([{"any": ["* > 0"]}], [1e-9, -1, -1, -1], {BAD}),
    "all as large as matters": (FOUR, [M] * 4, {BAD, SAME}),
    "one as large as matters": ([{"any": FOUR}], [M, 0, 0, 0], {BAD, SAME}),
    "one not near": (["* ~ 0 accuracy"], [M, 0, 0, 0], {GOOD}),
    "all near": (["* ~ 0 accuracy"], [M] * 4, {BAD}),
}


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize(("runs", "spread"), [(4, 0.003), (6, 0.02), (20, 0.01)])
def test_a_verdict_is_wrong_once_in_forty_times_at_most(truth, runs, spread):
    lines, means, wrong = TRUTHS[truth]
    criterion, rng, count = parse(lines), np.random.default_rng(runs), 300
    noise = rng.normal(scale=spread, size=(count, 4, runs))
    found = [
        verdict_of(judge(criterion, {n: Quantity(m + x) for n, m, x in zip("abcd", means, one)}))
        for one in noise
    ]
    allowed = 0.025 + 3 * np.sqrt(0.025 / count)
    assert np.mean([verdict in wrong for verdict in found]) < allowed


def test_the_row_shows_the_comparison_that_comes_closest_to_breaking_the_claim():
    found = {"a: x": quantity(2.0, 1.0, 0.3), "b: x": quantity(1.0, 0.9, 0.4)}
    decision, _ = decided(["*: x > 0"], found)
    assert decision.verdict == GOOD and decision.estimate == pytest.approx(1.0)
    assert (decision.n, decision.paper_value) == (7, 0.4)
    assert decision.low == pytest.approx(0.1)
    assert "B: x = 1 [0.1" in decision.reason and "Of 2 comparisons 2 hold." in decision.reason


@pytest.mark.parametrize(
    ("line", "far", "near"),
    [
        ("* > 0", (1.0, 0.1), (2.0, 1.9)),  # in lengths of its interval
        ("* < 0", (-2.0, 1.0), (-1.0, 0.9)),
        ("* ~ 0 correlation", (0.0, 0.01), (0.03, 0.01)),
        ("* ~ 0 correlation", (0.0, 0.01), (-0.03, 0.01)),
    ],
)
def test_closest_is_meant_in_lengths_of_the_interval_and_to_the_wrong_side(line, far, near):
    decision, _ = decided([line], {"a": quantity(*far), "b": quantity(*near)})
    assert decision.verdict == GOOD and decision.estimate == pytest.approx(near[0])


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


def test_a_positive_control_is_shown_and_missed():
    found = {"x": quantity(2.0, 1.0), "c": quantity(3.0, 1.0)}
    decision, comparisons = decided(["x > 0"], found, control=parse(["c > 0"]))
    assert decision.verdict == GOOD and comparisons["group"].tolist() == [-1, 1]
    assert decision.reason.endswith("Positive control: c = 3 [2, 4], asked > 0: holds.")
    decision, _ = decided(["x > 0"], found, control=parse(["d > 0"]))
    assert decision.verdict == "not testable here"
    assert decision.reason.endswith("The positive control is not measured at this scale.")


@pytest.mark.parametrize(
    ("effect", "expected"),
    [(3.0, GOOD), (0.5, OPEN), (-3.0, "not testable here"), (None, "not testable here")],
)
def test_a_claim_rests_on_the_controls_that_name_it(effect, expected):
    found = {"x": quantity(2.0, 1.0)}
    controlled = {} if effect is None else {"c": quantity(effect, 1.0)}
    shared = [control("c > 0", "c*"), control("d > 0", "another")]
    decision, comparisons = decided(["x > 0"], found, shared, controlled)
    assert decision.verdict == expected
    assert comparisons["group"].tolist() == ([1] if effect is None else [-1, 1])
    told = "The positive control is not measured" if effect is None else "Positive control: c = "
    assert told in decision.reason
    assert decided(["x > 0"], found, [control("c > 0", "another")])[0].verdict == GOOD


def test_the_reason_of_a_verdict_is_given_for_that_verdict_alone():
    why = {BAD: "It is small.", SAME: "It is nothing."}
    for estimate, told in ((-2.0, "It is small."), (2.0, "")):
        assert decided(["x > 0"], {"x": quantity(estimate, 1.0)}, why=why)[0].why == told
    near = decided(["x > 0 accuracy"], {"x": quantity(0.0, 0.001)}, why=why)[0]
    assert (near.verdict, near.why) == (SAME, "It is nothing.")


def test_what_decides_is_not_shown_beside_once_more_nor_twice():
    found = {"a: x": quantity(2.0, 1.0), "b: x": quantity(1.0, 0.9)}
    _, comparisons = decided(["a: x > 0"], found, beside=("*: x", "b: *"))
    assert comparisons[["group", "quantity"]].to_numpy().tolist() == [[1, "a: x"], [0, "b: x"]]


def test_what_stands_beside_a_claim_is_shown_and_does_not_decide():
    found = {"x": quantity(2.0, 1.0), "a: y": quantity(-3.0, 1.0, paper=0.2), "z": counted(1)}
    decision, comparisons = decided(["x > 0"], found, beside=("*: y",), note="As told.")
    assert decision.verdict == GOOD and decision.reason.endswith("holds. As told.")
    assert comparisons["outcome"].tolist() == ["holds", "beside"]
    beside = comparisons.iloc[1]
    assert (beside.quantity, beside.group, beside.paper) == ("a: y", 0, 0.2)
    assert (beside.low, beside.high) == pytest.approx((-4.0, -2.0)) and np.isnan(beside.threshold)
