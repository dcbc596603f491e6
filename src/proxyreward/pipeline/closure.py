"""Import closure: which source files a module can run, found without importing anything.

In: a dotted module name. Out: the files of the same package that it imports, directly or not, and
a hash of their bytes. Called by the family runner (an item is redone when the code behind it
changes) and by the test that holds the `deps` of `dvc.yaml` against what a stage really imports.

Imports are read from the syntax tree, so those inside functions count too. A module that is named
only in a string at run time is not seen.
"""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]


def closure(module: str, source: Path = SOURCE) -> list[Path]:
    """Source files of `module`'s own top-level package that `module` imports, itself included.

    Parameters
    ----------
    module
        Dotted name, such as ``proxyreward.pipeline.stages.scores``.
    source
        Folder that holds the top-level package.

    Returns
    -------
    list of Path
        Relative to `source`, sorted; the ``__init__.py`` of every parent package included.

    Raises
    ------
    ModuleNotFoundError
        A module of the package is imported that has no file; names the importing file and line.
    """
    if _file(module, source) is None:
        raise ModuleNotFoundError(f"no module {module} under {source}; check the spelling")
    found: dict[str, Path] = {}
    waiting = _with_parents(module)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        path = _file(name, source)
        if path is None:  # a parent without __init__.py
            continue
        found[name] = path.relative_to(source)
        waiting.extend(_imports(name, path, source))
    return sorted(found.values())


def fingerprint(module: str, source: Path = SOURCE) -> str:
    """SHA-256 (hex) over relative path and bytes of every file in the closure of `module`."""
    digest = hashlib.sha256()
    for path in closure(module, source):
        content = (source / path).read_bytes()
        digest.update(f"{path.as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _imports(name: str, path: Path, source: Path) -> Iterator[str]:
    """Modules of the package that the file of module `name` imports, with their parents."""
    top = name.partition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            bases, members = [alias.name for alias in node.names], []
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, name, path)
            bases, members = [base], [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for base in bases:
            if base.partition(".")[0] != top:
                continue
            if _file(base, source) is None and not (source / base.replace(".", "/")).is_dir():
                raise ModuleNotFoundError(f"{path}, line {node.lineno}: no module {base}")
            yield from _with_parents(base)
            # `from package import name` may name a module or a plain attribute of the package.
            yield from (member for member in members if _file(member, source))


def _absolute(node: ast.ImportFrom, name: str, path: Path) -> str:
    """Dotted name after `from`, with leading dots resolved against module `name`."""
    if node.level == 0:
        return node.module or ""
    parts = name.split(".")
    depth = len(parts) - node.level + (path.name == "__init__.py")
    return ".".join([*parts[:depth], *([node.module] if node.module else [])])


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def _file(name: str, source: Path) -> Path | None:
    stem = source.joinpath(*name.split("."))
    for path in (stem / "__init__.py", stem.with_suffix(".py")):
        if path.is_file():
            return path
    return None
