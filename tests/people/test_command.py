import json

import numpy as np
import pytest
from tests.people.exports import EXPORTS

from proxyreward.data.report import DataError
from proxyreward.people import command
from proxyreward.people.tasks import KEY


@pytest.fixture
def some(pairs_file, make_record):
    return pairs_file(*(make_record(f"Plum {i}.", f"Pear {i}.") for i in range(6)))


@pytest.mark.parametrize("tool", list(EXPORTS))
def test_tasks_answered_by_people_clean_the_pairs(tool, some, command_line, tmp_path):
    told = list(command.run(command_line(some, tmp_path / "tasks", tasks=tool, annotators=3)))
    assert told[0] == f"tasks for {tool}, 3 annotators each:" and KEY in told[-1]
    key = tmp_path / "tasks" / KEY
    rows = (line.split(",") for line in key.read_text().splitlines()[1:])
    better = {pair_id: "A" if a == "chosen" else "B" for pair_id, a, _ in rows}
    better["2"] = "AB"["BA".index(better["2"])]
    answers = {i: dict.fromkeys("xyz", side) for i, side in better.items()}
    tasks = next((tmp_path / "tasks").glob("[tr]*s.json"))
    export = EXPORTS[tool](tasks, answers, tmp_path / "export.json")
    given = {"votes": str(export), "key": str(key), "toxic": "none"}
    told = list(command.run(command_line(some, tmp_path / "out", **given)))
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert {k: v["count"] for k, v in summary["types"].items() if v["count"]} == {
        "same": 5,
        "opposite": 1,
    }
    assert summary["aggregate"] == "majority" and summary["toxicity"] == "none"
    assert any(line.startswith("same") and "83.3%" in line for line in told)


def test_pairs_that_changed_since_people_saw_them_are_noticed(
    some, command_line, votes_file, tmp_path
):
    list(command.run(command_line(some, tmp_path / "tasks", tasks="argilla")))
    lines = some.read_text().splitlines()
    some.write_text("\n".join([lines[0], *lines[2:], lines[1]]))
    cast = votes_file(**{f"p{i}": "cccc" for i in range(1, 7)})
    given = {"votes": str(cast), "key": str(tmp_path / "tasks" / KEY), "toxic": "none"}
    with pytest.raises(DataError, match="pair 2: people saw other texts"):
        list(command.run(command_line(some, tmp_path / "out", **given)))


def test_the_split_is_told_by_the_files_name(pairs_file, make_record, command_line, tmp_path):
    path = pairs_file(make_record("Plum.", "Pear."), name="fruit.test.jsonl")
    assert list(command.run(command_line(path, tmp_path / "out", tasks="argilla")))
    with pytest.raises(DataError, match="is the 'test' split, not 'train'"):
        list(command.run(command_line(path, tmp_path / "b", tasks="argilla", split="train")))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"votes": "v.csv", "annotators": 3}, "--annotators goes with --tasks"),
        ({"votes": "v.csv", "seed": 0}, "--seed goes with --tasks"),
        ({"tasks": "argilla", "toxic": "none"}, "--toxic goes with --votes"),
        ({"tasks": "argila"}, "--tasks argila is unknown; did you mean argilla"),
        ({"votes": "v.csv", "aggregate": "median"}, "--aggregate median is unknown"),
        ({"votes": "v.csv", "toxic": "rude"}, "--toxic rude: is unknown"),
        ({"votes": "gone.csv", "toxic": "none"}, "gone.csv: no such file"),
        ({"tasks": "argilla", "annotators": 0}, "--annotators is 0; give 1 or more"),
        ({"tasks": "argilla", "format": "hhh"}, "data_format 'hhh' is unknown; did you mean 'hh'"),
    ],
)
def test_words_that_do_not_fit_are_errors_that_write_nothing(
    some, command_line, tmp_path, given, message
):
    with pytest.raises(DataError, match=message):
        list(command.run(command_line(some, tmp_path / "out", **given)))
    assert not (tmp_path / "out").exists()


def test_what_is_read_is_not_written_over(some, command_line, votes_file, tmp_path):
    cast = votes_file(**{f"p{i}": "c" for i in range(1, 7)})
    before = some.read_bytes()
    with pytest.raises(DataError, match="is read and would be written"):
        list(command.run(command_line(some, tmp_path, votes=str(cast), toxic="none")))
    assert some.read_bytes() == before


def test_dawid_and_skene_decide_what_the_majority_leaves_open(
    pairs_file, make_record, command_line, votes_file, tmp_path
):
    pytest.importorskip("crowdkit")
    rng = np.random.default_rng(0)
    truth = rng.random(200) < 0.7
    right = rng.random((200, 4)) < [0.95, 0.95, 0.6, 0.6]
    letters = np.where(right == truth[:, None], "c", "r")
    pairs = pairs_file(*(make_record(f"Plum {i}.", f"Pear {i}.") for i in range(200)))
    cast = votes_file(**{f"p{i}": "".join(row) for i, row in enumerate(letters, start=1)})
    found = {}
    for rule in ("majority", "dawid-skene"):
        given = {"votes": str(cast), "toxic": "none", "aggregate": rule}
        list(command.run(command_line(pairs, tmp_path / rule, **given)))
        types = json.loads((tmp_path / rule / "summary.json").read_text())["types"]
        found[rule] = {kind: of["count"] for kind, of in types.items()}
    assert found["majority"]["vague"] > 20 and found["dawid-skene"]["vague"] == 0
