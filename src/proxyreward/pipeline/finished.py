"""What makes an item and a family finished, and which items of an earlier run can be kept.

In: a family's folder. Out: whole items, each with the hashes of its files in `files.json`; what is
partial, changed or damaged is gone. A finished family has an `index.json`, the names of its items
in order, through which later stages read what was done instead of planning it again.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from proxyreward.files import file_hashes, sync, write_whole
from proxyreward.pipeline.typed import build
from proxyreward.pipeline.worker import FamilyError

SPEC = "spec.json"
FILES = "files.json"
INDEX = "index.json"


def partial_folder(item: Path) -> Path:
    """Make a hidden folder beside `item`, in which it is worked on."""
    return Path(tempfile.mkdtemp(prefix=f".{item.name}.partial-", dir=item.parent))


def seal(partial: Path, item: Path) -> None:
    """Add the hashes of all its files to a partial folder, and name it `item` once it is on disk.

    Raises OSError if there is an item of that name, or if the folder was removed in the meantime.
    """
    hashes = file_hashes(partial)
    if SPEC not in hashes:  # removed under a stray worker, which has made it again
        raise FileNotFoundError(f"{partial} has lost its {SPEC}")
    text = json.dumps(hashes, indent=2) + "\n"
    (partial / FILES).write_text(text, encoding="utf-8")
    sync(partial)
    partial.chmod(0o755)  # mkdtemp makes it private
    partial.rename(item)


def clean(directory: Path, specs: Mapping[str, str]) -> None:
    """Keep the items whose `spec.json` is that of `specs` and whose files are as they were sealed.

    Everything else that a run has made is removed, the index too; an item that is damaged is named
    on stderr.
    """
    (directory / INDEX).unlink(missing_ok=True)
    # Partial folders first: once they are gone, no stray worker can finish an item any more.
    remove_partial(directory)
    for path in sorted(directory.iterdir()):
        spec = (path / SPEC).read_bytes() if (path / SPEC).is_file() else None
        if path.name in specs:
            fault = damage(path)
            if fault:
                print(f"{directory.name}: {path.name} is redone: {fault}", file=sys.stderr)
            if fault or spec != specs[path.name].encode():
                _remove(path)
        elif spec is not None:
            _remove(path)


def write_index(directory: Path, names: Iterable[str]) -> None:
    """Write that the family is finished, and of which items it consists."""
    write_whole(directory / INDEX, json.dumps(list(names), indent=1) + "\n")


def read_items(directory: Path, kind: type | None = None) -> dict[Path, Any]:
    """Items of a finished family by their folder, in order.

    Parameters
    ----------
    kind
        The dataclass that the items are instances of; None leaves them as mappings.

    Raises
    ------
    FamilyError
        The index or an item's `spec.json` is missing or damaged; names the file.
    """
    path = directory / INDEX
    try:
        found = {}
        for name in json.loads(path.read_bytes()):
            path = directory / name / SPEC
            spec = json.loads(path.read_bytes())["spec"]
            found[path.parent] = build(kind, spec, SPEC) if kind else spec
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FamilyError(
            f"{path}: cannot be read ({error}); run `dvc repro`, which redoes what is not as it was"
        ) from None
    return found


def remove_partial(directory: Path) -> None:
    """Remove what was begun in a family's folder and not finished."""
    for path in directory.glob(".*.partial-*"):
        shutil.rmtree(path, ignore_errors=True)


def damage(item: Path) -> str | None:
    """First file of `item` that is not as it was sealed, and how; None if all are."""
    try:
        sealed = json.loads((item / FILES).read_bytes())
        found = file_hashes(item)
    except FileNotFoundError:
        return f"{FILES} is missing"
    except (OSError, ValueError) as error:
        return f"{FILES} cannot be read ({error})"
    if not isinstance(sealed, dict):
        return f"{FILES} holds no hashes"
    for name in sorted((sealed.keys() | found.keys()) - {FILES}):
        if name not in found:
            return f"{name} is missing"
        if name not in sealed:
            return f"{name} was not there when the item was finished"
        if sealed[name] != found[name]:
            return f"{name} does not match {FILES}"
    return None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
