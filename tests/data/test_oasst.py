import json
from collections import Counter

from proxyreward.data import oasst
from proxyreward.data.collect import collect
from proxyreward.data.transcripts import ASSISTANT, HUMAN, render


def message(text, *replies, rank=None, **change):
    """A message as published; its role follows from where it hangs in the tree."""
    return {
        "text": text,
        "lang": "en",
        "review_result": True,
        "deleted": False,
        "synthetic": False,
        "rank": rank,
        "replies": list(replies),
    } | change


def tree(opening, name="t1"):
    def with_roles(node, roles=("prompter", "assistant")):
        replies = [with_roles(reply, roles[::-1]) for reply in node["replies"]]
        named = {"message_id": f"{name} {node['text']}", "role": roles[0]}
        return named | node | {"replies": replies}

    return {"message_tree_id": name, "tree_state": "ready", "prompt": with_roles(opening)}


def flat(record):
    """The same tree as rows of the hub: each message names its parent."""

    def rows(node, parent):
        kept = {field: value for field, value in node.items() if field != "replies"}
        yield kept | {"parent_id": parent, "message_tree_id": record["message_tree_id"]}
        for reply in node["replies"]:
            yield from rows(reply, node["message_id"])

    return list(rows(record["prompt"], None))


THREE = tree(message("Q", message("C", rank=2), message("A", rank=0), message("B", rank=1)))
DEEP = tree(
    message("Q", message("A", message("Q2", message("B", rank=1), message("A2", rank=0)))), "t2"
)


def load(path, subset=None, source="local", split="test", max_records=None):
    return collect(oasst.opened(source, path, subset, split), max_records)


def test_each_two_ranked_replies_are_one_pair_with_the_lower_rank_chosen(jsonl_file):
    pairs, report = load(jsonl_file("x.trees.jsonl.gz", THREE))
    assert [(p.chosen, p.rejected) for p in pairs] == [("A", "C"), ("B", "C"), ("A", "B")]
    assert [p.meta["ranks"] for p in pairs] == [[0, 2], [1, 2], [0, 1]]
    assert [p.meta["grade"] for p in pairs] == [2, 1, 1]
    assert {p.meta["tree"] for p in pairs} == {"t1"}
    assert report.read == report.kept == 3


def test_the_prompt_is_the_whole_path(jsonl_file):
    (pair,), _ = load(jsonl_file("x.jsonl", DEEP))
    path = [(HUMAN, "Q"), (ASSISTANT, "A"), (HUMAN, "Q2"), (ASSISTANT, "")]
    assert pair.prompt == render(path)
    assert (pair.chosen, pair.source) == ("A2", "oasst")


def test_a_reply_without_company_and_ranked_requests_give_no_pair(jsonl_file):
    alone = tree(message("Q", message("A", message("Q2", rank=0), message("Q3", rank=1), rank=0)))
    _, report = load(jsonl_file("x.jsonl", alone, THREE))
    assert (report.kept, report.passed) == (3, {"no_comparison": 1})


def test_every_comparison_that_cannot_be_used_is_counted_with_its_reason(jsonl_file):
    good = message("A", rank=0)
    faults = {
        "tie": message("B", rank=0),
        "unranked": message("B"),
        "synthetic": message("B", rank=1, synthetic=True),
        "deleted": message("B", rank=1, deleted=True),
        "failed_review": message("B", rank=1, review_result=False),
        "unknown_role": message("B", rank=1, role="system"),
        "turn_marker": message("B\n\nHuman: C", rank=1),
        "missing_field": message("B", rank=1) | {"text": None},
        "not_a_number": message("B", rank="first"),
        "out_of_range": message("B", rank=-1),
        "wrong_parent": message("B", rank=1, parent_id="t1 A"),
    }
    _, report = load(
        jsonl_file("x.jsonl", *(tree(message("Q", good, x)) for x in faults.values()), DEEP)
    )
    assert [p.reason for p in report.problems] == list(faults)
    assert report.problems[0].field == "message t1 B"
    assert (report.read, report.kept) == (12, 1)


def test_a_fault_on_the_path_rejects_the_comparisons_below_it_only(jsonl_file):
    replies = [message("A", rank=0), message("B", rank=1)]
    below = message("A3", message("Q2", *replies), rank=0, synthetic=True)
    beside = message("B3", message("Q2", *replies), rank=1)
    pairs, report = load(jsonl_file("x.jsonl", tree(message("Q", below, beside))))
    assert [p.prompt.count("B3") for p in pairs] == [1]
    assert report.rejected["synthetic"] == 2
    _, report = load(jsonl_file("x.jsonl", tree(message(" ", *replies)), DEEP))
    assert report.rejected["empty_request"] == 1


def test_a_damaged_tree_is_one_rejected_record(jsonl_file):
    bad = {
        ("bad_json", None): b"{",
        ("missing_field", "prompt"): {"message_tree_id": "t"},
        ("not_an_object", "prompt"): {"message_tree_id": "t", "prompt": "Q"},
        ("missing_field", "message_tree_id"): {"prompt": message("Q")},
        ("not_a_list", "replies"): {"message_tree_id": "t", "prompt": {"replies": {}}},
        ("not_an_object", None): {"message_tree_id": "t", "prompt": {"replies": ["A"]}},
    }
    pairs, report = load(jsonl_file("x.jsonl", *bad.values(), DEEP))
    assert [(p.reason, p.field) for p in report.problems] == list(bad)
    assert len(pairs) == 1


def test_a_subset_is_the_language_of_the_opening_request(jsonl_file):
    spanish = tree(message("P", message("A", rank=0), message("B", rank=1), lang="es"), "t3")
    path = jsonl_file("x.jsonl", THREE, spanish)
    assert len(load(path)[0]) == 4
    pairs, report = load(path, subset="es")
    assert [p.meta["tree"] for p in pairs] == ["t3"]
    assert (report.read, report.kept) == (2, 1)
    assert report.passed == {"other_language: en": 1}


def test_max_records_stops_inside_a_group(jsonl_file):
    pairs, report = load(jsonl_file("x.jsonl", THREE, DEEP), max_records=2)
    assert (len(pairs), report.read) == (2, 2)


def test_flat_rows_of_the_hub_give_the_same_pairs_as_trees(hub_folder, jsonl_file):
    # Interleaved, so that replies stand before their parents.
    rows = [row for two in zip(flat(THREE)[::-1], flat(DEEP)[:4], strict=True) for row in two]
    rows.append(flat(DEEP)[4])
    stray = flat(DEEP)[0] | {"message_id": "stray", "parent_id": "nobody"}
    name = hub_folder(train=flat(THREE), validation=[*rows, stray])
    hub, report = load(name, source="hub")
    local, _ = load(jsonl_file("x.jsonl", DEEP, THREE))
    same = {(p.prompt, p.chosen, p.rejected, tuple(p.meta["ranks"])) for p in local}
    assert {(p.prompt, p.chosen, p.rejected, tuple(p.meta["ranks"])) for p in hub} == same
    assert len(hub) == len(local) == 4
    assert [(p.reason, p.field, p.line) for p in report.problems] == [("orphan", "parent_id", 10)]


def test_flat_messages_of_a_file_give_the_same_pairs_as_trees(jsonl_file):
    rows = [*flat(DEEP), THREE, *flat(tree(message("Q", lang="de"), "t3"))]
    mixed, report = load(jsonl_file("x.messages.jsonl", *rows), subset="en")
    nested, _ = load(jsonl_file("x.trees.jsonl", THREE, DEEP))
    assert [(p.prompt, p.chosen) for p in mixed] == [(p.prompt, p.chosen) for p in nested]
    assert report.passed == {"other_language: de": 1}


def test_flat_messages_that_hang_from_no_opening_request_are_rejected(jsonl_file):
    opening, first, second, third = flat(THREE)
    circle = [
        first | {"message_id": "x", "parent_id": "y"},
        first | {"message_id": "y", "parent_id": "x"},
    ]
    below = first | {"message_id": "z", "parent_id": "y"}
    other = second | {"message_id": "odd", "parent_id": 3}
    rows = [b"{", opening, first, *circle, below, first, third, other, {"text": "alone"}]
    pairs, report = load(jsonl_file("x.messages.jsonl", *rows))
    found = [(p.line, p.reason, p.field) for p in report.problems]
    assert len(pairs) == 1
    assert sorted(found) == [
        (1, "bad_json", None),
        (4, "orphan", "parent_id"),
        (5, "orphan", "parent_id"),
        (6, "orphan", "parent_id"),
        (7, "duplicate_id", "message_id"),
        (9, "orphan", "parent_id"),
        (10, "missing_field", "prompt"),
    ]


def test_a_crowd_of_empty_replies_is_counted_but_not_listed_pair_by_pair(jsonl_file):
    crowd = {"message_tree_id": "t", "prompt": THREE["prompt"] | {"replies": [{}] * 1500}}
    _, report = load(jsonl_file("x.trees.jsonl", crowd, THREE))
    assert report.rejected["unknown_role"] == 1500 * 1499 / 2
    assert (report.read, report.kept) == (1500 * 1499 / 2 + 3, 3)
    assert len(report.problems) == 1000
    assert report.problems[0].count == 1499
    assert len(json.dumps(report.to_dict())) < 300_000


def test_a_conversation_without_end_is_rejected(jsonl_file):
    rows = [
        flat(THREE)[0] | {"message_id": str(i), "parent_id": str(i - 1) if i else None}
        for i in range(3000)
    ]
    _, report = load(jsonl_file("x.messages.jsonl", *rows, THREE))
    assert report.rejected["too_deep"] == 1
    assert report.kept == 3


def test_the_real_trees_have_the_published_counts(shared_data):
    pairs, report = load(shared_data("oasst/en_100_tree.jsonl.gz"), subset="en")
    assert +Counter(report.rejected) == {"synthetic": 22, "unranked": 7, "turn_marker": 3}
    # 732 ranked comparisons between people's replies, three of which hold a turn marker.
    assert report.kept + report.rejected["turn_marker"] == 732
    assert len({pair.prompt for pair in pairs}) == 207
    assert all(pair.meta["ranks"][0] < pair.meta["ranks"][1] for pair in pairs)
