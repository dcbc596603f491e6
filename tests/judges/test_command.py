"""`proxyreward judge`: from a file of pairs to verdicts, and one line for what is wrong."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from tests.judges.conftest import SECRET
from tests.judges.test_endpoint import longer

from proxyreward.cli import main

ROWS = [
    {"id": "p1", "prompt": "Why?", "response_a": "because it is so", "response_b": "no"},
    {"id": "p2", "prompt": "Why?", "response_a": "", "response_b": 'a, "b"\nand c'},
    {"id": "p3", "prompt": "Who?", "response_a": "same", "response_b": "same"},
    {"id": "p4", "prompt": "odd?", "response_a": "one", "response_b": "two"},
]


def write(path, rows):
    if path.suffix == ".csv":
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def words(server, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)

    def found(pairs, *more):
        out = str(tmp_path / "out")
        return ["judge", str(pairs), "--endpoint", server.url, "--model", "m", "--out", out, *more]

    return found


def says(material, number):
    return "hm" if material["request"] == "odd?" else longer(material, number)


@pytest.mark.parametrize("name", ["pairs.csv", "pairs.jsonl"])
def test_pairs_become_verdicts(server, words, tmp_path, capsys, name):
    server.says = says
    assert main(words(write(tmp_path / name, ROWS))) == 0
    with (tmp_path / "out" / "verdicts.csv").open() as stream:
        found = {row.pop("id"): list(row.values()) for row in csv.DictReader(stream)}
    assert found == {
        "p1": ["a"] * 3, "p2": ["b"] * 3, "p3": ["tie"] * 3, "p4": ["invalid"] * 3
    }  # fmt: skip
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    counts = {"win": 1, "tie": 1, "lose": 1, "invalid": 1, "rate": 0.5}
    for order in ("with_swap", "without_swap", "swapped"):
        assert counts.items() <= summary[order].items()
    assert summary["flips"] == 0 and summary["pairs"] == 4
    # Both responses of p3 are the same, so both orders are one question.
    assert summary["answers"]["questions"] == 7 and summary["answers"]["requests"] == 9
    assert summary["answers"]["invalid"] == {"unreadable": 2}
    assert "both orders" in capsys.readouterr().out


def test_a_judge_of_positions_wins_nothing_with_the_swap(server, words, tmp_path, capsys):
    server.says = lambda material, number: "FIRST"
    assert main(words(write(tmp_path / "pairs.csv", ROWS[:2]))) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [summary[o]["win"] for o in ("with_swap", "without_swap", "swapped")] == [0, 2, 0]
    assert summary["with_swap"]["tie"] == 2 and summary["flips"] == 1
    assert "100.0% of the pairs" in capsys.readouterr().out


def test_a_second_run_asks_nothing_and_writes_the_same(server, words, tmp_path, capsys):
    server.says = says
    pairs, found = write(tmp_path / "pairs.csv", ROWS), []
    for _ in range(2):
        assert main(words(pairs)) == 0
        found.append((tmp_path / "out" / "verdicts.csv").read_bytes())
    assert found[0] == found[1] and len(server.asked) == 9
    assert "in 0 requests" in capsys.readouterr().out


def test_the_key_is_sent_and_written_nowhere(server, words, tmp_path, capsys):
    server.says = lambda material, number: f"Your key is {SECRET}"
    assert main(words(write(tmp_path / "pairs.csv", ROWS))) == 0
    assert set(server.keys) == {f"Bearer {SECRET}"}
    printed = "".join(capsys.readouterr())
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    assert SECRET not in printed and SECRET.encode() not in written


def test_a_run_that_was_killed_goes_on(server, words, tmp_path):
    server.says, server.pause = longer, 0.1
    rows = [ROWS[0] | {"id": str(i), "prompt": f"{i}?"} for i in range(30)]
    pairs = write(tmp_path / "pairs.csv", rows)
    command = [sys.executable, "-m", "proxyreward.cli", *words(pairs, "--concurrency", "2")]
    answers = tmp_path / "out" / "answers.jsonl"
    with subprocess.Popen(command, env=os.environ) as process:
        while not answers.exists() or answers.read_bytes().count(b"\n") < 5:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    kept = answers.read_bytes().count(b"\n")
    server.pause, before = 0.0, len(server.asked)
    assert main(words(pairs)) == 0
    assert 5 <= kept < 60 and len(server.asked) - before == 60 - kept
    assert len((tmp_path / "out" / "verdicts.csv").read_text().splitlines()) == 31


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": "p1"}, "row 3, field 'id': is that of row 2; give each pair an id of its own"),
        ({"id": " "}, "row 3, field 'id': is empty; fill it in"),
        ({"prompt": ""}, "row 3, field 'prompt': is empty; fill it in"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(server, words, tmp_path, capsys, change, told):
    pairs = write(tmp_path / "pairs.csv", [ROWS[0], ROWS[2] | change])
    assert main(words(pairs)) == 2
    error = capsys.readouterr().err
    assert f"{pairs}, {told}" in error and error.count("\n") == 1
    assert not server.asked and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("p.csv", "id,prompt,response_a\n1,a,b\n", "row 1, field 'response_b': has no column"),
        ("p.csv", "id,prompt,response_a,response_b\n", "row 1: no pair follows"),
        ("p.csv", "id,prompt,response_a,response_b\n1,2\n", "row 2: has 2 cells"),
        ("p.jsonl", '{"id": 1, "prompt": "a"}\n', "row 1, field 'response_a': is missing"),
        ("p.jsonl", "{\n", "row 1: "),
        ("p.txt", "a", "rename or convert it"),
        ("p.csv", None, "no such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(words, tmp_path, capsys, name, text, told):
    if text is not None:
        (tmp_path / name).write_text(text)
    assert main(words(tmp_path / name)) == 2
    error = capsys.readouterr().err
    assert name in error and told in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--endpoint", "nowhere"], "--endpoint: is no address"),
        (["--endpoint", ""], "no endpoint; give --endpoint"),
        (["--key-env", "NO_SUCH_KEY"], "NO_SUCH_KEY is not set"),
        (["--concurrency", "0"], "--concurrency must lie in 1..64"),
        (["--temperature", "nan"], "--temperature must lie in 0..2"),
        (["--timeout", "0"], "--timeout must lie in"),
    ],
)
def test_words_that_do_not_fit_are_errors(words, tmp_path, capsys, more, told):
    assert main(words(write(tmp_path / "pairs.csv", ROWS), *more)) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_read_is_not_written_over(words, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    pairs = write(tmp_path / "out" / "verdicts.csv", ROWS)
    before = pairs.read_bytes()
    assert main(words(pairs)) == 2
    assert (
        "is read and would be written" in capsys.readouterr().err and pairs.read_bytes() == before
    )


def test_the_address_may_come_from_the_environment(server, words, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/")
    pairs = write(tmp_path / "pairs.jsonl", ROWS[:1])
    assert main(["judge", str(pairs), "--model", "m", "--out", str(tmp_path / "out")]) == 0
    assert len(server.asked) == 2
