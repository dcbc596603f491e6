import csv
import json

import numpy as np
import pytest

from proxyreward.data.collect import collect
from proxyreward.data.report import DataError
from proxyreward.people import votes
from proxyreward.people.aggregation import majority
from proxyreward.people.clean import FILES, Cleaner, clean
from proxyreward.people.toxicity import by_text, nothing


def rude(prompts, responses):
    return np.array(["idiot" in response for response in responses])


@pytest.fixture
def cleaned(open_hh, tmp_path):
    """Function that cleans a file by votes: the summary, the rows of the audit, the cleaned."""

    def run(pairs, cast, judge=rude, data_format="hh"):
        read = votes.read(cast, None)
        cleaner = Cleaner(read, majority(read), by_text(judge))
        summary = clean(open_hh(pairs, data_format), cleaner, tmp_path / "out", {})
        with (tmp_path / "out" / "audit.csv").open(newline="") as stream:
            audit = list(csv.DictReader(stream))
        lines = (tmp_path / "out" / "pairs.jsonl").read_text().splitlines()
        return summary, audit, [json.loads(line) for line in lines]

    return run


@pytest.fixture
def one_of_each(pairs_file, make_record):
    return pairs_file(
        make_record("", "Pear."),
        make_record("Plum.", "Plum."),
        make_record("You idiot.", "Pear."),
        make_record("Plum.", "Pear."),
        make_record("Plum.", "Fig."),
        make_record("Plum.", "Fig. You idiot."),
        b"{",
        make_record("Apple.", "Kiwi."),
    )


ONE_OF_EACH = {"p3": "rrrc", "p4": "crrr", "p5": "ccrr", "p6": "cccc", "p8": "rrrs"}


def test_each_type_is_audited_and_the_good_ones_are_kept(one_of_each, votes_file, cleaned):
    summary, audit, kept = cleaned(one_of_each, votes_file(**ONE_OF_EACH))
    assert [(row["type"], row["action"]) for row in audit] == [
        ("empty", "drop"),
        ("repetitive", "drop"),
        ("toxic", "drop"),
        ("opposite", "swap"),
        ("vague", "drop"),
        ("same", "keep"),
        ("refused", "drop"),
        ("opposite", "swap"),
    ]
    assert [row["reason"] for row in audit] == [
        "empty: chosen",
        "both responses are the same",
        "the chosen response is toxic",
        "3 of 4 valid votes prefer the rejected",
        "neither wins in 4 valid votes",
        "4 of 4 valid votes prefer the chosen",
        "bad_json",
        "3 of 3 valid votes prefer the rejected",
    ]
    assert [[row[x] for x in ("chosen", "rejected", "tie", "skip")] for row in audit[-2:]] == [
        ["0"] * 4,
        ["0", "3", "0", "1"],
    ]
    ends = [(x["pair_id"], x["chosen"][-5:], x["rejected"][-5:], x["swapped"]) for x in kept]
    assert ends == [
        ("4", "Pear.", "Plum.", True),
        ("6", "Plum.", "diot.", False),
        ("8", "Kiwi.", "pple.", True),
    ]
    assert {k: v["count"] for k, v in summary["types"].items()} == dict(
        empty=1, repetitive=1, toxic=1, opposite=2, vague=1, same=1
    )
    assert summary["records"] == {"pairs": 7, "refused": 1, "passed over": 0}
    assert sum(v["share"] for v in summary["types"].values()) == pytest.approx(1)


def test_toxic_pairs_that_the_votes_would_correct_are_counted(
    pairs_file, make_record, votes_file, cleaned
):
    pairs = pairs_file(
        make_record("You idiot.", "Pear."),
        make_record("You idiot.", "Pear, idiot."),
        make_record("You idiot.", "Fig."),
        make_record("Plum.", "Fig, idiot."),
    )
    summary, _, _ = cleaned(pairs, votes_file(p1="rrrc", p2="rrrr", p3="ccrr", p4="rrrr"))
    assert summary["toxic"] == {"outvoted": 2, "correctable": 1, "swapped_to_toxic": 1}


def test_what_was_cleaned_can_be_loaded_again(one_of_each, votes_file, cleaned, open_hh, tmp_path):
    cleaned(one_of_each, votes_file(**ONE_OF_EACH))
    pairs, report = collect(open_hh(tmp_path / "out" / "pairs.jsonl"), None)
    assert report.read == report.kept == 3
    assert [pair.chosen for pair in pairs] == ["Pear.", "Plum.", "Kiwi."]


def test_the_comparisons_of_one_record_have_ids_of_their_own(pairs_file, votes_file, cleaned):
    replies = [
        {"message_id": f"m{i}", "text": text, "role": "assistant", "lang": "en", "rank": i,
         "review_result": True, "deleted": False, "synthetic": False, "replies": []}
        for i, text in enumerate(("Plum.", "Pear.", "Fig."))
    ]  # fmt: skip
    prompt = replies[0] | {"message_id": "q", "role": "prompter", "rank": None, "replies": replies}
    tree = {"message_tree_id": "q", "tree_state": "ready_for_export", "prompt": prompt}
    other = {"message_tree_id": "r", "prompt": prompt | {"replies": replies[:1]}}
    pairs = pairs_file(tree | {"prompt": prompt | {"text": "Name a fruit."}}, other)
    cast = votes_file(p1="cccc", p1_2="rrrr", p1_3="ccrr")
    _, audit, _ = cleaned(pairs, cast, data_format="oasst")
    assert [(row["pair_id"], row["type"]) for row in audit] == [
        ("1", "same"),
        ("1-2", "opposite"),
        ("1-3", "vague"),
        ("2", "passed over"),
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (ONE_OF_EACH | {"p99": "c"}, r"votes.csv, row 22, field 'pair_id': '99' is no record"),
        ({"p4": "cccc", "p5": "cccc", "p6": "c"}, r"votes.csv: no row names pair 8 .*line 8"),
    ],
)
def test_unknown_and_missing_ids_are_errors_that_leave_nothing(
    one_of_each, votes_file, cleaned, tmp_path, given, message
):
    with pytest.raises(DataError, match=message):
        cleaned(one_of_each, votes_file(**given))
    assert list((tmp_path / "out").iterdir()) == []


def test_old_files_stay_after_an_error(one_of_each, votes_file, cleaned, tmp_path):
    cleaned(one_of_each, votes_file(**ONE_OF_EACH))
    before = {name: (tmp_path / "out" / name).read_bytes() for name in FILES}
    with pytest.raises(DataError):
        cleaned(one_of_each, votes_file(p4="c"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_votes_on_records_that_cannot_be_read_have_nothing_to_decide(
    one_of_each, votes_file, cleaned
):
    _, audit, _ = cleaned(one_of_each, votes_file(**ONE_OF_EACH, p7="cr", p1="cc"))
    assert [(row["type"], row["chosen"], row["rejected"]) for row in (audit[0], audit[6])] == [
        ("empty", "2", "0"),
        ("refused", "1", "1"),
    ]


def test_batches_do_not_count(monkeypatch, pairs_file, make_record, votes_file, cleaned):
    rng = np.random.default_rng(0)
    pairs = pairs_file(*(make_record(f"Plum {i % 9}.", f"Pear {i % 5}.") for i in range(50)))
    cast = votes_file(**{f"p{i + 1}": "".join(rng.choice(list("crts"), 4)) for i in range(50)})
    whole = cleaned(pairs, cast)
    monkeypatch.setattr("proxyreward.people.walk.BATCH", 7)
    assert cleaned(pairs, cast) == whole


def test_agreement_of_the_votes_is_told(pairs_file, make_record, votes_file, cleaned):
    pairs = pairs_file(make_record("Plum.", "Pear."), make_record("Fig.", "Kiwi."))
    summary, _, _ = cleaned(pairs, votes_file(p1="cccs", p2="ccrt"))
    assert summary["agreement"]["raw"] == pytest.approx((1 + 1 / 6) / 2)
    assert summary["agreement"]["fleiss_kappa"] is None
    assert summary["votes"]["pairs_by_valid_votes"] == {"3": 1, "4": 1}


def test_a_judge_sees_prompts_and_responses_of_the_pairs_people_judge(
    one_of_each, votes_file, cleaned
):
    seen = []

    def judge(prompts, responses):
        seen.append(list(zip(prompts, responses)))
        return [False] * len(responses)

    cleaned(one_of_each, votes_file(**ONE_OF_EACH), judge)
    assert [text for _, text in seen[0]] == ["You idiot.", "Plum.", "Plum.", "Plum.", "Apple."]
    assert all(prompt.endswith("\n\nAssistant:") for side in seen for prompt, _ in side)


def test_nothing_is_toxic_to_the_judge_of_that_name():
    assert not nothing()([], []).any()
