"""A lock file that a killed run left behind: whole, empty or cut off; with and without Git."""

import subprocess

import pytest

from proxyreward.pipeline.mending import is_whole, mend


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
