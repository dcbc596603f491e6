"""Where the project and its results lie.

In: the current folder or the variable ``PROXYREWARD_ROOT``.  Out: paths, and the content of
`results/<scale>/run.json`.  Called by the notebooks' helpers, the runner, the book and `cli`.
"""

import json
import os
from pathlib import Path
from typing import Any

ROOT_VARIABLE = "PROXYREWARD_ROOT"


class NotFound(FileNotFoundError):
    """Something that the project should hold is not there; the message holds the remedy."""


def project_root() -> Path:
    """Return the project's folder: ``PROXYREWARD_ROOT``, or the nearest one with a `dvc.yaml`.

    Raises
    ------
    NotFound
        If no folder from here upwards holds a `dvc.yaml`.
    """
    if named := os.environ.get(ROOT_VARIABLE):
        return Path(named).resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").is_file():
            return folder
    raise NotFound(
        f"no dvc.yaml in {here} or above it. Remedy: change into the project's folder, "
        f"or name it in the variable {ROOT_VARIABLE}"
    )


def scales() -> list[str]:
    """Return the names of the scales that have results."""
    results = project_root() / "results"
    return (
        sorted(path.name for path in results.iterdir() if path.is_dir()) if results.is_dir() else []
    )


def results_dir(scale: str) -> Path:
    """Return `results/<scale>/`.

    Raises
    ------
    NotFound
        If the scale has no results; names those that have.
    """
    found = scales()
    if scale not in found:
        raise NotFound(
            f"no results for scale {scale!r} in {project_root() / 'results'}; there are "
            f"results for: {', '.join(found) or 'no scale yet'}. Remedy: choose one of "
            f"them, or run `proxyreward params scale={scale}` and `dvc repro`"
        )
    return project_root() / "results" / scale


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; a missing or broken one is an error with a remedy."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"{path}: no such file. Remedy: run `dvc repro`, which writes it") from None
    except json.JSONDecodeError as error:
        raise NotFound(
            f"{path}: not readable as JSON ({error}). Remedy: restore it with "
            "`git checkout`, or run `dvc repro` again"
        ) from None


def run_record(scale: str) -> dict[str, Any]:
    """Return `results/<scale>/run.json`, or an empty mapping where nothing was recorded."""
    path = results_dir(scale) / "run.json"
    return read_json(path) if path.is_file() else {}
