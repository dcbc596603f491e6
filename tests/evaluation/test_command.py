"""The command, with stand-ins for what reads and computes."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.evaluation.report import made

from proxyreward.cli import main
from proxyreward.data.report import DataError
from proxyreward.evaluation.report import FILES, schema

PACKAGE = "proxyreward.evaluation"


@dataclasses.dataclass
class Options:
    golden: tuple = ()
    golden_file: Path | None = None
    category: str | None = None
    cluster: str | None = None


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scores.csv").write_text("prompt_id,response_id,model,score\n")
    return tmp_path


@pytest.fixture
def calls(monkeypatch):
    """What the parts are called with; the evaluation is of `calls.found`."""
    calls = SimpleNamespace(found=made.evaluation(), evaluate=[], check=[])

    def evaluate(paths, *, seed, golden, **columns):
        calls.evaluate.append((paths, Options(tuple(golden), **columns), seed))
        if isinstance(calls.found, Exception):
            raise calls.found
        return calls.found

    def check(paths, options):
        calls.check.append((paths, options))
        return "format   long\nrows     \x1b7"

    reading = SimpleNamespace(Options=Options)
    parts = {"evaluate": SimpleNamespace(evaluate=evaluate), "reading.options": reading}
    parts |= {"profile": SimpleNamespace(check=check), "reading": SimpleNamespace(options=reading)}
    for name, part in parts.items():
        monkeypatch.setitem(sys.modules, f"{PACKAGE}.{name}", part)
    return calls


def test_alarms_are_told_in_a_line_each_and_make_the_status_2(calls, folder, capsys):
    assert main(["evaluate", "scores.csv"]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert "share the first tier" in lines[0]
    assert lines[1:3] == [f"alarm: {alarm}" for alarm in calls.found.alarms]
    assert lines[3] == "written: evaluation/report.html, evaluation/evaluation.json, " + (
        "evaluation/report.md"
    )
    assert {path.name for path in (folder / "evaluation").iterdir()} == set(FILES)


def test_without_alarms_the_status_is_0(calls):
    calls.found = dataclasses.replace(calls.found, alarms=())
    assert main(["evaluate", "scores.csv"]) == 0


def test_the_words_reach_the_parts(calls):
    words = "a.csv b --golden x --golden y --golden-file g.csv --category c --cluster d --seed 7"
    main(["evaluate", *words.split(), "--out", "elsewhere"])
    options = Options(("x", "y"), Path("g.csv"), "c", "d")
    assert calls.evaluate == [([Path("a.csv"), Path("b")], options, 7)]
    assert Path("elsewhere/report.html").exists()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DataError("scores.csv, row 3, field 'score': is no number; mend it"), "field 'score'"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_a_failure_is_one_line_with_status_1(calls, capsys, error, told):
    calls.found = error
    assert main(["evaluate", "scores.csv"]) == 1
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1 and told in output.err
    assert not Path("evaluation").exists()


@pytest.mark.parametrize(
    "words", [[], ["a.csv", "--bogus"], ["a.csv", "--seed", "x"], ["a.csv", "--out"]]
)
def test_words_that_are_not_understood_have_status_1_too(calls, capsys, words):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *words])
    assert ended.value.code == 1
    assert "proxyreward evaluate: error: " in capsys.readouterr().err
    assert calls.evaluate == []


def test_a_seed_below_0_is_refused(calls, capsys):
    assert main(["evaluate", "a.csv", "--seed", "-1"]) == 1
    assert "--seed is -1; give 0 or more" in capsys.readouterr().err


def test_nothing_is_computed_for_a_report_that_cannot_be_written(calls, folder, capsys):
    (folder / "scores").mkdir()
    (folder / "scores" / "evaluation.json").symlink_to(folder / "evaluation" / "evaluation.json")
    (folder / "report.md").write_text("mine")
    for words in (["scores"], ["scores.csv", "--out", "."], ["scores", "--out", "scores"]):
        assert main(["evaluate", *words]) == 1
        assert "give --out another folder" in capsys.readouterr().err
    assert calls.evaluate == [] and (folder / "report.md").read_text() == "mine"


def test_check_says_what_the_files_hold_and_computes_nothing(calls, folder, capsys):
    assert main(["evaluate", "scores.csv", "--check", "--category", "kind"]) == 0
    assert capsys.readouterr().out == "format   long\nrows     \\x1b7\n"
    assert calls.check == [([Path("scores.csv")], Options(category="kind"))]
    assert calls.evaluate == [] and not (folder / "evaluation").exists()


def test_the_schema_is_printed_without_scores(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--schema"])
    assert not ended.value.code
    assert json.loads(capsys.readouterr().out) == schema()


def test_a_reader_that_stops_early_does_not_hide_an_alarm(root):
    program = (
        "import dataclasses, sys; from types import SimpleNamespace as S\n"
        "from tests.evaluation.report import made; from tests.evaluation.test_command import *\n"
        "found = made.evaluation(alarms=('x' * 90,) * 5000)\n"
        "parts = {'evaluate': S(evaluate=lambda *a, **k: found), 'reading': S()}\n"
        "parts['reading.options'] = S(Options=Options)\n"
        "sys.modules.update({f'{PACKAGE}.{name}': part for name, part in parts.items()})\n"
        "sys.exit(main(['evaluate', 'scores.csv']))"
    )
    environment = {"PYTHONPATH": f"{root / 'src'}:{root}", "PATH": "/usr/bin:/bin"}
    running = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment
    )
    running.stdout.close()
    assert running.wait(timeout=120) == 2
