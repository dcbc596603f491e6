"""The rule for verdicts on intervals that lie where a wrong level, sign or margin would show.

Every check is run on the rule as it is, and must pass; then on the rule with one fault planted in
its source, and some check must fail.
"""

import dataclasses
import sys
import types
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from proxyreward.findings.core import criterion, quantity, verdict
from proxyreward.findings.core.quantity import Quantity, counted
from proxyreward.findings.core.registry import Claim


def normal(estimate, sd=1.0, runs=1000):
    """A quantity over so many replicates that its interval of level 1 - 2p is estimate ± sd z."""
    steps = norm.ppf((np.arange(runs) + 0.5) / runs)
    return estimate + sd * np.sqrt(runs) * steps / steps.std(ddof=1)


def few(estimate):
    """Four replicates with standard error 1: the interval of level 0.95 is estimate ± 3.18."""
    return normal(estimate, runs=4)


ALL, ANY = ["a > 0", "b > 0"], [{"any": ["a > 0", "b > 0"]}]
NEAR, SMALL = ["a ~ 0 accuracy"], [{"any": ["a > 0 accuracy", "b > 0 accuracy"]}]
BOTH = [{"any": ["a > 0", "b > 0"]}, "c > 0"]
TWO = ("x: a", "y: a")
STEPS = {2.0: "reproduced", 1.9: "inconclusive", -1.9: "inconclusive", -2.0: "not reproduced"}
# Criterion, what is known of each quantity (its estimate, of sd 1 or with an sd; or its values) and
# the verdict. z is 1.96 at level 0.95 and 2.24 at level 1 - 0.05 / 2.
CASES = [
    *[(["a > 0"], {"a": away}, expected) for away, expected in STEPS.items()],
    *[(["a < 0"], {"a": -away}, expected) for away, expected in STEPS.items()],
    *[(["a <= 0"], {"a": -away}, expected) for away, expected in STEPS.items()],
    *[(["a >= 0"], {"a": away}, expected) for away, expected in STEPS.items()],
    (["a > 5"], {"a": 6.0}, "inconclusive"),
    # A threshold that is reached exactly.
    (["a > 0"], {"a": counted(0)}, "not reproduced"),
    (["a < 0"], {"a": counted(0)}, "not reproduced"),
    (["a <= 0"], {"a": counted(0)}, "reproduced"),
    (["a >= 0"], {"a": counted(0)}, "reproduced"),
    # All of two: each by itself to hold, the worse one with a correction to fail.
    (ALL, {"a": 2.0, "b": 2.0}, "reproduced"),
    (ALL, {"a": 5.0, "b": -2.1}, "inconclusive"),
    (ALL, {"a": 5.0, "b": -2.3}, "not reproduced"),
    (["*: a > 0"], {"x: a": 5.0, "y: a": -2.1}, "inconclusive"),
    (["*: a > 0"], {"x: a": 2.0, "y: a": 2.0}, "reproduced"),
    # One of two: the other way round.
    (ANY, {"a": 2.1, "b": -5.0}, "inconclusive"),
    (ANY, {"a": 2.3, "b": -5.0}, "reproduced"),
    (ANY, {"a": -2.0, "b": -2.0}, "not reproduced"),
    (ANY, {"a": -2.0, "b": -1.9}, "inconclusive"),
    ([{"any": ["*: a > 0"]}], {"x: a": 2.1, "y: a": -5.0}, "inconclusive"),
    (BOTH, {"a": 2.3, "b": 0.0, "c": 2.0}, "reproduced"),
    (BOTH, {"a": -2.1, "b": -2.1, "c": 2.0}, "inconclusive"),
    (BOTH, {"a": -2.3, "b": -2.3, "c": 2.0}, "not reproduced"),
    # What matters: a point of accuracy.
    (["a > 0 accuracy"], {"a": (0.005, 0.001)}, "no difference"),
    (["a > 0 accuracy"], {"a": (-0.005, 0.001)}, "no difference"),
    (["a > 0 accuracy"], {"a": (0.0, 0.006)}, "inconclusive"),
    (["a > 0 accuracy"], {"a": (0.02, 0.001)}, "reproduced"),
    (["a > 0"], {"a": (0.005, 0.001)}, "reproduced"),
    # Between the two levels it is neither a difference nor surely none, if it is not below.
    (["a > 0 accuracy"], {"a": (0.005, 0.0024)}, "no difference"),
    (["*: a > 0 accuracy"], dict.fromkeys(TWO, (0.005, 0.0024)), "inconclusive"),
    (["*: a > 0 accuracy"], dict.fromkeys(TWO, (-0.006, 0.0019)), "not reproduced"),
    # Of one of two, each has to show none at the usual level.
    (SMALL, {"a": (0.005, 0.0024), "b": (0.0, 0.0049)}, "no difference"),
    (SMALL, {"a": (0.005, 0.0027), "b": (0.0, 0.0049)}, "inconclusive"),
    (SMALL, {"a": (0.007, 0.0014), "b": (0.0, 0.0049)}, "no difference"),
    (NEAR, {"a": (0.0, 0.004)}, "reproduced"),
    (NEAR, {"a": (0.0, 0.006)}, "inconclusive"),
    (NEAR, {"a": (0.012, 0.002)}, "inconclusive"),
    (NEAR, {"a": (0.03, 0.004)}, "not reproduced"),
    (NEAR, {"a": (-0.03, 0.004)}, "not reproduced"),
    # No worse, by more than matters.
    (["a >= 0 accuracy"], {"a": (-0.005, 0.002)}, "reproduced"),
    (["a >= 0 accuracy"], {"a": (0.0, 0.001)}, "reproduced"),
    (["a >= 0 accuracy"], {"a": (-0.009, 0.001)}, "inconclusive"),
    (["a >= 0 accuracy"], {"a": (-0.011, 0.001)}, "inconclusive"),
    (["a >= 0 accuracy"], {"a": (-0.013, 0.001)}, "not reproduced"),
    (["*: a >= 0 accuracy"], dict.fromkeys(TWO, (-0.0121, 0.001)), "inconclusive"),
    (["a <= 0 accuracy"], {"a": (0.005, 0.002)}, "reproduced"),
    (["a <= 0 accuracy"], {"a": (0.009, 0.001)}, "inconclusive"),
    (["a <= 0 accuracy"], {"a": (0.011, 0.001)}, "inconclusive"),
    (["a <= 0 accuracy"], {"a": (0.013, 0.001)}, "not reproduced"),
    (["a ~ 1 accuracy"], {"a": (1.0, 0.004)}, "reproduced"),
    ([*NEAR, "b > 0"], {"a": (0.0, 0.0049), "b": 9.0}, "reproduced"),
    (["a > 0 accuracy", "b > 0"], {"a": (0.0, 0.0049), "b": 9.0}, "inconclusive"),
    (["a > 0 accuracy", "b > 0"], {"a": (0.0, 0.001), "b": -9.0}, "not reproduced"),
    (["a > 0 accuracy", "b > 0"], {"a": (0.0, 0.001), "b": 0.0}, "not reproduced"),
    (["a > 0 accuracy", "b > 0"], {"a": (0.0, 0.001), "b": 9.0}, "not reproduced"),
    (["*: a > 0 accuracy"], dict.fromkeys(TWO, (0.0, 0.001)), "no difference"),
    # Few replicates, and such as agree to the last digit.
    (["a > 0"], {"a": few(3.1)}, "inconclusive"),
    (["a > 0"], {"a": few(3.3)}, "reproduced"),
    (["a > 0"], {"a": np.full(5, 1.0)}, "inconclusive"),
    (["a > 0"], {"a": np.full(6, 1.0)}, "reproduced"),
    (["a > 0", "b > 0"], {"a": np.full(6, -1.0), "b": 5.0}, "inconclusive"),
    (["a > 0", "b > 0"], {"a": np.full(7, -1.0), "b": 5.0}, "not reproduced"),
    (ALL, {"a": np.full(6, 1.0), "b": 5.0}, "reproduced"),
    (["*: a > 0"], {f"{i}: a": np.full(20, -1.0) for i in range(99)}, "not reproduced"),
    (["a > 0"], {"a": np.array([1.0])}, "inconclusive"),
    (["a > 0"], {"a": np.array([1.0, 1.1, 1.0, np.inf])}, "inconclusive"),
    # Nothing, as floating point leaves it.
    (["a > 0 accuracy"], {"a": np.array([0, 1e-17, 0, -1e-17])}, "inconclusive"),
    (["a > 0"], {"a": np.array([0, 1e-17, 0, 1e-17, 0, 0])}, "not reproduced"),
    (["a <= 0"], {"a": Quantity(np.array([0.0, 1.0]), is_counted=True)}, "inconclusive"),
    # What is undefined or not measured.
    (["a > 0"], {"a": np.nan}, "inconclusive"),
    (["a > 0"], {}, "not testable here"),
    (ALL, {"a": 5.0}, "not testable here"),
    (ALL, {"a": -5.0}, "not reproduced"),
]
# Estimates of a positive control, and what they make of a claim that would be decided without it.
CONTROLS = {9.0: None, 0.0: "inconclusive", -9.0: "not testable here"}
KINDS = ("definition", "by construction")


def check(rule, kind_of_quantity=Quantity):
    """Assert every case under a module that holds the rule."""

    def made(value):
        if not isinstance(value, (Quantity, np.ndarray)):
            value = normal(*np.atleast_1d(value))
        given = value if isinstance(value, Quantity) else Quantity(value)
        return kind_of_quantity(given.values, given.paper, given.is_counted)

    for lines, quantities, expected in CASES:
        claim = Claim("c", "s", "supported", decide=criterion.parse(lines))
        found = {name: made(value) for name, value in quantities.items()}
        assert rule.verdict_of(rule.judge(claim.decide, found)) == expected, (lines, expected)
    for kind in KINDS:
        claim = Claim("c", "s", "supported", decide=criterion.parse(["a > 0"]), kind=kind)
        assert rule.verdict_of(rule.judge(claim.decide, {"a": made(counted(1))}), kind) == kind
        fails = rule.judge(claim.decide, {"a": made(counted(-1))})
        assert rule.verdict_of(fails, kind) == "not reproduced"
    for least, expected in ((0.75, "reproduced"), (0.76, "not reproduced")):
        often = dataclasses.replace(criterion.parse(["a > 0"])[0].comparisons[0], least=least)
        found = {"a": made(np.array([-1.0, *np.linspace(9, 10, 3)] * 5))}
        assert rule.verdict_of(rule.judge([criterion.Group((often,))], found)) == expected
    for (works, standing), lines in product(CONTROLS.items(), (["a > 0"], ["a < 0"])):
        control, groups = (
            rule.judge(criterion.parse(part), {"a": made(9.0), "c": made(works)})
            for part in (["c > 0"], lines)
        )
        expected = standing or {"a > 0": "reproduced", "a < 0": "not reproduced"}[lines[0]]
        assert rule.verdict_of(groups, control=control) == expected, (works, lines)


FAULTS = [
    ("1 - (1 - LEVEL) / max(count, 1)", "LEVEL"),
    ("1 - (1 - LEVEL) / max(count, 1)", "1 - (1 - LEVEL) * max(count, 1)"),
    ("_corrected(len(group)), refute)", "refute, _corrected(len(group)))"),
    ("_corrected(len(group)), refute)", "refute, refute)"),
    ("refute = _corrected(len(groups))", "refute = LEVEL"),
    ("confirm.low > threshold, refute", "confirm.low >= threshold, refute"),
    ("confirm.low > threshold, refute", "confirm.estimate > threshold, refute"),
    ("refute.high <= threshold", "refute.low <= threshold"),
    ("confirm.high < threshold, refute", "confirm.high <= threshold, refute"),
    ("confirm.high <= most, refute", "confirm.high < most, refute"),
    ("confirm.low >= least, refute", "confirm.low > least, refute"),
    ("confirm.low >= least, refute", "confirm.low >= threshold, refute"),
    ("confirm.high <= most, refute", "confirm.high <= threshold, refute"),
    ("confirm.low >= least, refute", "confirm.high >= least, refute"),
    ("least, refute.high < least", "least, refute.high < threshold"),
    ("least, refute.high < least", "least, confirm.high < least"),
    ("most, refute.low > most", "most, refute.low > threshold"),
    ("most, refute.low > most", "most, refute.high > most"),
    ("confirm.high < threshold, refute", "confirm.low < threshold, refute"),
    ("refute.low >= threshold", "refute.high >= threshold"),
    ("confirm.high <= most, refute", "confirm.low <= most, refute"),
    ("margin is not None and (", "False and ("),
    ("strict and self._small(refute)", "strict and self._small(confirm)"),
    ("strict and self._small(refute)", "self._small(refute)"),
    ("not (strict and self._small(confirm))", "True"),
    ('strict = sign in (">", "<")', 'strict = sign != "~"'),
    ("right, wrong = self._small(confirm),", "right, wrong = self._small(refute),"),
    ("refute.low > most or", "refute.low > threshold or"),
    ("or refute.high < least", ""),
    ("threshold - margin <= found.low and", ""),
    ("sign, threshold = self.comparison.sign, self.comparison.threshold",
     "sign, threshold = self.comparison.sign, 0.0"),
    ('found & {"fails", "no difference"}', 'found & {"no difference"}'),
    ('found & {"fails", "no difference"}', 'found & {"fails"}'),
    ('found == {"no difference"}', 'found & {"no difference"}'),
    ('if "" in found:', 'if found == {""}:'),
    ('return "holds" if found else ""', 'return "holds"'),
    ('if not found or "holds" in found', 'if not found or found == {"holds"}'),
    ('works - {"holds", "open"}', 'works - {"holds", "open", "fails"}'),
    ('if "open" in works', "if False"),
    ("group.one_is_enough or not found", "not found"),
    ('return kind if kind in BY_CODE else "reproduced"', 'return "reproduced"'),
    ("not self.comparison.least or self._often_enough", "True"),
    ("self.right >= round(", "self.right > round("),
    ("_often_enough else \"fails\"", "_often_enough else \"open\""),
]  # fmt: skip


FAULTS_OF_INTERVALS = [
    ("LEVEL = 0.95", "LEVEL = 0.9"),
    ("LEVEL = 0.95", "LEVEL = 0.975"),
    ("(1 + level) / 2", "level"),
    ("stdtrit(several, (1 + level) / 2)", "1.96"),
    ("np.where(n > 1, n - 1, np.nan)", "np.where(n > 0, n, np.nan)"),
    ("/ several / some", "/ several"),
    ("2.0 ** (1 - n)", "2.0 ** (-n)"),
    ("<= 1 - level", "<= 0.05"),
    ("half = np.where(agree,", "half = np.where(False,"),
    ("known = ~np.isnan(values)", "known = np.isfinite(values)"),
    ("* abs(mean) + NOISE", "* abs(mean)"),
    ("agree & (abs(mean) <= NOISE)", "False"),
    ("if self.is_counted and", "if False and"),
]  # fmt: skip
ALL_FAULTS = [(verdict, *fault) for fault in FAULTS]
ALL_FAULTS += [(quantity, *fault) for fault in FAULTS_OF_INTERVALS]


def test_the_rule_decides_every_case():
    check(verdict)


@pytest.mark.parametrize(("module", "right", "wrong"), ALL_FAULTS)
def test_a_planted_fault_is_found(module, right, wrong, monkeypatch):
    faulty = {}
    for one in (quantity, verdict):
        source = Path(one.__file__).read_text(encoding="utf-8")
        if one is module:
            assert right in source, "the fault no longer fits the source"
            source = source.replace(right, wrong)
        source = source.replace("from proxyreward.findings.core.quantity", "from faulty_quantity")
        name = f"faulty_{one.__name__.rpartition('.')[2]}"
        faulty[one] = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, faulty[one])
        exec(compile(source, name, "exec"), faulty[one].__dict__)
    with pytest.raises(AssertionError):
        check(faulty[verdict], faulty[quantity].Quantity)
