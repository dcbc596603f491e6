import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxyreward.evaluation.report import text
from proxyreward.metrics.estimates import Interval

ANY = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ((0.8123, 0.7811, 0.8402), "0.81 [0.78, 0.84]"),
        ((0.8123, 0.8101, 0.8141), "0.812 [0.810, 0.814]"),
        ((0.8123, 0.81229, 0.81231), "0.812 [0.812, 0.812]"),
        ((0.81, 0.4, 1.3), "0.8 [0.4, 1.3]"),
        ((-0.001, -0.04, 0.04), "0.00 [−0.04, 0.04]"),
        ((-1.4e-16, -1.4e-16, 1.4e-16), "0 [0, 0]"),
        ((12, 8, 20), "12 [8, 20]"),
        ((1234.5, 1100.2, 1400.9), "1234 [1100, 1401]"),
        ((1.7, 1.2, math.inf), "1.7 [1.2, ∞]"),
        ((2e9, 1e9, 3e9), "2.00e+09 [1.00e+09, 3.00e+09]"),
        ((0.5, math.nan, math.nan), "0.500"),
        ((math.nan, math.nan, math.nan), text.DASH),
    ],
)
def test_an_interval_has_as_many_digits_as_its_width_deserves(value, shown):
    assert text.interval(Interval(*value)) == shown


@given(ANY, ANY, ANY)
def test_any_three_numbers_can_be_shown(estimate, low, high):
    shown = text.interval(Interval(estimate, low, high))
    assert shown and "nan" not in shown and "inf" not in shown


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4))
def test_what_is_shown_is_near_the_number(estimate, half):
    shown = text.interval(Interval(estimate, estimate - half, estimate + half))
    first = float(shown.split(" [")[0].replace(text.MINUS, "-"))
    largest = abs(estimate) + half
    assert abs(first - estimate) <= max(half / 4, 0.0051 * largest, 0.5 * (largest >= 100))


def test_a_list_of_names_ends_with_and_or_how_many_more():
    assert text.listed([]) == ""
    assert text.listed(["a"]) == "a"
    assert text.listed("abc") == "a, b and c"
    assert text.listed("abcdefgh") == "a, b, c, d, e and 3 more"


def test_a_name_in_a_sentence_is_visible_and_not_too_long():
    assert text.name("a\n\u202eb") == r"a\n\u202eb"
    assert len(text.name("x" * 500)) == text.NAME


def test_long_names_that_differ_at_their_ends_stay_different():
    names = [f"{'folder/' * 20}checkpoint-{step}" for step in (500, 1000)]
    assert len({text.name(name) for name in names}) == 2
    assert all(text.name(name).endswith(name[-20:]) for name in names)


@pytest.mark.parametrize(("p", "shown"), [(0.00004, "< 0.001"), (0.0123, "0.012"), (1.0, "1")])
def test_a_small_p_is_a_bound(p, shown):
    assert text.chance(p) == shown
