"""Files as RewardBench writes them: its command line, its scripts, its second version."""

import json
import math

import numpy as np
import pytest
from tests.evaluation.reading.written import same, table, told

from proxyreward.data.report import DataError
from proxyreward.evaluation.evaluate import evaluate


def lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def pair(chosen, rejected, **more):
    texts = {"prompt": "?", "text_chosen": "? yes", "text_rejected": "? no"}
    return {"scores_chosen": chosen, "scores_rejected": rejected, "results": 1, **texts, **more}


def test_lines_of_the_command_line(tmp_path):
    path = lines(
        tmp_path / "rm_outputs.jsonl", [pair(2.0, 1, subset="math"), pair(0.5, 0.5, subset="chat")]
    )
    scores, found = table(path)
    assert told(scores) == {
        "1": {"chosen": {"rm": 2, "chosen": 1}, "rejected": {"rm": 1, "chosen": 0}},
        "2": {"chosen": {"rm": 0.5, "chosen": 1}, "rejected": {"rm": 0.5, "chosen": 0}},
    }
    assert scores.goldens == ("chosen",)
    assert list(scores.category) == ["math", "chat"]
    assert scores.length.tolist() == [5, 4, 5, 4]
    assert (found.format, found.rows, found.notes) == ("rewardbench", 2, ())


def test_object_of_the_scripts(tmp_path):
    records = [pair([2.0], [1.0], id=3), pair([None], [math.nan], id=5)]
    columns = {name: [record[name] for record in records] for name in records[0]}
    path = tmp_path / "rm.json"
    path.write_text(json.dumps(columns | {"model": "org/rm", "chat_template": "x"}, indent=4))
    scores, found = table(path)
    nothing = {"org/rm": math.nan, "chosen": 1}
    expected = {
        "3": {"chosen": {"org/rm": 2, "chosen": 1}, "rejected": {"org/rm": 1, "chosen": 0}},
        "5": {"chosen": nothing, "rejected": nothing | {"chosen": 0}},
    }
    assert same(told(scores), expected)
    kinds = [note.kind for note in found.notes]
    assert kinds == ["unknown-columns", "empty-scores", "missing-scores"]


def test_object_of_the_second_version(tmp_path):
    texts = [["a", "bb", "ccc"], ["a", "bb"]]
    columns = {"id": ["u", "v"], "scores": [[3.0, 2.0, 1.0], [[0.5], [1.5]]], "num_correct": [2, 1]}
    path = tmp_path / "rm.json"
    path.write_text(json.dumps(columns | {"text": texts, "model": "rm"}))
    scores, _ = table(path)
    read = told(scores)
    assert {name: by["rm"] for name, by in read["u"].items()} == {
        "chosen-1": 3, "chosen-2": 2, "rejected": 1
    }  # fmt: skip
    assert [by["chosen"] for by in read["v"].values()] == [1, 0]
    assert scores.length.tolist() == [1, 2, 3, 1, 2]


def test_several_responses_to_a_side(tmp_path):
    scores, _ = table(lines(tmp_path / "rm.jsonl", [pair([3, [2]], [1.5, 1])]))
    names = ["chosen-1", "chosen-2", "rejected-1", "rejected-2"]
    assert list(scores.response_ids) == names
    assert scores.of("rm").tolist() == [3, 2, 1.5, 1]
    assert scores.length is None  # one text cannot be two responses


def test_a_conversation_counts_by_its_last_message(tmp_path):
    talk = [{"role": "user", "content": "what?"}, {"role": "assistant", "content": "no"}]
    scores, _ = table(lines(tmp_path / "rm.jsonl", [pair(2, 1, text_chosen=talk)]))
    assert scores.length.tolist() == [2, 4]


def test_ids_that_subsets_share_get_the_subset_in_front(tmp_path):
    records = [pair(2, 1, id=0, subset="math"), pair(2, 1, id=0, subset="chat")]
    scores, _ = table(lines(tmp_path / "rm.jsonl", records))
    assert list(scores.prompt_ids) == ["math/0", "chat/0"]


def test_models_of_several_files_share_one_label(tmp_path):
    lines(tmp_path / "a_outputs.jsonl", [pair(2, 1)])
    lines(tmp_path / "b_outputs.jsonl", [pair(1, 2, text_chosen="another template")])
    scores, found = table(tmp_path)
    assert scores.models == ("a", "chosen", "b")
    assert told(scores)["1"]["rejected"] == {"a": 1, "chosen": 0, "b": 2}
    assert not found.notes and found.rows == 2


def test_what_is_chosen_stands_first_by_the_format_and_that_is_no_alarm(tmp_path):
    rng = np.random.default_rng(0)
    good = [pair(1 + rng.random(), rng.random(), id=i) for i in range(60)]
    for one, length in zip(good, rng.permutation(60)):
        one["text_chosen"], one["text_rejected"] = "a" * (length + 1), "b" * (length % 2 * 60)
    found = evaluate(lines(tmp_path / "rm.jsonl", good))
    assert found.alarms == ()
    [golden] = found.goldens
    assert "null:first" not in [model.name for model in golden.models]


def test_another_golden_model_replaces_the_label(tmp_path):
    lines(tmp_path / "a.jsonl", [pair(2, 1)])
    lines(tmp_path / "b.jsonl", [pair(1, 2)])
    assert table(tmp_path, "b")[0].goldens == ("b",)


@pytest.mark.parametrize(
    "change, part",
    [
        ({"scores_chosen": "2"}, "row 1, field 'scores_chosen': is no number"),
        ({"scores_chosen": True}, "row 1, field 'scores_chosen': is no number"),
        ({"scores_chosen": [[1, 2]]}, "row 1, field 'scores_chosen': holds 2 numbers"),
        ({"scores_rejected": math.inf}, "row 1, field 'scores_rejected': is infinite"),
        ({"id": 1.5}, "row 1, field 'id': is neither text nor a whole number"),
        ({"subset": None}, "row 1, field 'subset': is neither text"),
        ({"model": ""}, "row 1, field 'model': is no text"),
    ],
)
def test_records_that_cannot_be_used(tmp_path, change, part):
    with pytest.raises(DataError) as caught:
        table(lines(tmp_path / "rm.jsonl", [pair(2, 1) | change]))
    assert part in str(caught.value)


def test_a_record_without_scores(tmp_path):
    with pytest.raises(DataError, match="row 2, field 'scores_rejected': is missing"):
        table(lines(tmp_path / "rm.jsonl", [pair(2, 1), {"scores_chosen": 1}]))


@pytest.mark.parametrize("right", [-1, 3, True, None])
def test_a_record_of_the_second_version_with_a_wrong_count(tmp_path, right):
    record = {"scores": [1, 2], "num_correct": right}
    with pytest.raises(DataError, match="row 1, field 'num_correct'"):
        table(lines(tmp_path / "rm.jsonl", [record]))
