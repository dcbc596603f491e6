"""Tests that a book is published beside what others keep in a folder, and never over it."""

import json
import os
import threading
from pathlib import Path

import pytest

from proxyreward.publish import LIST, PARTS, BookError, check_target, publish
from proxyreward.scratch import LOCK, turn


@pytest.fixture()
def project(tmp_path):
    root = tmp_path / "project"
    (root / "book" / "_build").mkdir(parents=True)
    (root / "src" / "deep").mkdir(parents=True)
    return root


@pytest.fixture()
def built(tmp_path):
    """Write a build of the given pages, a style sheet among them, and return its folder."""

    def write(name, *pages):
        html = tmp_path / name
        (html / "_static").mkdir(parents=True)
        (html / "_static" / "a.css").write_text(name)
        for page in ("index", *pages):
            (html / f"{page}.html").write_text(name)
        return html

    return write


def check(project, out):
    return check_target(Path(out), project, project / "book" / "_build", ["index.html"])


def content(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def pages(folder):
    return {name: text for name, text in content(folder).items() if not name.startswith(".")}


@pytest.mark.parametrize("out", [".", "..", "/", "~", "~/..", "src", "src/new", "book", *PARTS])
def test_project_and_home_are_refused_and_their_parts(project, tmp_path, monkeypatch, out):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(project)
    before = content(project)
    with pytest.raises(BookError, match=r"(whole project, or your home|part of the project)\. Rem"):
        check(project, out)
    assert content(project) == before


def test_a_part_that_lies_elsewhere_is_refused_too(project, tmp_path):
    (tmp_path / "disk").mkdir()
    (project / "outputs").symlink_to(tmp_path / "disk")
    for out in (tmp_path / "disk" / "site", project / "outputs"):
        with pytest.raises(BookError, match="part of the project"):
            check(project, out)


@pytest.mark.parametrize("out", ["book/_build/html", "site", "~/site", "new/site", "../elsewhere"])
def test_a_folder_of_its_own_is_taken(project, tmp_path, monkeypatch, out):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(project)
    place = check(project, out)
    assert place == Path(out).expanduser().resolve()
    assert not place.exists()


def test_what_is_no_folder_is_refused_in_one_line(project, tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for out in ("file", "file/below", "loop", "n" * 300):
        with pytest.raises(BookError, match="Remedy: name another") as error:
            check(project, tmp_path / out)
        assert "\n" not in str(error.value)


def test_a_page_that_no_build_wrote_is_refused_before_the_build(project, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("mine")
    with pytest.raises(BookError, match="holds index.html, which no earlier build wrote"):
        check(project, tmp_path / "site")


def test_other_files_stay_and_those_of_the_last_build_are_replaced(tmp_path, built):
    site = tmp_path / "site"
    foreign = {"CNAME": "example.org", ".nojekyll": "", "talks/a.txt": "x", "_static/mine.js": "y"}
    for name, text in foreign.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    publish(built("first", "old", "kept"), site)
    publish(built("second", "kept", "new"), site)
    found = content(site)
    assert found.items() >= foreign.items()
    assert {name: text for name, text in found.items() if name not in {*foreign, LIST}} == {
        "index.html": "second",
        "kept.html": "second",
        "new.html": "second",
        "_static/a.css": "second",
    }


def test_a_folder_that_the_new_build_leaves_empty_goes(tmp_path, built):
    first = built("first")
    (first / "part").mkdir()
    (first / "part" / "page.html").write_text("x")
    publish(first, tmp_path / "site")
    publish(built("second"), tmp_path / "site")
    assert not (tmp_path / "site" / "part").exists()


def test_a_foreign_file_in_the_way_is_named_and_nothing_written(tmp_path, built):
    site = tmp_path / "site"
    (site / "_static").mkdir(parents=True)
    (site / "_static" / "a.css").write_text("mine")
    with pytest.raises(BookError, match=r"_static/a\.css, which no earlier build wrote"):
        publish(built("first"), site)
    assert content(site) == {"_static/a.css": "mine"}


def test_a_link_is_written_through(project, tmp_path, built):
    (tmp_path / "root").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "root")
    publish(built("first"), check(project, tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "root" / "index.html").read_text() == "first"


def test_a_folder_stays_the_folder_that_it_was(tmp_path, built):
    """A mounted volume cannot be renamed, only filled."""
    site = tmp_path / "site"
    site.mkdir()
    before = site.stat().st_ino
    publish(built("first"), site)
    assert site.stat().st_ino == before


@pytest.mark.parametrize("moment", range(1, 6))
def test_a_build_that_is_killed_leaves_whole_files_and_the_next_completes_it(
    tmp_path, built, monkeypatch, moment
):
    site = tmp_path / "site"
    publish(built("first", "gone"), site)
    second = built("second", "new")
    real, calls = os.replace, []

    def killed(source, target):
        calls.append(target)
        if len(calls) == moment:
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            publish(second, site)
    assert set(pages(site).values()) <= {"first", "second"}
    assert "index.html" in pages(site)
    publish(second, site)
    assert pages(site) == content(second)


def test_a_folder_of_builds_without_a_list_is_replaced_whole(tmp_path, built):
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("from before")
    (site / "stale.html").write_text("from before")
    publish(built("first"), site, everything=True)
    assert set(pages(site)) == {"index.html", "_static/a.css"}


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '"ab"', "[1]", '["/etc/x"]', '["a/../../x"]', '[""]', "[" * 9999]
)
def test_a_damaged_list_is_refused(tmp_path, built, text):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / LIST).write_text(text)
    (tmp_path / "site" / "a").write_text("mine")
    with pytest.raises(BookError, match="no list of the files"):
        publish(built("first"), tmp_path / "site")
    assert (tmp_path / "site" / "a").read_text() == "mine"


def test_two_that_publish_into_one_folder_take_turns(tmp_path, built):
    site = tmp_path / "site"
    site.mkdir()
    other = threading.Thread(target=publish, args=(built("second", "b"), site))
    with turn(site):
        other.start()
        other.join(timeout=0.2)
        assert other.is_alive() and pages(site) == {}
    other.join()
    assert set(pages(site)) == {"index.html", "b.html", "_static/a.css"}
    assert not (site / LOCK).exists()


def test_the_list_names_the_files_of_the_build_alone(tmp_path, built):
    publish(built("first", "a"), tmp_path / "site")
    names = json.loads((tmp_path / "site" / LIST).read_text())
    assert names == ["_static/a.css", "a.html", "index.html"]


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path, built):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BookError, match="cannot be written"):
        publish(built("first"), tmp_path / "file")
