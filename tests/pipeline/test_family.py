import json
import os
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from proxyreward.pipeline import family, finished
from proxyreward.pipeline.closure import SOURCE
from proxyreward.pipeline.family import FamilyError, run_family
from proxyreward.pipeline.finished import read_items

MODULE = "proxyreward.pipeline.closure"


@dataclass(frozen=True)
class Square:
    value: int
    broken: bool = False

    @property
    def name(self) -> str:
        return f"square-{self.value}"


def square(item: Square, folder: Path) -> None:
    print("working on", item.name)
    if item.broken:
        raise ArithmeticError("cannot square a circle")
    (folder / "result.txt").write_text(str(item.value**2))


def environment(item: Square, folder: Path) -> None:
    names = ("OMP_NUM_THREADS", "TOKENIZERS_PARALLELISM", "CUDA_VISIBLE_DEVICES")
    (folder / "env.json").write_text(json.dumps({name: os.environ.get(name) for name in names}))
    time.sleep(0.2)  # long enough that both workers get an item


def die(item: Square, folder: Path) -> None:
    os._exit(1)


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    monkeypatch.setattr("proxyreward.pipeline.worker.visible_devices", tuple)


def run(items, directory, work=square, inputs=("in",), backend="sequential", **more):
    return run_family(items, work, directory, inputs, MODULE, backend, **more)


def contents(directory):
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def marked(directory, name):
    """Remember a finished item's file, so that a test sees whether the item is redone."""
    path = directory / name / "result.txt"
    before = path.stat().st_mtime_ns
    return lambda: path.stat().st_mtime_ns == before


def test_paths_in_order_and_nothing_else(tmp_path):
    paths = run([Square(3), Square(2)], tmp_path / "f")
    assert [path.name for path in paths] == ["square-3", "square-2"]
    assert (paths[0] / "result.txt").read_text() == "9"
    files = ("files.json", "result.txt", "spec.json")
    assert sorted(contents(tmp_path / "f")) == [
        "index.json", *(f"square-{i}/{name}" for i in (2, 3) for name in files)
    ]  # fmt: skip


def test_a_whole_run_and_one_without_work_leave_the_same_folders(tmp_path):
    def folders():
        return {path for path in tmp_path.rglob("*") if path.is_dir()}

    run([Square(1), Square(2)], tmp_path / "squares")
    whole = folders()
    run([Square(1), Square(2)], tmp_path / "squares")
    assert (
        folders()
        == whole
        == {tmp_path / "squares" / f"square-{i}" for i in (1, 2)} | {tmp_path / "squares"}
    )


def test_finished_items_are_kept(tmp_path):
    run([Square(2)], tmp_path / "f")
    kept = marked(tmp_path / "f", "square-2")
    run([Square(2), Square(3)], tmp_path / "f")
    assert kept()


@pytest.mark.parametrize("change", ["spec", "inputs", "version"])
def test_changed_items_are_redone(tmp_path, change, monkeypatch):
    item = Square(2)
    run([item], tmp_path / "f")
    kept = marked(tmp_path / "f", "square-2")
    if change == "spec":
        object.__setattr__(item, "broken", 0)  # equal in Python, another value in JSON
    if change == "version":
        monkeypatch.setattr("importlib.metadata.version", lambda name: "0")
    run([item], tmp_path / "f", inputs=["other"] if change == "inputs" else ["in"])
    assert not kept()


def test_leftovers_and_former_items_go_and_strange_files_stay(tmp_path):
    run([Square(2), Square(3)], tmp_path)
    (tmp_path / ".square-9.partial-x").mkdir()
    (tmp_path / "square-4").mkdir()  # named like an item, but no runner finished it
    (tmp_path / "notes").mkdir()
    run([Square(2), Square(4)], tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["index.json", "notes", "square-2", "square-4"]
    assert (tmp_path / "square-4" / "result.txt").is_file()


def test_a_finished_family_is_read_without_planning_it(tmp_path):
    items = [Square(3), Square(2), Square(5)]
    folders = run(items, tmp_path)
    assert read_items(tmp_path, Square) == dict(zip(folders, items))
    before = contents(tmp_path)
    run(items[1:], tmp_path)
    assert list(read_items(tmp_path, Square).values()) == items[1:]
    run(items, tmp_path)
    assert contents(tmp_path) == before


def test_a_family_with_failures_is_not_finished(tmp_path):
    run([Square(1)], tmp_path)
    with pytest.raises(FamilyError):
        run([Square(1), Square(2, broken=True)], tmp_path)
    with pytest.raises(FamilyError, match=r"index\.json: cannot be read .*run `dvc repro`"):
        read_items(tmp_path, Square)


@pytest.mark.parametrize("name", ["index.json", "square-2/spec.json"])
@pytest.mark.parametrize("text", [None, "", "7", "[3]", '{"spec": {"value": "x"}}'])
def test_a_damaged_family_is_named_with_the_remedy_which_mends_it(tmp_path, name, text):
    run([Square(2)], tmp_path)
    whole = contents(tmp_path)
    (tmp_path / name).unlink() if text is None else (tmp_path / name).write_text(text)
    with pytest.raises(FamilyError, match=r"\.json: cannot be read .*run `dvc repro`"):
        read_items(tmp_path, Square)
    run([Square(2)], tmp_path)
    assert contents(tmp_path) == whole


def test_nothing_that_differs_between_runs_lies_in_a_folder_that_is_kept(tmp_path):
    items = [Square(1), Square(2, broken=True)]
    traces = tmp_path / "stage-f"
    with pytest.raises(FamilyError) as caught:
        run(items, tmp_path / "stage/f", traces=traces)
    assert str(tmp_path / ".logs/stage-f/square-2.txt") in str(caught.value)
    run([replace(item, broken=False) for item in items], tmp_path / "stage/f", traces=traces)
    assert {path.name for path in tmp_path.iterdir()} == {
        "stage", ".stage-f.lock", ".stage-f.processes"
    }  # fmt: skip
    assert not list((tmp_path / "stage").rglob(".*"))


def test_failure_names_item_reason_and_log_and_keeps_the_others(tmp_path, capsys):
    items = [Square(1), Square(2, broken=True), Square(3)]
    with pytest.raises(FamilyError, match="1 of 3 items failed") as caught:
        run(items, tmp_path / "f", backend="loky", workers=2)
    message = str(caught.value)
    assert "square-2: ArithmeticError: cannot square a circle" in message
    log = Path(message.rpartition("(log: ")[2].rstrip(")")).read_text()
    assert "working on square-2" in log and "Traceback" in log
    names = sorted(path.name for path in (tmp_path / "f").iterdir())
    assert names == ["square-1", "square-3"]  # the log is elsewhere: DVC keeps what is here
    kept = [marked(tmp_path / "f", f"square-{i}") for i in (1, 3)]
    run([replace(item, broken=False) for item in items], tmp_path / "f")
    assert all(check() for check in kept)
    assert "working on" not in capsys.readouterr().out


def leave(item: Square, folder: Path) -> None:
    sys.exit(0)


def test_work_that_exits_is_a_failure_of_its_item(tmp_path):
    with pytest.raises(FamilyError, match="square-1: SystemExit: 0"):
        run([Square(1)], tmp_path / "f", leave)


def test_lost_worker_is_a_failure_of_its_item(tmp_path):
    with pytest.raises(FamilyError, match="square-1: a worker was lost"):
        run([Square(1)], tmp_path / "f", die, backend="loky", workers=2)


def test_item_that_a_lost_worker_has_finished_is_no_failure(tmp_path, monkeypatch):
    def spread(tasks, backend, place):
        for name, task in tasks.items():
            if name != "square-2":
                task()
            yield name, "a worker was lost"

    monkeypatch.setattr(family, "spread", spread)
    with pytest.raises(
        FamilyError, match=r"1 of 3 items failed[^\n]*\n  square-2: a worker[^\n]*$"
    ):
        run([Square(1), Square(2), Square(3)], tmp_path / "f")


def alter(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


DAMAGE = {
    "result.txt does not match": lambda item: alter(item / "result.txt"),
    "spec.json does not match": lambda item: alter(item / "spec.json"),
    "result.txt is missing": lambda item: (item / "result.txt").unlink(),
    "more.txt was not there": lambda item: (item / "more.txt").touch(),
    "files.json is missing": lambda item: (item / "files.json").unlink(),
    "files.json cannot be read": lambda item: os.truncate(item / "files.json", 9),
    "files.json holds no hashes": lambda item: (item / "files.json").write_text("[]"),
}


@pytest.mark.parametrize("fault", DAMAGE)
def test_a_damaged_item_is_named_and_redone(tmp_path, capsys, fault):
    items = [Square(2), Square(3)]
    run(items, tmp_path / "f")
    whole = contents(tmp_path / "f")
    DAMAGE[fault](tmp_path / "f" / "square-3")
    kept = marked(tmp_path / "f", "square-2")
    capsys.readouterr()
    run(items, tmp_path / "f")
    assert f"f: square-3 is redone: {fault}" in capsys.readouterr().err
    assert contents(tmp_path / "f") == whole and kept()


def test_a_folder_that_was_removed_and_made_again_is_not_sealed(tmp_path):
    partial = finished.partial_folder(tmp_path / "item")
    (partial / "result.txt").write_text("half")
    with pytest.raises(FileNotFoundError, match="spec.json"):
        finished.seal(partial, tmp_path / "item")


def test_progress_counts_and_estimates(tmp_path, capsys):
    run([Square(1), Square(2)], tmp_path / "f")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "f: 2 items to run, 0 kept"
    assert lines[2].startswith("f: 2/2 square-2 · ") and lines[2].endswith("about 0 s to go")


def test_loky_workers_take_one_thread_and_own_devices(tmp_path, monkeypatch):
    monkeypatch.setattr("proxyreward.pipeline.worker.visible_devices", lambda: ("5", "7"))
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    paths = run([Square(1), Square(2), Square(3)], tmp_path / "f", environment, backend="loky")
    found = [json.loads((path / "env.json").read_text()) for path in paths]
    assert {env["OMP_NUM_THREADS"] for env in found} == {"1"}
    assert {env["TOKENIZERS_PARALLELISM"] for env in found} == {"false"}
    assert {env["CUDA_VISIBLE_DEVICES"] for env in found} == {"5", "7"}
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == before


def test_backends_give_the_same_bytes(tmp_path):
    run([Square(1), Square(2)], tmp_path / "a", backend="loky", workers=2)
    run([Square(1), Square(2)], tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("items", [[Square(1), Square(1)], [replace(Square(1), value="/../x")]])
def test_bad_names_are_refused(tmp_path, items):
    with pytest.raises(ValueError, match="name"):
        run(items, tmp_path / "f")


def test_field_that_json_cannot_hold_is_refused(tmp_path):
    with pytest.raises(TypeError, match="square-2.*give its fields as"):
        run([Square(2, broken=Path("x"))], tmp_path / "f")


PROGRAM = """
    import sys, time
    from dataclasses import dataclass
    from pathlib import Path
    from proxyreward.pipeline.family import run_family

    @dataclass(frozen=True)
    class Slow:
        name: str

    def work(item, folder):
        with open("calls", "a") as file:
            print(item.name, file=file)
        time.sleep(0.2)
        (folder / "result.txt").write_text(item.name * 3)

    if __name__ == "__main__":
        items = [Slow(f"item-{i}") for i in range(5)]
        module = "proxyreward.pipeline.closure"
        run_family(items, work, Path(sys.argv[1]), [], module, workers=2)
"""


def test_killed_run_redoes_only_unfinished_items(tmp_path):
    """SIGKILL in the middle, then a rerun: same bytes as an undisturbed run, no item done twice."""
    (tmp_path / "slow_family.py").write_text(textwrap.dedent(PROGRAM))
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}

    def start(directory):
        command = [sys.executable, "-m", "slow_family", str(directory)]
        return subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)

    victim = start(tmp_path / "killed")
    while not list((tmp_path / "killed").glob("item-*")):
        assert victim.poll() is None
        time.sleep(0.02)
    victim.kill()
    victim.wait()
    done = {path.name for path in (tmp_path / "killed").glob("item-*")}
    assert 0 < len(done) < 5
    assert start(tmp_path / "killed").wait() == 0
    ran = (tmp_path / "calls").read_text().split()
    assert all(ran.count(name) == 1 for name in done)
    assert start(tmp_path / "clean").wait() == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "clean")
