"""The typed parameters of a notebook.

In: a notebook's name and the texts of ``key=value`` words.  Out: its source, and values of the
types that its `parameters` cell declares.
"""

import ast
import dataclasses
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proxyreward.notebooks.places import NotFound, project_root
from proxyreward.pipeline.typed import ConfigError, build, parse_text

_TYPES = {"str": str, "int": int, "float": float, "bool": bool}


def notebook_path(name: str) -> Path:
    """Return the path of a notebook's source; an unknown name is an error naming the nearest."""
    folder = project_root() / "notebooks"
    names = sorted(path.stem for path in folder.glob("*.ipynb"))
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
        hint = f"nearest: {near[0]!r}" if near else "the folder holds none"
        raise NotFound(
            f"no notebook {name!r} in {folder}; {hint}. "
            f"Remedy: choose one of {', '.join(names) or '(none)'}"
        )
    return folder / f"{name}.ipynb"


def check_values(name: str, source: Path, values: Mapping[str, str]) -> dict[str, Any]:
    """Convert the given texts to the types the notebook declares; returns only the given ones."""
    parameters = declared(source)
    fields = {field.name: field for field in dataclasses.fields(parameters)}
    parsed = {
        key: parse_text(fields[key].type, text) if key in fields else text
        for key, text in values.items()
    }
    try:
        checked = build(parameters, parsed, f"notebook {name}")
    except ConfigError as error:
        known = "; ".join(
            f"{key}: {_type_name(field.type)} = {getattr(parameters(), key)!r}"
            for key, field in fields.items()
        )
        raise ConfigError(f"{error}. Parameters of {name}: {known or 'none'}") from None
    return {key: getattr(checked, key) for key in values}


def declared(source: Path) -> type:
    """Return a dataclass of the typed parameters that a notebook's `parameters` cell declares.

    The cell holds annotated assignments only, such as ``top_n: int = 256``; it is parsed, not run.
    """
    cells = [
        cell.source
        for cell in read_notebook(source).cells
        if "parameters" in cell.metadata.get("tags", [])
    ]
    fields = {}
    for node in _statements(source, "\n".join(cells)):
        try:
            name, kind = node.target.id, _annotation(node.annotation)
            default = ast.literal_eval(node.value)
        except (AttributeError, KeyError, ValueError, TypeError):
            raise ConfigError(
                f"{source}: the parameters cell says {ast.unparse(node)!r}. Remedy: "
                "write it as `name: type = default` with str, int, float, bool or a "
                "list of them"
            ) from None
        fields[name] = (
            name,
            kind,
            dataclasses.field(default_factory=lambda default=default: default),
        )
    return dataclasses.make_dataclass("Parameters", fields.values(), frozen=True)


def read_notebook(path: Path) -> Any:
    """Return a notebook; a file that is none is an error with a remedy."""
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except OSError:
        raise
    except Exception as error:  # of many kinds
        why = str(error).partition("\n")[0]
        raise ConfigError(
            f"{path}: no notebook ({why}). Remedy: restore it with `git checkout -- {path}`"
        ) from None
    return notebook


def _statements(source: Path, code: str) -> list[ast.stmt]:
    try:
        return ast.parse(code).body
    except (SyntaxError, ValueError) as error:
        raise ConfigError(
            f"{source}: the parameters cell is no Python ({error}). Remedy: mend it"
        ) from None


def _annotation(node: ast.expr) -> Any:
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "list":
        return list[_annotation(node.slice)]
    if isinstance(node, ast.BinOp) and ast.unparse(node.right) == "None":
        return _annotation(node.left) | None
    return _TYPES[node.id]


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and kind in _TYPES.values() else str(kind)
