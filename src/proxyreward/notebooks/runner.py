"""The typed notebook runner: papermill's Python API behind strict parameters and stable bytes.

In: a notebook's name and ``key=value`` words.  Out: an executed notebook whose bytes depend on
nothing but code, parameters and results.  Called by `cli` (a student's run) and by `book`.
"""

import ast
import dataclasses
import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from proxyreward.notebooks.places import ROOT_VARIABLE, NotFound, project_root
from proxyreward.pipeline.typed import ConfigError, build, parse_text

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
DEFAULT_SCALE = "tiny"
_TYPES = {"str": str, "int": int, "float": float, "bool": bool}
# Memory addresses and the kernel's temporary file names differ from run to run.
_VOLATILE = (
    (re.compile(r" at 0x[0-9a-f]+"), ""),
    (re.compile(r"\S*ipykernel_\d+/\d+\.py"), "<cell>"),
)


class NotebookFailed(RuntimeError):
    """A cell raised; the message names notebook, cell and exception, and the partial result."""


def run(name: str, values: Mapping[str, str], output_dir: str | Path) -> Path:
    """Execute ``notebooks/<name>.ipynb`` and return the path of the executed notebook.

    Parameters
    ----------
    name : notebook's file name without suffix.
    values : texts of ``key=value`` words; each must be one of the notebook's typed parameters.
    output_dir : folder for ``<name>.ipynb``, made where missing.

    Raises
    ------
    NotFound
        If there is no such notebook; names the nearest.
    ConfigError
        If a parameter is unknown or ill-typed; lists the known ones with their defaults.
    NotebookFailed
        If a cell raises; the partial notebook is kept as ``<name>.failed.ipynb``.
    """
    import nbformat
    from nbclient.exceptions import DeadKernelError
    from papermill import PapermillExecutionError, execute_notebook

    source = notebook_path(name)
    parameters = check_values(name, source, values)
    folder = Path(output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    # The hidden file is renamed when whole, so a half-written notebook never bears the name.
    draft, done = folder / f".{name}.{os.getpid()}.ipynb", folder / f"{name}.ipynb"
    try:
        execute_notebook(
            str(source),
            str(draft),
            parameters=parameters,
            kernel_name=KERNEL["name"],
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            cwd=str(source.parent),
            kernel_manager_class=_own_kernel(),
        )
    except PapermillExecutionError as error:
        failed = folder / f"{name}.failed.ipynb"
        os.replace(draft, failed)
        first_line = (error.source.strip().splitlines() or [""])[0]
        raise NotebookFailed(
            f"{source}: cell {error.cell_index + 1} ({first_line!r}) raised {error.ename}: "
            f"{error.evalue}. Remedy: the cells up to it are in {failed}"
        ) from None
    except DeadKernelError:
        raise NotebookFailed(
            f"{source}: its process died, most often for lack of memory. Remedy: "
            "run it with smaller parameters"
        ) from None
    executed = normalise(nbformat.read(draft, as_version=4), name)
    nbformat.write(executed, draft)
    os.replace(draft, done)
    return done


def execute_all(scale: str, dest: str | Path) -> list[Path]:
    """Execute every notebook into `dest`, with `scale` where a notebook follows the default scale.

    A notebook whose own default is another scale is about that scale's data (real pairs, say) and
    keeps it.
    """
    executed = []
    for source in sorted((project_root() / "notebooks").glob("*.ipynb")):
        follows = getattr(declared(source)(), "scale", None) == DEFAULT_SCALE
        words = {"scale": scale} if follows and scale != DEFAULT_SCALE else {}
        executed.append(run(source.stem, words, dest))
    return executed


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
    import nbformat

    notebook = nbformat.read(source, as_version=4)
    cells = [
        cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])
    ]
    fields = []
    for node in ast.parse("\n".join(cells)).body:
        try:
            kind, default = _annotation(node.annotation), ast.literal_eval(node.value)
        except (AttributeError, KeyError, ValueError, TypeError):
            raise ConfigError(
                f"{source}: the parameters cell says {ast.unparse(node)!r}. Remedy: "
                "write it as `name: type = default` with str, int, float, bool or a "
                "list of them"
            ) from None
        fields.append(
            (
                node.target.id,
                kind,
                dataclasses.field(default_factory=lambda default=default: default),
            )
        )
    return dataclasses.make_dataclass("Parameters", fields, frozen=True)


def normalise(notebook: Any, name: str) -> Any:
    """Drop what differs between equal runs: times, random cell ids, addresses, versions."""
    language = notebook.metadata.get("language_info", {})
    notebook.metadata = {
        "kernelspec": KERNEL,
        "language_info": {key: value for key, value in language.items() if key != "version"},
    }
    for position, cell in enumerate(notebook.cells):
        cell.id = re.sub(r"[^A-Za-z0-9_-]", "-", name)[:48] + f"-{position}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = _joined_streams(cell.outputs)
    return notebook


def _joined_streams(outputs: list[Any]) -> list[Any]:
    """Join neighbouring pieces of one stream: where they are cut depends on timing."""
    joined: list[Any] = []
    for output in outputs:
        if output.output_type != "stream":
            text = output.get("data", {}).get("text/plain")
            if text is not None:
                output.data["text/plain"] = _steady(text)
        elif joined and joined[-1].get("name") == output.name:
            joined[-1].text += _steady(output.text)
            continue
        else:
            output.text = _steady(output.text)
        joined.append(output)
    return joined


def _steady(text: str) -> str:
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    return text


def _annotation(node: ast.expr) -> Any:
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "list":
        return list[_annotation(node.slice)]
    if isinstance(node, ast.BinOp) and ast.unparse(node.right) == "None":
        return _annotation(node.left) | None
    return _TYPES[node.id]


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and kind in _TYPES.values() else str(kind)


def _own_kernel() -> type:
    """Return a kernel manager that runs this very interpreter, whatever kernels are registered."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class OwnKernel(AsyncKernelManager):
        def _kernel_spec_manager_default(self) -> KernelSpecManager:
            return KernelSpecManager(parent=self, kernel_dirs=[])

        def _transport_encryption_default(self) -> str:
            return "auto"  # without it the kernel warns, and other users could read along

        async def start_kernel(self, **options: Any) -> None:
            # The notebook imports this very package, and a fixed hash seed keeps the order of
            # sets, and so the bytes, the same.
            package = str(Path(__file__).resolve().parents[2])
            path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
            environment = {
                **os.environ,
                "PYTHONPATH": path,
                "PYTHONHASHSEED": "0",
                ROOT_VARIABLE: str(project_root()),
            }
            # What the kernel itself says is noise here; a cell's own stderr arrives as output.
            await super().start_kernel(**{**options, "env": environment, "stderr": DEVNULL})

    return OwnKernel
