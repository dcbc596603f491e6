"""Tests of scratch folders and turns."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from proxyreward.scratch import scratch, turn

HOLD = "from proxyreward.scratch import scratch\nwith scratch() as f: print(f, flush=True); input()"


@pytest.fixture()
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture()
def other(place):
    """Another process that holds a scratch folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def test_nothing_stays_even_after_an_error(place):
    with pytest.raises(KeyError), scratch() as folder:
        (folder / "deep").mkdir()
        raise KeyError
    assert list(place.iterdir()) == []


def test_a_folder_in_use_is_left_alone_and_one_of_a_killed_process_goes(place, other):
    with scratch():
        assert len([path for path in place.iterdir() if path.is_dir()]) == 2
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert len(list(place.iterdir())) == 2  # the folder and its lock
    with scratch():
        pass
    assert list(place.iterdir()) == []


def test_a_turn_leaves_nothing_behind(tmp_path):
    with turn(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
