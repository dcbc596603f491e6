import pytest

from proxyreward.data import summarize
from proxyreward.data.collect import collect
from proxyreward.data.transcripts import single


def record(choice=0, split="train", **change):
    """One comparison as published."""
    return {
        "info": {
            "id": "t3_plum",
            "post": "I ate\n\nthe plums. ",
            "title": "Sorry",
            "subreddit": "fruit",
        },
        "summaries": [
            {"text": " Ate plums.", "policy": "sup2", "note": "Who?"},
            {"text": " No plums.", "policy": "ref", "note": None},
        ],
        "choice": choice,
        "worker": "w1",
        "batch": "batch3",
        "split": split,
        "extra": {"confidence": 8},
    } | change


ARTICLE = {"id": "a1", "site": "news", "title": "Plums gone", "article": "They were cold."}


def load(path, source="local", split="train", max_records=None):
    return collect(summarize.opened(source, path, None, split), max_records)


def test_the_choice_is_chosen_and_the_prompt_asks_for_a_summary(jsonl_file):
    first, second = load(jsonl_file("batch3.json", record(0), record(1)))[0]
    assert (first.chosen, first.rejected) == ("Ate plums.", "No plums.")
    assert (second.chosen, second.rejected) == ("No plums.", "Ate plums.")
    assert first.prompt == single(
        "Summarise this post in a few sentences.\n"
        "Subreddit: fruit\nTitle: Sorry\nPost: I ate\n\nthe plums."
    )
    assert second.source == "summarize"
    assert second.meta["policies"] == ["ref", "sup2"]
    assert (second.meta["post"], second.meta["confidence"]) == ("t3_plum", 8)


def test_an_article_is_summarised_like_a_post(jsonl_file):
    empty = dict.fromkeys(("post", "subreddit"))  # what the hub fills in
    path = jsonl_file("cnndm0.json", record(info=ARTICLE), record(info=ARTICLE | empty, extra={}))
    first, second = load(path)[0]
    assert first.prompt == second.prompt
    assert first.prompt == single(
        "Summarise this article in a few sentences.\nTitle: Plums gone\nArticle: They were cold."
    )
    assert second.meta["confidence"] is None


def test_a_record_belongs_to_the_split_that_it_names(jsonl_file):
    path = jsonl_file("batch11.json", record(split="valid1"), record(), record(split="valid2"))
    train, report = load(path)
    assert [p.meta["line"] for p in train] == [2]
    assert (report.read, report.kept, report.passed) == (3, 1, {"other_split: test": 2})
    assert [p.meta["split"] for p in load(path, split="test")[0]] == ["valid1", "valid2"]


def test_one_bad_line_of_each_kind_is_reported_and_the_rest_kept(jsonl_file):
    texts = [{"text": "Ate."}, {"text": "No."}]
    bad = {
        ("missing_field", "split"): record(split=None),
        ("unknown_split", "split"): record(split="dev"),
        ("missing_field", "info"): record(info=None),
        ("not_an_object", "info"): record(info="t3_plum"),
        ("missing_field", "info.post"): record(info={"title": "Sorry"}),
        ("empty_request", "info.post"): record(info={"title": "Sorry", "post": ""}),
        ("turn_marker", "info.title"): record(info={"title": "A\n\nHuman: B", "post": "C"}),
        ("not_a_list", "summaries"): record(summaries={"text": "Ate."}),
        ("not_two", "summaries"): record(summaries=texts[:1]),
        ("missing_field", "summaries.1.text"): record(summaries=[texts[0], {}]),
        ("bad_choice", "choice"): record(choice=2),
        ("out_of_range", "extra.confidence"): record(extra={"confidence": 10}),
        ("not_a_number", "extra.confidence"): record(extra={"confidence": float("nan")}),
        ("wrong_encoding", "meta.policies"): record(
            summaries=[texts[0] | {"policy": "\ud800"}, texts[1]]
        ),
        ("not_plain", "meta.post"): record(info=record()["info"] | {"id": {"t3": 1}}),
    }
    pairs, report = load(jsonl_file("b.jsonl", record(), *bad.values(), b"", record()))
    assert [(p.reason, p.field) for p in report.problems] == [*bad, ("blank_line", None)]
    assert len(pairs) == 2


@pytest.mark.parametrize("choice", [True, 1.0, "1", -1])
def test_a_choice_is_the_integer_0_or_1(jsonl_file, choice):
    _, report = load(jsonl_file("b.json", record(choice)))
    assert report.rejected["bad_choice"] == 1


def test_max_records_stops_once_so_many_are_kept(jsonl_file):
    path = jsonl_file("b.json", record(split="valid1"), record(), record())
    pairs, report = load(path, max_records=1)
    assert (len(pairs), report.read, report.passed.total()) == (1, 2, 1)


def test_the_hub_gives_its_validation_split_as_test(hub_folder):
    name = hub_folder(
        comparisons__train=[record(0), record(1, info=ARTICLE)],
        comparisons__validation=[record(1, "valid2"), record(0, "valid1", info=ARTICLE)],
        axis__test=[{"summary": {"text": "Another format."}}],
    )
    training, _ = load(name, source="hub")
    assert [p.chosen for p in training] == ["Ate plums.", "No plums."]
    held_out, report = load(name, source="hub", split="test")
    assert [p.chosen for p in held_out] == ["No plums.", "Ate plums."]
    assert report.file.endswith("comparisons/validation")
