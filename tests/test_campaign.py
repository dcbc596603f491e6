"""The attack campaigns in short: damaged files, odd command lines and odd inputs of metrics."""

import warnings

import pytest
from benchmarks.campaign import commands, files, metrics
from benchmarks.campaign.common import Fault, attack

SHORT = {"files": (files, 300), "commands": (commands, 200), "metrics": (metrics, 600)}


@pytest.mark.parametrize("name", SHORT)
def test_no_input_ends_in_an_uncaught_error_or_in_silence(name, tmp_path):
    campaign, count = SHORT[name]
    tally = attack(campaign.prepare(tmp_path), count, seed=0)
    assert tally.outcomes.total() == count and not tally.faults, f"\n{tally}"


def test_a_case_depends_on_its_seed_and_number_alone():
    def attempt(random, notes):
        return str(random.random())

    whole, part = (attack(attempt, count, seed=3, first=first) for count, first in ((5, 0), (2, 3)))
    assert set(part.outcomes) < set(whole.outcomes)


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (KeyError("\x1b[31m"), "KeyError at "),
        (Fault("too long: 3"), "too long"),
        (SystemExit(1), "SystemExit at "),
        (RuntimeWarning("overflow"), "RuntimeWarning at "),
    ],
)
def test_errors_faults_and_warnings_are_told_by_kind(act, kind):
    def attempt(random, notes):
        notes.append("plums")
        if isinstance(act, Warning):
            warnings.warn(act, stacklevel=1)
            return "fine"
        raise act

    tally = attack(attempt, 2, seed=0)
    assert list(tally.faults) == [kind] and not tally.outcomes
    assert "plums" in str(tally) and "\x1b" not in str(tally)
