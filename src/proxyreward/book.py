"""The book: stage the sources, execute the notebooks, build offline with warnings as errors, check.

In: `book/`, `notebooks/` and the tracked tables under `results/`; neither models nor a network.
Out: static HTML that opens from a folder; `page` renders one notebook alone.
"""

import shutil
import stat
import subprocess
import sys
from pathlib import Path

from proxyreward.book_checks import check_html, check_sources
from proxyreward.findings.core.criterion import units
from proxyreward.notebooks.places import project_root, results_dir
from proxyreward.notebooks.runner import execute_all
from proxyreward.notebooks.surroundings import shielded
from proxyreward.publish import BookError, check_target, publish
from proxyreward.scratch import scratch
from proxyreward.vocabulary import DEFAULT_SCALE

BUILD = Path("book") / "_build"
MARGINS = "_margins.md"
"""Included by the page *How to read a page*."""
# What every page needs beside its own text.
_FURNITURE = ("_config.yml", "_assets", "references.bib", "bibliography.md")
# What every build of Sphinx writes.
_LANDMARKS = ("index.html", "genindex.html", "search.html", "searchindex.js", "objects.inv")


def build(scale: str = DEFAULT_SCALE, out: str | Path | None = None) -> Path:
    """Build the whole book and return the folder of its HTML.

    Parameters
    ----------
    scale : scale whose results the notebooks read.
    out : folder for the HTML, filled only when everything holds; default ``book/_build/html``.
        Files in it that no build wrote stay as they are.

    Raises
    ------
    NotFound
        If the scale has no results.
    BookError
        If Sphinx warns, something remote would be loaded, a link leads nowhere, a picture has no
        alternative text, a result number is typed in prose, or `out` is no place for a book
        (see `publish.check_target`); the latter before anything is built.
    """
    root = project_root()
    results_dir(scale)
    place = check_target(
        Path(out or root / BUILD / "html"), root, root / BUILD, [*_LANDMARKS, *_pages(root)]
    )
    _refuse(check_sources(root))
    with scratch() as folder:
        stage = folder / "book"
        _copy(root / "book", stage)
        (stage / MARGINS).write_text(_margins(), encoding="utf-8")
        for notebook in execute_all(scale, stage):
            hide_code(notebook)
        html = _jupyter_book(stage, "-W", "-n", "--keep-going", "--all")
        _refuse(check_html(html))
        return publish(html, place, everything=place.is_relative_to((root / BUILD).resolve()))


def page(notebook: Path, out: Path) -> Path:
    """Render one executed notebook in the book's look and return its HTML file."""
    book = project_root() / "book"
    with scratch() as stage:
        for name in _FURNITURE:
            _copy(book / name, stage / name)
        _copy(notebook, stage / notebook.name)
        (stage / "_toc.yml").write_text(
            f"format: jb-book\nroot: {notebook.stem}\nchapters:\n- file: bibliography\n",
            encoding="utf-8",
        )
        # A lone page cannot reach its neighbours, so its warnings are no errors.
        html = _jupyter_book(stage, "-q")
        return publish(html, out, everything=True) / f"{notebook.stem}.html"


def _margins() -> str:
    """The smallest differences of interest, as a table."""
    rows = [f"| {name} | {unit['margin']:g} | {unit['reason']} |" for name, unit in units().items()]
    return "\n".join(["| unit | margin | why |", "|---|---|---|", *rows]) + "\n"


def hide_code(notebook: Path) -> None:
    """Fold the code of every cell behind a button; parameters stay in view."""
    import nbformat

    content = nbformat.read(notebook, as_version=4)
    for cell in content.cells:
        if cell.cell_type == "code":
            tags = cell.metadata.setdefault("tags", [])
            if not {"parameters", "injected-parameters", "hide-input", "remove-cell"} & set(tags):
                tags.append("hide-input")
    nbformat.write(content, notebook)


def _copy(source: Path, target: Path) -> None:
    """Copy a file or folder, builds left out; the copy is writable even where the source is not."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("_build"))
    else:
        shutil.copyfile(source, target)
    for path in (target, *target.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IRWXU)


def _jupyter_book(stage: Path, *flags: str) -> Path:
    """Run Jupyter Book on `stage`; returns the HTML folder."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from jupyter_book.cli.main import main; main()",
            "build",
            str(stage),
            *flags,
        ],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        env=shielded(NO_COLOR="1"),
    )
    if done.returncode:
        raise BookError(
            f"jupyter-book stopped with code {done.returncode}:\n"
            + _telling(done.stdout + done.stderr)
        )
    return stage / "_build" / "html"


def _telling(log: str) -> str:
    """Return the lines that say what is wrong, or the end of the log where none does."""
    lines = log.splitlines()
    marked = [line for line in lines if "WARNING" in line or "ERROR" in line or "Error" in line]
    return "\n".join(marked or lines[-20:])


def _refuse(problems: list[str]) -> None:
    if problems:
        raise BookError(f"the book has {len(problems)} problem(s):\n" + "\n".join(problems))


def _pages(root: Path) -> list[str]:
    sources = [*(root / "book").glob("*.md"), *(root / "notebooks").glob("*.ipynb")]
    return [f"{source.stem}.html" for source in sources]
