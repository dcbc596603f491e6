"""Files in one step, and what names their content."""

import os
import shutil

import pytest

from proxyreward.files import content_hash, file_hashes, state, sync, write_whole


def test_content_hash_sees_names_and_bytes(tmp_path):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "x").write_text("1")
    first = content_hash(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    assert content_hash(tmp_path / "copy") == first
    (folder / "x").rename(folder / "y")
    assert content_hash(tmp_path / "a") != first
    with pytest.raises(FileNotFoundError):
        content_hash(tmp_path / "absent")


def test_a_state_tells_a_file_from_another_of_its_name(tmp_path, monkeypatch):
    for place in ("a", "b"):
        (tmp_path / place / "folder").mkdir(parents=True)
        (tmp_path / place / "folder/x").write_text("1")
    seen = []
    for place in ("a", "b", "b"):
        monkeypatch.chdir(tmp_path / place)
        seen.append(state("folder"))
        assert state("folder/x") == seen[-1] and state("absent") == ()
        write_whole("folder/x", "1")  # the same text, another file
    assert len(set(seen)) == 3


def test_file_hashes_name_every_file_once_in_order(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_text("x")
    (tmp_path / "a").write_text("x")
    found = file_hashes(tmp_path)
    assert list(found) == ["a", "b/c"]
    assert set(found.values()) == {content_hash(tmp_path / "a")}


def test_a_failed_write_leaves_the_old_text(tmp_path):
    path = tmp_path / "made" / "a.txt"
    write_whole(path, "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "new \ud800")
    assert path.read_text() == "old\n"
    write_whole(path, "newer\n")
    assert path.read_text() == "newer\n" and [path] == list(path.parent.iterdir())


def test_sync_reaches_every_file_and_folder(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_text("x")
    synced = set()
    monkeypatch.setattr("os.fsync", lambda number: synced.add(os.fstat(number).st_ino))
    sync(tmp_path)
    paths = (tmp_path, tmp_path / "a", tmp_path / "a" / "b")
    assert synced == {path.stat().st_ino for path in paths}
