import pytest

from proxyreward.data.collect import LISTED, Opened, collect
from proxyreward.data.comparison import Comparison, Passed
from proxyreward.data.report import RecordError


def gather(find, records=3, max_records=None):
    numbered = [(line, lambda line=line: line) for line in range(1, records + 1)]
    return collect(Opened(numbered, find, "any", "f", "plums"), max_records)


def comparison(chosen="Yes.", rejected="No."):
    return Comparison("\n\nHuman: Hi\n\nAssistant:", chosen, rejected, {"grade": 1})


def test_every_comparison_is_kept_or_rejected():
    def find(line):
        yield comparison()
        if line == 2:
            yield RecordError("tie", "score")
            yield comparison()
        if line == 3:
            raise RecordError("bad_json")

    pairs, report = gather(find)
    assert [pair.meta["line"] for pair in pairs] == [1, 2, 2, 3]
    assert [(p.line, p.reason) for p in report.problems] == [(2, "tie"), (3, "bad_json")]
    assert (report.read, report.kept) == (6, 4)


def test_a_pair_tells_its_source_and_place():
    pairs, _ = gather(lambda line: [comparison()], records=1)
    assert pairs[0].source == "plums"
    assert pairs[0].meta == {"file": "f", "line": 1, "grade": 1}


def test_empty_and_equal_responses_are_flagged_and_kept():
    texts = [("", "No."), ("No.", "No."), ("", "")]
    _, report = gather(lambda line: [comparison(*texts[line - 1])])
    assert report.kept == 3
    assert report.flagged == {"control_characters": 0, "empty_response": 2, "identical_pair": 2}


def test_control_characters_are_kept_and_flagged():
    texts = ["\x1b[31mred", "\0", "tab\tand\r\nlines", "é"]
    pairs, report = gather(lambda line: [comparison(texts[line - 1])], records=4)
    assert [pair.chosen for pair in pairs] == texts
    assert report.flagged["control_characters"] == 2


def test_records_that_were_not_asked_for_are_counted_with_what_they_are():
    found = {1: [Passed("other_language", "de")], 2: [], 3: [comparison()], 4: []}
    _, report = gather(found.get, records=4)
    assert report.passed == {"other_language: de": 1, "no_comparison": 2}
    assert (report.read, report.kept) == (4, 1)


def test_problems_beyond_the_limit_are_counted_alone():
    def find(line):
        yield RecordError("tie" if line % 2 else "unranked", count=3)

    _, report = gather(find, records=LISTED + 10)
    assert len(report.problems) == LISTED
    assert report.unlisted == {"tie": 15, "unranked": 15}
    assert report.rejected["tie"] == report.rejected["unranked"] == 3 * (LISTED + 10) / 2


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("\ud800", "wrong_encoding"),
        (["a", "\udfff"], "wrong_encoding"),
        (float("nan"), "not_a_number"),
        ([1, float("inf")], "not_a_number"),
        (10**400, "not_a_number"),
        ({"a": 1}, "not_plain"),
        ([[1]], "not_plain"),
    ],
)
def test_what_cannot_be_stored_in_meta_rejects_the_record(value, reason):
    odd = comparison()._replace(meta={"id": value})
    pairs, report = gather(lambda line: [odd], records=1)
    assert not pairs
    assert [(p.field, p.reason) for p in report.problems] == [("meta.id", reason)]


def test_names_and_numbers_are_stored_as_they_stand():
    meta = {"a": None, "b": 2**64, "c": -0.5, "d": ["\0", 1], "e": "\x1b"}
    pairs, _ = gather(lambda line: [comparison()._replace(meta=meta)], records=1)
    assert pairs[0].meta == {"file": "f", "line": 1} | meta


def test_the_limit_stops_inside_a_record_and_reads_no_further():
    def find(line):
        assert line == 1
        return [RecordError("tie"), comparison(), comparison(), comparison()]

    pairs, report = gather(find, max_records=2)
    assert (len(pairs), report.read, report.max_records) == (2, 3, 2)
