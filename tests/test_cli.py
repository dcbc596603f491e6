"""Tests of the command line, in a copy of the project's parameters and one small notebook."""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from proxyreward.cli import main

ROOT = Path(__file__).parents[1]


@pytest.fixture()
def project(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "params", tmp_path / "params")
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    (tmp_path / "notebooks").mkdir()
    cells = [
        new_markdown_cell("# A page"),
        new_code_cell("top_n: int = 4", metadata={"tags": ["parameters"]}),
        new_code_cell("print('n is', top_n)"),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "page.ipynb")
    results = tmp_path / "results" / "tiny"
    results.mkdir(parents=True)
    row = {"claim_id": "rethinking.table1.c1", "verdict": "reproduced", "reason": "so", "n": 90}
    row |= {"estimate": 0.5, "low": 0.4, "high": 0.6, "paper_value": None}
    (results / "scorecard.json").write_text(json.dumps([row]))
    monkeypatch.setenv("PROXYREWARD_ROOT", str(tmp_path))
    return tmp_path


@pytest.mark.book
def test_notebook_prints_where_the_page_is_and_leaves_sources_alone(project, capsys):
    shutil.copytree(ROOT / "book", project / "book", ignore=shutil.ignore_patterns("_build"))
    before = (project / "notebooks" / "page.ipynb").read_bytes()
    assert main(["notebook", "page", "top_n=7"]) == 0
    page = Path(capsys.readouterr().out.split("page:")[1].strip())
    assert page.is_relative_to(project / "runs" / "notebooks")
    assert "n is 7" in page.read_text()
    assert (project / "notebooks" / "page.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["notebook", "paeg"], "'page'"),
        (["notebook", "page", "topn=1"], "'top_n'"),
        (["notebook", "page", "top_n=x"], "top_n: int = 4"),
        (["notebook", "page", "7"], "key=value"),
        (["notebook", "page", "top_n=1", "top_n=2"], "twice"),
        (["params"], "params.yaml"),
        (["params", "scale=tinny"], "tiny"),
        (["params", "reward.epoch=2"], "'reward.epochs'"),
        (["params", "seed=1", "seed=2"], "twice"),
        (["params", "committee.tie=0.2"], "real-cleaning"),
        (["params", "data.name=\x1b[2J\n"], r"\x1b[2J\n"),
        (["params", "--get", "scale", "seed=1"], "--get"),
        (["book", "--scale", "gone"], "tiny"),
        (["claims", "rethinking.table1.c9"], "rethinking.table1.c"),
        (["claims", "--scale", "tinny"], "tiny"),
        (["clean", "gone.jsonl", "--out", "o", "--tasks", "argilla"], "gone.jsonl: no such file"),
        (["clean", "a.jsonl", "--out", "o", "--tasks", "argila"], "argilla"),
        (["clean", "a.jsonl", "--out", "o", "--votes", "v.xls", "--toxic", "none"], "v.xls"),
        (
            ["judge", "gone.csv", "--out", "o", "--model", "m", "--endpoint", "http://a/v1"],
            "gone.csv",
        ),
        (["judge", "a.csv", "--out", "o", "--model", "m", "--endpoint", "a/v1"], "--endpoint"),
    ],
)
def test_errors_are_one_line_with_code_2(project, capsys, words, names):
    assert main(words) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith("proxyreward: ")
    assert names in output.err


def test_params_are_composed_then_shown_with_their_origin(project, capsys):
    assert main(["params", "scale=smoke", "reward.epochs=9"]) == 0
    capsys.readouterr()
    assert main(["params"]) == 0
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert rows["reward.epochs"] == ["9", "params.yaml"]
    assert rows["world.pairs"][-1] == "params/scale/smoke.yaml"
    assert rows["seed"][-1] == "params/config.yaml"


def test_nested_params_are_shown_too(project, capsys):
    assert main(["params", "scale=real-more"]) == 0
    assert main(["params"]) == 0
    shown = capsys.readouterr().out
    assert '"source": "squality"' in shown and '"name": "source-squality"' in shown


def test_one_parameter_is_shown_alone(project, capsys):
    assert main(["params", "scale=real-hh", "data.name=/größe (1)", "seed=3"]) == 0
    file = project / "params.yaml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"  # mine\r\n"))
    found = {}
    for key in ("scale", "data.name", "seed", "worlds", "runner.workers"):
        capsys.readouterr()
        assert main(["params", "--get", key]) == 0
        found[key] = capsys.readouterr().out
    assert list(found.values()) == ["real-hh\n", "/größe (1)\n", "3\n", "[]\n", "null\n"]
    assert main(["params", "--get", "sed"]) == 2
    assert "'seed'" in capsys.readouterr().err


def test_params_say_what_they_kept_and_what_the_scale_leaves_out(project, capsys):
    said = []
    for words in (["scale=real-hh"], ["reward.epochs=9"], ["scale=tiny"]):
        assert main(["params", *words]) == 0
        said.append(capsys.readouterr().out)
    assert "scale real-hh afresh" in said[0]
    assert "scale real-hh as it was, with reward.epochs" in said[1]
    for lines in said[:2]:
        assert "left out" in lines and " policy," in lines and "reward_models" not in lines
    assert (
        "left out at this scale: real_cleaning, real_regret, real_outputs;" in said[2]
    )  # on real data alone


def test_params_name_watched_files_that_are_not_there(project, capsys, tmp_path):
    (tmp_path / "there.jsonl").touch()
    for name, told in (("there.jsonl", False), ("absent.jsonl", True)):
        assert main(["params", "scale=real-hh", f"data.name={tmp_path / name}"]) == 0
        assert (f"not there yet: {tmp_path / name} (data.name)" in capsys.readouterr().out) is told


def test_broken_params_do_not_stop_a_fresh_start(project, capsys):
    (project / "params.yaml").write_bytes(b"scale: \xff [")
    assert main(["params", "seed=1"]) == 2
    assert "proxyreward params scale=tiny" in capsys.readouterr().err
    assert main(["params", "scale=tiny"]) == 0
    assert main(["params"]) == 0


def test_claims_are_listed_with_verdicts(project, capsys):
    assert main(["claims"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert " reproduced " in lines["rethinking.table1.c1"]
    assert "not decided here" in lines["rethinking.table1.c2"]


def test_one_claim_is_shown_in_full(project, capsys):
    assert main(["claims", "rethinking.table1.c1"]) == 0
    output = capsys.readouterr().out
    assert "criterion" in output
    assert "estimate     0.5" in output


@pytest.mark.parametrize("content", ["", "[", "{}", "[1]", '[{"claim_id": 3}]', "\udcff"])
def test_a_damaged_scorecard_is_one_line(project, capsys, content):
    card = project / "results" / "tiny" / "scorecard.json"
    card.write_text(content, errors="surrogateescape")
    assert main(["claims"]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and str(card) in told.err


def test_pairs_are_cleaned_by_votes(tmp_path, capsys):
    talk = "\n\nHuman: Name a fruit.\n\nAssistant: "
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text(json.dumps({"chosen": f"{talk}Plum.", "rejected": f"{talk}No."}) + "\n{\n")
    votes = tmp_path / "votes.csv"
    votes.write_text("pair_id,annotator,choice\n1,ann,second\n1,bob,second\n1,cat,first\n")
    out = tmp_path / "out"
    words = ["clean", str(pairs), "--out", str(out), "--votes", str(votes), "--toxic", "none"]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "100.0%" in told.out and "1 refused" in told.out and not told.err
    assert json.loads((out / "pairs.jsonl").read_text())["chosen"] == f"{talk}No."
    assert json.loads((out / "summary.json").read_text())["types"]["opposite"]["count"] == 1
    votes.write_text("pair_id,annotator,choice\n1,ann,second\n1,ann,second\n")
    assert main(words) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and "votes.csv, row 3" in told.err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (BrokenPipeError(), 0, ""),
        (OSError(errno.EROFS, "Read-only file system", "/p/params.yaml"), 2, "/p/params.yaml"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "free some space"),
        (ZeroDivisionError("a\nb\x1b"), 2, r"ZeroDivisionError: a b\x1b"),
        (RecursionError("deep"), 2, "RecursionError: deep"),
    ],
)
def test_whatever_happens_ends_in_one_line(project, capsys, monkeypatch, error, code, words):
    def fail(*_):
        raise error

    monkeypatch.setattr("proxyreward.pipeline.params.write", fail)
    assert main(["params", "scale=tiny"]) == code
    told = capsys.readouterr().err
    assert told.count("\n") == (1 if code else 0) and words in told and "Traceback" not in told


def test_the_traceback_of_the_unexpected_is_kept(project, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("proxyreward.pipeline.params.write", lambda *_: 1 / 0)
    assert main(["params", "scale=tiny"]) == 2
    [file] = tmp_path.glob("proxyreward-*.txt")
    assert str(file) in capsys.readouterr().err
    assert "ZeroDivisionError" in file.read_text()


def test_output_that_cannot_be_written_is_one_line(project):
    """A full disk behind a redirection."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "proxyreward.cli", "claims"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1 and b"free some space" in done.stderr


def test_a_wrong_command_ends_with_code_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["evaluat\x1b"])
    assert ended.value.code == 2
    assert "\x1b" not in capsys.readouterr().err
