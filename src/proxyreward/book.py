"""The book: stage the sources, execute the notebooks, build offline with warnings as errors, check.

In: `book/`, `notebooks/` and the tracked tables under `results/`; neither models nor a network.
Out: static HTML that opens from a folder.  Called by `cli`; `page` renders one notebook alone.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from proxyreward.book_checks import check_html, check_sources
from proxyreward.notebooks.places import project_root, results_dir
from proxyreward.notebooks.runner import DEFAULT_SCALE, execute_all

BUILD = Path("book") / "_build"
# What every page needs beside its own text.
_FURNITURE = ("_config.yml", "_assets", "references.bib", "bibliography.md")


class BookError(RuntimeError):
    """The book could not be built, or a check failed; the message lists why."""


def build(scale: str = DEFAULT_SCALE, out: str | Path | None = None) -> Path:
    """Build the whole book and return the folder of its HTML.

    Parameters
    ----------
    scale : scale whose results the notebooks read.
    out : folder for the HTML, replaced only when everything holds; default ``book/_build/html``.

    Raises
    ------
    NotFound
        If the scale has no results.
    BookError
        If Sphinx warns, something remote would be loaded, a link leads nowhere, a picture has no
        alternative text, or a result number is typed in prose.
    """
    root = project_root()
    results_dir(scale)
    _refuse(check_sources(root))
    stage = _fresh(root / BUILD / "stage")
    shutil.copytree(
        root / "book", stage, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_build")
    )
    for notebook in execute_all(scale, stage):
        hide_code(notebook)
    html = _jupyter_book(stage, "-W", "-n", "--keep-going", "--all")
    _refuse(check_html(html))
    return _publish(html, Path(out) if out else root / BUILD / "html")


def page(notebook: Path, out: Path) -> Path:
    """Render one executed notebook in the book's look and return its HTML file."""
    book = project_root() / "book"
    stage = _fresh(out.with_name(f".{out.name}-stage"))
    for name in _FURNITURE:
        source = book / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, stage / name)
    shutil.copy(notebook, stage / notebook.name)
    (stage / "_toc.yml").write_text(
        f"format: jb-book\nroot: {notebook.stem}\nchapters:\n- file: bibliography\n",
        encoding="utf-8",
    )
    try:
        # A lone page cannot reach its neighbours, so its warnings are no errors.
        return _publish(_jupyter_book(stage, "-q"), out) / f"{notebook.stem}.html"
    finally:
        shutil.rmtree(stage)


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
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
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


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _publish(html: Path, out: Path) -> Path:
    """Move built HTML to `out` in one step; an older book stays until the new one is whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    old = out.with_name(f".{out.name}-old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.replace(out, old)
    shutil.move(html, out)
    shutil.rmtree(old, ignore_errors=True)
    return out
