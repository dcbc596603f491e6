"""Where the project and its results lie, and what is recorded of the runs that made them.

In: the current folder or the variable ``PROXYREWARD_ROOT``.  Out: paths, verdicts, and the settings
and costs of a scale's stages.
"""

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd

from proxyreward.files import content_hash

ROOT_VARIABLE = "PROXYREWARD_ROOT"
# Parts of the parameters, each with the lists that are empty at a scale whose stages do not use it.
_NEEDS = {part: ("worlds",) for part in ("world", "samples", "ppo")}
_NEEDS |= {"reward": ("flipped", "rejudged", "scored")}
_NEEDS |= {"mixes": ("mixed", "rejudged", "scored")}
_NEEDS |= {"committee": ("rejudged",), "tables": ("scored",)}


class NotFound(FileNotFoundError):
    """Something that the project should hold is not there; the message holds the remedy."""


def project_root() -> Path:
    """Return the project's folder: ``PROXYREWARD_ROOT``, or the nearest one with a `dvc.yaml`.

    Raises
    ------
    NotFound
        If that folder, or no folder from here upwards, holds a `dvc.yaml`.
    """
    if named := os.environ.get(ROOT_VARIABLE):
        if (Path(named) / "dvc.yaml").is_file():
            return Path(named).resolve()
        raise NotFound(
            f"{ROOT_VARIABLE} names {named}, where no dvc.yaml lies. Remedy: name the project's "
            "folder, or unset the variable and change into that folder"
        )
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
    except (ValueError, RecursionError, OSError) as error:
        raise damaged(path, f"not readable as JSON ({error})") from None


def damaged(path: Path, why: str) -> NotFound:
    """Return the error for a file of results that is not what a stage writes."""
    return NotFound(
        f"{path}: {why}. Remedy: restore it with `git checkout -- {path}`, or run `dvc repro` again"
    )


def settings(stage: str, scale: str) -> dict[str, Any]:
    """Return the parameters that a stage ran with, nested as in `params.yaml`.

    They are those that the stage declares in `dvc.yaml`, as the run had them that wrote its folder
    of results, whatever the scale's file says now.

    Raises
    ------
    NotFound
        If the stage left no such record at this scale.
    """
    return _mapping(results_dir(scale) / stage / "settings.json")


def all_settings(scale: str) -> dict[str, Any]:
    """Return the parameters that a scale's stages ran with, together; empty if none is recorded.

    Stages that ran with different values of one parameter (the pipeline was left half-way) are told
    apart by `settings` alone; here the last in the order of their names counts.
    """
    merged: dict[str, Any] = {}
    for path in sorted(results_dir(scale).glob("*/settings.json")):
        for part, value in _mapping(path).items():
            both = isinstance(value, dict) and isinstance(merged.get(part), dict)
            merged[part] = merged[part] | value if both else value
    return merged


def settings_by_scale(*others: str) -> dict[str, dict[str, Any]]:
    """Return the parameters that are in use at every scale of ``params/``, and at others.

    By the heading of a column: the name of a scale that ran, with what its stages ran with;
    ``<name>, planned`` for another one, with what its file says.
    """
    from proxyreward.pipeline.params import compose

    config, columns = project_root() / "params", {}
    for name in sorted({*others, *(path.stem for path in (config / "scale").glob("*.yaml"))}):
        ran = all_settings(name) if name in scales() else {}
        if "samples" not in ran:  # no stage used the world
            ran.pop("world", None)
        if ran:
            columns[name] = ran
        else:
            plan = compose([f"scale={name}"], config)
            used = {
                part: plan[part]
                for part in plan
                if any(map(plan.get, _NEEDS.get(part, ("scale",))))
            }
            columns[f"{name}, planned"] = used
    return columns


def run_record(scale: str) -> dict[str, Any]:
    """Return `results/<scale>/run.json`, or an empty mapping where nothing was recorded."""
    path = results_dir(scale) / "run.json"
    if not path.is_file():
        return {}
    record = _mapping(path)
    stages = record.get("stages", {})
    if not isinstance(stages, dict) or not all(isinstance(row, dict) for row in stages.values()):
        raise damaged(path, "no record of a run: 'stages' does not map names to entries")
    return record


def as_recorded(stage: str, scale: str) -> bool:
    """Whether a stage's results are, byte for byte, those that its recorded run wrote.

    Results that a cache or an editor put there come from another run, with another commit and
    another cost. Where the record does not say what the run wrote, the answer is no.
    """
    entry = run_record(scale).get("stages", {}).get(stage, {})
    written = results_dir(scale) / entry.get("folder", stage)
    return written.exists() and content_hash(written) == entry.get("results")


def scorecard(scale: str) -> dict[str, dict[str, Any]]:
    """Return the rows of a scale's `scorecard.json` by claim.

    Raises
    ------
    NotFound
        If there is no such file, or an entry is not as a finding writes it.
    """
    from proxyreward.findings.core import scorecard as card
    from proxyreward.findings.core.registry import load_registry

    try:
        rows = card.read(results_dir(scale) / "scorecard.json", load_registry())
    except ValueError as error:
        raise NotFound(str(error)) from None
    return {row["claim_id"]: row for row in rows}


def comparisons(scale: str) -> dict[str, pd.DataFrame]:
    """Return the rows of a scale's `comparisons.csv` by claim, none where there is no such file."""
    from proxyreward.findings.core.verdict import COLUMNS

    path = results_dir(scale) / "comparisons.csv"
    if not path.is_file():
        return {}
    texts = ["claim", "quantity", "sign", "outcome"]
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(texts, str))
        if set(COLUMNS) - set(table) or table[[*texts, "group"]].isna().any(axis=None):
            raise ValueError(f"lacks columns or cells of {', '.join(COLUMNS)}")
        table = table.astype(dict.fromkeys(set(COLUMNS) - {*texts}, float))
    except ValueError as error:
        raise damaged(path, " ".join(str(error).split())) from None
    return dict(iter(table.groupby("claim", sort=False)))


def _mapping(path: Path) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict):
        raise damaged(path, "holds no mapping")
    return content
