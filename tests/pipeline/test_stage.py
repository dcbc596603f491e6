import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from proxyreward.files import content_hash
from proxyreward.pipeline import stage
from proxyreward.pipeline.closure import SOURCE
from proxyreward.pipeline.typed import ConfigError

DVC = """
stages:
  toy:
    params: [seed, model.base]
    outs: ["results/${item.scale}/world"]
"""


@dataclass(frozen=True)
class Model:
    base: str = "scratch"
    precision: str = "fp32"


@dataclass(frozen=True)
class Runner:
    backend: str = "sequential"
    workers: int | None = None


@dataclass(frozen=True)
class Toy:
    scale: str = "small"
    seed: int = 3
    model: Model = field(default_factory=Model)
    runner: Runner = field(default_factory=Runner)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a stage in a small project; returns the status and what it said at its end."""
    (tmp_path / "dvc.yaml").write_text(DVC)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stage, "load", Toy)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ended(work, load=Toy):
        monkeypatch.setattr(stage, "load", load)
        with pytest.raises(SystemExit) as caught:
            stage.main("toy", work)
        return caught.value.code

    yield ended
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_settings_and_record_of_a_run(run, tmp_path):
    stage.main("toy", lambda params: None)
    folder = tmp_path / "results" / "small" / "world"
    text = '{\n  "model": {\n    "base": "scratch"\n  },\n  "seed": 3\n}\n'
    assert (folder / "settings.json").read_text() == text
    entry = json.loads((folder.parent / "run.json").read_text())["stages"]["toy"]
    assert entry["results"] == content_hash(folder) and entry["folder"] == "world"
    assert entry["precision"] == "fp32"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["run.json", "world"]


def failing(error):
    def work(params):
        raise error

    return work


@pytest.mark.parametrize(
    "error",
    [
        ValueError("two\nlines"),
        b"\xff",
        OSError(28, "No space left on device", "outputs/x"),
        RuntimeError("torch says so"),
        AssertionError(),
    ],
)
def test_every_error_is_one_line_and_its_traceback_is_kept(run, error):
    if isinstance(error, bytes):
        error = pytest.raises(UnicodeDecodeError, error.decode).value
    said = run(failing(error))
    assert said.startswith(f"toy: {type(error).__name__}: ") and "\n" not in said
    assert " ".join(str(error).split()) in said
    path = Path(said.rpartition("(traceback: ")[2].rstrip(")"))
    assert path == Path("outputs/small/.logs/toy.txt") and "in work" in path.read_text()
    assert not Path("results").exists()


def test_errors_with_a_remedy_stand_alone(run):
    assert run(failing(ConfigError("a.yaml: mend it"))) == "toy: a.yaml: mend it"
    assert run(None, load=lambda: failing(ConfigError("no file"))(None)) == "toy: no file"
    Path("dvc.yaml").unlink()
    assert "dvc.yaml: No such file" in run(None)
    assert list(Path().iterdir()) == []


def test_a_traceback_that_cannot_be_kept_in_the_project_goes_elsewhere(run, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "outputs").touch()  # nothing can be written below it
    said = run(lambda params: stage.results(params, "../../outputs"))
    [path] = (tmp_path / "elsewhere").iterdir()
    assert said.startswith("toy: FileExistsError: ") and said.endswith(f"(traceback: {path})")
    assert "Traceback" in path.read_text()


def test_locks_and_notes_of_a_family_inside_a_stage_s_folder_lie_outside_of_it(monkeypatch):
    asked = []
    monkeypatch.setattr(stage, "run_family", lambda *given: asked.extend(given))
    stage.run_items(Toy(), "rejection/scores", [], list, [])
    assert [path for path in asked if isinstance(path, Path)] == [
        Path("outputs/small/rejection/scores"), Path("outputs/small/rejection-scores")
    ]  # fmt: skip


PROGRAM = """
    import signal
    import time
    from dataclasses import dataclass
    from pathlib import Path
    from proxyreward.pipeline import stage
    from proxyreward.pipeline.family import run_family
    from tests.pipeline.test_stage import Toy

    @dataclass(frozen=True)
    class Item:
        name: str
        seconds: int

    def work(item, folder):
        time.sleep(item.seconds)

    def run(params):
        items = [Item(f"item-{seconds}", seconds) for seconds in (0, 60, 61, 62)]
        family = stage.outputs(params, "toy")
        run_family(items, work, family, [], "proxyreward.pipeline.closure", workers=2)

    if __name__ == "__main__":
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
        stage.load = Toy
        stage.main("toy", run)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_ends_in_order(tmp_path, number, root):
    """SIGINT goes to the whole group, as a terminal sends it, SIGTERM to the process."""
    (tmp_path / "dvc.yaml").write_text(DVC)
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM))
    path = os.pathsep.join([str(tmp_path), str(SOURCE), str(root)])
    process = subprocess.Popen(
        [sys.executable, "-m", "program"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    family = tmp_path / "outputs" / "small" / "toy"
    while not (family / "item-0").exists() or not list(family.glob(".item-6*")):
        assert process.poll() is None
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    # Python's own tracker of shared memory may warn of what it cleans up.
    assert "toy: stopped; a rerun keeps the items that are finished" in said.splitlines()
    assert "Traceback" not in said
    assert [path.name for path in family.iterdir()] == ["item-0"]
    assert not psutil.wait_procs(children, timeout=10)[1]


STUBBORN = """
    import signal
    import time
    from proxyreward.pipeline import stage
    from tests.pipeline.test_stage import Toy

    def run(params):
        for _ in range(2):
            try:
                print("at work", flush=True)
                time.sleep(60)
            except KeyboardInterrupt:
                pass

    if __name__ == "__main__":
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
        stage.load, stage.GRACE = Toy, 1
        stage.main("toy", run)
"""


def test_a_run_ends_though_what_it_calls_takes_no_notice(tmp_path, root):
    (tmp_path / "dvc.yaml").write_text(DVC)
    (tmp_path / "stubborn.py").write_text(textwrap.dedent(STUBBORN))
    path = os.pathsep.join([str(tmp_path), str(SOURCE), str(root)])
    process = subprocess.Popen(
        [sys.executable, "-m", "stubborn"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "at work\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "at work\n"  # it has not heard
    assert process.wait(timeout=30) == -signal.SIGALRM
