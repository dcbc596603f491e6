"""What `dvc.yaml` declares of a stage: the parameters that decide it, and where its results lie.

In: `dvc.yaml` and a stage's name. Out: a `Stage`.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from proxyreward.pipeline.scales import read_yaml
from proxyreward.pipeline.typed import ConfigError

FINDING = "${item.finding}"


@dataclasses.dataclass(frozen=True)
class Stage:
    """Dotted names of the stage's parameters, and its folder (or file) under results/<scale>/."""

    params: tuple[str, ...]
    folder: str | None

    def chosen(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the declared ones of nested `values`, nested in the same way."""
        chosen: dict[str, Any] = {}
        for name in self.params:
            *parents, last = name.split(".")
            source, target = values, chosen
            for parent in parents:
                source, target = source[parent], target.setdefault(parent, {})
            target[last] = source[last]
        return chosen


def declared(name: str, path: str | Path = "dvc.yaml") -> Stage:
    """Read what the stage `name` declares, or the stage with an entry for the finding `name`.

    Raises
    ------
    ConfigError
        The file cannot be read, or knows no such stage.
    """
    remedy = f"mend it, or restore it with `git checkout -- {path}`"
    try:
        stages = read_yaml(path, f"run in the project's root; {remedy}")["stages"]
        of_paper = {finding: stage for stage in stages.values() for finding in _findings(stage)}
        stage = (of_paper | stages)[name]
        params, outs = stage.get("params", []), stage["outs"]
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: no stage {name} can be read there ({error}). Remedy: {remedy}"
        ) from None
    paths = [PurePosixPath(out if isinstance(out, str) else next(iter(out))) for out in outs]
    folders = [out.name.replace(FINDING, name) for out in paths if out.parts[0] == "results"]
    return Stage(tuple(params), folders[0] if folders else None)


def _findings(stage: Mapping[str, Any]) -> Sequence[str]:
    return stage.get("matrix", {}).get("finding", ())
