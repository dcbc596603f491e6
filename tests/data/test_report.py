import json

import pytest

from proxyreward.data.reasons import COMMON, FLAGS, REMEDIES
from proxyreward.data.report import DataError, LoadReport, Problem, RecordError


@pytest.fixture
def report():
    problems = (
        Problem("f.jsonl", 3, "chosen", "not_a_string"),
        Problem("f.jsonl", 5, None, "bad_json"),
    )
    return LoadReport("hh", "f.jsonl", None, 9, 7, {"empty_response": 1}, problems)


def test_rejected_lists_every_common_reason_and_adds_up(report):
    assert list(report.rejected) == sorted(COMMON)
    assert report.rejected["bad_json"] == report.rejected["not_a_string"] == 1
    assert report.read == report.kept + sum(report.rejected.values())


def test_dict_survives_json(report):
    plain = report.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["problems"][0] == {
        "file": "f.jsonl",
        "line": 3,
        "field": "chosen",
        "reason": "not_a_string",
        "count": 1,
        "remedy": REMEDIES["not_a_string"],
    }


def test_a_report_of_a_whole_source_needs_its_counts_alone():
    plain = LoadReport("world", "the embedded world", None, 9, 9).to_dict()
    assert (plain["read"], plain["kept"], plain["unlisted"]) == (9, 9, 0)
    assert plain["flagged"] == dict.fromkeys(FLAGS, 0)
    assert plain["problems"] == [] and plain["passed"] == {}


def test_counts_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="9 records read, but 8 accounted for"):
        LoadReport("hh", "f", None, 9, 7, passed={"no_comparison": 1})


def test_problems_without_a_row_of_their_own_are_counted():
    problems = (Problem("f", 1, "message A", "synthetic", 4),)
    report = LoadReport("oasst", "f", None, 20, 9, {}, problems, {"synthetic": 5, "tie": 2})
    assert (report.rejected["synthetic"], report.rejected["tie"]) == (9, 2)
    assert report.to_dict()["unlisted"] == 7
    assert "20 records read, 9 kept, 11 rejected (9 synthetic, 2 tie)" in str(report)
    assert "field 'message A': synthetic (4 records); leave" in str(report)
    assert "and 7 more" in str(report)


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (
            {"other_split: test": 3},
            "all 3 records are of the other split: test (3); set split to test",
        ),
        (
            {"other_language: de": 1, "other_language: es": 2},
            "all 3 records are in other languages: es (2), de (1); set subset to one of them",
        ),
        ({"no_comparison": 3}, "all 3 records hold no two responses to compare; give"),
    ],
)
def test_records_passed_over_are_named_with_a_way_to_read_them(passed, told):
    report = LoadReport("any", "f", None, 3, 0, passed=passed)
    assert str(report).startswith("f: 3 records read, 0 kept, 0 rejected, 3 passed over")
    assert told in str(report)
    assert told.replace("all 3", "3 of 4") in str(LoadReport("any", "f", None, 4, 1, passed=passed))


def test_what_is_printed_holds_no_raw_control_character():
    odd = "\x1b[2J\n\ud800"
    error = RecordError("tie", odd)
    problems = (Problem("f", 1, error.field, error.reason),)
    for text in (str(DataError(odd)), str(problems[0]), json.dumps(problems[0].to_dict())):
        assert text.isprintable() and "x1b[2J" in text
        text.encode("utf-8")


def test_a_long_name_of_a_field_is_cut():
    assert len(RecordError("tie", "plum" * 10_000).field) == 100


def test_text_names_file_line_field_and_remedy(report):
    text = str(report)
    assert "9 records read, 7 kept, 2 rejected (1 bad_json, 1 not_a_string)" in text
    assert "f.jsonl, line 3, field 'chosen': not_a_string; give the text" in text


def test_a_reason_of_one_format_is_listed_where_it_occurs():
    ties = LoadReport("webgpt", "f", None, 3, 2, {}, (Problem("f", 1, "score_0", "tie"),))
    assert set(ties.rejected) == {*COMMON, "tie"}
    assert ties.rejected["tie"] == 1


def test_text_shows_a_few_problems_of_many():
    problems = tuple(Problem("f", line, None, "bad_json") for line in range(1, 9))
    text = str(LoadReport("hh", "f", None, 8, 0, {}, problems))
    assert "line 5:" in text and "line 6:" not in text and "and 3 more" in text
