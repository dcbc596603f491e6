"""What `params.yaml` says: the file that every stage reads.

In: `params.yaml`, `params/` and ``key=value`` words.  Out: one frozen `Params`, or values that are
written to the file, or a `ConfigError` naming file, key, nearest known key and remedy.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from proxyreward.files import write_whole
from proxyreward.pipeline import texts
from proxyreward.pipeline.fields import keys, leaves, plain
from proxyreward.pipeline.scales import compose_scale, is_read, names, read_yaml
from proxyreward.pipeline.schema import Data, Mixes, Model, Params, Tables, World, is_size, watched
from proxyreward.pipeline.typed import ConfigError, build, parse_text, read_pairs, typed, unknown

__all__ = [
    "Mixes",
    "Params",
    "World",
    "change",
    "check_read",
    "compose",
    "is_composed",
    "is_size",
    "known_keys",
    "load",
    "origins",
    "write",
]

CONFIG_DIR = "params"
HEADER = "# Composed from params/ by `proxyreward params`; stages read this file.\n"
RENEW = "mend it, or write it anew with `proxyreward params scale=tiny`"


def load(path: str | Path = "params.yaml") -> Params:
    """Read and check `params.yaml`.

    Raises
    ------
    ConfigError
        If the file is missing, is no YAML, or holds a key that is unknown, missing or wrong.
    """
    return build(Params, typed(Params, read_yaml(path, RENEW)), str(path))


def compose(words: Sequence[str], config_dir: str | Path = CONFIG_DIR) -> dict[str, Any]:
    """Return the checked values of a scale, changed by words, in the order of `params.yaml`.

    Parameters
    ----------
    words : ``key=value``; ``scale=<name>`` picks ``params/scale/<name>.yaml``, without it the
        default of ``params/config.yaml`` is taken.
    config_dir : folder that holds ``config.yaml``.
    """
    folder = Path(config_dir).resolve()
    own = _parsed(words)
    scale = own.pop("scale", None)
    values = compose_scale(folder, scale, own)
    place = f"{folder.name}/scale/{values['scale']}.yaml"
    return _checked(values, own, folder.parent, place)


def change(
    words: Sequence[str], path: str | Path = "params.yaml", config_dir: str | Path = CONFIG_DIR
) -> dict[str, Any]:
    """Return the checked values of `path`, changed by words; with ``scale=<name>``, as `compose`.

    Where `path` is missing, the default scale is changed.
    """
    own = _parsed(words)
    if "scale" in own or not Path(path).exists():
        return compose(words, config_dir)
    values = typed(Params, read_yaml(path, RENEW))
    return _checked(values, own, Path(config_dir).resolve().parent, str(path))


def check_read(
    words: Sequence[str],
    values: dict[str, Any],
    config_dir: str | Path = CONFIG_DIR,
    pipeline: str | Path = "dvc.yaml",
) -> None:
    """Refuse a word that sets something which no stage reads that runs with checked `values`.

    Raises
    ------
    ConfigError
        Names the scales at which the key is read.
    """
    for key, value in _parsed(words).items():
        if value is None or value == [] or is_read(key, values, pipeline):
            continue
        scales = [name for name in names(config_dir) if _reads(name, key, config_dir, pipeline)]
        remedy = f"leave it out, or take a scale that does: {', '.join(scales)}"
        raise ConfigError(
            f"command line: nothing at scale {values['scale']} reads {key!r}. "
            f"Remedy: {remedy if scales else 'leave it out'}"
        )


def write(values: dict[str, Any], path: str | Path = "params.yaml") -> None:
    """Write composed `values` to `path` in one step, below one header line."""
    write_whole(path, HEADER + texts.dump(values))


def is_composed(path: str | Path = "params.yaml", config_dir: str | Path = CONFIG_DIR) -> bool:
    """Whether `path` says what its scale says, with no value of its own; False if unreadable."""
    try:
        params = load(path)
        return plain(params) == compose([f"scale={params.scale}"], config_dir)
    except ConfigError:
        return False


def known_keys() -> list[str]:
    """Return every dotted key that `params.yaml` may hold, in order."""
    return list(keys(Params))


def origins(
    path: str | Path = "params.yaml", config_dir: str | Path = CONFIG_DIR
) -> list[tuple[str, Any, str]]:
    """Return ``(key, value, file it comes from)`` for every value of `path`."""
    params = load(path)
    composed = dict(leaves(build(Params, compose([f"scale={params.scale}"], config_dir), "params")))
    scale_file = Path(config_dir) / "scale" / f"{params.scale}.yaml"
    own = read_yaml(scale_file, "mend it")
    rows = []
    for key, value in leaves(params):
        part, _, name = key.partition(".")
        from_scale = name in (own.get(part) or {}) if name else part in own
        home = scale_file if from_scale else Path(config_dir) / "config.yaml"
        rows.append((key, value, str(home if composed[key] == value else path)))
    return rows


def _reads(scale: str, key: str, config_dir: str | Path, pipeline: str | Path) -> bool:
    try:
        return is_read(key, compose([f"scale={scale}"], config_dir), pipeline)
    except ConfigError:  # a scale of the reader's own that is not finished
        return False


def _parsed(words: Sequence[str]) -> dict[str, Any]:
    """Read ``key=value`` words, each as the type of its key asks."""
    kinds, parsed = keys(Params), {}
    for key, word in read_pairs(words).items():
        if key not in kinds:
            raise unknown("command line", key, list(kinds))
        if key == "watched":
            raise ConfigError(
                "command line: 'watched' follows from data, model.base, mixes and tables. "
                "Remedy: leave it out"
            )
        parsed[key] = parse_text(kinds[key], word)
    return parsed


def _checked(values: dict[str, Any], own: dict[str, Any], root: Path, file: str) -> dict[str, Any]:
    """Set the words' values, write out home folders, list what is watched, and check all."""
    for key, value in own.items():
        part, _, name = key.partition(".")
        if name:
            values[part] = {**(values.get(part) or {}), name: value}
        else:
            values[key] = value
    place = f"{file} with the words {', '.join(own)}" if own else file
    data: Data = build(Data, values.get("data"), place, "data.")
    model: Model = build(Model, values.get("model"), place, "model.")
    mixes: Mixes = build(Mixes, values.get("mixes"), place, "mixes.")
    tables: Tables = build(Tables, values.get("tables"), place, "tables.")
    if data.source == "local" and data.name is not None:
        data = replace(data, name=_home(data.name))
    model = replace(model, base=_home(model.base))
    mixes = replace(
        mixes,
        bases=tuple(map(_home, mixes.bases)),
        origins=tuple(
            replace(one, name=_home(one.name)) if one.place == "local" else one
            for one in mixes.origins
        ),
    )
    given = {name: path and _home(path) for name, path in plain(tables).items()}
    tables = Tables(**given)
    files = watched(data, model.base, mixes, tables, lambda base: os.path.isdir(root / base))
    parts = {"data": data, "model": model, "mixes": mixes, "tables": tables, "watched": files}
    whole = values | plain(parts)
    return plain(build(Params, whole, place))


def _home(path: str) -> str:
    """Write out the home folder that a leading ``~/`` stands for."""
    return os.path.expanduser(path) if path.startswith("~/") else path
