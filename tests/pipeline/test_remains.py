import os
import platform
import subprocess
import sys

from proxyreward.pipeline import remains


def dead():
    """Id of a process that has ended."""
    return subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip


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
    assert note.read_text() == f"{os.getpid()} {here}\n"


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
