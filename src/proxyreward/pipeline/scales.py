"""The scales in `params/`, composed by Hydra, and what a scale leaves out of the pipeline.

In: `params/config.yaml`, `params/scale/<name>.yaml`, `dvc.yaml`.  Out: plain values, unchecked but
for the scale's own name, or a `ConfigError` naming file and remedy.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from proxyreward.pipeline import texts
from proxyreward.pipeline.rules import NAME
from proxyreward.pipeline.typed import ConfigError

# Hydra looks for it above everything else, comments included.
PACKAGE = re.compile(r"\s*#\s*@package +_global_\s*$", re.MULTILINE)

READ_AT = {
    "worlds": (
        *("world", "mixes.test_pairs", "mixes.quality"),
        *("reward.apart_flip_rates", "reward.apart_shape"),
    ),
    "flipped": (
        *("data.name", "data.subset", "data.split"),
        *("reward.folds", "reward.architectures", "reward.parts"),
    ),
    "mixed": (
        *("mixes.bases", "mixes.seeds", "mixes.resampled", "mixes.pairs_per_source"),
        *("mixes.epochs", "mixes.learning_rate", "mixes.warmup_ratio", "mixes.side"),
        "mixes.orders",
    ),
}
"""Keys that stages declare wherever they run, but read at those scales alone that a list names."""
REAL_ALONE = ("data.name", "data.subset", "data.split", "data.max_records")
"""Keys that the world has no use for."""


def read_yaml(path: str | Path, remedy: str) -> dict[str, Any]:
    """Read a file that holds a mapping, its words as texts; `remedy` ends every message.

    Raises
    ------
    ConfigError
        If the file is missing, cannot be read, is not UTF-8 or YAML, or holds no mapping.
    """
    try:
        values = texts.parse(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}. Remedy: {remedy}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 (byte {error.start}). Remedy: {remedy}") from None
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise ConfigError(f"{path}: not readable as YAML ({told}). Remedy: {remedy}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: holds no mapping of keys to values. Remedy: {remedy}")
    return values


def compose_scale(folder: Path, scale: str | None, own: Mapping[str, Any]) -> dict[str, Any]:
    """Compose `folder` with Hydra, where `own` values stand before interpolations are resolved.

    Parameters
    ----------
    folder : `params/`, absolute.
    scale : name of a file in ``folder/scale``; None takes the default of ``config.yaml``.
    own : dotted keys and their values.
    """
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    default = _default(folder)
    scale = default if scale is None else scale
    _check_file(folder, scale)
    try:
        with initialize_config_dir(str(folder), version_base=None):
            config = compose("config", overrides=[f"scale={scale}"])
        for key, value in own.items():
            if "${" not in repr(value):  # a word is text as it stands, never an interpolation
                OmegaConf.update(config, key, value)
        values = OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ValueError) as error:
        raise ConfigError(
            f"{folder.name}/scale/{scale}.yaml: {' '.join(str(error).split())}. "
            f"Remedy: mend it, or {folder.name}/config.yaml"
        ) from None
    if values["scale"] != scale:
        raise _named(folder, scale, f"it is composed to scale {str(values['scale'])[:60]!r}")
    return values


def names(folder: str | Path) -> list[str]:
    """Return the names of the files of scales in the folder, in order."""
    return sorted(path.stem for path in (Path(folder) / "scale").glob("*.yaml"))


def left_out(values: Mapping[str, Any], pipeline: str | Path) -> list[str]:
    """Return the stages of the file `pipeline` without entries: a list in their matrix is empty."""
    stages = _stages(pipeline)
    return [name for name, stage in stages.items() if _is_empty(stage.get("matrix"), values)]


def is_read(key: str, values: Mapping[str, Any], pipeline: str | Path) -> bool:
    """Whether a stage of the file `pipeline` that runs with these values reads a dotted key.

    What no stage declares, such as ``runner.backend``, decides no result and is read by all.
    """
    declaring = [one for one in _stages(pipeline).values() if _holds(one.get("params", ()), key)]
    runs = [one for one in declaring if not _is_empty(one.get("matrix"), values)]
    in_vain = {name for at, own in READ_AT.items() if not values[at] for name in own}
    in_vain |= set(REAL_ALONE if values["worlds"] else ())
    return not declaring or (bool(runs) and not _holds(in_vain, key))


def _stages(pipeline: str | Path) -> dict[str, Any]:
    return read_yaml(pipeline, "restore it with `git checkout`").get("stages") or {}


def _holds(names: Collection[str], key: str) -> bool:
    """Whether the names of keys, or of parts with all their keys, hold this key."""
    return key in names or key.partition(".")[0] in names


def _is_empty(matrix: Mapping[str, Any] | None, values: Mapping[str, Any]) -> bool:
    lists = [entries for entries in (matrix or {}).values() if isinstance(entries, str)]
    return any(values.get(entries.strip("${}")) == [] for entries in lists)


def _default(folder: Path) -> str:
    file = folder / "config.yaml"
    listed = read_yaml(file, "restore it with `git checkout`").get("defaults") or []
    named = [entry["scale"] for entry in listed if isinstance(entry, dict) and "scale" in entry]
    if len(named) != 1:
        raise ConfigError(f"{file}: defaults name no scale. Remedy: add the line `- scale: tiny`")
    return named[0]


def _check_file(folder: Path, scale: str) -> None:
    """Refuse a scale that is no file of its own name, or that Hydra would put in a wrong place."""
    file = folder / "scale" / f"{scale}.yaml"
    if scale not in (known := names(folder)):
        raise ConfigError(
            f"command line: no scale {scale!r} in {folder.name}/scale/. "
            f"Remedy: choose one of {', '.join(filter(NAME[0], known))}"
        )
    if not NAME[0](scale):
        raise ConfigError(f"{file}: a scale's name {NAME[1]}. Remedy: rename the file")
    values = read_yaml(file, f"mend it, and {_beginning(scale)}")
    if not PACKAGE.match(file.read_text(encoding="utf-8")):
        raise _named(folder, scale, "its first line is not `# @package _global_`")
    if values.get("scale") != scale:
        found = f"scale is {values['scale']!r}" if "scale" in values else "scale is missing"
        raise _named(folder, scale, f"{found}, and results of a scale go by its file's name")


def _named(folder: Path, scale: str, problem: str) -> ConfigError:
    return ConfigError(f"{folder.name}/scale/{scale}.yaml: {problem}. Remedy: {_beginning(scale)}")


def _beginning(scale: str) -> str:
    return f"begin it with the two lines `# @package _global_` and `scale: {scale}`"
