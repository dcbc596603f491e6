import os
import platform
import subprocess
import sys

import psutil
import pytest

from proxyreward.pipeline import remains


def dead():
    """Id of a process that has ended."""
    return subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip


@pytest.fixture
def ended():
    """Id of a process that has ended and still has its number, as its parent has not asked."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield process.pid
    process.wait()


def test_an_ended_process_does_not_run_though_it_has_its_number(ended):
    assert psutil.pid_exists(ended) and not remains.runs(ended)
    assert remains.runs(os.getpid()) and not remains.runs(int(dead()))


def test_a_process_runs_only_under_its_own_command():
    own = " ".join(psutil.Process().cmdline())
    assert remains.runs(os.getpid(), own[-9:]) and not remains.runs(os.getpid(), "another")


def test_what_an_ended_process_left_is_removed_before_its_number_is_free(
    ended, tmp_path, monkeypatch
):
    monkeypatch.setattr(remains, "SHARED", str(tmp_path))
    (tmp_path / f"joblib_memmapping_folder_{ended}_1_2").mkdir()
    note = tmp_path / "note"
    note.write_text(f"{ended} {platform.node()}\n")
    remains.take_over(note)
    assert list(tmp_path.iterdir()) == [note]


def test_exactly_what_dead_processes_left_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(remains, "SHARED", str(tmp_path))
    gone, unknown, here = dead(), dead(), platform.node()
    for process in (gone, unknown, os.getpid(), gone + "0"):
        (tmp_path / f"sem.loky-{process}-ab").touch()
        (tmp_path / f"joblib_memmapping_folder_{process}_1_2").mkdir()
    note = tmp_path / "note"
    note.write_text(f"{gone} {here}\n{os.getpid()} {here}\n{unknown} elsewhere\nhalf a li")
    remains.take_over(note)
    left = {path.name for path in tmp_path.glob("[sj]*")}
    stay = (unknown, os.getpid(), gone + "0")
    assert left == {f"sem.loky-{process}-ab" for process in stay} | {
        f"joblib_memmapping_folder_{process}_1_2" for process in stay
    }
    noted = [f"{os.getpid()} {here}", f"{unknown} elsewhere", f"{os.getpid()} {here}"]
    assert sorted(note.read_text().splitlines()) == sorted(noted)


def test_a_sweep_finds_the_notes_of_all_families_and_leaves_them(tmp_path, monkeypatch):
    monkeypatch.setattr(remains, "SHARED", str(tmp_path / "memory"))
    (tmp_path / "memory").mkdir()
    notes = [tmp_path / "outputs/tiny/.ppo.processes", tmp_path / "outputs/a/b/.c.processes"]
    ids = [dead() for _ in notes]
    for note, process in zip(notes, ids):
        note.parent.mkdir(parents=True)
        note.write_text(f"{process} {platform.node()}\n{os.getpid()} {platform.node()}\n")
    for process in (*ids, os.getpid()):
        (tmp_path / "memory" / f"sem.loky-{process}-ab").touch()
    remains.sweep(tmp_path / "outputs")
    left = [path.name for path in (tmp_path / "memory").iterdir()]
    assert left == [f"sem.loky-{os.getpid()}-ab"] and all(note.exists() for note in notes)
