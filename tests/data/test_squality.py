from collections import Counter

import pytest

from proxyreward.data import squality
from proxyreward.data.collect import collect
from proxyreward.data.report import DataError


def answer(text, ratings, ranks):
    """A summary and its reviews as published, one reviewer after the other."""
    reviews = [
        {"annotations": [], "worker_id": str(who), "overall-rating": rating, "overall-rank": rank}
        for who, (rating, rank) in enumerate(zip(ratings, ranks, strict=True))
    ]
    return {"response": text, "reviews": reviews, "overall": {"overall-ranking": 1}}


def story(**change):
    answers = {
        "bart": answer("Plums. ", (10, 90, 20), (3, 1, 3)),
        "bart-dpr": answer("Blue plums.", (30, 40, 50), (2, 3, 2)),
        "human": answer("Cold plums.", (60, 60, 60), (1, 2, 1)),
    }
    return {"passage-id": "17", "questions": {"0": answers | change}}


def load(path, max_records=None):
    return collect(squality.opened("local", path, None, "test"), max_records)


def test_the_higher_mean_rating_is_chosen(jsonl_file):
    pairs, report = load(jsonl_file("all-responses.jsonl.gz", story()))
    # The bart models tie at 120, so only the two pairs with the person are left.
    assert [(p.chosen, p.rejected) for p in pairs] == [
        ("Cold plums.", "Plums."),
        ("Cold plums.", "Blue plums."),
    ]
    assert [p.meta["grade"] for p in pairs] == [20, 20]
    assert [p.meta["votes"] for p in pairs] == [2, 3]
    assert pairs[0].meta["writers"] == ["human", "bart"]
    assert pairs[0].source == "squality"
    assert (report.read, report.rejected["tie"]) == (3, 1)


def test_each_question_of_a_story_has_its_own_prompt(jsonl_file):
    two = story()
    two["questions"]["4"] = two["questions"]["0"]
    pairs, _ = load(jsonl_file("x.jsonl", two))
    assert len({pair.prompt for pair in pairs}) == 2
    assert all("story 17" in pair.prompt for pair in pairs)


def test_reviewers_are_matched_by_name_not_by_place(jsonl_file):
    turned = answer("Plums.", (10, 90, 25), (3, 1, 3))
    turned["reviews"] = turned["reviews"][::-1]
    straight = answer("Plums.", (10, 90, 25), (3, 1, 3))
    votes = [
        [pair.meta["votes"] for pair in load(jsonl_file("x.jsonl", story(bart=x)))[0]]
        for x in (turned, straight)
    ]
    assert votes[0] == votes[1] == [1, 2, 3]


def test_one_fault_of_each_kind_is_reported_for_its_comparisons(jsonl_file):
    other = answer("Plums.", (1, 2, 3), (3, 1, 3))
    other["reviews"][0]["worker_id"] = "another"
    faults = {
        "missing_field": {"response": "Plums."},
        "no_reviews": {"response": "Plums.", "reviews": []},
        "not_a_list": {"response": "Plums.", "reviews": {}},
        "not_a_string": {"response": 3},
        "turn_marker": answer("Plums.\n\nHuman: Why?", (1, 2, 3), (3, 1, 3)),
        "not_a_number": answer("Plums.", (1, None, 3), (3, 1, 3))
        | {"reviews": [{"worker_id": "0", "overall-rating": "high"}]},
        "reviewers_differ": other,
        "duplicate_id": answer("Plums.", (1, 2, 3), (3, 1, 3))
        | {"reviews": answer("", (1, 2, 3), (3, 1, 3))["reviews"] * 2},
        "out_of_range": answer("Plums.", (1, 101, 3), (3, 1, 3)),
    }
    for reason, bart in faults.items():
        pairs, report = load(jsonl_file("x.jsonl", story(bart=bart)))
        assert +Counter(report.rejected) == {reason: 2}
        assert [pair.meta["writers"] for pair in pairs] == [["human", "bart-dpr"]]


def test_ranks_start_at_1(jsonl_file):
    pairs, report = load(jsonl_file("x.jsonl", story(bart=answer("Plums.", (1, 2), (0, 1)))))
    assert report.problems[0].field == "bart.reviews.0.overall-rank"
    assert (len(pairs), report.rejected["out_of_range"]) == (1, 2)


def test_a_damaged_story_is_one_rejected_record(jsonl_file):
    bad = {
        ("blank_line", None): b" ",
        ("missing_field", "passage-id"): {"questions": {}},
        ("missing_field", "questions"): {"passage-id": "17"},
        ("not_an_object", "questions.0"): {"passage-id": "17", "questions": {"0": []}},
        ("turn_marker", "questions"): {"passage-id": "17", "questions": {"0\n\nHuman: Hi": {}}},
    }
    pairs, report = load(jsonl_file("x.jsonl", *bad.values(), story()))
    assert [(p.reason, p.field) for p in report.problems][: len(bad)] == list(bad)
    assert len(pairs) == 2


def test_max_records_stops_inside_a_question(jsonl_file):
    pairs, report = load(jsonl_file("x.jsonl", story(), story()), max_records=1)
    assert (len(pairs), report.read) == (1, 2)


def test_the_hub_is_refused():
    with pytest.raises(DataError, match="'squality' is not on the hub; download .*SQuALITY"):
        collect(squality.opened("hub", "nyu-mll/SQuALITY", None, "test"), None)


def test_the_real_file_has_the_published_counts(shared_data):
    pairs, report = load(shared_data("squality/all-responses.jsonl.gz"))
    assert (report.read, report.kept) == (300, 299)  # 100 questions, 3 pairs of writers each
    assert +Counter(report.rejected) == {"tie": 1}
    assert len({pair.prompt for pair in pairs}) == 100
    assert {pair.meta["reviewers"] for pair in pairs} == {3}
    with_person = [pair.meta["writers"] for pair in pairs if "human" in pair.meta["writers"]]
    assert len(with_person) == 200
    assert all(chosen == "human" for chosen, _ in with_person)
