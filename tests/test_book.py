"""Tests of the built book and of a student's page; the book is built once."""

from pathlib import Path

import pytest

from proxyreward.book import BookError, build, hide_code
from proxyreward.book_checks import check_html, check_sources

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.book


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROXYREWARD_ROOT", str(ROOT))
        yield build(out=tmp_path_factory.mktemp("book") / "html")


def test_book_loads_nothing_remote_and_its_links_and_pictures_are_sound(html):
    assert check_html(html) == []


def test_every_page_of_the_contents_is_built(html):
    import yaml

    contents = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text())
    files = [chapter["file"] for part in contents["parts"] for chapter in part["chapters"]]
    assert [name for name in ["intro", *files] if not (html / f"{name}.html").is_file()] == []


def test_every_notebook_is_a_page(html):
    names = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {path.stem for path in html.glob("*.html")} >= names


@pytest.mark.parametrize("page", ["intro", "finding1", "world", "real_hh"])
def test_figures_carry_a_provenance_line(html, page):
    text = (html / f"{page}.html").read_text()
    assert 0 < text.count('<img class="figure ') <= text.count('<p class="provenance">')


def test_no_result_number_is_typed():
    assert check_sources(ROOT) == []


def test_notebooks_hold_source_only():
    import nbformat

    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        assert not any(cell.get("outputs") for cell in cells), path.name


@pytest.fixture()
def project(tmp_path, monkeypatch):
    """A project of one page, which cannot be built: its notebooks may not even start."""
    (tmp_path / "book").mkdir()
    (tmp_path / "results" / "tiny").mkdir(parents=True)
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "book" / "intro.md").write_text("# Gain\n")
    monkeypatch.setenv("PROXYREWARD_ROOT", str(tmp_path))
    monkeypatch.setattr("proxyreward.book.execute_all", lambda *_: pytest.fail("the build began"))
    return tmp_path


def test_a_typed_number_stops_the_build_before_it_starts(project):
    (project / "book" / "intro.md").write_text("# Gain\n\nIt gains 0.75.\n")
    with pytest.raises(BookError, match="intro.md.*0.75"):
        build()


@pytest.mark.parametrize("out", [".", "book", "results/tiny/pages", "site"])
def test_a_folder_of_other_things_stops_the_build_before_it_starts(project, monkeypatch, out):
    (project / "site").mkdir()
    (project / "site" / "intro.html").write_text("mine")
    monkeypatch.chdir(project)
    with pytest.raises(BookError, match="Remedy"):
        build(out=out)
    assert (project / "site" / "intro.html").read_text() == "mine"


def test_code_is_folded_and_parameters_stay(tmp_path):
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    path = tmp_path / "page.ipynb"
    cells = [new_code_cell("n: int = 1", metadata={"tags": ["parameters"]}), new_code_cell("1")]
    nbformat.write(new_notebook(cells=cells), path)
    hide_code(path)
    tags = [cell.metadata.tags for cell in nbformat.read(path, as_version=4).cells]
    assert tags == [["parameters"], ["hide-input"]]
