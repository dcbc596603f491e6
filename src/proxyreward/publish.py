"""Publishing: built pages go into a folder that a user named, beside what else lies there.

In: a folder of built files and the folder to fill.  Out: that folder.  A list of the files that a
build wrote stands in it, so that the next build replaces and removes these and nothing else.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NoReturn

from proxyreward.files import write_whole
from proxyreward.scratch import LOCK, turn

LIST, PARTIAL = ".proxyreward-book.json", ".proxyreward-book.partial"
# Parts of the project, in which a book would be taken for something else.
PARTS = (".ci", ".dvc", ".git", ".github", ".venv", "benchmarks", "book", "findings", "notebooks")
PARTS += ("outputs", "params", "results", "runs", "src", "tests")


class BookError(RuntimeError):
    """The book could not be built or published, or a check failed; the message says why."""


def check_target(out: Path, root: Path, build: Path, pages: Iterable[str]) -> Path:
    """Return the real folder behind `out`, if a book can be published there.

    Parameters
    ----------
    out : the folder that a user named; it need not exist, and links are followed.
    root : the project's folder; its parts are out of bounds, but for `build`.
    build : folder of the project that holds nothing but builds.
    pages : names of files that the build is going to write.

    Raises
    ------
    BookError
        If `out` is a file, is not writable, is or holds the project or the user's home, lies in a
        part of the project, or holds one of `pages` that no earlier build wrote.
    """
    try:
        place = out.expanduser().resolve()
        nearest = next(path for path in (place, *place.parents) if path.exists())
        writable = os.access(nearest, os.W_OK | os.X_OK)
        home = Path(os.path.expanduser("~")).resolve()
    except (OSError, RuntimeError) as error:
        raise BookError(f"{out}: no folder ({error}). Remedy: name another one") from None
    own = place.is_relative_to(build.resolve())
    parts = [(root / name).resolve() for name in PARTS]
    if root.resolve().is_relative_to(place) or home.is_relative_to(place):
        _refuse_place(place, "holds the whole project, or your home")
    for part in () if own else parts:
        if place.is_relative_to(part) or part.is_relative_to(place):
            _refuse_place(place, f"is, holds or lies in {part}, a part of the project")
    if not nearest.is_dir():
        raise BookError(f"{nearest}: a file, no folder. Remedy: name another one with --out")
    if not writable:
        raise BookError(f"{nearest}: not writable. Remedy: name another folder with --out")
    _refuse_foreign(place, pages, written(place, everything=own))
    return place


def publish(html: Path, out: Path, everything: bool = False) -> Path:
    """Fill `out` with the files of `html`, and return it.

    Each file is replaced in one step, the pages last, and files that only an earlier build wrote go
    at the end: whenever this is cut short, there is a book to be read, and the next build completes
    it. Two that publish into one folder take turns.

    Parameters
    ----------
    html : the built files.
    out : the folder to fill, made where missing.
    everything : whether a folder without a list holds nothing but an earlier build.

    Raises
    ------
    BookError
        If a file of the build would replace one that no build wrote, or `out` cannot be written.
    """
    new = {path.relative_to(html).as_posix() for path in html.rglob("*") if path.is_file()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        with turn(out):
            old = written(out, everything)
            _refuse_foreign(out, new, old)
            _write_list(out, old | new)
            (out / ".nojekyll").touch()  # hosts that run Jekyll drop _static without it
            for name in sorted(new, key=_last_what_links):
                _replace(html / name, out, name)
            for name in old - new:
                _remove(out, name)
            _write_list(out, new)
    except OSError as error:
        raise BookError(
            f"{out}: cannot be written ({error}). Remedy: mend that, and build again"
        ) from None
    return out


def written(out: Path, everything: bool = False) -> set[str]:
    """Return the files in `out` that builds wrote, as relative POSIX paths.

    Raises BookError if the list of them is damaged.
    """
    path = out / LIST
    if not path.is_file():
        files = (file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file())
        return set(files) - {LOCK, PARTIAL} if everything else set()
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(map(_is_inside, names)):
        raise BookError(
            f"{path}: no list of the files of a build. Remedy: choose an empty folder, or delete "
            "this file and the pages beside it"
        )
    return set(names)


def _refuse_place(place: Path, why: str) -> NoReturn:
    raise BookError(f"{place}: {why}. Remedy: name a folder of its own, such as --out site")


def _is_inside(name: object) -> bool:
    if not isinstance(name, str):
        return False
    path = PurePosixPath(name)
    return path.name != "" and ".." not in path.parts and not path.is_absolute()


def _refuse_foreign(out: Path, names: Iterable[str], old: set[str]) -> None:
    foreign = sorted(name for name in set(names) - old if os.path.lexists(out / name))
    if foreign:
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        raise BookError(
            f"{out}: holds {', '.join(foreign[:3])}{more}, which no earlier build wrote and this "
            "one would replace. Remedy: choose an empty folder, or move these away"
        )


def _last_what_links(name: str) -> tuple[bool, bool, str]:
    return name.endswith(".html"), name == "index.html", name


def _write_list(out: Path, names: set[str]) -> None:
    write_whole(out / LIST, json.dumps(sorted(names), indent=0) + "\n")


def _replace(source: Path, out: Path, name: str) -> None:
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, out / PARTIAL)
    os.replace(out / PARTIAL, out / name)


def _remove(out: Path, name: str) -> None:
    """Remove a file, and the folders that it leaves empty."""
    (out / name).unlink(missing_ok=True)
    for folder in PurePosixPath(name).parents[:-1]:
        with contextlib.suppress(OSError):
            (out / folder).rmdir()
