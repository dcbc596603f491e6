from itertools import combinations

import pytest

from proxyreward.data.comparison import MOST_RESPONSES, Comparison, each_two, preferred
from proxyreward.data.report import RecordError


def judge(response):
    if isinstance(response, str):
        raise RecordError("synthetic", response)
    return response


def compare(first, second):
    if first == second:
        raise RecordError("tie")
    return Comparison("", str(first), str(second), {})


def found(*responses):
    both = list(each_two(responses, judge, compare))
    errors = [(e.reason, e.field, e.count) for e in both if isinstance(e, RecordError)]
    return errors, [(c.chosen, c.rejected) for c in both if isinstance(c, Comparison)]


def test_the_higher_score_is_preferred_and_equal_ones_are_a_tie():
    assert (preferred(1, 0, "s"), preferred(-1, 0.5, "s")) == (0, 1)
    with pytest.raises(RecordError, match="tie"):
        preferred(0, -0.0, "s")


def test_each_two_are_compared_in_the_order_given():
    assert found(1, 2, 3) == ([], [("1", "2"), ("1", "3"), ("2", "3")])
    assert found(1, 1, 2) == ([("tie", None, 1)], [("1", "2"), ("1", "2")])
    assert found(1) == found() == found("bad") == ([], [])


@pytest.mark.parametrize("responses", [(1, "a", 2, "b", 3), ("a", "b", "c"), ("a", 1, "b", 2)])
def test_a_bad_response_is_one_error_that_counts_all_its_comparisons(responses):
    errors, compared = found(*responses)
    each = [
        next((r for r in two if isinstance(r, str)), None) for two in combinations(responses, 2)
    ]
    counted = {field: count for _, field, count in errors}
    assert counted == {name: each.count(name) for name in each if name}
    assert sum(counted.values()) + len(compared) == len(each)


def test_a_crowd_of_responses_is_counted_without_being_compared():
    n = MOST_RESPONSES + 1
    errors, compared = found("a", *range(n))
    assert errors == [("synthetic", "a", n), ("too_many_responses", None, n * (n - 1) // 2)]
    assert not compared
    assert len(found(*range(MOST_RESPONSES))[1]) == MOST_RESPONSES * (MOST_RESPONSES - 1) // 2
