import pytest

from proxyreward.data import fields
from proxyreward.data.report import RecordError

RECORD = {"a": [{"b": " Plum \n"}], "n": -1.5, "none": None, "yes": True}


def test_a_path_leads_through_objects_and_lists():
    assert fields.text(RECORD, "a", 0, "b") == " Plum \n"
    assert fields.turn(RECORD, "a", 0, "b") == "Plum"
    assert fields.number(RECORD, "n") == -1.5
    assert fields.optional(RECORD, "a", 7, "b") is None


@pytest.mark.parametrize(
    "path", [("x",), ("none",), ("a", 1), ("a", 0, "x"), ("n", "x"), ("a", "b")]
)
def test_null_and_absent_are_one_reason_at_any_level(path):
    with pytest.raises(RecordError) as caught:
        fields.value(RECORD, *path)
    assert caught.value.reason == "missing_field"
    assert caught.value.field == ".".join(map(str, path))


@pytest.mark.parametrize(
    ("read", "value", "reason"),
    [
        (fields.text, 3, "not_a_string"),
        (fields.text, "\ud800", "wrong_encoding"),
        (fields.turn, "Hi\n\nHuman: there", "turn_marker"),
        (fields.turn, "Hi\n\nAssistant: there", "turn_marker"),
        (fields.request, " \n", "empty_request"),
        (fields.number, "1", "not_a_number"),
        (fields.number, True, "not_a_number"),
        (fields.number, float("nan"), "not_a_number"),
        (fields.number, -float("inf"), "not_a_number"),
        (fields.number, 10**400, "not_a_number"),
        (fields.number, -(10**400), "not_a_number"),
        (fields.turn, "Hi\r\n\r\nHuman: there", "turn_marker"),
        (fields.mapping, [], "not_an_object"),
        (fields.entries, {}, "not_a_list"),
        (fields.two, [1, 2, 3], "not_two"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_reason(read, value, reason):
    with pytest.raises(RecordError) as caught:
        read({"a": [value]}, "a", 0)
    assert (caught.value.reason, caught.value.field) == (reason, "a.0")


@pytest.mark.parametrize(("value", "fits"), [(0, True), (1, True), (1.001, False), (-1, False)])
def test_a_number_outside_its_range_is_named(value, fits):
    if fits:
        assert fields.number({"a": value}, "a", low=0, high=1) == value
        return
    with pytest.raises(RecordError, match="out_of_range"):
        fields.number({"a": value}, "a", low=0, high=1)


def test_a_marker_counts_only_after_two_line_breaks():
    assert fields.turn({"a": "Human: hi\nHuman: ho"}, "a") == "Human: hi\nHuman: ho"
