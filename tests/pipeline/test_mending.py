"""What a killed run left behind: a lock file, whole, empty or cut off, and paths held by DVC."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from proxyreward.pipeline.mending import HELD, free, is_whole, mend


@pytest.fixture
def lock(root, tmp_path):
    """A copy of the project's own lock file."""
    path = tmp_path / "dvc.lock"
    path.write_bytes((root / "dvc.lock").read_bytes())
    return path


def git(folder, *words):
    name = ["-c", "user.name=reader", "-c", "user.email=reader@example.org"]
    subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def tracked(lock):
    git(lock.parent, "init")
    git(lock.parent, "add", "dvc.lock")
    git(lock.parent, "commit", "-m", "lock")
    return lock


DAMAGES = {
    "empty": lambda content: b"",
    "no text": lambda content: content[:200] + b"\xff\xfe",
    "cut in a key": lambda content: content[: content.index(b"    deps:") + 7],
    "no schema": lambda content: content[content.index(b"stages:") :],
    "a list": lambda content: b"- 1\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_tracked_lock_replaces_a_damaged_one(tracked, damage):
    whole = tracked.read_bytes()
    tracked.write_bytes(DAMAGES[damage](whole))
    assert not is_whole(tracked)
    assert "the one in Git is back" in mend(tracked.parent)
    assert tracked.read_bytes() == whole


@pytest.mark.parametrize("damage", DAMAGES)
def test_without_git_a_damaged_lock_is_removed(lock, damage):
    lock.write_bytes(DAMAGES[damage](lock.read_bytes()))
    assert "removed" in mend(lock.parent)
    assert not lock.exists()


def test_a_whole_or_absent_lock_is_left_alone(tracked):
    tracked.write_bytes(tracked.read_bytes() + b"\n")
    before = tracked.read_bytes()
    assert mend(tracked.parent) is None and tracked.read_bytes() == before
    tracked.unlink()
    assert mend(tracked.parent) is None and not tracked.exists()


@pytest.fixture
def held(tmp_path):
    """The file in which DVC notes who holds which path."""
    path = tmp_path / HELD
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def ended():
    """A process that has ended and still has its number, as its parent has not asked."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield {"pid": process.pid, "cmd": ""}
    process.wait()


def test_paths_of_ended_processes_are_free_again_and_those_of_others_stay(held, tmp_path, ended):
    here = {"pid": os.getpid(), "cmd": psutil.Process().cmdline()[-1]}
    another = {"pid": os.getpid(), "cmd": "dvc repro of the day before a restart"}
    held.write_text(
        json.dumps(
            {
                "read": {"a": [ended, here], "b": [another]},
                "write": {"c": ended, "d": another, "e": here},
            }
        )
    )
    assert "free again" in free(tmp_path)
    assert json.loads(held.read_text()) == {"read": {"a": [here]}, "write": {"e": here}}
    assert free(tmp_path) is None


@pytest.mark.parametrize("content", ["", '{"read": {"a": [{"pi', '{"read": 1}'])
def test_a_cut_off_note_of_held_paths_is_removed(held, tmp_path, content):
    held.write_text(content)
    assert "removed" in free(tmp_path)
    assert not held.exists()


def test_dvc_works_on_with_what_is_left(held, tmp_path, ended):
    """A process of that number exists, so that DVC alone would not take the path."""
    git(tmp_path, "init")
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q", "-f"], cwd=tmp_path, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "stage", "add", "-q", "-n", "one", "-o", "out",
                    "echo 1 > out"], cwd=tmp_path, check=True)  # fmt: skip
    held.write_text(json.dumps({"write": {str(tmp_path / "out"): ended}}))

    def repro():
        command = [sys.executable, "-m", "dvc", "repro"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "is busy" in repro().stderr
    free(tmp_path)
    assert repro().returncode == 0 and (tmp_path / "out").exists()
