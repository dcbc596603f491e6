import json

import pytest

from proxyreward.data import webgpt
from proxyreward.data.collect import collect
from proxyreward.data.report import DataError
from proxyreward.data.transcripts import single


def row(score=0.5, **change):
    """One row as on the hub."""
    sides = {
        f"{field}_{side}": value
        for side, sign in ((0, 1), (1, -1))
        for field, value in {
            "quotes": {"title": ["On plums (fruit.example)"], "extract": ["Plums are blue."]},
            "answer": f"Answer {side} [1].",
            "tokens": {"prefix": [1, 2], "completion": [3]},
            "score": sign * score,
        }.items()
    }
    question = {"dataset": "eli5", "id": "q1", "full_text": " Why are plums blue?\n"}
    return {"question": question, **sides} | change


def line(score=0.5):
    """The same as a line of the published file: a list of two objects."""
    hub = row(score)
    names = ("quotes", "answer", "tokens", "score")
    return [
        {"question": hub["question"]} | {name: hub[f"{name}_{side}"] for name in names}
        for side in (0, 1)
    ]


def asking(**change):
    """A published line whose second answer is to another question."""
    first, second = line()
    return [first, second | {"question": second["question"] | change}]


def load(path, source="local", split="train", max_records=None):
    return collect(webgpt.opened(source, path, None, split), max_records)


def test_the_answer_with_the_positive_score_is_chosen(jsonl_file):
    pairs, _ = load(jsonl_file("w.jsonl.gz", row(0.5), row(-1.0)))
    assert [(p.chosen, p.rejected) for p in pairs] == [
        ("Answer 0 [1].", "Answer 1 [1]."),
        ("Answer 1 [1].", "Answer 0 [1]."),
    ]
    assert pairs[0].prompt == single("Why are plums blue?")
    assert pairs[0].source == "webgpt"
    assert [(p.meta["question"], p.meta["grade"]) for p in pairs] == [("q1", 1.0), ("q1", 2.0)]


def test_both_published_layouts_give_the_same(jsonl_file):
    rows = load(jsonl_file("a.jsonl", row(0.5), row(0.0), row(-1.0)))
    lines = load(jsonl_file("a.jsonl", line(0.5), line(0.0), line(-1.0)))
    assert rows == lines


def test_scores_may_miss_zero_by_rounding(jsonl_file):
    assert len(load(jsonl_file("w.jsonl", row(score_0=0.333333, score_1=-0.3333333)))[0]) == 1


def test_ties_are_dropped_and_counted(jsonl_file):
    pairs, report = load(jsonl_file("w.jsonl", row(0.0), row(), row(0.0)))
    assert (len(pairs), report.read, report.rejected["tie"]) == (1, 3, 2)
    assert [p.line for p in report.problems] == [1, 3]


def test_one_bad_line_of_each_kind_is_reported_and_the_rest_kept(jsonl_file):
    bad = {
        ("bad_json", None): b"{",
        ("not_an_object", None): b"3",
        ("not_two", None): [*line(), line()[0]],
        ("missing_field", "1.answer"): [line()[0], {"score": 1}],
        ("missing_field", "question.full_text"): row(question={"id": "q1"}),
        ("missing_field", "answer_1"): row(answer_1=None),
        ("empty_request", "question.full_text"): row(question={"full_text": " "}),
        ("not_a_string", "answer_0"): row(answer_0=["Blue."]),
        ("turn_marker", "answer_0"): row(answer_0="Blue.\n\nHuman: Why?"),
        ("not_a_number", "score_1"): row(score_1="high"),
        ("out_of_range", "score_0"): row(1.5),
        ("not_opposite", "score_1"): row(score_1=-0.25),
        ("not_a_number", "score_0"): row(score_0=10**400),
        ("contexts_differ", "1.question.full_text"): asking(full_text="Why are pears green?"),
        ("contexts_differ", "1.question.id"): asking(id="q2"),
        ("duplicate_key", "id"): json.dumps(row()).replace('"id"', '"id": "q0", "id"').encode(),
        ("wrong_encoding", "answer_0"): row(answer_0="\ud800"),
    }
    pairs, report = load(jsonl_file("w.jsonl", row(), *bad.values(), row()))
    assert [(p.reason, p.field) for p in report.problems] == list(bad)
    assert len(pairs) == 2
    assert report.read == 19 == report.kept + sum(report.rejected.values())


def test_max_records_counts_pairs_not_ties(jsonl_file):
    pairs, report = load(jsonl_file("w.jsonl", row(0.0), row(), row()), max_records=1)
    assert (len(pairs), report.read) == (1, 2)


def test_hub_and_file_give_the_same_pairs(hub_folder, jsonl_file):
    rows = [row(0.5), row(0.0), row(-1.0)]
    hub, report = load(hub_folder(default__train=rows), source="hub")
    local, expected = load(jsonl_file("w.jsonl", *rows))
    assert [(p.prompt, p.chosen, p.rejected) for p in hub] == [
        (p.prompt, p.chosen, p.rejected) for p in local
    ]
    assert report.rejected == expected.rejected


def test_the_hub_has_no_test_split():
    with pytest.raises(DataError, match="without a 'test' split; load 'train'"):
        load("openai/webgpt_comparisons", source="hub", split="test")
